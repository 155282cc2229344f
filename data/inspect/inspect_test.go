package inspect

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/data"
)

// shards writes rows, three to a row group, and opens them.
func shards(t *testing.T, rows []data.WriterRow) *data.Source {
	t.Helper()
	dir := t.TempDir()
	w, err := data.NewWriter(dir, "part", data.WriterOptions{RowsPerShard: 6, RowsPerGroup: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := data.Open([]string{filepath.Join(dir, "*.parquet")}, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var errRotten = errors.New("byte 3 is rotten")

// config calls images that begin with x damaged, and words tokens.
func config() Config {
	return Config{
		Check: func(image []byte) error {
			if image[0] == 'x' {
				return errRotten
			}
			return nil
		},
		Reason:  func(error) string { return "damaged" },
		Tokens:  func(caption string) int { return len(strings.Fields(caption)) + 2 },
		Context: 5,
	}
}

func mixed(t *testing.T) *data.Source {
	return shards(t, []data.WriterRow{
		{Image: []byte("a"), Caption: "one", Key: "0"},
		{Image: []byte("abc"), Caption: "one two three", Key: "1"}, // 5 tokens: just fits
		{Image: nil, Caption: "no image", Key: "2"},
		{Image: []byte("xxxxxxxxx"), Caption: "rotten", Key: "3"},
		{Image: []byte("ab"), Caption: "one two three four", Key: "4"}, // 6 tokens: cut
		{Image: []byte("a"), Caption: " ", Key: "5"},
		{Image: []byte("abcd"), Caption: "one", Key: "6"}, // as row 0
		{Image: []byte("abcde"), Caption: "One", Key: "7"},
	})
}

func TestRunCountsWhatIsThere(t *testing.T) {
	r, err := Run(t.Context(), mixed(t), config())
	if err != nil {
		t.Fatal(err)
	}
	if r.Shards != 2 || r.Rows != 8 || r.Usable != 5 {
		t.Errorf("%d shards, %d rows, %d usable; want 2, 8, 5", r.Shards, r.Rows, r.Usable)
	}
	if want := (Spread{Count: 3, Min: 2, Median: 3, Max: 3}); r.RowGroups != want {
		t.Errorf("row groups are %+v, want %+v", r.RowGroups, want)
	}
	// The image of the row without a caption is not looked at, the damaged one is.
	if want := (Spread{Count: 6, Min: 1, Median: 3, Max: 9}); r.ImageBytes != want {
		t.Errorf("image sizes are %+v, want %+v", r.ImageBytes, want)
	}
	want := Captions{Tokens: Spread{Count: 5, Min: 3, Median: 3, Max: 6}, Context: 5, Cut: 1, CutShare: 0.2, Duplicates: 1}
	if r.Captions != want {
		t.Errorf("captions are %+v, want %+v", r.Captions, want)
	}
	if len(r.Bad) != 3 || r.Bad["damaged"] != 1 || r.Bad[data.ReasonNull] != 1 || r.Bad[data.ReasonNoCaption] != 1 {
		t.Errorf("bad rows are %v", r.Bad)
	}
}

func TestTableNamesColumnsReasonsAndExamples(t *testing.T) {
	r, err := Run(t.Context(), mixed(t), config())
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"image.bytes      BYTE_ARRAY   <- image", "caption          STRING       <- caption", "key              STRING       <- key",
		"8 in 3 row groups of 2 to 3", "5 (62.5%)", "damaged", "row 3: byte 3 is rotten", "1 B to 9 B, median 3 B",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
}

func TestNoUsableRowIsAnErrorWithReasons(t *testing.T) {
	s := shards(t, []data.WriterRow{{Image: []byte("x"), Caption: "one"}, {Image: []byte("x"), Caption: "two"}})
	_, err := Run(t.Context(), s, config())
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error is %v, want one that says why", err)
	}
}

func TestSizesHaveUnits(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 2_345_000: "2.35 MB", 12_300_000_000: "12.3 GB"} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) is %q, want %q", bytes, got, want)
		}
	}
}
