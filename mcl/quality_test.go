package mcl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/train/trace"
)

func TestAlignmentAndUniformityByHand(t *testing.T) {
	images := [][]float32{{1, 0}, {0, 1}, {-1, 0}}
	texts := [][]float32{{1, 0}, {1, 0}, {1, 0}}
	if got := Alignment(images, texts); got != (0+2+4)/3.0 {
		t.Errorf("alignment %v, want 2", got)
	}
	want := math.Log((2*math.Exp(-4) + math.Exp(-8)) / 3)
	if got := Uniformity(images); math.Abs(got-want) > 1e-12 {
		t.Errorf("uniformity %v, want %v", got, want)
	}
	if got := Uniformity(texts); got != 0 {
		t.Errorf("uniformity of equal features %v, want 0", got)
	}
	if got := recallAtOne(images, [][]float32{{1, 0.1}, {0.1, 1}, {1, 0}}); math.Abs(got-2.0/3) > 1e-12 {
		t.Errorf("recall %v, want two thirds", got)
	}
}

// At scale 0 every candidate of a block is as likely as the others: the loss is the mean of the logarithms of their number.
func TestTheBlockLossMeetsOnlyTheOwnLabel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	s := &sampled{}
	for i := range 7 {
		v := []float32{float32(r.NormFloat64()), float32(r.NormFloat64())}
		s.rows, s.images, s.texts = append(s.rows, int64(2*i)), append(s.images, Concat(v)), append(s.texts, Concat(v))
	}
	byRow := []int32{5, -1, 5, -1, 3, -1, 3, -1, 3, -1, 9, -1, 5, -1}
	blocks := labelBlocks(s.rows, byRow)
	if len(blocks) != 2 || !slices.Equal(blocks[0], []int{0, 1, 6}) || !slices.Equal(blocks[1], []int{2, 3, 4}) {
		t.Fatalf("blocks %v; the row with label 9 is alone", blocks)
	}
	if got := s.blockLoss(blocks); math.Abs(got-math.Log(3)) > 1e-12 {
		t.Errorf("loss %v, want log 3", got)
	}
	s.scale = 1000
	if got := s.blockLoss(blocks); got > 0.5 {
		t.Errorf("loss %v of equal images and captions", got)
	}
}

