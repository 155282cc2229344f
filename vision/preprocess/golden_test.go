package preprocess

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/testneed"
)

// Written by testdata/reference/images_golden.py with Pillow 13.0.0, torchvision 0.26 and open_clip 3.3.
const goldenFile = "testdata/images.safetensors"

const goldenSide = 24

type golden struct {
	tensors map[string][]byte
	shapes  map[string][]int
	cases   []string // names that have a file
}

func readGolden(t testing.TB) golden {
	t.Helper()
	f, err := safetensors.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v := f.Metadata["pillow"]; v != "13.0.0" {
		t.Fatalf("%s is made by Pillow %q; the order of passes is that of 13.0.0", goldenFile, v)
	}
	g := golden{map[string][]byte{}, map[string][]int{}, nil}
	for _, name := range f.Names() {
		data, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Info(name)
		g.tensors[name], g.shapes[name] = data, info.Shape
		if name, ok := strings.CutSuffix(name, ".file"); ok {
			g.cases = append(g.cases, name)
		}
	}
	if len(g.cases) < 40 {
		t.Fatalf("only %d cases in %s", len(g.cases), goldenFile)
	}
	return g
}

func (g golden) file(name string) []byte { return g.tensors[name+".file"] }

func (g golden) int32s(name string) []int {
	data := g.tensors[name]
	out := make([]int, len(data)/4)
	for i := range out {
		out[i] = int(int32(binary.LittleEndian.Uint32(data[4*i:])))
	}
	return out
}

func (g golden) floats(name string, width int) []float64 {
	data := g.tensors[name]
	out := make([]float64, len(data)/width)
	for i := range out {
		if width == 4 {
			out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		} else {
			out[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		}
	}
	return out
}

// needImagelibs requires that all three libraries are found.
func needImagelibs(t testing.TB) {
	t.Helper()
	for _, l := range Libraries() {
		testneed.Require(t, "imagelibs", l.Err == nil, "run python3 scripts/setup.py; "+l.Name+" is missing")
	}
}

// A path is one of the ways in which the same pixels are computed.
type path struct {
	name         string
	native, simd bool
}

var (
	nativePaths = []path{{"native AVX2", true, true}, {"native scalar", true, false}}
	goPaths     = []path{{"Go AVX2", false, true}, {"Go scalar", false, false}}
)

func allPaths() []path { return slices.Concat(nativePaths, goPaths) }

func (p path) preprocessor(t testing.TB, change func(*Config)) *Preprocessor {
	t.Helper()
	c := DefaultConfig(goldenSide)
	if change != nil {
		change(&c)
	}
	out, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	out.simd = p.simd
	if !p.native {
		out.native = nil
	}
	return out
}

// difference is the largest and the mean difference of two images in units of 1/255.
func difference(a, b []byte) (most int, mean float64) {
	if len(a) != len(b) || len(a) == 0 {
		return 256, 256
	}
	sum := 0
	for i := range a {
		d := int(a[i]) - int(b[i])
		d = max(d, -d)
		most = max(most, d)
		sum += d
	}
	return most, float64(sum) / float64(len(a))
}

func pixels() []byte { return make([]byte, 3*goldenSide*goldenSide) }
