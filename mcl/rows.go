package mcl

// #cgo CFLAGS: -O3 -std=c11
// #include "rows.h"
import "C"

import "unsafe"

// distances writes the squared distance of each row of x to the centroid of its cluster.
func distances(x []float32, centroids Centroids, cluster []int32, distance []float64) {
	d := centroids.Width
	split(len(cluster), 1, len(x), func(from, to int) {
		C.mcl_distances(floats(x[from*d:]), nil, floats(centroids.Data), (*C.int32_t)(unsafe.SliceData(cluster[from:])),
			doubles(distance[from:]), C.int64_t(to-from), C.int64_t(d))
	})
}

// distancesTo writes the squared distances of some rows of m to centre.
func distancesTo(centre []float32, m *Matrix, rows []int64, distance []float64) {
	split(len(rows), 1, len(rows)*m.Columns, func(from, to int) {
		C.mcl_distances(floats(m.Data), (*C.int64_t)(unsafe.SliceData(rows[from:])), floats(centre), nil,
			doubles(distance[from:]), C.int64_t(to-from), C.int64_t(m.Columns))
	})
}

// addRows adds each row of x [n, D] to the sum [K, D] of its cluster. The work is split by columns, so that every sum is made in row
// order and does not depend on the number of processors.
func addRows(sums []float64, x []float32, cluster []int32, width int) {
	split(width, 16, len(x), func(from, to int) {
		C.mcl_add_rows(doubles(sums), floats(x), (*C.int32_t)(unsafe.SliceData(cluster)), C.int64_t(len(cluster)), C.int64_t(width),
			C.int64_t(from), C.int64_t(to))
	})
}

// addDifferences adds the rows of x [n, D] less origin [D] to shift [D] and returns the sum of the squares of the differences.
func addDifferences(shift []float64, x, origin []float32) float64 {
	d := len(origin)
	return float64(C.mcl_add_differences(doubles(shift), floats(x), floats(origin), C.int64_t(len(x)/d), C.int64_t(d)))
}

func floats(s []float32) *C.float   { return (*C.float)(unsafe.SliceData(s)) }
func doubles(s []float64) *C.double { return (*C.double)(unsafe.SliceData(s)) }

// bytesOf is the memory of s. Like libtorch's files it is little-endian on every processor that libtorch runs on.
func bytesOf(s []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), 4*len(s))
}