func TestTheNewShareOfADrop(t *testing.T) {
	for _, c := range []struct{ base, before, loss, want float64 }{
		{2, 2, 1, 1}, {2, 1.25, 1, 0.25}, {2, 1, 1, 0}, {2, 0.5, 1, 0}, {2, 2, 2.5, 0},
	} {
		if got := newShare(c.base, c.before, c.loss); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// Each warning names what to change.
func TestStagesThatAreNoGainAreNamed(t *testing.T) {
	const noGain, degradation = "no gain from this stage: of the drop of its loss 5 % is new", "degradation: on negatives of its own label the stage's loss is 2.100, that of base 2.000"
	for name, c := range map[string]struct {
		values map[string]float64
		want   []string
	}{
		"a stage that learned":       {map[string]float64{BaseLossTag: 2, BeforeLossTag: 1.9, LossTag: 1, NewShareTag: 0.9}, nil},
		"a first stage that learned": {map[string]float64{BaseLossTag: 2, BeforeLossTag: 2, LossTag: 1}, nil},
		"a control":                  {map[string]float64{AlignmentTag: 1}, nil},
		"nothing new":                {map[string]float64{BaseLossTag: 2, BeforeLossTag: 1.05, LossTag: 1, NewShareTag: 0.05}, []string{noGain, "fewer --stages will do, or raise --steps, --lr or --clusters"}},
		"worse than base, stage 1":   {map[string]float64{BaseLossTag: 2, BeforeLossTag: 2, LossTag: 2.1}, []string{degradation, "lower --lr, or raise --batch-size or --groups"}},
		"worse than base, stage 2":   {map[string]float64{BaseLossTag: 2, BeforeLossTag: 1.5, LossTag: 2.1, NewShareTag: 0}, []string{"no gain", degradation}},
		"not finite":                 {map[string]float64{BaseLossTag: 2, BeforeLossTag: 2, LossTag: math.NaN()}, []string{"degradation"}},
	} {
		got := strings.Join(qualityWarnings(c.values), "\n")
		if c.want == nil && got != "" {
			t.Errorf("%s: %q", name, got)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", name, got, want)
			}
		}
	}
	if w := seedsWarning(0.29); !strings.Contains(w, "unstable clusters: another seed of K-means gives others (ARI 0.29)") || !strings.Contains(w, "lower --clusters") {
		t.Errorf("unstable clusters: %q", w)
	}
	if w := seedsWarning(0.31); w != "" {
		t.Errorf("clusters that agree well enough: %q", w)
	}
}

// Separate clusters are the same for every seed; a featureless cloud has clusters of the seed alone.
func TestSeedsAgreeWhereThereAreClusters(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	draw := func(spread float64) *Matrix {
		m := &Matrix{Columns: 8}
		for i := range 600 {
			for j := range 8 {
				x := spread * r.NormFloat64()
				if j == i%6 {
					x += 5
				}
				m.Data = append(m.Data, float32(x))
			}
		}
		return m
	}
	for name, c := range map[string]struct {
		spread     float64
		low, above float64
	}{"clusters": {0.1, 0.99, 1.01}, "a cloud": {100, -0.1, 0.6}} {
		features, config := draw(c.spread), DefaultKMeansConfig()
		config.Clusters, config.Starts = 6, 3
		nearest := NewTorchNearest(torch.CPU)
		result, err := KMeans(features, nearest, config)
		if err != nil {
			t.Fatal(err)
		}
		ari, err := seedAgreement(features, nearest, config, result.Assign)
		nearest.Close()
		if err != nil || !(ari >= c.low && ari <= c.above) {
			t.Errorf("%s: ARI %v, %v", name, ari, err)
		}
	}
}

func TestARunRecordsTheQualityOfItsModels(t *testing.T) {
	dir, c := t.TempDir(), smallRun()
	var console strings.Builder
	if err := startRun(t, dir, c, sceneIndex(t, 160), &console).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, events, err := metrics.Read(filepath.Join(dir, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	seen, seeds := map[string]map[string]float64{}, 0
	for _, e := range events {
		if e.Name == QualityEvent {
			seen[e.Phase] = e.Values
		}
		if _, ok := SeedAgreement(e.Values); ok {
			seeds++
		}
	}
	if len(seen) != 5 || seeds != 2 {
		t.Errorf("figures of %d models, agreements of seeds of %d stages", len(seen), seeds)
	}
	for name, values := range seen {
		_, staged := values[NewShareTag]
		_, compared := values[LossTag]
		if staged != (name == "stage-2") || compared != strings.HasPrefix(name, "stage") || !(values[AlignmentTag] > 0) || !(values[ImageUniformityTag] < 0) {
			t.Errorf("%s: %v", name, values)
		}
	}
	for line := range strings.Lines(console.String()) {
		if strings.Contains(line, "stage-1: alignment") && (strings.Contains(line, "of the drop is new") || !strings.Contains(line, "of base")) {
			t.Errorf("stage 1, before which there is the base alone, says %q", line)
		}
	}
	if !strings.Contains(console.String(), "captions find their image") {
		t.Error("the log does not tell")
	}
}

// A run that stops between a model and its figures records them when it goes on, once.
func TestTheFiguresOfAModelAreNotLost(t *testing.T) {
	torchtest.NoLeak(t)
	dir, c := t.TempDir(), smallRun()
	c.Stages, c.Control = 1, false
	index := sceneIndex(t, 160)
	for _, at := range []string{filepath.Join(baseDir, modelDir), filepath.Join("stage-1", modelDir)} {
		ctx, cancel := context.WithCancel(t.Context())
		restore := atomicfile.Inject(func(op atomicfile.Op, path string) error {
			if op == atomicfile.OpRename && strings.HasPrefix(path, filepath.Join(dir, at)) {
				cancel()
			}
			return nil
		})
		run := startRun(t, dir, c, index, io.Discard)
		err := run.Finish(ctx)
		restore()
		cancel()
		run.log.Close()
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("%s: got %v, want ErrInterrupted", at, err)
		}
	}
	if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, events, err := metrics.Read(filepath.Join(dir, metrics.LinesFile))
	if err != nil {
		t.Fatal(err)
	}
	var measured []string
	for _, e := range events {
		if e.Name == QualityEvent {
			measured = append(measured, e.Phase)
		}
	}
	if want := []string{"base", "stage-1"}; !slices.Equal(measured, want) {
		t.Errorf("figures are recorded of %v, want %v", measured, want)
	}
}

// The figures of a model over few pairs have embedded them all: clustering takes these features, to the last bit those of an
// embedding of its own. The captions of a locked text tower are the base's.
func TestFeaturesOfFewPairsAreNotComputedTwice(t *testing.T) {
	torchtest.NoLeak(t)
	dir, c := t.TempDir(), smallRun()
	c.Stages, c.Control, c.Lock.Text = 1, false, true
	index := sceneIndex(t, embedBatch+32)
	if err := startRun(t, dir, c, index, io.Discard).Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range phases(dir, c) {
		for _, view := range []string{onImage, onText} {
			var files [2][]byte
			for i, sampled := range []bool{false, true} {
				run := startRun(t, dir, c, index, io.Discard)
				if sampled {
					for _, of := range phases(dir, c)[:p.stage+1] {
						if _, err := run.sample(t.Context(), of); err != nil {
							t.Fatal(err)
						}
					}
				}
				timeline := trace.New("")
				run.UseTrace(timeline)
				path := filepath.Join(t.TempDir(), featuresFile)
				if _, err := run.embed(t.Context(), p, view, path); err != nil {
					t.Fatal(err)
				}
				files[i], _ = os.ReadFile(path)
				if computed := strings.Contains(timeline.Summary(), "forward"); computed == sampled {
					t.Errorf("%s, %s: after a sample (%v) the tower ran: %v", p.name, view, sampled, computed)
				}
			}
			if len(files[0]) == 0 || !bytes.Equal(files[0], files[1]) {
				t.Errorf("%s, %s: the features differ", p.name, view)
			}
		}
	}
}
