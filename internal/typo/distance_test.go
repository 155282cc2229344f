package typo

import "testing"

func TestDistanceCountsTheLettersThatDiffer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"clusters", "clusters", 0}, {"cluster", "clusters", 1}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}} {
		if ab, ba := Distance(c.a, c.b), Distance(c.b, c.a); ab != c.want || ba != c.want {
			t.Errorf("%q and %q: %d and %d, want %d both ways", c.a, c.b, ab, ba, c.want)
		}
	}
}
