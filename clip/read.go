package clip

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
)

// chunk is the number of elements that are read and looked at while the processor's cache holds them. Where they have to become
// others they are on the way in a tensor of that size: what loading takes beside the weights does not grow with them.
const chunk = 1 << 17

var dtypes = map[string]torch.DType{"F32": torch.Float32, "F16": torch.Float16, "BF16": torch.BFloat16, "I64": torch.Int64}

func shapeOf(p nn.Param) []int {
	shape := make([]int, len(p.Shape))
	for i, n := range p.Shape {
		shape[i] = int(n)
	}
	return shape
}

// match checks that the source has the parts of all parameters, and nothing else that was learned. The error lists
// everything that does not fit.
func match(source weightSource, names naming, plan []nn.Param) error {
	used, faults := map[string]bool{}, []string(nil)
	for _, p := range plan {
		for _, part := range names(p) {
			used[part.name] = true
			if fault := misfit(source, p, part); fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	for _, name := range source.Names() {
		if !used[name] && !ignorable(name) {
			info, _ := source.Info(name)
			faults = append(faults, fmt.Sprintf("not wanted: %s %v", name, info.Shape))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "; "))
}

// misfit says what is wrong with a part, "" if nothing is.
func misfit(source weightSource, p nn.Param, part part) string {
	info, ok := source.Info(part.name)
	if !ok {
		return fmt.Sprintf("missing: %s %v", part.name, part.shape)
	}
	scalar := len(part.shape) == 0 && slices.Equal(info.Shape, []int{1}) // as which some versions save logit_scale
	if !slices.Equal(info.Shape, part.shape) && !scalar {
		return fmt.Sprintf("another shape: %s is %v, want %v", part.name, info.Shape, part.shape)
	}
	if dtype, ok := dtypes[info.DType]; !ok || (dtype == torch.Int64) != (p.DType == torch.Int64) {
		return fmt.Sprintf("another type: %s is %s, want %s", part.name, info.DType, acceptable(p))
	}
	return ""
}

// acceptable names the element types that can become a parameter's; counters are whole numbers.
func acceptable(p nn.Param) string {
	if p.DType == torch.Int64 {
		return "I64"
	}
	return "F32, F16 or BF16"
}

// reader fills parameters from a source that matches them.
type reader struct {
	source weightSource
	names  naming
	device torch.Device
	staged map[torch.DType]*torch.Tensor // elements on the way to another type or device
}

// close frees what the reader needs for itself.
func (r *reader) close() {
	for _, t := range r.staged {
		t.Free()
	}
}

// stage is a tensor of chunk elements on the host. It is always the same one: the allocator would leave holes between the parameters
// where a new one for each chunk had been.
func (r *reader) stage(dtype torch.DType) *torch.Tensor {
	if r.staged == nil {
		r.staged = map[torch.DType]*torch.Tensor{}
	}
	if r.staged[dtype] == nil {
		r.staged[dtype] = torch.Empty(nil, torch.CPU, dtype, chunk)
	}
	return r.staged[dtype]
}

// parameter is the source of a model's tensors.
func (r *reader) parameter(p nn.Param) (t *torch.Tensor, err error) {
	t = torch.Empty(nil, r.device, p.DType, p.Shape...)
	defer func() {
		if err != nil {
			t.Free()
			t = nil
		}
	}()
	defer torch.Recover(&err)
	at := int64(0)
	for _, part := range r.names(p) {
		if part.transpose {
			err = r.transposed(t, part)
		} else {
			err = r.rows(t, at, part)
		}
		if err != nil {
			return t, err
		}
		at += elements(part.shape)
	}
	return t, nil
}

func elements(shape []int) int64 {
	n := int64(1)
	for _, size := range shape {
		n *= int64(size)
	}
	return n
}

// rows reads a part into t from element at on, chunk by chunk: into its memory where the elements can stay as they are.
func (r *reader) rows(t *torch.Tensor, at int64, part part) error {
	info, section, err := r.open(part)
	if err != nil {
		return err
	}
	dtype, memory := dtypes[info.DType], t.Memory()
	there := memory != nil && dtype == t.DType()
	if !there {
		memory = r.stage(dtype).Memory()
	}
	width := int64(dtype.Size())
	for done, count := int64(0), elements(part.shape); done < count; {
		n, from := min(count-done, chunk), int64(0)
		if there {
			from = at + done
		}
		if err := r.read(section, memory[from*width:(from+n)*width], part, info, done); err != nil {
			return err
		}
		if !there {
			set(t, at+done, r.stage(dtype), n)
		}
		done += n
	}
	return nil
}

// set writes the first n elements of a tensor into t, flattened, from element at on.
func set(t *torch.Tensor, at int64, from *torch.Tensor, n int64) {
	scope := torch.NewScope()
	defer scope.Close()
	t.In(scope).Reshape(-1).Narrow(0, at, n).Set(from.In(scope).Narrow(0, 0, n))
}

// transposed copies a matrix [a, b] into t [b, a].
func (r *reader) transposed(t *torch.Tensor, part part) error {
	info, section, err := r.open(part)
	if err != nil {
		return err
	}
	data := make([]byte, info.Size)
	if err := r.read(section, data, part, info, 0); err != nil {
		return err
	}
	scope := torch.NewScope()
	defer scope.Close()
	matrix := torch.FromBytes(scope, data, dtypes[info.DType], int64(part.shape[0]), int64(part.shape[1]))
	t.Set(matrix.Transpose(0, 1).To(r.device, t.DType()))
	return nil
}

func (r *reader) open(part part) (info safetensors.Info, section *io.SectionReader, err error) {
	info, _ = r.source.Info(part.name)
	section, err = r.source.Section(part.name)
	return info, section, err
}

// read fills data with the elements from number at on, which must be finite.
func (r *reader) read(section io.Reader, data []byte, part part, info safetensors.Info, at int64) error {
	if _, err := io.ReadFull(section, data); err != nil {
		return fmt.Errorf("%s: %w", part.name, err)
	}
	if bad, ok := finite(data, info.DType); !ok {
		return fmt.Errorf("%s is not finite at element %d; the run that wrote it had diverged", part.name, at+int64(bad))
	}
	return nil
}
