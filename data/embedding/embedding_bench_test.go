package embedding

import (
	"path/filepath"
	"testing"
)

func BenchmarkWrite(b *testing.B) {
	for name, create := range layouts {
		for _, dtype := range []string{Float32, Float16} {
			b.Run(name+"/"+dtype, func(b *testing.B) {
				w, err := create(filepath.Join(b.TempDir(), "emb"), formulaMeta(768, dtype), Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer w.Abort()
				rows := []Row{formulaRow(1, 768)}
				b.ReportAllocs()
				for b.Loop() {
					if err := w.Write(rows); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
