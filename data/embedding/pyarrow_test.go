package embedding

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mclclip/mclclip/internal/testneed"
)

// formulaRow is row i of testdata/check.py, with numbers that float16 has.
func formulaRow(i, dim int) Row {
	r := Row{ID: fmt.Sprintf("abc-%d", i), Row: int64(i), Key: fmt.Sprintf("k/%d.jpg", i), Caption: fmt.Sprintf("caption %d é", i)}
	for d := range dim {
		r.Image = append(r.Image, float32((7*i+3*d)%17-8)/8)
		r.Text = append(r.Text, float32((5*i+d)%13-6)/4)
	}
	return r
}

func formulaMeta(dim int, dtype string) Meta {
	return Meta{Model: "tiny", Dim: dim, Metric: "cosine", DType: dtype, DataFingerprint: "abc", Build: "test",
		Stages: []Stage{{"stage 0", 0, dim / 2}, {"stage 1", dim / 2, dim - dim/2}}}
}

type newFunc func(string, Meta, Options) (Writer, error)

var layouts = map[string]newFunc{"parquet": NewParquet, "npy": NewNPY}

func writeFormula(t testing.TB, dir string, create newFunc, m Meta, o Options, rows int) {
	t.Helper()
	w, err := create(dir, m, o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range rows {
		if err := w.Write([]Row{formulaRow(i, m.Dim)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPyarrowReadsEveryNumber(t *testing.T) {
	python := cmp.Or(os.Getenv("MCLCLIP_REFERENCE_PYTHON"), "python3")
	found := exec.Command(python, "-c", "import numpy, pyarrow.parquet").Run() == nil
	testneed.Require(t, "pyarrow", found, "name a Python that has pyarrow and numpy in MCLCLIP_REFERENCE_PYTHON")
	for name, create := range layouts {
		for _, dtype := range []string{Float32, Float16} {
			t.Run(name+"/"+dtype, func(t *testing.T) {
				const rows, perFile, perGroup, dim = 1000, 90, 32, 6 // 12 files, the last one shorter
				dir := filepath.Join(t.TempDir(), "emb")
				writeFormula(t, dir, create, formulaMeta(dim, dtype), Options{RowsPerFile: perFile, RowsPerGroup: perGroup}, rows)
				check := exec.Command(python, "testdata/check.py", name, dir, fmt.Sprint(rows), fmt.Sprint(perFile), fmt.Sprint(perGroup), fmt.Sprint(dim), dtype)
				if out, err := check.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}
