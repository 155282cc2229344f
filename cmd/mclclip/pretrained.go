package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/clip"
)

// noWeights explains what is wrong with the path in --pretrained where no weights are there; the error is clip's.
func noWeights(path string, err error) error {
	info, missing := os.Stat(path)
	switch {
	case errors.Is(missing, fs.ErrNotExist):
		return fmt.Errorf("--pretrained %s: there is no such file or folder%s; names of models are not fetched: download one, as by "+
			"hf download laion/CLIP-ViT-B-32-laion2B-s34B-b79K --local-dir weights, and give that folder", path, didYouMean(path, siblings(path)))
	case missing == nil && info.IsDir():
		if models := modelsInside(path); len(models) > 0 {
			return fmt.Errorf("--pretrained %s holds no weights itself; did you mean %s?", path, strings.Join(models, " or "))
		}
	}
	return fmt.Errorf("--pretrained: %w", err)
}

// siblings lists what lies in the folder of a path.
func siblings(path string) []string {
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	return found
}

// modelsInside lists the models below a stage's folder or a run's.
func modelsInside(dir string) []string {
	var models []string
	for _, pattern := range []string{"model", "*/model"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern, clip.ConfigFile))
		for _, path := range found {
			models = append(models, filepath.Dir(path))
		}
	}
	return models
}

// namesOfFormats are names that say what a file or folder holds, not which model it is.
var namesOfFormats = []string{"model", "weights", "open_clip_model", "open_clip_pytorch_model", "pytorch_model"}

// nameOfWeights is what a model is called for people: the name of its folder or file, or its architecture where that name
// says nothing.
func nameOfWeights(path string, c clip.Config) string {
	name := filepath.Base(filepath.Clean(path))
	for _, ending := range []string{".index.json", ".safetensors", ".bin", ".pt"} {
		name = strings.TrimSuffix(name, ending)
	}
	if slices.Contains(namesOfFormats, name) || name == "." || name == ".." {
		return c.Name()
	}
	return name
}
