package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// checkRow fails where a row is not SOT, ids, EOT, zeros, or does not fit the ids of the text.
func checkRow(t *testing.T, tok *Tokenizer, context int, text string) {
	t.Helper()
	row := slices.Repeat([]int32{-1}, context)
	length, cut := tok.Row(row, text)
	ids := tok.IDs(text)
	for _, id := range ids {
		if id < 0 || id >= VocabSize {
			t.Fatalf("IDs(%q) holds %d", text, id)
		}
	}
	if want := min(len(ids)+2, context); length != want {
		t.Fatalf("Row(%q) has length %d, want %d", text, length, want)
	}
	if cut != (len(ids)+2 > context) {
		t.Fatalf("Row(%q): cut = %t with %d ids in %d", text, cut, len(ids), context)
	}
	if row[0] != SOT || row[length-1] != EOT {
		t.Fatalf("Row(%q) = %v", text, row)
	}
	if !slices.Equal(row[1:length-1], ids[:length-2]) {
		t.Fatalf("Row(%q) = %v, ids are %v", text, row, ids)
	}
	for _, id := range row[length:] {
		if id != 0 {
			t.Fatalf("Row(%q) = %v: not padded with zeros", text, row)
		}
	}
}

func TestRowLayout(t *testing.T) {
	tok := New()
	for n := range 100 {
		for _, context := range []int{2, 3, 77} {
			checkRow(t, tok, context, strings.Repeat("dog ", n))
		}
	}
}

func TestRowWithoutRoom(t *testing.T) {
	tok := New()
	if length, cut := tok.Row(nil, "dog"); length != 0 || !cut {
		t.Errorf("no room: length %d, cut %t", length, cut)
	}
	row := []int32{7}
	if length, cut := tok.Row(row, "dog"); length != 1 || !cut || row[0] != EOT {
		t.Errorf("room for one: %v, length %d, cut %t", row, length, cut)
	}
}

func TestSpecialStrings(t *testing.T) {
	const text = "a <end_of_text> b"
	if ids := New().IDs(text); !slices.Contains(ids, EOT) {
		t.Errorf("IDs(%q) = %v: open_clip makes the string an id", text, ids)
	}
	ids := New().Literal().IDs(text)
	if slices.Contains(ids, EOT) {
		t.Errorf("literal IDs(%q) = %v: holds the id of end of text", text, ids)
	}
	if got, want := Decode(ids), "a < end _ of _ text > b "; got != want {
		t.Errorf("literal ids decode to %q, want %q", got, want)
	}
	if slices.Contains(New().Literal().IDs("<start_of_text><START_OF_TEXT>"), SOT) {
		t.Error("literal ids hold the id of start of text")
	}
}

func TestCaseAndSpaceDoNotMatter(t *testing.T) {
	_, rows := golden(t)
	tok := New()
	for _, row := range rows {
		if row.Class != "caption" && row.Class != "prompt" {
			continue
		}
		changed := "\t" + strings.ReplaceAll(strings.ToUpper(row.Text), " ", " \n ") + "\u3000"
		if got := tok.IDs(changed); !slices.Equal(got, row.IDs) {
			t.Errorf("IDs(%q) = %v, want %v", changed, got, row.IDs)
		}
	}
}

// The short way for plain captions and the long way for everything else give the same.
func TestPlainTextTakesTheShortWay(t *testing.T) {
	_, rows := golden(t)
	tok, plain := New(), 0
	for _, row := range rows {
		if isPlain(row.Text) {
			plain++
			if got, want := tok.Literal().IDs(row.Text), tok.split(lower(mend(row.Text))); !slices.Equal(got, want) {
				t.Errorf("IDs(%q) = %v, the long way %v", row.Text, got, want)
			}
		}
	}
	for _, text := range []string{"a &amp; b", "&#65;", "caf\u00e9", "a\x00b", "a\vb", "\x1b[1m"} {
		if isPlain(text) {
			t.Errorf("%q counts as plain", text)
		}
	}
	if !isPlain("Black & White, 50% off!\r\n") || plain < 200 {
		t.Errorf("only %d rows count as plain", plain)
	}
}

func TestManyGoroutines(t *testing.T) {
	_, rows := golden(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if count := wrong(rows, New().IDs); len(count) > 0 {
				t.Errorf("rows differ: %v", count)
			}
		})
	}
	group.Wait()
}

func TestRowDoesNotAllocate(t *testing.T) {
	tok, row := New(), make([]int32, 77)
	if n := testing.AllocsPerRun(100, func() { tok.Row(row, "Two dogs, a cat & 3 birds on a table.") }); n >= 1 {
		t.Errorf("%v allocations for a plain caption", n)
	}
}

// All places of a pair are merged in one go, so a repeating word of 72,000 letters is no worse than a short one.
func TestLongWord(t *testing.T) {
	word := strings.Repeat("ZmYvYmFyYmFqcXVxeA", 4000)
	start := time.Now()
	checkRow(t, New(), 77, word)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%d letters took %v", len(word), took)
	}
}

func FuzzRow(f *testing.F) {
	for _, text := range []string{"", "a photo of a cat", "Ã©", "<end_of_text>", "&amp;#39;", "\xe2\x80", "ΑΣ", "日本", "it's"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkRow(t, New(), 77, text)
		checkRow(t, New().Literal(), 16, text)
		if clean := lower(mend(text)); !utf8.ValidString(clean) {
			t.Errorf("%q is cleaned to %q, which is not UTF-8", text, clean)
		}
	})
}
