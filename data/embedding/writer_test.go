package embedding

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// names lists what is in a folder and below, without the folders.
func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheFolderAppearsAtClose(t *testing.T) {
	for name, create := range layouts {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "emb")
			w, err := create(dir, formulaMeta(6, Float16), Options{RowsPerFile: 2})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write([]Row{formulaRow(0, 6), formulaRow(1, 6), formulaRow(2, 6)}); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("before close: %v, want no folder", err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			w.Abort() // of no effect
			want := []string{"embeddings-00000-of-00002.parquet", "embeddings-00001-of-00002.parquet"}
			if name == "npy" {
				want = []string{"img_emb/img_emb_0.npy", "img_emb/img_emb_1.npy", "metadata/metadata_0.parquet",
					"metadata/metadata_1.parquet", "text_emb/text_emb_0.npy", "text_emb/text_emb_1.npy"}
			}
			if got := names(t, dir); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if err := w.Write([]Row{formulaRow(3, 6)}); err == nil {
				t.Error("write after close: want an error")
			}
			if _, err := create(dir, formulaMeta(6, Float16), Options{}); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a filled folder: got error %v, want ErrExist", err)
			}
		})
	}
}

func TestAfterAbortOrAFailedRowThereIsNothing(t *testing.T) {
	bad := formulaRow(7, 6)
	bad.Text[2] = float32(math.NaN())
	for name, create := range layouts {
		for _, abort := range []bool{true, false} {
			parent := t.TempDir()
			w, err := create(filepath.Join(parent, "emb"), formulaMeta(6, Float32), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write([]Row{formulaRow(0, 6)}); err != nil {
				t.Fatal(err)
			}
			if abort {
				w.Abort()
			} else {
				errWrite := w.Write([]Row{bad})
				errClose := w.Close()
				if errWrite == nil || errClose == nil || !strings.Contains(errClose.Error(), "row 7 (id abc-7): text embedding: dimension 2 is NaN") {
					t.Errorf("%s: got errors %v and %v, want both to name the row", name, errWrite, errClose)
				}
			}
			if got := names(t, parent); len(got) > 0 {
				t.Errorf("%s: %q are left", name, got)
			}
		}
	}
}

func TestRowsThatReadersCannotUseAreRefused(t *testing.T) {
	unit := func() Row {
		v := []float32{0.6, 0.8}
		return Row{ID: "abc-5", Row: 5, Image: slices.Clone(v), Text: slices.Clone(v)}
	}
	inf := float32(math.Inf(-1))
	for _, c := range []struct {
		name       string
		spoil      func(*Row)
		dtype      string
		normalized bool
		want       string // none: the row is taken
	}{
		{"fine", func(*Row) {}, Float16, true, ""},
		{"too short", func(r *Row) { r.Image = r.Image[:1] }, Float32, false, "row 5 (id abc-5): image embedding: 1 dimensions, want 2"},
		{"no text", func(r *Row) { r.Text = nil }, Float32, false, "row 5 (id abc-5): text embedding: 0 dimensions, want 2"},
		{"infinite", func(r *Row) { r.Text[1] = inf }, Float32, false, "text embedding: dimension 1 is infinite"},
		{"too large for float16", func(r *Row) { r.Text[1] = 65520 }, Float16, false, "dimension 1 is 65520, too large for float16"},
		{"large for float32", func(r *Row) { r.Text[1] = 65520 }, Float32, false, ""},
		{"raw though said to be normalised", func(r *Row) { r.Image[0] = 1 }, Float32, true, "image embedding: its length is 1.281"},
		{"raw", func(r *Row) { r.Image[0] = 1 }, Float32, false, ""},
		{"no id", func(r *Row) { r.ID = "" }, Float32, false, "row 5: no id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Meta{Model: "tiny", Dim: 2, Metric: "cosine", DType: c.dtype, Normalized: c.normalized}
			w, err := NewParquet(filepath.Join(t.TempDir(), "emb"), m, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			row := unit()
			c.spoil(&row)
			err = w.Write([]Row{row})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}

func TestMetaDataAndOptionsAreChecked(t *testing.T) {
	for want, spoil := range map[string]func(*Meta, *Options){
		"no model name":     func(m *Meta, _ *Options) { m.Model = "" },
		"dim is 0":          func(m *Meta, _ *Options) { m.Dim = 0 },
		"dtype is \"f2\"":   func(m *Meta, _ *Options) { m.DType = "f2" },
		"metric is \"dot\"": func(m *Meta, _ *Options) { m.Metric = "dot" },
		`stage "stage 1" has offset 2 and dim 3, want offset 3`: func(m *Meta, _ *Options) { m.Stages[1].Offset = 2 },
		"the stages have 7 dimensions in all, dim is 6":         func(m *Meta, _ *Options) { m.Stages[1].Dim = 4 },
		"rows per group: 25001, want 1 to 25000":                func(_ *Meta, o *Options) { o.RowsPerGroup = 25_001 },
		"rows per file: want at least 1":                        func(_ *Meta, o *Options) { o.RowsPerFile = -1 },
	} {
		m, o := formulaMeta(6, Float32), Options{}
		spoil(&m, &o)
		for name, create := range layouts {
			if _, err := create(filepath.Join(t.TempDir(), "emb"), m, o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want one with %q", name, err, want)
			}
		}
	}
}

func TestNoRowsMakeAnEmptyPart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "emb")
	writeFormula(t, dir, NewNPY, formulaMeta(6, Float16), Options{}, 0)
	data, err := os.ReadFile(filepath.Join(dir, "img_emb", "img_emb_0.npy"))
	if err != nil || !strings.Contains(string(data), "'shape': (0, 6)") {
		t.Errorf("got %q, %v", data, err)
	}
}

// By the format's description (numpy.lib.format): magic, version 1.0, length of what follows, a dict, spaces and a newline up
// to a multiple of 64, then the numbers.
func TestNPYFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "emb")
	writeFormula(t, dir, NewNPY, formulaMeta(6, Float16), Options{}, 3)
	data, err := os.ReadFile(filepath.Join(dir, "text_emb", "text_emb_0.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != 128+3*6*2 || string(data[:10]) != "\x93NUMPY\x01\x00\x76\x00" || data[127] != '\n' {
		t.Fatalf("%d bytes, header %q", len(data), data[:min(128, len(data))])
	}
	if got := strings.TrimRight(string(data[10:127]), " "); got != "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 6), }" {
		t.Errorf("got header %s", got)
	}
	// text[2][1] is ((5*2+1) % 13 - 6)/4 = 1.25: exponent 15, fraction 256.
	if at := 128 + 2*(2*6+1); data[at] != 0x00 || data[at+1] != 0x3d {
		t.Errorf("got % x, want 00 3d", data[at:at+2])
	}
}

// parquetGroups opens the first Parquet file of a folder and returns the rows of its groups.
func parquetGroups(t *testing.T, dir string) (*parquet.File, []int64) {
	t.Helper()
	found := names(t, dir)
	file, err := os.Open(filepath.Join(dir, found[0]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	info, _ := file.Stat()
	f, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var rows []int64
	for _, group := range f.RowGroups() {
		rows = append(rows, group.NumRows())
	}
	return f, rows
}

func TestFooterAndRowGroups(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "emb")
	m := formulaMeta(6, Float32)
	writeFormula(t, dir, NewParquet, m, Options{RowsPerGroup: 40}, 100)
	f, rows := parquetGroups(t, dir)
	if !slices.Equal(rows, []int64{40, 40, 20}) {
		t.Errorf("got groups of %v rows, want 40, 40, 20", rows)
	}
	for i, path := range f.Schema().Columns() { // Arrow's schema names the columns by their places
		if path[0] != parquetColumns[i].name {
			t.Errorf("column %d is %q, want %q", i, path, parquetColumns[i].name)
		}
	}
	text, ok := f.Lookup(MetaKey)
	want := `{"model":"tiny","dim":6,"stages":[{"name":"stage 0","offset":0,"dim":3},{"name":"stage 1","offset":3,"dim":3}],` +
		`"normalized":false,"metric":"cosine","dtype":"float32","data_fingerprint":"abc","build":"test"}`
	if !ok || text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

// A caption of 1 MiB in each row: a group must end long before its 25,000 rows.
func TestAGroupEndsAtItsBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "emb")
	w, err := NewParquet(dir, formulaMeta(6, Float32), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	row := formulaRow(0, 6)
	row.Caption = strings.Repeat("a", 1<<20)
	for range 70 {
		if err := w.Write([]Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, rows := parquetGroups(t, dir); !slices.Equal(rows, []int64{64, 6}) {
		t.Errorf("got groups of %v rows, want 64 and 6 (64 MiB)", rows)
	}
}

// Six times the rows must not need more memory: a row more in memory would cost 1 KiB, 25 MB in all.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	for name, create := range layouts {
		t.Run(name, func(t *testing.T) {
			const dim, step = 64, 5_000
			w, err := create(filepath.Join(t.TempDir(), "emb"), formulaMeta(dim, Float32), Options{RowsPerGroup: 500})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			row := []Row{formulaRow(1, dim)}
			row[0].Caption = strings.Repeat("word ", 100)
			var heap []uint64
			for i := 1; i <= 6*step; i++ {
				if err := w.Write(row); err != nil {
					t.Fatal(err)
				}
				if i%step == 0 {
					var m runtime.MemStats
					for range 3 { // pools give up what they hold in the second cycle
						runtime.GC()
					}
					runtime.ReadMemStats(&m)
					heap = append(heap, m.HeapAlloc)
				}
			}
			if first, last := heap[0], heap[len(heap)-1]; last > first+2<<20 {
				t.Errorf("the heap grew from %d to %d bytes: %v", first, last, heap)
			}
		})
	}
}
