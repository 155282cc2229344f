package tokenizer

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var goldenDir = flag.String("golden", ".", "folder in which tokenizer_golden.py made testdata")

type goldenHeader struct {
	Versions   string
	Merges     string            `json:"merges_sha256"`
	Vocabulary string            `json:"vocabulary_sha256"`
	Decoded    []json.RawMessage // pairs of ids and text
}

type goldenRow struct {
	Class  string
	Text   string
	Base64 string // in place of Text where it is not UTF-8
	IDs    []int32
}

// readGolden calls f with the JSON of each row after the header, which goes into header.
func readGolden(t testing.TB, name string, header any, f func(line []byte)) {
	t.Helper()
	file, err := os.Open(filepath.Join(*goldenDir, "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<24)
	if !lines.Scan() {
		t.Fatalf("%s is empty", name)
	}
	if err := json.Unmarshal(lines.Bytes(), header); err != nil {
		t.Fatalf("%s: header: %v", name, err)
	}
	for lines.Scan() {
		f(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func golden(t testing.TB) (header goldenHeader, rows []goldenRow) {
	t.Helper()
	readGolden(t, "golden.jsonl.gz", &header, func(line []byte) {
		var row goldenRow
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.Base64 != "" {
			text, err := base64.StdEncoding.DecodeString(row.Base64)
			if err != nil {
				t.Fatal(err)
			}
			row.Text = string(text)
		}
		rows = append(rows, row)
	})
	if len(rows) == 0 {
		t.Fatal("no golden rows")
	}
	return header, rows
}

// wrong counts, by class, the rows for which ids gives something else than open_clip.
func wrong(rows []goldenRow, ids func(string) []int32) map[string]int {
	count := map[string]int{}
	for _, row := range rows {
		if !slices.Equal(ids(row.Text), row.IDs) {
			count[row.Class]++
		}
	}
	return count
}

func TestGoldenIDs(t *testing.T) {
	_, rows := golden(t)
	tok, shown := New(), 0
	for _, row := range rows {
		if got := tok.IDs(row.Text); !slices.Equal(got, row.IDs) {
			if shown++; shown <= 10 {
				t.Errorf("%s: IDs(%.200q) = %v, want %v", row.Class, row.Text, got, row.IDs)
			}
		}
	}
	t.Logf("%d of %d rows differ", shown, len(rows))
}

func TestGoldenRows(t *testing.T) {
	_, rows := golden(t)
	for _, context := range []int{77, 16} {
		got := make([]int32, context)
		for _, row := range rows {
			want := make([]int32, context)
			all := append(append([]int32{SOT}, row.IDs...), EOT)
			n := copy(want, all)
			want[n-1] = EOT
			length, cut := New().Row(got, row.Text)
			if !slices.Equal(got, want) || length != n || cut != (len(all) > context) {
				t.Fatalf("Row(%.200q) = %v, %d, %v; want %v, %d", row.Text, got, length, cut, want, n)
			}
		}
	}
}

// Each step of the tokenizer matters for some class of the goldens: without it they are noticed to differ.
func TestGoldenNoticesAMissingStep(t *testing.T) {
	_, rows := golden(t)
	tok := New()
	tests := []struct {
		name  string
		ids   func(string) []int32
		class string
	}{
		{"special strings as ordinary text", tok.Literal().IDs, "special"},
		{"no cleaning but lower case", func(s string) []int32 { return tok.split(lower(s)) }, "mojibake"},
		{"no end of word", func(s string) []int32 { return withoutEndOfWord(tok, s) }, "caption"},
		{"Go's lower case", func(s string) []int32 { return tok.split(strings.ToLower(mend(s))) }, "case"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if count := wrong(rows, test.ids); count[test.class] == 0 {
				t.Errorf("no row of class %s differs; all: %v", test.class, count)
			}
		})
	}
}

// split gives the ids of text that counts as clean.
func (t *Tokenizer) split(text string) []int32 {
	s := scratch{text: []byte(text)}
	for i := 0; ; {
		start, end := nextWord(s.text, i)
		if start == len(s.text) {
			return s.ids
		}
		s.ids = t.appendWord(s.ids, &s.word, s.text[start:end])
		i = end
	}
}

func withoutEndOfWord(t *Tokenizer, text string) []int32 {
	ids := t.IDs(text)
	for i, id := range ids {
		if id >= numBytes && id < firstMerged {
			ids[i] -= numBytes
		}
	}
	return ids
}

func TestEveryCodePoint(t *testing.T) {
	if testing.Short() {
		t.Skip("a million texts")
	}
	tok, blocks := New(), 0
	var header goldenHeader
	readGolden(t, "codepoints.jsonl.gz", &header, func(line []byte) {
		var block struct {
			First  rune
			SHA256 string
		}
		if err := json.Unmarshal(line, &block); err != nil {
			t.Fatal(err)
		}
		blocks++
		var data []byte
		for r := block.First; r < block.First+4096; r++ {
			if 0xd800 <= r && r < 0xe000 {
				continue
			}
			for _, id := range tok.IDs("A" + string(r) + "b") {
				data = binary.LittleEndian.AppendUint32(data, uint32(id))
			}
			data = append(data, '\n')
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != block.SHA256 {
			t.Errorf("code points from %U on: digest %s, want %s", block.First, got, block.SHA256)
		}
	})
	if blocks != 0x110 {
		t.Errorf("%d blocks, want 272", blocks)
	}
}

func TestVocabulary(t *testing.T) {
	header, _ := golden(t)
	digest := func(lines []string) string {
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		return hex.EncodeToString(sum[:])
	}
	if got := digest(Vocabulary()); got != header.Vocabulary {
		t.Errorf("vocabulary has digest %s, want %s", got, header.Vocabulary)
	}
	if got := digest(Merges()); got != header.Merges {
		t.Errorf("merges have digest %s, want %s", got, header.Merges)
	}
}

func TestDecode(t *testing.T) {
	header, _ := golden(t)
	for _, pair := range header.Decoded {
		var ids []int32
		var want string
		if err := json.Unmarshal(pair, &[]any{&ids, &want}); err != nil {
			t.Fatal(err)
		}
		if got := Decode(ids); got != want {
			t.Errorf("Decode(%v) = %q, want %q", ids, got, want)
		}
	}
}
