package clip

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchfile"
	"github.com/mclclip/mclclip/vision"
)

// Options say what weights cannot tell, or what is wanted of them.
type Options struct {
	// Model is the architecture, see Architecture. Weights that tell theirs must agree; "" believes them.
	Model string
	// ImageSize makes a ViT take images of that many pixels: its position embeddings are interpolated. 0 leaves the size.
	ImageSize int
}

// weights are open files of which all but the values has been checked.
type weights struct {
	source weightSource
	names  dialect
	path   string
	config Config // of the files
	pre    Preprocess
	size   int // of the images that the model is to take
}

// openWeights finds out what is at path, and whether it is whole.
func openWeights(path string, o Options) (*weights, error) {
	files, err := WeightFiles(path)
	if err != nil {
		return nil, err
	}
	source, err := openSource(files)
	if err != nil {
		return nil, err
	}
	w := &weights{source: unwrapped(source), names: openClipNames, path: path}
	if err := w.check(filepath.Dir(files[0]), isOpenAI(source), o); err != nil {
		source.Close()
		return nil, err
	}
	return w, nil
}

// isOpenAI knows OpenAI's files by what only they have.
func isOpenAI(source weightSource) bool {
	if file, ok := source.(*torchfile.File); ok && file.Script() {
		return true
	}
	_, ok := source.Info(constants[0])
	return ok
}

// check finds the configuration and holds it against the tensors.
func (w *weights) check(dir string, openAI bool, o Options) error {
	var given *Config
	if o.Model != "" {
		c, err := Architecture(o.Model)
		if err != nil {
			return fmt.Errorf("--model: %w", err)
		}
		given = &c
	}
	told, err := w.configure(dir, openAI, given)
	if err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	if given != nil && told && openAI {
		given.QuickGELU = true // whatever the name says
	}
	if given != nil && told && !sameModel(*given, w.config) {
		return fmt.Errorf("--model %s is not the architecture of %s, which is %s; say another --model, or none", o.Model, w.path, describe(w.config))
	}
	plan, err := Plan(w.config)
	if err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	if err := match(w.source, w.names(w.config), plan); err != nil {
		return fmt.Errorf("%s: the weights do not fit their configuration, %s: %w", w.path, describe(w.config), err)
	}
	return w.resize(o.ImageSize)
}

// configure sets the configuration. It tells whether the files told it all: then another one that is given is wrong.
func (w *weights) configure(dir string, openAI bool, given *Config) (told bool, err error) {
	if w.hasPrefix(hfText) || w.hasPrefix(hfVision) {
		w.names = huggingFaceNames
		if w.config, w.pre, told, err = readHFBeside(dir); told || err != nil {
			return told, err
		}
		if given == nil {
			return false, fmt.Errorf("there is no %s beside the weights; say --model", hfConfigFile)
		}
		if given.Vision.ResNet() {
			return false, fmt.Errorf("these are weights of transformers' CLIPModel, which has no ResNet; say another --model")
		}
		w.config, w.pre = *given, DefaultPreprocess(*given)
		return false, nil
	}
	if !openAI && exists(filepath.Join(dir, ConfigFile)) {
		w.config, w.pre, err = ReadConfig(dir)
		told = true
	} else {
		told, err = w.fromShapes(openAI, given)
		w.pre = DefaultPreprocess(w.config)
	}
	w.config.CustomText = w.customText()
	return told, err
}

// fromShapes sets the configuration of files without one. Heads come from the preset of the same shapes, and the
// activation, but for OpenAI's files, from the configuration given.
func (w *weights) fromShapes(openAI bool, given *Config) (told bool, err error) {
	found, err := infer(w.source, w.customText())
	if err != nil && given == nil {
		return false, err
	}
	preset := ""
	if err == nil && !openAI {
		preset = presetOf(found)
	}
	switch {
	case openAI && err == nil:
		found.QuickGELU = true
		w.config = found
		return w.whole(found), nil
	case given != nil && err == nil && !sameShapes(*given, found) && w.whole(found): // sound weights of another model
		found.QuickGELU = given.QuickGELU && found.Vision.Pool == ""
		w.config = found
		return true, nil
	case given != nil:
		w.config = *given
		w.config.QuickGELU, w.config.CustomText = given.QuickGELU || openAI, w.customText()
		return false, nil
	case preset == "":
		return false, errHeads
	}
	return false, errActivation(preset)
}

// whole tells whether the tensors are exactly those of a configuration.
func (w *weights) whole(c Config) bool {
	plan, err := Plan(c)
	return err == nil && match(w.source, w.names(c), plan) == nil
}

// customText tells whether the names of the text tower are those of open_clip's custom_text.
func (w *weights) customText() bool { return w.hasPrefix(textPrefix) }

func (w *weights) hasPrefix(prefix string) bool {
	for _, name := range w.source.Names() {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// resize prepares for images of another size.
func (w *weights) resize(size int) error {
	w.size = w.config.Vision.ImageSize
	if size == 0 || size == w.size {
		return nil
	}
	if w.config.Vision.ResNet() {
		return fmt.Errorf("--force-image-size %d: the positions of a ResNet are not interpolated; it takes %d pixels", size, w.size)
	}
	if w.config.Vision.Pool == vision.PoolMAP {
		return fmt.Errorf("--force-image-size %d: the positions of SigLIP's tower are not interpolated, nor are they by open_clip; it takes %d pixels", size, w.size)
	}
	w.size, w.pre.Size = size, size
	if err := w.resized().Validate(); err != nil {
		return fmt.Errorf("--force-image-size %d: %w", size, err)
	}
	if err := w.pre.Validate(); err != nil {
		return fmt.Errorf("--force-image-size %d: %w", size, err)
	}
	return nil
}

// resized is the configuration of the model that is to be.
func (w *weights) resized() Config {
	c := w.config
	c.Vision.ImageSize = w.size
	return c
}

// load makes the model.
func (w *weights) load(device torch.Device) (*Model, error) {
	r := &reader{source: w.source, names: w.names(w.config), device: device}
	defer r.close()
	to := w.resized()
	m, err := build(to, resized(r.parameter, w.config, to))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.path, err)
	}
	return m, nil
}
