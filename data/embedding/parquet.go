package embedding

import "fmt"

// Columns that both layouts have.
var (
	idColumn      = column{name: "id", kind: textKind, text: func(r *Row) string { return r.ID }}
	rowColumn     = column{name: "row", kind: integerKind, integer: func(r *Row) int64 { return r.Row }}
	captionColumn = column{name: "caption", kind: textKind, text: func(r *Row) string { return r.Caption }}
)

// parquetColumns are the columns of the Parquet layout.
var parquetColumns = []column{
	idColumn,
	rowColumn,
	{name: "key", kind: textKind, text: func(r *Row) string { return r.Key }},
	captionColumn,
	{name: "image_embedding", kind: vectorKind, vector: func(r *Row) []float32 { return r.Image }},
	{name: "text_embedding", kind: vectorKind, vector: func(r *Row) []float32 { return r.Text }},
}

// NewParquet starts the folder dir with files embeddings-00000-of-00003.parquet. Their columns are id and key and caption
// (strings), row (int64), image_embedding and text_embedding; the last two are lists of exactly Meta.Dim float or FLOAT16
// numbers, which Arrow's readers get as FixedSizeList by the footer key ARROW:schema. A folder that is not empty is an
// error that wraps fs.ErrExist.
func NewParquet(dir string, m Meta, o Options) (Writer, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return newWriter(dir, m, o, layout{
		names: func(p, parts int) []string { return []string{fmt.Sprintf("embeddings-%05d-of-%05d.parquet", p, parts)} },
		create: func(paths []string) (partition, error) {
			return createTable(paths[0], parquetColumns, m, o)
		},
	})
}
