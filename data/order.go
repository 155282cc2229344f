package data

import "math/bits"

// mix makes one number of several. It is splitmix64 (Steele, Lea and Flood 2014), chained; the order of rows depends on it, so it
// must give the same numbers for ever.
func mix(numbers ...uint64) uint64 {
	state := uint64(0)
	for _, n := range numbers {
		state = splitmix(state ^ n)
	}
	return state
}

func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below returns a number in 0..n-1; its bias is below n/2^64.
func below(random uint64, n int) int {
	high, _ := bits.Mul64(random, uint64(n))
	return int(high)
}

// shuffle permutes a slice (Fisher-Yates).
func shuffle[T any](items []T, seed uint64) {
	for i := len(items) - 1; i > 0; i-- {
		j := below(mix(seed, uint64(i)), i+1)
		items[i], items[j] = items[j], items[i]
	}
}

// Purposes for which random numbers are drawn, so that one does not follow from another.
const (
	forSegments uint64 = iota + 1
	forRows
	forPair
	forCaption
	forImage
)

// epochOrder returns the segments in the order of an epoch.
func epochOrder(segments int, seed uint64, epoch int) []int32 {
	order := make([]int32, segments)
	for i := range order {
		order[i] = int32(i)
	}
	shuffle(order, mix(seed, forSegments, uint64(epoch)))
	return order
}

// pairSeed is the source of the random choices for a pair. again counts its earlier deliveries in the epoch: a row that waited
// since the epoch before may come twice.
func pairSeed(seed uint64, epoch int, row int64, again int) uint64 {
	return mix(seed, forPair, uint64(epoch), uint64(row), uint64(again))
}
