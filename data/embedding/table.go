package embedding

import (
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/mclclip/mclclip/internal/parquetsum"
)

// kind is what a column holds.
type kind int

const (
	textKind kind = iota
	integerKind
	vectorKind
)

// column is a column of a table and where its values come from; one of the functions is set, by kind.
type column struct {
	name    string
	kind    kind
	text    func(*Row) string
	integer func(*Row) int64
	vector  func(*Row) []float32
}

// table writes one Parquet file, a row group at a time.
type table struct {
	columns    []column
	meta       Meta
	file       *os.File
	pages      *parquetsum.Writer // to file
	parquet    *parquet.Writer
	row        parquet.Row // reused
	numbers    []byte      // reused; what row's float16 values point into
	groupRows  int
	groupBytes int
	maxRows    int
}

func createTable(path string, columns []column, m Meta, o Options) (*table, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	pages := parquetsum.NewWriter(file)
	options := []parquet.WriterOption{
		parquet.WriteBufferSize(0),
		parquet.NewSchema("embeddings", newColumnGroup(columns, m)),
		parquet.CreatedBy("mclclip", "1", "none"),
		parquet.KeyValueMetadata(MetaKey, m.JSON()),
		parquet.KeyValueMetadata(arrowKey, arrowSchema(columns, m)),
	}
	for _, c := range columns {
		if c.kind == vectorKind { // the smallest of all numbers in a page is of no use
			options = append(options, parquet.SkipPageBounds(c.name, "list", "element"))
		}
	}
	return &table{columns: columns, meta: m, file: file, pages: pages, parquet: parquet.NewWriter(pages, options...), maxRows: o.RowsPerGroup}, nil
}

// add writes a row and ends the group if it is full.
func (t *table) add(r *Row) error {
	t.row, t.numbers = t.row[:0], t.numbers[:0]
	bytes := 0
	for i, c := range t.columns {
		switch c.kind {
		case textKind:
			text := c.text(r)
			t.row = append(t.row, parquet.ByteArrayValue([]byte(text)).Level(0, 0, i))
			bytes += 4 + len(text)
		case integerKind:
			t.row = append(t.row, parquet.Int64Value(c.integer(r)).Level(0, 0, i))
			bytes += 8
		case vectorKind:
			t.appendVector(i, c.vector(r))
			bytes += (t.meta.width() + 2) * t.meta.Dim // a level takes up to 2 bytes in memory
		}
	}
	if _, err := t.parquet.WriteRows([]parquet.Row{t.row}); err != nil {
		return err
	}
	t.groupRows++
	t.groupBytes += bytes
	if t.groupRows < t.maxRows && t.groupBytes < maxGroupBytes {
		return nil
	}
	t.groupRows, t.groupBytes = 0, 0
	return t.parquet.Flush()
}

// appendVector appends the numbers of a list: each after the first is at repetition level 1, all are at definition level 1.
func (t *table) appendVector(columnIndex int, v []float32) {
	start := len(t.numbers)
	if t.meta.DType == Float16 {
		t.numbers = t.meta.appendVector(t.numbers, v)
	}
	for i, x := range v {
		value := parquet.FloatValue(x)
		if t.meta.DType == Float16 {
			at := start + 2*i
			value = parquet.FixedLenByteArrayValue(t.numbers[at : at+2])
		}
		t.row = append(t.row, value.Level(min(i, 1), 1, columnIndex))
	}
}

// close writes the footer.
func (t *table) close() error {
	err := t.parquet.Flush() // what follows is the footer
	t.parquet.SetKeyValueMetadata(parquetsum.Key, t.pages.Sum())
	if e := t.parquet.Close(); err == nil {
		err = e
	}
	if e := t.file.Close(); err == nil {
		err = e
	}
	return err
}

// abort closes the file as it is.
func (t *table) abort() { _ = t.file.Close() }

// columnGroup is a parquet.Group whose columns keep their order, which Arrow's schema relies on; Group sorts them by name.
type columnGroup struct {
	parquet.Group
	columns []column
}

func newColumnGroup(columns []column, m Meta) columnGroup {
	group := columnGroup{parquet.Group{}, columns}
	for _, c := range columns {
		group.Group[c.name] = c.node(m)
	}
	return group
}

// Fields returns the columns in order.
func (g columnGroup) Fields() []parquet.Field {
	byName := map[string]parquet.Field{}
	for _, field := range g.Group.Fields() {
		byName[field.Name()] = field
	}
	fields := make([]parquet.Field, 0, len(g.columns))
	for _, c := range g.columns {
		fields = append(fields, byName[c.name])
	}
	return fields
}

// node returns the column's Parquet type; none may be null. Embeddings do not compress.
func (c column) node(m Meta) parquet.Node {
	switch c.kind {
	case textKind:
		return parquet.Compressed(parquet.Encoded(parquet.String(), &parquet.Plain), &parquet.Zstd)
	case integerKind:
		return parquet.Compressed(parquet.Encoded(parquet.Leaf(parquet.Int64Type), &parquet.Plain), &parquet.Zstd)
	}
	element := parquet.Leaf(parquet.FloatType)
	if m.DType == Float16 {
		element = parquet.Leaf(halfType{parquet.FixedLenByteArrayType(2)})
	}
	return parquet.List(parquet.Encoded(parquet.Compressed(element, &parquet.Uncompressed), &parquet.Plain))
}

// halfType is Parquet's FLOAT16: two bytes with a name.
type halfType struct{ parquet.Type }

// LogicalType says that the two bytes are a number.
func (halfType) LogicalType() *format.LogicalType {
	return &format.LogicalType{Value: &format.Float16Type{}}
}
