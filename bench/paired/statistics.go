package paired

import "math"

// z95 is the 97.5 % quantile of the normal distribution, for two-sided 95 % intervals.
const z95 = 1.959963984540054

// Wilson returns Wilson's 95 % score interval (1927, without continuity correction) of the proportion right/n, as
// fractions. Unlike p +- 1.96 standard errors it stays inside [0, 1] and holds its level for few trials and near 0.
func Wilson(right, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m := float64(right)/float64(n), float64(n)
	centre := (p + z95*z95/(2*m)) / (1 + z95*z95/m)
	half := z95 * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m)) / (1 + z95*z95/m)
	return max(0, centre-half), min(1, centre+half)
}

// McNemar returns the exact two-sided p value of the hypothesis that two models are equally good, from the number of
// items that only the first and only the second gets right: under it each such item is the toss of a coin.
func McNemar(onlyFirst, onlySecond int) float64 {
	n, k := onlyFirst+onlySecond, min(onlyFirst, onlySecond)
	tail := 0.0
	for i := 0; i <= k; i++ {
		tail += math.Exp(logChoose(n, i) - float64(n)*math.Ln2)
	}
	return min(1, 2*tail)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
