package ftfy

import "strings"

// strange are the categories that do not stand beside each other in ordinary text.
const strange = lowerAccented | upperAccented | box | opening | closing | currency | numeric | law

// badPairs and badTriples are the rules of BADNESS_RE that speak of categories only.
var badPairs = [...][2]category{
	{strange | bad, bad},
	{bad, strange},
	{lowerAccented | lowerCommon | box | closing | currency | numeric, upperAccented},
	{box | closing | currency | numeric, lowerAccented},
	{lowerAccented | box | closing, currency},
	{upperAccented | box, numeric | law},
	{currency | numeric | box, opening},
	{box, kaomoji | closing},
	{strange &^ box, box},
}

var badTriples = [...][3]category{
	{lowerAccented | upperAccented | box | currency | closing, opening, numeric},
	{lowerAccented | upperAccented | currency | numeric | box | law, closing, opening},
}

// window is a text with the category of each character.
type window struct {
	runes []rune
	kinds []category
}

func newWindow(text string) window {
	w := window{runes: []rune(text)}
	w.kinds = make([]category, len(w.runes))
	for i, r := range w.runes {
		if r == ' ' || r >= 0x80 {
			w.kinds[i] = categoryOf(r)
		}
	}
	return w
}

// is reports whether character i exists and is of one of the categories or in the set.
func (w window) is(i int, kinds category, set string) bool {
	if i < 0 || i >= len(w.runes) {
		return false
	}
	return w.kinds[i]&kinds != 0 || set != "" && strings.ContainsRune(set, w.runes[i])
}

func (w window) test(i int, f func(rune) bool) bool {
	return i >= 0 && i < len(w.runes) && f(w.runes[i])
}

// isBad reports whether text looks like mojibake (is_bad).
func isBad(text string) bool {
	w := newWindow(text)
	for i, r := range w.runes {
		if r >= 0x80 && (w.kinds[i]&c1 != 0 || w.badCategories(i) || w.badContext(i) || w.badSequence(i)) {
			return true
		}
	}
	return false
}

// badCategories applies the rules that start at i and speak of categories only.
func (w window) badCategories(i int) bool {
	if i+1 >= len(w.runes) || w.kinds[i] == 0 || w.runes[i+1] < 0x80 {
		return false
	}
	for _, rule := range badPairs {
		if w.kinds[i]&rule[0] != 0 && w.kinds[i+1]&rule[1] != 0 {
			return true
		}
	}
	for _, rule := range badTriples {
		if w.kinds[i]&rule[0] != 0 && w.kinds[i+1]&rule[1] != 0 && w.is(i+2, rule[2], "") {
			return true
		}
	}
	return w.is(i, lowerAccented|upperAccented, "") && w.is(i+1, opening|closing, "") && w.test(i+2, isWord)
}

// badContext applies the rules that start with an ordinary character before the one at i.
func (w window) badContext(i int) bool {
	letter, small := w.test(i-1, isLetterASCII), w.test(i-1, isSmallASCII)
	switch {
	case letter && w.is(i, lowerCommon|upperCommon, "") && w.is(i+1, bad, ""):
		return true
	case w.is(i, upperAccented, "") && w.test(i-1, isSpace) && w.is(i+1, currency, ""):
		return true
	case small && w.is(i, upperAccented, "") && w.is(i+1, opening|currency, ""):
		return true
	case !w.is(i, 0, "ÂÃ"):
		return false
	case w.is(i+1, 0, " ") && (i == 0 || small || w.test(i-1, isSpace) && w.test(i-2, isSmallASCII)):
		return true
	}
	return w.runes[i] == 'Â' && (small || w.is(i-1, closing, ".,?!")) && w.is(i+1, opening|closing, " ")
}

func isSmallASCII(r rune) bool { return 'a' <= r && r <= 'z' }
