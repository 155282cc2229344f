// Package data reads image-caption pairs from Parquet shards and turns them into batches, in an order that a run can be
// resumed in exactly. It is pure Go and knows no model.
//
// A Source is a list of shards; its rows are numbered 0..Rows()-1 in shard order. Scan goes over them once and says in an
// Index which can be used. A Grouper decides which rows form a batch, and a Loader delivers the batches, over and over the
// epochs; Sequential delivers every usable row once, in row order.
//
//	B rows of a batch   S image size   L context length
//
// # Layouts
//
// The image column is binary (named image, or jpg, png, webp, jpeg as img2dataset names it) or the struct{bytes, path} of
// Hugging Face datasets, whose path is never followed. The caption column (caption, text, txt, TEXT, title, captions) is
// a string or a list of strings; of a list one is chosen anew for each epoch and row. A key column (key, __key__, id) is optional.
// Options names others.
//
// # Order
//
// In each epoch the segments of all shards (row groups; page runs of a row group too large to be held) are put in a random
// order and read in windows of LoaderConfig.Window bytes; the rows of a window are shuffled. Every usable row comes once an epoch. Rows
// that lie in one segment therefore come out within one window of each other: with a window of n segments a batch holds
// rows of up to n random places. That is as good as a full shuffle where shards were written in random order; where neighbours
// are alike (sorted by class, frames of one video), a larger window, or row groups of 100 to 200 rows, mixes better.
//
// # Damage
//
// A shard that was cut short is refused by Open. Damage inside is an error that names shard and row, or spoils an image, which Scan then
// skips. Levels, lengths and counts are checked against each other, so that captions cannot move to other images; what only a
// checksum can tell (a letter of a caption, an index into a dictionary) is told where the writer wrote page checksums (pyarrow:
// write_page_checksum=True).
//
// # Identity
//
// A shard's fingerprint covers its size, its footer and its first 4 KiB, so that opening a data set reads no images. The footer holds the
// place, the size and mostly the extremes of every column chunk: shards that were written anew, cut, exchanged or put in another
// order are told apart. Bytes that change in the middle of a file, which no writer of Parquet does, are not; see Damage.
//
// # Memory
//
// A window and the next one, and the rows that wait in the Grouper, are held up to LoaderConfig.Buffer bytes; what is more
// waits on disk. Besides, reading takes a few times the largest page. pyarrow encodes images as a
// dictionary by default, which makes one page of each row group or, in a larger one, of its first 1,024 rows: write
// shards with row groups of at most 200 rows, or with use_dictionary=False for the images.
package data
