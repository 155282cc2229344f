package charref

import "testing"

// The cases follow the HTML standard, section 13.2.5.72 onwards, and Python's documentation of html.unescape.
func TestUnescape(t *testing.T) {
	tests := []struct{ text, want string }{
		{"no reference & none &; &# &#x; &unknown;", "no reference & none &; &# &#x; &unknown;"},
		{"&amp; &lt;b&gt; &eacute;", "& <b> é"},
		{"&ampx &notit; &notin;", "&x ¬it; ∉"},
		{"&amp;lt;", "&lt;"},
		{"&#65;&#x42;&#X43&#68", "ABCD"},
		{"&#128;&#x99;&#129;", "€™\u0081"},
		{"&#0;&#xd800;&#1114112;&#99999999999999999999;", "\ufffd\ufffd\ufffd\ufffd"},
		{"a&#1;&#x0b;&#xfffe;&#x10ffff;&#xfdd0;b", "ab"},
		{"&#9;&#10;&#12;&#13;", "\t\n\f\r"},
		{"&acE;&nLt;&nGt;&nLtv;", "\u223e\u0333\u226a\u20d2\u226b\u20d2\u226a\u0338"},
	}
	for _, test := range tests {
		if got := Unescape(test.text); got != test.want {
			t.Errorf("Unescape(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestNamed(t *testing.T) {
	for ref, want := range map[string]string{"&eacute;": "é", "&semi;": ";", "&amp;": "&"} {
		if got, ok := Named(ref); !ok || got != want {
			t.Errorf("Named(%q) = %q, %t", ref, got, ok)
		}
	}
	for _, ref := range []string{"&notit;", "&unknown;", "&EACUTE;"} {
		if got, ok := Named(ref); ok {
			t.Errorf("Named(%q) = %q, want no match", ref, got)
		}
	}
}
