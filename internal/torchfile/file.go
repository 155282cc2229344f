package torchfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mclclip/mclclip/internal/safetensors"
)

// File is an open file of tensors. The description of the tensors is in memory, their bytes are not. A File may be read by
// several goroutines at once.
type File struct {
	script  bool
	reader  io.ReaderAt
	closer  io.Closer
	path    string
	names   []string
	tensors map[string]*tensor
}

// Sniff tells whether a file that begins so may be one for Open: a zip, or PyTorch's older format, which Open explains.
func Sniff(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, legacy)
}

// legacy begins a file of torch.save before version 1.6, or with _use_new_zipfile_serialization=False: the pickle of a number.
var legacy = []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")

// Open opens the file at path. The caller closes it.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	f, err := NewFile(file, info.Size())
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.path, f.closer = path, file
	return f, nil
}

// NewFile reads the description of the tensors in a file of size bytes.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, len(legacy))
	if n, _ := r.ReadAt(head, 0); bytes.Equal(head[:n], legacy) {
		return nil, fmt.Errorf("PyTorch's format of before version 1.6 is not read; save it again with a newer one: torch.save(torch.load(path), path)")
	}
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	d := &description{archive: a, storages: map[string]*storage{}}
	root, err := d.read()
	if err != nil {
		return nil, err
	}
	names, tensors, err := collect(root)
	if err != nil {
		return nil, err
	}
	return &File{script: a.script, reader: r, names: names, tensors: tensors}, nil
}

// Script tells whether the file is a TorchScript archive.
func (f *File) Script() bool { return f.script }

// Close closes the file that Open opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Names returns the tensors' names in the order of the file.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Info returns what the file holds under name; ok is false if there is no such tensor. Offset is that of the tensor's first
// element, from which the others follow only where the tensor is contiguous.
func (f *File) Info(name string) (info safetensors.Info, ok bool) {
	t, ok := f.tensors[name]
	if !ok {
		return info, false
	}
	width := int64(safetensors.Width(t.storage.dtype))
	info = safetensors.Info{DType: t.storage.dtype, Offset: t.storage.begin + t.offset*width, Size: t.elements() * width}
	for _, n := range t.shape {
		info.Shape = append(info.Shape, int(n))
	}
	return info, true
}

// Section returns a reader over one tensor's elements, row by row, little-endian. A tensor that does not lie so in the file is
// brought into memory for it. The first time the bytes that it lies in are compared with their checksum.
func (f *File) Section(name string) (*io.SectionReader, error) {
	t, ok := f.tensors[name]
	if !ok {
		return nil, f.wrap(fmt.Errorf("no tensor %q", name))
	}
	if err := t.storage.check(); err != nil {
		return nil, f.wrap(err)
	}
	info, _ := f.Info(name)
	if t.contiguous() {
		return io.NewSectionReader(f.reader, info.Offset, info.Size), nil
	}
	data, err := t.gather(f.reader)
	if err != nil {
		return nil, f.wrap(fmt.Errorf("tensor %q: %w", name, err))
	}
	return io.NewSectionReader(bytes.NewReader(data), 0, info.Size), nil
}

func (f *File) wrap(err error) error {
	if f.path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.path, err)
}
