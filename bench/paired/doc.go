// Package paired sets models side by side that were measured on the same items: what share each gets right, with Wilson's
// 95 % interval, and whether two differ, by McNemar's test on the items that only one of them gets right.
//
// The words: an item is what is right or wrong (an image of a known class, a query of a search); a metric says for each item
// whether it is right ("top-1"), or is a figure without items (a mean of classes); a column is one model.
package paired
