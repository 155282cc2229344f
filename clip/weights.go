package clip

import (
	"fmt"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torch"
)

// The files of a model folder, as open_clip names them.
const (
	ConfigFile  = "open_clip_config.json"
	WeightsFile = "open_clip_model.safetensors"
)

// Load reads a model folder of open_clip. Weights in float16 or bfloat16 become float32. The error lists everything in the
// weights that does not fit the configuration at once.
func Load(dir string, device torch.Device) (*Model, Preprocess, error) {
	file, c, pre, err := openFolder(dir)
	if err != nil {
		return nil, pre, err
	}
	defer file.Close()
	m, err := build(c, fromFile(file, device))
	if err != nil {
		return nil, pre, fmt.Errorf("%s: %w", filepath.Join(dir, WeightsFile), err)
	}
	return m, pre, nil
}

// Check reads the configuration and the header of the weights of a model folder and tells whether they fit, in no time and
// without memory for the weights.
func Check(dir string) (Config, error) {
	file, c, _, err := openFolder(dir)
	if err != nil {
		return c, err
	}
	return c, file.Close()
}

// openFolder opens the weights of a model folder, which fit its configuration.
func openFolder(dir string) (file *safetensors.File, c Config, pre Preprocess, err error) {
	if c, pre, err = ReadConfig(dir); err != nil {
		return nil, c, pre, err
	}
	plan, err := Plan(c)
	if err != nil {
		return nil, c, pre, fmt.Errorf("%s: %w", filepath.Join(dir, ConfigFile), err)
	}
	if file, err = safetensors.Open(filepath.Join(dir, WeightsFile)); err != nil {
		return nil, c, pre, fmt.Errorf("model folder: %w", err)
	}
	if err := file.Match(wanted(plan)); err != nil {
		file.Close()
		return nil, c, pre, fmt.Errorf("the weights do not fit %s: %w", ConfigFile, err)
	}
	return file, c, pre, nil
}

// wanted describes parameters and buffers as a safetensors file does.
func wanted(params []nn.Param) []safetensors.Tensor {
	tensors := make([]safetensors.Tensor, len(params))
	for i, p := range params {
		tensors[i] = safetensors.Tensor{Name: p.Name, Shape: shapeOf(p)}
	}
	return tensors
}

func shapeOf(p nn.Param) []int {
	shape := make([]int, len(p.Shape))
	for i, n := range p.Shape {
		shape[i] = int(n)
	}
	return shape
}

var dtypes = map[string]torch.DType{"F32": torch.Float32, "F16": torch.Float16, "BF16": torch.BFloat16, "I64": torch.Int64}

// fromFile is the source of a model whose weights are in a file.
func fromFile(file *safetensors.File, device torch.Device) nn.Source {
	return func(p nn.Param) (*torch.Tensor, error) {
		info, _ := file.Info(p.Name)
		dtype, ok := dtypes[info.DType]
		if !ok || (dtype == torch.Int64) != (p.DType == torch.Int64) {
			return nil, fmt.Errorf("%s is %s, want %s", p.Name, info.DType, acceptable(p))
		}
		data, err := file.Read(p.Name)
		if err != nil {
			return nil, err
		}
		if at, ok := finite(data, info.DType); !ok {
			return nil, fmt.Errorf("%s is not finite at element %d; the run that wrote it had diverged", p.Name, at)
		}
		scope := torch.NewScope()
		defer scope.Close()
		return torch.FromBytes(scope, data, dtype, p.Shape...).To(device, p.DType).Keep(), nil
	}
}

// acceptable names the element types that can become a parameter's; counters are whole numbers.
func acceptable(p nn.Param) string {
	if p.DType == torch.Int64 {
		return "I64"
	}
	return "F32, F16 or BF16"
}

// dtypeOf is the element type that a parameter or buffer is saved with.
func dtypeOf(p nn.Param) string {
	if p.DType == torch.Int64 {
		return "I64"
	}
	return "F32"
}

// Save makes the folder dir with the model as open_clip saves it, or makes nothing; dir must not exist or be empty.
func (m *Model) Save(dir string, pre Preprocess) error {
	return atomicfile.WriteDir(dir, func(tmp string) error { return m.WriteFiles(tmp, pre) })
}

// WriteFiles writes the files of a model folder into an existing folder.
func (m *Model) WriteFiles(dir string, pre Preprocess) error {
	weights, err := m.Weights()
	if err != nil {
		return err
	}
	if err := writeConfig(filepath.Join(dir, ConfigFile), m.Config, pre); err != nil {
		return err
	}
	return writeWeights(filepath.Join(dir, WeightsFile), weights)
}

// Weights copies the parameters and buffers to the host.
func (m *Model) Weights() (weights []safetensors.Tensor, err error) {
	defer torch.Recover(&err)
	for _, p := range m.params {
		weights = append(weights, safetensors.Tensor{Name: p.Name, DType: dtypeOf(p), Shape: shapeOf(p), Data: p.Tensor.Bytes()})
	}
	return weights, nil
}

// SetWeights overwrites the parameters and buffers by what Weights returned for a model of the same configuration. The error lists
// everything that does not fit at once; the model is then as it was.
func (m *Model) SetWeights(weights []safetensors.Tensor) (err error) {
	defer torch.Recover(&err)
	byName, err := m.match(weights)
	if err != nil {
		return err
	}
	for _, p := range m.params {
		p.Tensor.SetBytes(byName[p.Name].Data)
	}
	return nil
}
