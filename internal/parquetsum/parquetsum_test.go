package parquetsum

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

type row struct {
	Name   string `parquet:"name,dict"`
	Number int64  `parquet:"number"`
}

// write makes a file of two row groups and says how long its pages are.
func write(t *testing.T, sum bool) (file []byte, pages int) {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	p := parquet.NewGenericWriter[row](w, parquet.WriteBufferSize(0), parquet.MaxRowsPerRowGroup(5))
	for i := range 8 {
		if _, err := p.Write([]row{{fmt.Sprint("name ", i%3), int64(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	pages = out.Len()
	if sum {
		p.SetKeyValueMetadata(Key, w.Sum())
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), pages
}

func check(t *testing.T, content []byte) error {
	t.Helper()
	r := bytes.NewReader(content)
	file, err := parquet.OpenFile(r, r.Size(), parquet.SkipPageIndex(true))
	if err != nil {
		t.Fatal(err)
	}
	return Check(r, file)
}

func TestCheckSeesEveryChangeOfThePages(t *testing.T) {
	whole, pages := write(t, true)
	if err := check(t, whole); err != nil {
		t.Errorf("the file as it was written: %v", err)
	}
	for i := 4; i < pages; i++ {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1
		if err := check(t, damaged); !errors.Is(err, ErrWrong) {
			t.Errorf("byte %d changed: got error %v", i, err)
		}
	}
	without, _ := write(t, false)
	if err := check(t, without); !errors.Is(err, ErrNone) {
		t.Errorf("a file without a checksum: got error %v", err)
	}
}

func TestColumnsFillThePages(t *testing.T) {
	whole, pages := write(t, true)
	for name, change := range map[string]func(*format.ColumnMetaData){
		"size":       func(c *format.ColumnMetaData) { c.TotalCompressedSize += 1 << 30 },
		"offset":     func(c *format.ColumnMetaData) { c.DataPageOffset += 1 << 20 },
		"dictionary": func(c *format.ColumnMetaData) { c.DictionaryPageOffset = 1 },
		"values":     func(c *format.ColumnMetaData) { c.NumValues = 0 },
	} {
		file, err := parquet.OpenFile(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		groups := file.Metadata().RowGroups
		if len(groups) != 2 || !tiles(groups, int64(pages)) {
			t.Fatalf("%d groups, or the file as it was written does not tile", len(groups))
		}
		if change(&groups[1].Columns[0].MetaData); tiles(groups, int64(pages)) {
			t.Errorf("%s: a change is not seen", name)
		}
	}
}
