package tokenizer

import (
	_ "embed"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sugarme/tokenizer/pretokenizer"
)

const (
	// SOT is the id of "<start_of_text>".
	SOT = 49406
	// EOT is the id of "<end_of_text>", where CLIP's text tower is read.
	EOT = 49407
	// VocabSize is the number of ids.
	VocabSize = 49408

	startOfText = "<start_of_text>"
	endOfText   = "<end_of_text>"

	// endOfWord marks the last part of a word.
	endOfWord = "</w>"

	numBytes    = 256
	firstMerged = 2 * numBytes // ids below stand for one byte, within a word and at its end
)

// mergePairs holds a pair of ids, two bytes each, for each merge in order of rank; merge k makes id firstMerged+k.
//
//go:embed merges.bin
var mergePairs string

// numMerges is also the number of ranks.
const numMerges = VocabSize - 2 - firstMerged

func mergePair(k int) (left, right uint16) {
	pair := []byte(mergePairs[4*k : 4*k+4])
	return binary.LittleEndian.Uint16(pair), binary.LittleEndian.Uint16(pair[2:])
}

// byteIDs gives the id of each byte: the place of its character among the characters of all bytes.
func byteIDs() (ids [numBytes]uint16) {
	order := make([]int, numBytes)
	for b := range order {
		order[b] = b
	}
	slices.SortFunc(order, func(a, b int) int { return int(byteRune(a)) - int(byteRune(b)) })
	for id, b := range order {
		ids[b] = uint16(id)
	}
	return ids
}

func byteRune(b int) rune {
	r, _ := utf8.DecodeRuneInString(pretokenizer.BytesChar[uint8(b)])
	return r
}

// Vocabulary returns the string of each id as open_clip has it: bytes as visible characters, "</w>" at the end of a
// word. With Merges it is what vocab.json and merges.txt of other tokenizers hold.
func Vocabulary() []string {
	all := make([]string, VocabSize)
	for b, id := range byteIDs() {
		all[id] = pretokenizer.BytesChar[uint8(b)]
		all[int(id)+numBytes] = all[id] + endOfWord
	}
	for k := range numMerges {
		left, right := mergePair(k)
		all[firstMerged+k] = all[left] + all[right]
	}
	all[SOT], all[EOT] = startOfText, endOfText
	return all
}

// Merges returns the merges in order of rank, each as two strings of the vocabulary with a space between.
func Merges() []string {
	vocabulary := Vocabulary()
	all := make([]string, numMerges)
	for k := range all {
		left, right := mergePair(k)
		all[k] = vocabulary[left] + " " + vocabulary[right]
	}
	return all
}

// Decode returns the text of ids, a space after each word, as open_clip's decode does. Ids out of range are left out.
func Decode(ids []int32) string {
	vocabulary := Vocabulary()
	var visible strings.Builder
	for _, id := range ids {
		if 0 <= id && id < VocabSize {
			visible.WriteString(vocabulary[id])
		}
	}
	var text []byte
	for _, r := range visible.String() {
		text = append(text, pretokenizer.CharBytes[string(r)])
	}
	return strings.ReplaceAll(validUTF8(string(text)), endOfWord, " ")
}
