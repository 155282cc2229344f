// Package tokenizer turns captions into the token ids of CLIP, exactly as open_clip 3.3.0's SimpleTokenizer does.
//
// The steps are those of the original: mend the text (package ftfy), undo HTML entities twice, collapse white space,
// lower case, split, and byte-pair encoding on bytes (Sennrich et al. 2016, arXiv 1508.07909). Exact means Python 3.11:
// what is a letter, a digit or a capital depends on the Unicode version there, so the tables are generated from it
// (testdata/reference/tokenizer_tables.py) and do not follow the Go release.
//
// A row is start of text, the ids of the caption, end of text, and zeros up to the context length. A caption that is
// too long is cut so that end of text stays the last id.
//
// github.com/sugarme/tokenizer gives the byte alphabet (pretokenizer.BytesChar); its loader is held against ours in a
// test. Its pipeline is not used: it never applies the end-of-word mark, merges pairs of equal rank in heap order, and
// its loader needs 0.2 s and 120 MB where this package needs about a millisecond.
//
// The vocabulary is bpe_simple_vocab_16e6.txt.gz of OpenAI's CLIP as shipped with open_clip (both MIT, see
// LICENSE-vocabulary), reduced to the pairs of ids that are merged (merges.bin).
package tokenizer
