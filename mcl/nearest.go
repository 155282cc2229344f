package mcl

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/mclclip/mclclip/internal/torch"
)

// Nearest finds the nearest centroid of vectors: the costly part of K-means, a matrix product.
type Nearest interface {
	// Load takes the centroids for the calls of Assign that follow; they are copied.
	Load(centroids Centroids) error
	// Assign writes for each row of x [n, D] the number of the centroid with the smallest Euclidean distance.
	Assign(x []float32, cluster []int32) error
}

// scores are the centroids in the form in which they are compared: |x-c|^2 is, but for what is the same for all centroids,
// 2*(bias - x.offset). offset is c less the mean centroid, which keeps the products small where all features lie far from 0.
func scores(centroids Centroids) (offset, bias []float32) {
	k, d := centroids.Clusters, centroids.Width
	mean := make([]float64, d)
	for i, v := range centroids.Data {
		mean[i%d] += float64(v) / float64(k)
	}
	offset, bias = make([]float32, k*d), make([]float32, k)
	for c := range k {
		sum := 0.0
		for j, v := range centroids.Row(c) {
			o := float32(float64(v) - mean[j])
			offset[c*d+j] = o
			sum += float64(o) * (float64(o)/2 + mean[j])
		}
		bias[c] = float32(sum)
	}
	return offset, bias
}

var errNotLoaded = errors.New("nearest centroid: no centroids are loaded")

func checkBlock(x []float32, cluster []int32, width int) error {
	if len(x) != len(cluster)*width {
		return fmt.Errorf("nearest centroid: %d numbers are not %d rows of %d", len(x), len(cluster), width)
	}
	return nil
}

// HostNearest compares on the host in Go. It suits small data and tests.
type HostNearest struct {
	width        int
	offset, bias []float32
}

// Load takes the centroids.
func (h *HostNearest) Load(centroids Centroids) error {
	h.width = centroids.Width
	h.offset, h.bias = scores(centroids)
	return nil
}

// Assign writes the nearest centroid of each row, the lowest number on a tie.
func (h *HostNearest) Assign(x []float32, cluster []int32) error {
	d := h.width
	if d == 0 {
		return errNotLoaded
	}
	if err := checkBlock(x, cluster, d); err != nil {
		return err
	}
	split(len(cluster), 1, len(x)*len(h.bias), func(from, to int) {
		for i := from; i < to; i++ {
			best, lowest := int32(0), float32(0)
			for c, bias := range h.bias {
				score := bias - dot(x[i*d:(i+1)*d], h.offset[c*d:(c+1)*d])
				if c == 0 || score < lowest {
					best, lowest = int32(c), score
				}
			}
			cluster[i] = best
		}
	})
	return nil
}

func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s [4]float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s[0] += a[i] * b[i]
		s[1] += a[i+1] * b[i+1]
		s[2] += a[i+2] * b[i+2]
		s[3] += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s[0] += a[i] * b[i]
	}
	return s[0] + s[1] + s[2] + s[3]
}

// TorchNearest compares by matrix products of libtorch. The caller closes it.
type TorchNearest struct {
	device       torch.Device
	offset, bias *torch.Tensor // [K, D], [K]
}

// NewTorchNearest returns a TorchNearest on a device.
func NewTorchNearest(device torch.Device) *TorchNearest { return &TorchNearest{device: device} }

// Load takes the centroids to the device.
func (t *TorchNearest) Load(centroids Centroids) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer torch.Recover(&err)
	t.Close()
	offset, bias := scores(centroids)
	for i := range offset {
		offset[i] = -offset[i]
	}
	scope := torch.NewScope()
	defer scope.Close()
	k, d := int64(centroids.Clusters), int64(centroids.Width)
	t.offset = torch.FromFloats(scope, offset, k, d).To(t.device, torch.Float32).Keep()
	t.bias = torch.FromFloats(scope, bias, k).To(t.device, torch.Float32).Keep()
	return nil
}

// Close frees the centroids.
func (t *TorchNearest) Close() {
	if t.offset != nil {
		t.offset.Free()
	}
	if t.bias != nil {
		t.bias.Free()
	}
	t.offset, t.bias = nil, nil
}

// scoreFloats bounds the scores [n, K] that are on the device at once: 64 MiB.
const scoreFloats = 1 << 24

// Assign writes the nearest centroid of each row.
func (t *TorchNearest) Assign(x []float32, cluster []int32) (err error) {
	if t.offset == nil {
		return errNotLoaded
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer torch.Recover(&err)
	shape := t.offset.Shape()
	k, d := int(shape[0]), int(shape[1])
	if err := checkBlock(x, cluster, d); err != nil {
		return err
	}
	for step := max(1, scoreFloats/k); len(cluster) > 0; {
		n := min(step, len(cluster))
		t.assign(x[:n*d], cluster[:n], int64(d))
		x, cluster = x[n*d:], cluster[n:]
	}
	return nil
}

func (t *TorchNearest) assign(x []float32, cluster []int32, d int64) {
	scope := torch.NewScope()
	defer scope.Close()
	block := torch.FromFloats(scope, x, int64(len(cluster)), d).To(t.device, torch.Float32) // [n, D]
	nearest := block.Linear(t.offset, t.bias).ArgMin(1)                                     // [n]
	for i, c := range nearest.Ints() {
		cluster[i] = int32(c)
	}
}
