// Package embedding writes exported embeddings of image-caption pairs as a stream, in one of two layouts: Parquet files with
// fixed-size-list columns, which pyarrow, Lance, DuckDB and Hugging Face datasets read (NewParquet), or the folder of npy
// files and metadata that clip-retrieval and autofaiss read (NewNPY). Both say in their Parquet footers which model made
// them, under the key "mclclip".
//
// A folder appears whole, at Close, or not at all. Memory holds one row group, however many rows are written.
//
// Dimensions: D numbers an embedding, the same for images and captions.
package embedding

// Row is the embeddings of one image-caption pair.
type Row struct {
	ID      string    // stable and unique: it names the shard by its fingerprint and the row in it
	Row     int64     // number of the row in the data
	Key     string    // the data's own name of the row, if it has one
	Caption string    // as it was embedded
	Image   []float32 // [D]
	Text    []float32 // [D]
}

// Writer writes rows in the order they are given. It is not safe for several goroutines at once.
type Writer interface {
	// Write adds rows; it keeps none of their memory. An embedding of another width than Meta.Dim, with a NaN, infinite or
	// for float16 too large number, or, where Meta says that they are normalised, not of unit length is an error that
	// names the row, and so is a row without an id. After an error only Close and Abort are of use.
	Write(rows []Row) error
	// Close completes the folder and gives it its name. After a failed Write it makes nothing and returns that error.
	Close() error
	// Abort removes what was written. After Close it does nothing, so that it can be deferred.
	Abort()
}

// Options say how the rows are cut into files. Zero values mean the defaults.
type Options struct {
	RowsPerFile  int // of one Parquet file or one partition of the npy layout; default 1,000,000 as in clip-retrieval
	RowsPerGroup int // of one Parquet row group, at most and by default MaxRowsPerGroup; a group also ends at 64 MiB
}

// Sizes of files and row groups. Readers, the Hugging Face viewer among them, hold or refuse a row group as a whole.
const (
	DefaultRowsPerFile = 1_000_000
	MaxRowsPerGroup    = 25_000
	maxGroupBytes      = 64 << 20
)
