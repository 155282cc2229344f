package mcl

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// Centroids are the K cluster centres of one stage, [K, D] row by row.
type Centroids struct {
	Data     []float32
	Clusters int // K
	Width    int // D
}

// Row returns the centre of one cluster.
func (c Centroids) Row(cluster int) []float32 { return c.Data[cluster*c.Width : (cluster+1)*c.Width] }

// copied are centroids that may move while these stay.
func (c Centroids) copied() Centroids {
	c.Data = slices.Clone(c.Data)
	return c
}

const centroidsTensor = "centroids"

// SaveCentroids writes the centroids as the tensor "centroids" [K, D] of a safetensors file that appears whole or not at all. The origin is that
// of the labels made with them and stands in the file's metadata.
func SaveCentroids(path string, centroids Centroids, origin Origin) error {
	raw := make([]byte, 0, 4*len(centroids.Data))
	for _, v := range centroids.Data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	metadata := map[string]string{}
	for _, entry := range origin.footer() {
		metadata[entry[0]] = entry[1]
	}
	tensor := safetensors.Tensor{Name: centroidsTensor, DType: "F32", Shape: []int{centroids.Clusters, centroids.Width}, Data: raw}
	err := atomicfile.WriteFile(path, func(w io.Writer) error {
		return safetensors.Write(w, []safetensors.Tensor{tensor}, metadata)
	})
	if err != nil {
		return fmt.Errorf("centroids: %w", err)
	}
	return nil
}

// LoadCentroids reads the centroids that SaveCentroids wrote; a file of another origin than want is an error.
func LoadCentroids(path string, want Origin) (Centroids, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return Centroids{}, fmt.Errorf("centroids: %w", err)
	}
	defer file.Close()
	c, err := readCentroids(file, want)
	if err != nil {
		return Centroids{}, fmt.Errorf("centroids %s: %w", path, err)
	}
	return c, nil
}

func readCentroids(file *safetensors.File, want Origin) (Centroids, error) {
	have, err := parseFooter(func(key string) (string, bool) { value, ok := file.Metadata[key]; return value, ok })
	if err != nil {
		return Centroids{}, err
	}
	if err := want.match(have); err != nil {
		return Centroids{}, err
	}
	info, ok := file.Info(centroidsTensor)
	if !ok || info.DType != "F32" || len(info.Shape) != 2 || info.Shape[0] != want.Clusters || info.Shape[1] < 1 {
		return Centroids{}, fmt.Errorf("tensor %q is %s %v, want F32 [%d, D]", centroidsTensor, info.DType, info.Shape, want.Clusters)
	}
	raw, err := file.Read(centroidsTensor)
	if err != nil {
		return Centroids{}, err
	}
	c := Centroids{Data: make([]float32, len(raw)/4), Clusters: info.Shape[0], Width: info.Shape[1]}
	for i := range c.Data {
		c.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return c, nil
}
