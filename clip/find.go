package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// layouts are the folders that are known, by the configuration and then the weights, in order of preference.
var layouts = []struct {
	config  string
	weights []string
}{
	{ConfigFile, []string{WeightsFile, "open_clip_pytorch_model.bin"}},
	{hfConfigFile, []string{hfWeightsFile, hfWeightsFile + indexSuffix, "pytorch_model.bin", "pytorch_model.bin" + indexSuffix}},
}

const indexSuffix = ".index.json"

// WeightFiles returns the files that the weights at path are read from: path itself, or those of a folder of open_clip or
// transformers.
func WeightFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return whole(path)
	}
	for _, layout := range layouts {
		if !exists(filepath.Join(path, layout.config)) {
			continue
		}
		for _, name := range layout.weights {
			if file := filepath.Join(path, name); exists(file) {
				return whole(file)
			}
		}
		return nil, fmt.Errorf("%s has %s, but no weights: none of %s", path, layout.config, strings.Join(layout.weights, ", "))
	}
	return nil, fmt.Errorf("%s has neither %s (open_clip) nor %s (transformers); name such a folder, or a file of weights", path, ConfigFile, hfConfigFile)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// whole returns the file, or all that it is the index of.
func whole(path string) ([]string, error) {
	if !strings.HasSuffix(path, indexSuffix) {
		return []string{path}, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		Files map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var files []string
	for tensor, name := range index.Files {
		if name != filepath.Base(name) || name == ".." || name == "." {
			return nil, fmt.Errorf("%s: %s is in %q, which is not a file beside it", path, tensor, name)
		}
		files = append(files, filepath.Join(filepath.Dir(path), name))
	}
	slices.Sort(files)
	if files = slices.Compact(files); len(files) == 0 {
		return nil, fmt.Errorf("%s: there is no weight_map", path)
	}
	return files, nil
}

// readBeside reads the configuration of transformers beside its weights; ok is false where there is none.
func readHFBeside(dir string) (c Config, pre Preprocess, ok bool, err error) {
	path := filepath.Join(dir, hfConfigFile)
	if c, err = readHFConfig(path); errors.Is(err, fs.ErrNotExist) {
		return c, pre, false, nil
	} else if err != nil {
		return c, pre, false, err
	}
	pre, err = readHFPreprocess(dir, c)
	return c, pre, true, err
}

// readHFPreprocess reads how images are prepared, OpenAI's way if the folder does not tell.
func readHFPreprocess(dir string, c Config) (Preprocess, error) {
	path := filepath.Join(dir, hfPreprocessFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = filepath.Join(dir, hfProcessorFile)
		var whole struct {
			Image json.RawMessage `json:"image_processor"`
		}
		if raw, err = os.ReadFile(path); err == nil {
			err = json.Unmarshal(raw, &whole)
			raw = whole.Image
		}
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(raw) == 0 {
		return DefaultPreprocess(c), nil
	}
	var pre Preprocess
	if err == nil {
		pre, err = parseHFPreprocess(raw, c)
	}
	if err != nil {
		return pre, fmt.Errorf("%s: %w", path, err)
	}
	return pre, nil
}
