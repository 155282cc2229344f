package clip

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/text/tokenizer"
)

// The names that transformers gives the two special tokens; open_clip's own are others.
const (
	hfSOT = "<|startoftext|>"
	hfEOT = "<|endoftext|>"
)

// wordPattern is the regular expression by which OpenAI's tokenizer splits a text.
const wordPattern = `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`

// writeTokenizer writes the tokenizer as transformers' CLIPTokenizer and the tokenizers library read it. A model with another
// vocabulary than CLIP's has none.
func writeTokenizer(dir string, c text.Config) error {
	if c.VocabSize != tokenizer.VocabSize {
		return nil
	}
	tokens := tokenizer.Vocabulary()
	tokens[tokenizer.SOT], tokens[tokenizer.EOT] = hfSOT, hfEOT
	vocabulary := make(map[string]int, len(tokens))
	for id, token := range tokens {
		vocabulary[token] = id
	}
	merges := tokenizer.Merges()
	for name, value := range map[string]any{
		"vocab.json":              vocabulary,
		"tokenizer.json":          fastTokenizer(vocabulary, merges),
		"tokenizer_config.json":   tokenizerConfig(c.ContextLength),
		"special_tokens_map.json": map[string]string{"bos_token": hfSOT, "eos_token": hfEOT, "pad_token": hfEOT, "unk_token": hfEOT},
	} {
		if err := writeJSON(filepath.Join(dir, name), value); err != nil {
			return err
		}
	}
	return atomicfile.WriteFile(filepath.Join(dir, "merges.txt"), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "#version: 0.2\n%s\n", strings.Join(merges, "\n"))
		return err
	})
}

func tokenizerConfig(context int) map[string]any {
	return map[string]any{
		"tokenizer_class": "CLIPTokenizer", "model_max_length": context, "do_lower_case": true, "add_prefix_space": false, "errors": "replace",
		"bos_token": hfSOT, "eos_token": hfEOT, "pad_token": hfEOT, "unk_token": hfEOT,
	}
}

// object is a JSON object.
type object = map[string]any

// fastTokenizer is the content of tokenizer.json for CLIP, as transformers' CLIPTokenizer builds it.
func fastTokenizer(vocabulary map[string]int, merges []string) object {
	special := func(id int, content string) object {
		return object{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
	}
	return object{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens": []object{special(tokenizer.SOT, hfSOT), special(tokenizer.EOT, hfEOT)},
		"normalizer": object{"type": "Sequence", "normalizers": []object{
			{"type": "NFC"}, {"type": "Replace", "pattern": object{"Regex": `\s+`}, "content": " "}, {"type": "Lowercase"},
		}},
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []object{
			{"type": "Split", "pattern": object{"Regex": wordPattern}, "behavior": "Removed", "invert": true},
			{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		}},
		"post_processor": object{
			"type": "RobertaProcessing", "sep": []any{hfEOT, tokenizer.EOT}, "cls": []any{hfSOT, tokenizer.SOT}, "trim_offsets": false, "add_prefix_space": false,
		},
		"decoder": object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		"model": object{
			"type": "BPE", "dropout": nil, "unk_token": hfEOT, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
			"byte_fallback": false, "ignore_merges": false, "vocab": vocabulary, "merges": merges,
		},
	}
}
