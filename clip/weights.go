package clip

import (
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

// Load reads the weights at path, a file or a folder of open_clip, transformers or OpenAI, see LoadAs.
func Load(path string, device torch.Device) (*Model, Preprocess, error) {
	return LoadAs(path, Options{}, device)
}

// LoadAs reads weights and their preprocessing. The path is a folder of open_clip (open_clip_config.json) or of transformers
// (config.json), or a file: safetensors, a state_dict or checkpoint by torch.save, or OpenAI's TorchScript archive, which are read
// without executing anything. Weights in float16 or bfloat16 become float32. What does not fit is listed at once in the error,
// and no part of a model is left then. Memory beside the model's own stays within a few megabytes.
func LoadAs(path string, o Options, device torch.Device) (*Model, Preprocess, error) {
	w, err := openWeights(path, o)
	if err != nil {
		return nil, Preprocess{}, err
	}
	defer w.source.Close()
	m, err := w.load(device)
	return m, w.pre, err
}

// Check tells what LoadAs would make of weights, from everything but their values, in no time and without memory for them.
func Check(path string, o Options) (Config, error) {
	w, err := openWeights(path, o)
	if err != nil {
		return Config{}, err
	}
	return w.resized(), w.source.Close()
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
	if err := writeConfig(filepath.Join(dir, ConfigFile), m.Config, pre); err != nil {
		return err
	}
	return m.writeTensors(filepath.Join(dir, WeightsFile), openClipNames(m.Config))
}

// Weights copies the parameters and buffers to the host.
func (m *Model) Weights() (weights []safetensors.Tensor, err error) {
	defer torch.Recover(&err)
	for _, p := range m.all() {
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
	for _, p := range m.all() {
		p.Tensor.SetBytes(byName[p.Name].Data)
	}
	return nil
}
