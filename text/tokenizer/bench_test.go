package tokenizer

import (
	"testing"
)

// captions returns the golden rows of a class, for speed: captions and prompts are what training sees.
func captions(b *testing.B, classes ...string) (texts []string) {
	_, rows := golden(b)
	for _, row := range rows {
		for _, class := range classes {
			if row.Class == class {
				texts = append(texts, row.Text)
			}
		}
	}
	return texts
}

func benchmarkRow(b *testing.B, texts []string) {
	tok, row := New(), make([]int32, 77)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		tok.Row(row, texts[n%len(texts)])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "captions/s")
}

func BenchmarkRowCaption(b *testing.B) {
	benchmarkRow(b, captions(b, "caption", "prompt"))
}

func BenchmarkRowNotASCII(b *testing.B) {
	benchmarkRow(b, captions(b, "curly", "emoji", "cjk", "greek", "cyrillic"))
}

func BenchmarkRowMojibake(b *testing.B) {
	benchmarkRow(b, captions(b, "mojibake"))
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		newTokenizer()
	}
}
