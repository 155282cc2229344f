package ftfy

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/text/unicode/norm"
)

var goldenDir = flag.String("golden", "..", "folder in which tokenizer_golden.py made ftfy/testdata")

type goldenRow struct{ Class, Text, Fixed string }

func golden(t testing.TB) (rows []goldenRow) {
	t.Helper()
	file, err := os.Open(filepath.Join(*goldenDir, "ftfy", "testdata", "golden.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var row goldenRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row.Class != "" { // the header has none
			rows = append(rows, row)
		}
	}
	if err := lines.Err(); err != nil || len(rows) == 0 {
		t.Fatalf("%d golden rows, error %v", len(rows), err)
	}
	return rows
}

func TestGoldenFixText(t *testing.T) {
	rows := golden(t)
	shown := 0
	for _, row := range rows {
		if got := FixText(row.Text); got != row.Fixed {
			if shown++; shown <= 10 {
				t.Errorf("%s: FixText(%+.200q)\n got %+.200q\nwant %+.200q", row.Class, row.Text, got, row.Fixed)
			}
		}
	}
	t.Logf("%d of %d rows differ", shown, len(rows))
}

// Leaving a step out must be noticed.
func TestGoldenNoticesAMissingStep(t *testing.T) {
	rows := golden(t)
	tests := []struct {
		name, class string
		fix         func(string) string
	}{
		{"no encoding", "mojibake", func(s string) string { return normalize(removeControls(fixCharacters(unescape(s)))) }},
		{"no entities", "entity", func(s string) string { return fixSegment(s, false) }},
		{"limited normal form", "marks", func(s string) string { return norm.NFC.String(s) }},
		{"C1 controls only", "badness", func(s string) string { return fixC1(s) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, row := range rows {
				if row.Class == test.class && test.fix(row.Text) != row.Fixed {
					return
				}
			}
			t.Errorf("no row of class %s differs", test.class)
		})
	}
}
