// Package typo tells how far a mistyped word is from a known one.
package typo

// Distance is Levenshtein's: how many bytes must be added, taken away or replaced to make a of b.
func Distance(a, b string) int {
	row := make([]int, len(b)+1) // of the prefixes of b, for the prefix of a so far
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
