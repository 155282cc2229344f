package clip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/torchfile"
)

// weightSource holds named tensors that are read one at a time.
type weightSource interface {
	Names() []string
	Info(name string) (safetensors.Info, bool)
	Section(name string) (*io.SectionReader, error) // the elements, row by row, little-endian
	Close() error
}

// openSource opens files of weights, which together are one source. What a file is shows in its first bytes.
func openSource(paths []string) (weightSource, error) {
	var all shards
	for _, path := range paths {
		source, err := openFile(path)
		if err != nil {
			all.Close()
			return nil, err
		}
		all = append(all, source)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	if name := all.twice(); name != "" {
		all.Close()
		return nil, fmt.Errorf("tensor %s is in more than one of %s", name, strings.Join(paths, ", "))
	}
	return all, nil
}

func openFile(path string) (weightSource, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 16)
	n, err := io.ReadFull(file, head)
	file.Close()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if torchfile.Sniff(head[:n]) {
		return torchfile.Open(path)
	}
	if bytes.HasPrefix(head, []byte("version https:/")) {
		return nil, fmt.Errorf("%s stands for a file in Git LFS; fetch it: git lfs pull", path)
	}
	source, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w (nor is it a zip of PyTorch)", err)
	}
	return source, nil
}

// shards are several files with tensors of one model.
type shards []weightSource

// Names returns the names of all files.
func (s shards) Names() (names []string) {
	for _, source := range s {
		names = append(names, source.Names()...)
	}
	return names
}

// twice returns a name that more than one file has, or "".
func (s shards) twice() string {
	names := s.Names()
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			return names[i]
		}
	}
	return ""
}

// Info looks in all files.
func (s shards) Info(name string) (info safetensors.Info, ok bool) {
	for _, source := range s {
		if info, ok = source.Info(name); ok {
			return info, true
		}
	}
	return info, false
}

// Section reads from the file that has the tensor.
func (s shards) Section(name string) (*io.SectionReader, error) {
	for _, source := range s {
		if _, ok := source.Info(name); ok {
			return source.Section(name)
		}
	}
	return nil, fmt.Errorf("no tensor %q", name)
}

// Close closes all files.
func (s shards) Close() error {
	var errs []error
	for _, source := range s {
		errs = append(errs, source.Close())
	}
	return errors.Join(errs...)
}

// prefixed hides what wrappers of PyTorch put before every name.
type prefixed struct {
	weightSource
	prefix string
}

// wrappers are DistributedDataParallel's and torch.compile's.
var wrappers = []string{"module.", "_orig_mod."}

// unwrapped hides the prefixes that all names have.
func unwrapped(source weightSource) weightSource {
	names, prefix := source.Names(), ""
	for again := true; again; {
		again = false
		for _, wrapper := range wrappers {
			lacks := func(name string) bool { return !strings.HasPrefix(name, prefix+wrapper) }
			if len(names) > 0 && !slices.ContainsFunc(names, lacks) {
				prefix, again = prefix+wrapper, true
			}
		}
	}
	if prefix == "" {
		return source
	}
	return prefixed{source, prefix}
}

// Names returns the names without the prefix.
func (p prefixed) Names() []string {
	names := p.weightSource.Names()
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], p.prefix)
	}
	return names
}

// Info looks under the name with the prefix.
func (p prefixed) Info(name string) (safetensors.Info, bool) {
	return p.weightSource.Info(p.prefix + name)
}

// Section reads under the name with the prefix.
func (p prefixed) Section(name string) (*io.SectionReader, error) {
	return p.weightSource.Section(p.prefix + name)
}
