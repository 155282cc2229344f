package data

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Names by which columns are found, the more usual first: Hugging Face datasets, img2dataset, webdataset, LAION.
var (
	imageNames   = []string{"image", "jpg", "png", "webp", "jpeg"}
	captionNames = []string{"caption", "text", "txt", "TEXT", "title", "captions"}
	keyNames     = []string{"key", "__key__", "id"}
)

// CaptionColumns are the usual names of a caption column, in the order in which they are looked for.
func CaptionColumns() []string { return slices.Clone(captionNames) }

// Options names the columns of the shards; an empty name means that the column is found by its usual names.
// A field of a struct is named with a dot, as in "json.caption".
type Options struct {
	ImageColumn, CaptionColumn, KeyColumn string
	LabelColumn                           string // of text or integers, read in place of captions: the class of each image
}

// leaf is a column that holds values. An absent one has the empty name.
type leaf struct {
	name  string // with dots, as it is in the file
	index int
	list  bool
	kind  parquet.Kind

	repetition, definition uint8 // highest levels
}

// columns says where in a shard the pairs lie.
type columns struct {
	image, caption leaf
	path           leaf // beside the bytes of a Hugging Face image
	key            leaf
}

// findColumns looks the columns up in the schema of one shard.
func findColumns(root *parquet.Column, o Options) (columns, error) {
	var c columns
	var err error
	if c.image, c.path, err = findImage(root, o.ImageColumn); err != nil {
		return c, err
	}
	if o.LabelColumn != "" {
		c.caption, _, err = find(root, "label", o.LabelColumn, nil, keyLeaf)
	} else {
		c.caption, _, err = find(root, "caption", o.CaptionColumn, captionNames, captionLeaf)
	}
	if err != nil {
		return c, err
	}
	c.key, _, err = find(root, "key", o.KeyColumn, keyNames, keyLeaf)
	if err != nil && o.KeyColumn == "" {
		c.key, err = leaf{}, nil // a key is optional
	}
	return c, err
}

func findImage(root *parquet.Column, name string) (image, path leaf, err error) {
	image, column, err := find(root, "image", name, imageNames, imageLeaf)
	if err != nil {
		return leaf{}, leaf{}, err
	}
	if beside := column.Column("path"); beside != nil && beside.Leaf() && beside.Type().Kind() == parquet.ByteArray {
		path = leafOf(beside)
	}
	return image, path, nil
}

// find returns the leaf of the named column or, without a name, of the first of the usual ones that will do.
func find(root *parquet.Column, what, name string, usual []string, accept func(*parquet.Column) (leaf, error)) (leaf, *parquet.Column, error) {
	names := usual
	if name != "" {
		names = []string{name}
	}
	var unfit error
	for _, name := range names {
		column := lookup(root, name)
		if column == nil {
			continue
		}
		l, err := accept(column)
		if err == nil {
			return l, column, nil
		}
		if unfit == nil {
			unfit = fmt.Errorf("%s column %q %w", what, name, err)
		}
	}
	if unfit != nil {
		return leaf{}, nil, unfit
	}
	return leaf{}, nil, fmt.Errorf("no %s column (looked for %s): the columns are %s; name one with --%s-column",
		what, strings.Join(names, ", "), describe(root), what)
}

// lookup finds a column by its name or by a dotted path, which may leave out the levels of a list ("captions.list.element").
func lookup(root *parquet.Column, name string) *parquet.Column {
	if column := root.Column(name); column != nil {
		return column
	}
	column := root
	for part := range strings.SplitSeq(name, ".") {
		for column.Column(part) == nil {
			if column == root || len(column.Columns()) != 1 {
				return nil
			}
			column = column.Columns()[0]
		}
		column = column.Column(part)
	}
	return column
}

func imageLeaf(column *parquet.Column) (leaf, error) {
	if !column.Leaf() {
		bytes := column.Column("bytes")
		switch {
		case bytes == nil && column.Column("path") != nil:
			return leaf{}, errors.New("holds only paths: store the images in the shard (Hugging Face: embed_external_files=True)")
		case bytes == nil:
			return leaf{}, fmt.Errorf("is a struct without a field \"bytes\" but with %s", describe(column))
		}
		column = bytes
	}
	switch {
	case column.MaxRepetitionLevel() > 0:
		return leaf{}, errors.New("holds lists, not one image a row")
	case !column.Leaf() || column.Type().Kind() != parquet.ByteArray:
		return leaf{}, errors.New("holds no bytes: it must be binary, the encoded file of each image")
	case isText(column):
		return leaf{}, errors.New("holds text (paths, URLs?), not the bytes of the images")
	}
	return leafOf(column), nil
}

func captionLeaf(column *parquet.Column) (leaf, error) {
	for !column.Leaf() {
		if len(column.Columns()) != 1 {
			return leaf{}, fmt.Errorf("is a struct: name one of its fields (%s) with a dot", describe(column))
		}
		column = column.Columns()[0]
	}
	switch {
	case column.Type().Kind() != parquet.ByteArray:
		return leaf{}, errors.New("holds no text")
	case column.MaxRepetitionLevel() > 1:
		return leaf{}, errors.New("holds lists of lists")
	}
	return leafOf(column), nil
}

func keyLeaf(column *parquet.Column) (leaf, error) {
	kinds := []parquet.Kind{parquet.ByteArray, parquet.Int32, parquet.Int64}
	if !column.Leaf() || column.MaxRepetitionLevel() > 0 || !slices.Contains(kinds, column.Type().Kind()) {
		return leaf{}, errors.New("holds neither text nor integers")
	}
	return leafOf(column), nil
}

func leafOf(column *parquet.Column) leaf {
	return leaf{
		name:  strings.Join(column.Path(), "."),
		index: column.Index(),
		list:  column.MaxRepetitionLevel() > 0,
		kind:  column.Type().Kind(),

		repetition: uint8(column.MaxRepetitionLevel()),
		definition: uint8(column.MaxDefinitionLevel()),
	}
}

func isText(column *parquet.Column) bool {
	logical := column.Type().LogicalType()
	if logical == nil {
		return false
	}
	_, text := logical.Value.(*format.StringType)
	return text
}

// describe lists the columns below a column: the answer to a name that is not there.
func describe(column *parquet.Column) string {
	var names []string
	for _, child := range column.Columns() {
		names = append(names, fmt.Sprintf("%q", child.Name()))
	}
	return strings.Join(names, ", ")
}

// differs says in which column two shards differ, or returns the empty string.
func (c columns) differs(other columns) string {
	for _, pair := range []struct {
		what string
		a, b leaf
	}{{"image", c.image, other.image}, {"caption", c.caption, other.caption}, {"key", c.key, other.key}} {
		if pair.a.name != pair.b.name || pair.a.list != pair.b.list {
			return fmt.Sprintf("%s column %s against %s", pair.what, pair.a, pair.b)
		}
	}
	return ""
}

func (l leaf) String() string {
	switch {
	case l.name == "":
		return "none"
	case l.list:
		return fmt.Sprintf("%q (list)", l.name)
	}
	return fmt.Sprintf("%q", l.name)
}
