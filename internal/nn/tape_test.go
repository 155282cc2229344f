package nn

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// stack is a few blocks between an input and a loss.
type stack struct {
	blocks Blocks
	params []Param
	input  *torch.Tensor // [36, 16]
}

// sequences are four of nine tokens.
func (s stack) sequences(scope *torch.Scope) *Sequences {
	return Whole(scope, torch.CPU, make([]int64, 4), 9)
}

func newStack(t *testing.T) stack {
	t.Helper()
	torch.Seed(1)
	b := NewBuilder(Fresh(torch.CPU))
	blocks := NewBlocks(b, BlockConfig{Width: 16, Layers: 4, Heads: 2, MLPRatio: 4, Activation: QuickGELU})
	input := b.Param("input", Normal(1), 4*9, 16)
	t.Cleanup(func() { Free(b.Params()) })
	for _, p := range b.Params() {
		p.Tensor.SetTrainable(true)
	}
	return stack{blocks, b.Params(), input}
}

// gradients returns the gradient of each parameter, nil where none came, after a pass through the blocks.
func (s stack) gradients(tape *Tape, compute func(func())) map[string][]float32 {
	scope := torch.NewScope()
	defer scope.Close()
	var y *torch.Tensor
	compute(func() { y = tape.Forward(s.blocks, s.input.In(scope).Scale(2), s.sequences(scope)) })
	if y.Trainable() {
		y.Mul(y).Sum(1).Sum(0).Backward()
	}
	tape.Backward(compute)
	out := map[string][]float32{}
	for _, p := range s.params {
		if grad := p.Tensor.Grad(scope); grad != nil {
			out[p.Name] = grad.Floats()
		}
		torch.ClearGrads([]*torch.Tensor{p.Tensor})
	}
	return out
}

func plainly(forward func()) { forward() }

func TestTapeLeavesTheSameGradients(t *testing.T) {
	inBF16 := func(forward func()) { torch.Autocast(torch.CPU, torch.BFloat16, forward) }
	for name, compute := range map[string]func(func()){"float32": plainly, "autocast": inBF16} {
		for _, locked := range []string{"nothing", "input resblocks.0. resblocks.1.", "input", "resblocks.3.", "input resblocks."} {
			t.Run(name+", locked "+locked, func(t *testing.T) {
				torchtest.NoLeak(t)
				s := newStack(t)
				for _, p := range s.params {
					lock := slices.ContainsFunc(strings.Fields(locked), func(prefix string) bool { return strings.HasPrefix(p.Name, prefix) })
					p.Tensor.SetTrainable(!lock)
				}
				want, got := s.gradients(nil, compute), s.gradients(&Tape{}, compute)
				if len(got) != len(want) {
					t.Errorf("%d gradients, want %d", len(got), len(want))
				}
				for name := range want {
					if !slices.Equal(got[name], want[name]) {
						t.Errorf("the gradient of %s differs", name)
					}
				}
			})
		}
	}
}

// Without Backward nothing reaches the blocks: the test above sees a tape that does not play.
func TestTapeCutsTheGraph(t *testing.T) {
	torchtest.NoLeak(t)
	s, tape := newStack(t), &Tape{}
	scope := torch.NewScope()
	defer scope.Close()
	tape.Forward(s.blocks, s.input.In(scope), s.sequences(scope)).Sum(1).Sum(0).Backward()
	if s.input.Grad(scope) != nil || s.blocks[3].Norm1.Weight.Grad(scope) != nil {
		t.Error("a gradient passed the tape by itself")
	}
	tape.Reset()
}

func TestTapeRecordsNothingWithoutGradients(t *testing.T) {
	torchtest.NoLeak(t)
	s, tape := newStack(t), &Tape{}
	scope := torch.NewScope()
	defer scope.Close()
	torch.NoGrad(func() { tape.Forward(s.blocks, s.input.In(scope), s.sequences(scope)) })
	if len(tape.runs) != 0 {
		t.Error("a pass without gradients was recorded")
	}
}

// Ten blocks hold about 14 tensors of the size of their input each; with a tape one.
func TestTapeSavesMemory(t *testing.T) {
	torchtest.NoLeak(t)
	const reset = "/proc/self/clear_refs"
	testneed.Require(t, "peak memory", os.WriteFile(reset, []byte("5"), 0) == nil, "run on Linux with a writable "+reset)
	b := NewBuilder(Fresh(torch.CPU))
	blocks := NewBlocks(b, BlockConfig{Width: 64, Layers: 10, Heads: 2, MLPRatio: 4, Activation: GELU})
	defer func() { Free(b.Params()) }()
	for _, p := range b.Params() {
		p.Tensor.SetTrainable(true)
	}
	pass := func(tape *Tape) (peak int) {
		scope := torch.NewScope()
		defer scope.Close()
		x := torch.Zeros(scope, torch.CPU, torch.Float32, 32*64, 64) // 512 KiB
		before := memory(t, "VmRSS:")
		if err := os.WriteFile(reset, []byte("5"), 0); err != nil {
			t.Fatal(err)
		}
		tape.Forward(blocks, x, Whole(scope, torch.CPU, make([]int64, 32), 64)).Sum(1).Sum(0).Backward()
		tape.Backward(plainly)
		return memory(t, "VmHWM:") - before
	}
	pass(&Tape{}) // what is needed once
	recorded, whole := pass(&Tape{}), pass(nil)
	t.Logf("peak memory: %d kB with a tape, %d kB without", recorded, whole)
	if whole < 3*recorded {
		t.Errorf("the peak is %d kB with a tape and %d kB without, want a third at most", recorded, whole)
	}
}

// memory reads a figure of this process in kB.
func memory(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), name)
	figure, err := strconv.Atoi(strings.Fields(after + " x")[0])
	if err != nil {
		t.Fatal(err)
	}
	return figure
}
