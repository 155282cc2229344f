package mmvp

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
)

// Made by testdata/reference/mmvp_golden.py, which follows the published procedure in PyTorch.
const goldenFile = "testdata/scores.safetensors"

func readTensor(t *testing.T, file *safetensors.File, name string) (info safetensors.Info, data []byte) {
	t.Helper()
	info, _ = file.Info(name)
	data, err := file.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return info, data
}

func readFloats(t *testing.T, file *safetensors.File, name string) [][]float32 {
	t.Helper()
	info, data := readTensor(t, file, name)
	width := info.Shape[len(info.Shape)-1]
	flat := make([]float32, len(data)/4)
	for i := range flat {
		flat[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return slices.Collect(slices.Chunk(flat, width))
}

// goldenFeatures reads the raw features of a model; "integrated" is the concatenation of both stages.
func goldenFeatures(t *testing.T, file *safetensors.File, model string) (images, texts [][]float32) {
	t.Helper()
	if model != "integrated" {
		return readFloats(t, file, model+".images"), readFloats(t, file, model+".texts")
	}
	images, texts = goldenFeatures(t, file, "stage0")
	moreImages, moreTexts := goldenFeatures(t, file, "stage1")
	for i := range images {
		images[i] = slices.Concat(images[i], moreImages[i])
		texts[i] = slices.Concat(texts[i], moreTexts[i])
	}
	return images, texts
}

func goldenCounts(t *testing.T, file *safetensors.File, model string) (counts []int) {
	t.Helper()
	_, data := readTensor(t, file, model+".right")
	for i := 0; i < len(data); i += 8 {
		counts = append(counts, int(binary.LittleEndian.Uint64(data[i:])))
	}
	return counts
}

func rightPerPattern(r Result) (counts []int) {
	for _, tally := range r.Patterns {
		counts = append(counts, tally.Right)
	}
	return counts
}

// publishedShape is a benchmark of the published size, without files.
func publishedShape() *Dataset {
	d := &Dataset{}
	for i := range 270 {
		d.Questions = append(d.Questions, Question{ID: i + 1, Pattern: fmt.Sprintf("pattern %d", i/30), Statement: fmt.Sprintf("statement %d", i+1)})
	}
	d.Patterns = patternsOf(d.Questions)
	return d
}

func openGolden(t *testing.T) *safetensors.File {
	t.Helper()
	file, err := safetensors.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func TestScoreIsThePublishedOne(t *testing.T) {
	file := openGolden(t)
	for _, model := range []string{"stage0", "stage1", "integrated"} {
		t.Run(model, func(t *testing.T) {
			images, texts := goldenFeatures(t, file, model)
			r, err := Score(publishedShape(), images, texts)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := rightPerPattern(r), goldenCounts(t, file, model); !slices.Equal(got, want) {
				t.Errorf("right pairs by pattern: got %v, want %v", got, want)
			}
			for i, p := range readFloats(t, file, model+".p")[0] {
				if got := r.Answers[i].P; math.Abs(got-float64(p)) > 1e-4 { // the golden is float32 of logits up to 100
					t.Errorf("question %d: got p %v, want %v", i+1, got, p)
				}
			}
		})
	}
}

// What must not give the published counts: the images of each pair exchanged, the softmax over the statements in place
// of the images, or integration by the sum of unit vectors in place of raw ones.
func TestScoreOfSomethingElseIsAnother(t *testing.T) {
	file := openGolden(t)
	images, texts := goldenFeatures(t, file, "integrated")
	swapped := slices.Clone(images)
	for i := 0; i < len(swapped); i += 2 {
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
	}
	unit := make([][]float32, len(images))
	for i, feature := range images {
		unit[i] = slices.Concat(normalised(feature[:12]), normalised(feature[12:]))
	}
	want := goldenCounts(t, file, "integrated")
	for name, c := range map[string]struct{ images, texts [][]float32 }{
		"images exchanged":          {swapped, texts},
		"softmax over statements":   {texts, images},
		"unit vectors concatenated": {unit, texts},
	} {
		r, err := Score(publishedShape(), c.images, c.texts)
		if err != nil {
			t.Fatal(err)
		}
		if got := rightPerPattern(r); slices.Equal(got, want) {
			t.Errorf("%s: got the published counts %v all the same", name, got)
		}
	}
}

func normalised(v []float32) []float32 {
	norm := math.Sqrt(dot(v, v))
	unit := make([]float32, len(v))
	for i, x := range v {
		unit[i] = float32(float64(x) / norm)
	}
	return unit
}
