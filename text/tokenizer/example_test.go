package tokenizer_test

import (
	"fmt"

	"github.com/mclclip/mclclip/text/tokenizer"
)

func Example() {
	tok := tokenizer.New()
	row := make([]int32, 10) // CLIP's context length is 77
	length, cut := tok.Row(row, "A photo of a cat")
	fmt.Println(row, length, cut)
	fmt.Println(tok.IDs("caf\u00c3\u00a9 &amp; bar")) // mojibake and entities are mended first
	// Output:
	// [49406 320 1125 539 320 2368 49407 0 0 0] 7 false
	// [15304 261 2411]
}
