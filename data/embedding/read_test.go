package embedding

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exported writes rows of two layouts and types and returns the folder.
func exported(t *testing.T, layout, dtype string, n int) (string, []Row) {
	t.Helper()
	m := Meta{Model: "m", Dim: 3, Metric: "cosine", DType: dtype, Stages: []Stage{{"base", 0, 2}, {"stage-1", 2, 1}}}
	create := NewParquet
	if layout == "npy" {
		create = NewNPY
	}
	dir := filepath.Join(t.TempDir(), "e")
	w, err := create(dir, m, Options{RowsPerFile: 7, RowsPerGroup: 3})
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for i := range n {
		x := float32(i)
		rows = append(rows, Row{ID: fmt.Sprint("id", i), Row: int64(i), Key: fmt.Sprint("class ", i%3), Caption: fmt.Sprint("caption ", i),
			Image: []float32{x, 0.5, -0.25 * x}, Text: []float32{-x, 1024, 6.1035156e-05}})
	}
	if err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, rows
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	for _, layout := range []string{"parquet", "npy"} {
		for _, dtype := range []string{Float32, Float16} {
			dir, rows := exported(t, layout, dtype, 20)
			s, err := Read(dir)
			if err != nil {
				t.Fatal(err)
			}
			if s.Rows() != 20 || s.Meta.Dim != 3 || len(s.Meta.Stages) != 2 {
				t.Fatalf("%s: %d rows, meta data %+v", layout, s.Rows(), s.Meta)
			}
			name := map[string]string{"parquet": "key", "npy": "image_path"}[layout]
			keys, err := s.Column(name)
			if err != nil {
				t.Fatal(err)
			}
			numbers, err := s.Column("row")
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range rows { // the numbers are exact in float16
				if !slices.Equal(s.Image[i], row.Image) || !slices.Equal(s.Text[i], row.Text) || keys[i] != row.Key || numbers[i] != fmt.Sprint(i) {
					t.Fatalf("%s %s: row %d is %v %v %q %s, want %+v", layout, dtype, i, s.Image[i], s.Text[i], keys[i], numbers[i], row)
				}
			}
			if _, err := s.Column("label"); err == nil || !strings.Contains(err.Error(), `no column "label"`) || !strings.Contains(err.Error(), "caption") {
				t.Errorf("a column that is not there: got error %v", err)
			}
		}
	}
}

func TestFloat16IsReadBackInAllItsValues(t *testing.T) {
	for h := range 1 << 16 {
		x := fromFloat16(uint16(h))
		if h&0x7c00 == 0x7c00 && h&0x3ff != 0 {
			if x == x {
				t.Fatalf("%#04x is %v, want NaN", h, x)
			}
			continue
		}
		if back := toFloat16(x); back != uint16(h) {
			t.Fatalf("%#04x is read as %v, which is written as %#04x", h, x, back)
		}
	}
	if x := fromFloat16(0x3555); math.Abs(float64(x)-1.0/3) > 1e-4 {
		t.Errorf("0x3555 is %v, want about a third", x)
	}
}

func TestOtherFoldersAreRefused(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "missing")); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("got error %v", err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "mclclip export") {
		t.Errorf("got error %v", err)
	}
	dir, _ := exported(t, "npy", Float32, 20)
	path := filepath.Join(dir, "img_emb", "img_emb_1.npy")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for want, content := range map[string][]byte{
		"cut short":            whole[:len(whole)-5],
		"no npy file":          []byte("text"),
		"want a two-dimension": slices.Concat(whole[:20], []byte("<i8"), whole[23:]),
	} {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "img_emb_1.npy") {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}

func TestAnArrayIsWrittenAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	rows := [][]float32{{1, 2.5, -3}, {0, 1e-30, 7}}
	if err := WriteNPY(path, rows); err != nil {
		t.Fatal(err)
	}
	back, err := ReadNPY(path)
	if err != nil || len(back) != 2 || !slices.Equal(back[0], rows[0]) || !slices.Equal(back[1], rows[1]) {
		t.Errorf("got %v, %v", back, err)
	}
}
