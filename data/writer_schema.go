package data

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Names of the columns that a Writer writes.
const (
	writerImage   = "image"
	writerCaption = "caption"
	writerKey     = "key"
)

// shardSchema is the schema of written shards and the place of each leaf column in it.
type shardSchema struct {
	schema *parquet.Schema
	leaves []string // by column number: "image.bytes", "caption", ...
	extra  []string
}

func newShardSchema(extra []string) (*shardSchema, error) {
	// All columns may be NULL: Hugging Face datasets takes a column for an Image only if its type and nullability are
	// those that it writes itself. Images are compressed already, hence the cheap codec and no dictionary.
	image := parquet.Group{
		"bytes": parquet.Optional(parquet.Compressed(parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.Plain), &parquet.Snappy)),
		"path":  textColumn(),
	}
	group := parquet.Group{writerImage: parquet.Optional(image), writerCaption: textColumn(), writerKey: textColumn()}
	for _, name := range extra {
		if _, twice := group[name]; twice || name == "" {
			return nil, fmt.Errorf("extra column %q: empty, given twice or one of the columns %q", name,
				[]string{writerImage, writerCaption, writerKey})
		}
		group[name] = textColumn()
	}
	s := &shardSchema{schema: parquet.NewSchema("pairs", group), extra: extra}
	for _, path := range s.schema.Columns() {
		name := path[0]
		if name == writerImage {
			name += "." + path[1]
		}
		s.leaves = append(s.leaves, name)
	}
	return s, nil
}

func textColumn() parquet.Node {
	return parquet.Optional(parquet.Compressed(parquet.Encoded(parquet.String(), &parquet.Plain), &parquet.Zstd))
}

// options returns the settings of one shard's writer. Images get no bounds: a copy of two images in each page index
// serves nobody.
func (s *shardSchema) options(rowsPerGroup int) []parquet.WriterOption {
	return []parquet.WriterOption{
		s.schema,
		parquet.MaxRowsPerRowGroup(int64(rowsPerGroup)),
		parquet.SkipPageBounds(writerImage, "bytes"),
		parquet.CreatedBy("mclclip", "1", "none"),
		parquet.KeyValueMetadata("huggingface", s.features()),
	}
}

// features describes the columns as Hugging Face datasets does in the files that it writes itself.
func (s *shardSchema) features() string {
	features := map[string]any{writerImage: map[string]string{"_type": "Image"}}
	for _, name := range slices.Concat([]string{writerCaption, writerKey}, s.extra) {
		features[name] = map[string]string{"dtype": "string", "_type": "Value"}
	}
	text, err := json.Marshal(map[string]any{"info": map[string]any{"features": features}})
	if err != nil { // maps of strings always have a JSON form
		return ""
	}
	return string(text)
}

// row lays a pair out in the order of the schema's leaves. Definition levels: a present string is at 1, a present leaf of
// the image struct at 2, an absent one at 1, and 0 means that the whole column is NULL.
func (s *shardSchema) row(r WriterRow) parquet.Row {
	row := make(parquet.Row, 0, len(s.leaves))
	for i, name := range s.leaves {
		value, level := parquet.NullValue(), 0
		switch name {
		case writerImage + ".bytes":
			if r.Image != nil {
				value, level = parquet.ByteArrayValue(r.Image), 2
			}
		case writerImage + ".path":
			if r.Image != nil {
				level = 1
			}
		case writerCaption:
			value, level = parquet.ByteArrayValue([]byte(r.Caption)), 1
		case writerKey:
			value, level = parquet.ByteArrayValue([]byte(r.Key)), 1
		default:
			if text, ok := r.Extra[name]; ok {
				value, level = parquet.ByteArrayValue([]byte(text)), 1
			}
		}
		row = append(row, value.Level(0, level, i))
	}
	return row
}
