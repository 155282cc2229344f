package tokenizer

import (
	"bytes"
	"math"
	"sync"
)

// Tokenizer holds the CLIP vocabulary. It is never written after New, so any number of goroutines may use it.
type Tokenizer struct {
	byteID  [numBytes]uint16
	pairs   pairTable
	literal bool
}

// New returns the tokenizer of CLIP; the vocabulary is part of the program and unpacked once.
func New() *Tokenizer {
	return shared()
}

var shared = sync.OnceValue(newTokenizer)

func newTokenizer() *Tokenizer {
	return &Tokenizer{byteID: byteIDs(), pairs: newPairTable()}
}

// Literal returns a tokenizer with the same vocabulary that takes "<start_of_text>" and "<end_of_text>" in a caption for
// ordinary text. open_clip makes ids SOT and EOT of them, so that a caption can move the place where the text tower is
// read; New does the same.
func (t *Tokenizer) Literal() *Tokenizer {
	literal := *t
	literal.literal = true
	return &literal
}

// scratch is what one call needs; the pool keeps Row and IDs free of allocations.
type scratch struct {
	text []byte
	ids  []int32
	word word
}

var pool = sync.Pool{New: func() any { return new(scratch) }}

// IDs returns the ids of text without SOT and EOT around them (SimpleTokenizer.encode). Bytes that are not UTF-8 count
// as replacement characters.
func (t *Tokenizer) IDs(text string) []int32 {
	s := pool.Get().(*scratch)
	defer pool.Put(s)
	t.encode(s, text, math.MaxInt)
	return append(make([]int32, 0, len(s.ids)), s.ids...)
}

// Row fills dst, whose length is the context length, with SOT, the ids of text, EOT and zeros. It returns the number of
// ids up to and with EOT, and whether the caption was cut to make room.
func (t *Tokenizer) Row(dst []int32, text string) (length int, cut bool) {
	if len(dst) == 0 {
		return 0, true
	}
	s := pool.Get().(*scratch)
	defer pool.Put(s)
	room := max(len(dst)-2, 0)
	t.encode(s, text, room)
	dst[0] = SOT
	n := copy(dst[min(1, len(dst)-1):len(dst)-1], s.ids)
	length = min(n+2, len(dst))
	dst[length-1] = EOT
	clear(dst[length:])
	return length, len(s.ids) > room || len(dst) < 2
}

// encode fills s.ids with the ids of text and stops after the word with which there are more than enough.
func (t *Tokenizer) encode(s *scratch, text string, enough int) {
	s.text = appendClean(s.text[:0], text)
	s.ids = s.ids[:0]
	hasSpecial := !t.literal && bytes.IndexByte(s.text, '<') >= 0
	for i := 0; len(s.ids) <= enough; {
		start, end := nextWord(s.text, i)
		if start == len(s.text) {
			return
		}
		if hasSpecial && s.text[start] == '<' {
			if n, id := special(s.text[start:]); id != 0 {
				s.ids = append(s.ids, id)
				i = start + n
				continue
			} else if n > 0 {
				end = start + n
			}
		}
		s.ids = t.appendWord(s.ids, &s.word, s.text[start:end])
		i = end
	}
}
