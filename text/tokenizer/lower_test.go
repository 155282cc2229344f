package tokenizer

import "testing"

// The cases are those of Unicode's SpecialCasing.txt and of CPython's test_str.
func TestLower(t *testing.T) {
	tests := []struct{ text, want string }{
		{"HELLO", "hello"},
		{"\u0130", "i\u0307"},
		{"\u03a3", "\u03c3"},
		{"\u0391\u03a3", "\u03b1\u03c2"},
		{"\u0391\u03a3.", "\u03b1\u03c2."},
		{"\u0391.\u03a3", "\u03b1.\u03c2"},
		{"\u0391\u03a3\u0391", "\u03b1\u03c3\u03b1"},
		{"\u0391\u03a3\u0345\u0391", "\u03b1\u03c3\u0345\u03b1"},
		{"\u03a3\u0345 \u0391", "\u03c3\u0345 \u03b1"},
		{"\u212a\u1e9e", "k\u00df"},
		{"\U0001d400\u24b6", "\U0001d400\u24d0"},
	}
	for _, test := range tests {
		if got := lower(test.text); got != test.want {
			t.Errorf("lower(%+q) = %+q, want %+q", test.text, got, test.want)
		}
	}
}

// The cases are those of the Unicode standard, section 3.9, tables 3-8 to 3-11: one replacement character for each
// maximal subpart.
func TestInvalidUTF8(t *testing.T) {
	const r = "\ufffd"
	tests := []struct{ text, want string }{
		{"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82A", r + r + r + r + r + r + r + r + "A"},
		{"\xed\xa0\x80\xed\xbf\xbf\xed\xafA", r + r + r + r + r + r + r + r + "A"},
		{"\xf4\x91\x92\x93\xffA\x80\xbfB", r + r + r + r + r + "A" + r + r + "B"},
		{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbfA", r + r + r + r + "A"},
		{"\xe2\x82", r},
	}
	for _, test := range tests {
		if got := validUTF8(test.text); got != test.want {
			t.Errorf("validUTF8(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}
