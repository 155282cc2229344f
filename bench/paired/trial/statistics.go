package trial

import "math"

// PairedT is the two-sided p value of Student's test that differences have the mean 0, 1 with fewer than two of them. Where all are
// the same and not 0 it is 0.
func PairedT(differences []float64) float64 {
	n := float64(len(differences))
	mean, deviation := Mean(differences), Deviation(differences)
	switch {
	case n < 2 || mean == 0:
		return 1
	case deviation == 0:
		return 0
	}
	t := mean / deviation * math.Sqrt(n)
	df := n - 1
	return incompleteBeta(df/(df+t*t), df/2, .5)
}

// incompleteBeta is the regularised incomplete beta function I_x(a, b) by its continued fraction (Abramowitz and Stegun 26.5.8).
func incompleteBeta(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - incompleteBeta(1-x, b, a)
	}
	lab, _ := math.Lgamma(a + b)
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log(1-x)) / a
	value := 1.0
	for m := 200; m >= 1; m-- { // from the inside: 200 terms are far past float64's precision here
		k := float64(m)
		even := k * (b - k) * x / ((a + 2*k - 1) * (a + 2*k))
		odd := -(a + k - 1) * (a + b + k - 1) * x / ((a + 2*k - 2) * (a + 2*k - 1))
		value = 1 + odd/(1+even/value)
	}
	return front / value
}
