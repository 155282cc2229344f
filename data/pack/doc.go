// Package pack makes Parquet shards from pairs that lie about in other forms: a folder of images with captions in text
// files beside them, tables that name images (CSV, TSV), and webdataset archives.
//
// Nothing is dropped in silence: every image, caption, table row or archive member that gives no pair is counted by
// reason and listed in _skipped.csv among the shards, and what belongs to no pair by its name alone is counted as ignored.
// Names in tables and archives are somebody else's: those that lead out of the folder, by ".." or by a link, are refused.
package pack
