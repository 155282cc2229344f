package ftfy

// badSequence applies the rules that start with particular letters at i: the look of UTF-8 in Windows-1250 to 1257,
// Latin-1 and MacRoman.
func (w window) badSequence(i int) bool {
	if w.is(i, upperAccented, "") && w.is(i+1, 0, "°") {
		return true
	}
	switch w.runes[i] {
	case 'Œ', 'œ':
		return w.test(i+1, func(r rune) bool { return !isLetterASCII(r) })
	case 'Â', 'Ã', 'Î', 'Ð':
		return w.is(i+1, opening|closing, "€œŠš¢£Ÿž\u00a0\u00ad®©°·»–—´")
	case 'Ø', 'Ù':
		return w.is(i+2, 0, "ØÙ") && w.arabic(i+1) && w.arabic(i+3)
	case '×':
		return w.is(i+1, 0, "²³")
	case 'à':
		return w.is(i+1, 0, "²µ¹¼½¾")
	case '√':
		return w.is(i+1, 0, "±∂†≠®™´≤≥¥µø")
	case '≈':
		return w.is(i+1, 0, "°¢")
	case '‚':
		return w.is(i+1, 0, "Ä") && w.is(i+2, 0, "ìîïòôúùû†°¢π") || w.is(i+1, 0, "âó") && w.is(i+2, 0, "àä°ê")
	case 'ā':
		return w.is(i+1, 0, "€")
	}
	return w.badGreek(i) || w.badCyrillic(i)
}

// arabic are the second characters of Arabic letters in Windows-1252.
func (w window) arabic(i int) bool {
	return w.is(i, common|currency|bad|numeric|opening, "ŸŠ®°µ»")
}

func (w window) badGreek(i int) bool {
	const capitals = "\u0392\u0393\u039e\u039f" // beta, gamma, xi, omicron
	if w.is(i, 0, "\u03b2") {
		return w.is(i+1, 0, "€") && w.is(i+2, 0, "™\u00a0\u0386\u00ad®°")
	}
	return w.is(i, 0, capitals) && w.is(i+2, 0, capitals) && w.is(i+1, c1|bad|opening|closing|currency, "°")
}

func (w window) badCyrillic(i int) bool {
	const capitals = "\u0412\u0413\u0420\u0421" // ve, ghe, er, es
	switch {
	case w.is(i, 0, "\u0432"):
		return w.is(i+1, 0, "\u0402")
	case !w.is(i, 0, capitals):
		return false
	case w.is(i+2, 0, capitals) && w.is(i+1, c1|bad|opening|closing|currency, "°µ"):
		return true
	}
	// UTF-8 in Windows-1252 in Windows-1251; any character but a line feed, then a Latin letter or a space follow.
	const five = "\u0413\u045e\u0412\u0402\u0412"
	return i+6 < len(w.runes) && string(w.runes[i:i+5]) == five && w.runes[i+5] != '\n' &&
		(w.runes[i+6] == ' ' || isLetterASCII(w.runes[i+6]))
}
