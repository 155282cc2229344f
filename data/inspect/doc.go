// Package inspect looks into shards of image-caption pairs before a run does: their columns and row groups, the sizes of the
// images, the lengths of the captions in tokens and how many will be cut, captions that repeat, and the rows that cannot be
// used, counted by reason. It knows neither a decoder nor a tokenizer: both come in as functions.
package inspect
