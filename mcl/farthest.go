package mcl

import (
	"slices"
)

// farthestKept is how many clusters can be seeded anew after one pass; more wait for the next.
const farthestKept = 16

// farthest keeps the different rows that lie farthest from their centroids.
type farthest struct {
	points []farPoint // nearest first
}

// farPoint is a row with its squared distance to the centroid of its cluster.
type farPoint struct {
	distance float64
	row      int64
	cluster  int32
	vector   []float32
}

// offer takes a row if it is among the farthest; of rows at the same distance the earlier one stays.
func (f *farthest) offer(distance float64, row int64, cluster int32, vector []float32) {
	full := len(f.points) == farthestKept
	if distance <= 0 || full && distance <= f.points[0].distance {
		return
	}
	at, _ := slices.BinarySearchFunc(f.points, distance, func(p farPoint, d float64) int {
		if p.distance < d {
			return -1
		}
		return 1
	})
	if at < len(f.points) && f.points[at].distance == distance && slices.Equal(f.points[at].vector, vector) {
		return
	}
	point := farPoint{distance, row, cluster, nil}
	if full {
		point.vector = f.points[0].vector // its memory
		copy(f.points, f.points[1:at])
		at--
	} else {
		point.vector = make([]float32, len(vector))
		f.points = slices.Insert(f.points, at, farPoint{})
	}
	copy(point.vector, vector)
	f.points[at] = point
}

// descending returns the points, farthest first.
func (f *farthest) descending() []farPoint {
	points := slices.Clone(f.points)
	slices.Reverse(points)
	return points
}
