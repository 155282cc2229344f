package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// maxHeader is the reference implementation's limit: a longer header is taken for a broken or hostile file.
const maxHeader = 100 << 20

// File is an open safetensors file. Its header is in memory, its tensors are not: Read fetches one tensor's bytes and
// nothing else. A File may be read by several goroutines at once.
type File struct {
	Metadata map[string]string // "__metadata__", nil if the file has none

	path   string
	reader io.ReaderAt
	closer io.Closer
	names  []string
	infos  map[string]Info
}

// Open opens the file at path and checks its header against its size. The caller closes it.
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

// NewFile reads the header of a safetensors file of size bytes from r.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	text, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	start := 8 + int64(len(text))
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	if err := checkSpans(entries, size-start); err != nil {
		return nil, err
	}
	f := &File{Metadata: metadata, reader: r, infos: make(map[string]Info, len(entries))}
	for _, e := range entries {
		f.names = append(f.names, e.name)
		f.infos[e.name] = Info{DType: e.dtype, Shape: e.shape, Offset: start + e.begin, Size: e.end - e.begin}
	}
	return f, nil
}

func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < 8 {
		return nil, fmt.Errorf("not a safetensors file: %d bytes, the header's length alone takes 8", size)
	}
	var prefix [8]byte
	if _, err := r.ReadAt(prefix[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	switch {
	case length > maxHeader:
		return nil, fmt.Errorf("not a safetensors file: its header would take %d bytes, at most %d are allowed",
			length, maxHeader)
	case int64(length) > size-8:
		return nil, fmt.Errorf("cut short: the header takes %d bytes, %d are there", length, size-8)
	}
	text := make([]byte, length)
	if n, err := r.ReadAt(text, 8); n < len(text) {
		return nil, fmt.Errorf("header: %w", noEOF(err))
	}
	return text, nil
}

// checkSpans checks that the entries, sorted by their first byte, cover have bytes exactly, and lists all faults.
func checkSpans(entries []entry, have int64) error {
	var faults []error
	next := int64(0)
	for _, e := range entries {
		if err := checkEntry(e, next); err != nil {
			faults = append(faults, fmt.Errorf("tensor %q: %w", e.name, err))
		}
		next = max(next, e.end)
	}
	switch {
	case next > have:
		faults = append(faults, fmt.Errorf("cut short: the tensors take %d bytes, %d are there", next, have))
	case next < have:
		faults = append(faults, fmt.Errorf("%d bytes belong to no tensor", have-next))
	}
	return joinFaults(faults)
}

// checkEntry checks one entry that must begin at byte next.
func checkEntry(e entry, next int64) error {
	if e.end < e.begin {
		return fmt.Errorf("span [%d, %d) ends before it begins", e.begin, e.end)
	}
	if e.begin < next {
		return fmt.Errorf("span [%d, %d) overlaps the one before, which ends at %d", e.begin, e.end, next)
	}
	if e.begin > next {
		return fmt.Errorf("span [%d, %d) leaves a gap after %d", e.begin, e.end, next)
	}
	size, err := byteSize(e.dtype, e.shape)
	if err != nil {
		return err
	}
	if size != e.end-e.begin {
		return fmt.Errorf("%s %v takes %d bytes, its span has %d", e.dtype, e.shape, size, e.end-e.begin)
	}
	return nil
}

// Close closes the file that Open opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Names returns the tensors' names in the order of their bytes, in which reading all of them is one sequential pass.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Info returns what the file holds under name; ok is false if there is no such tensor.
func (f *File) Info(name string) (info Info, ok bool) {
	info, ok = f.infos[name]
	info.Shape = slices.Clone(info.Shape)
	return info, ok
}

// Read returns the bytes of one tensor, in memory of their own.
func (f *File) Read(name string) ([]byte, error) {
	info, ok := f.infos[name]
	if !ok {
		return nil, f.wrap(fmt.Errorf("no tensor %q", name))
	}
	data := make([]byte, info.Size)
	if n, err := f.reader.ReadAt(data, info.Offset); n < len(data) {
		return nil, f.wrap(fmt.Errorf("tensor %q: %w", name, noEOF(err)))
	}
	return data, nil
}

// ReadAll returns every tensor in the order of Names.
func (f *File) ReadAll() ([]Tensor, error) {
	tensors := make([]Tensor, 0, len(f.names))
	for _, name := range f.names {
		data, err := f.Read(name)
		if err != nil {
			return nil, err
		}
		info, _ := f.Info(name)
		tensors = append(tensors, Tensor{Name: name, DType: info.DType, Shape: info.Shape, Data: data})
	}
	return tensors, nil
}

// Section returns a reader over one tensor's bytes, for tensors that should not be in memory at once.
func (f *File) Section(name string) (*io.SectionReader, error) {
	info, ok := f.infos[name]
	if !ok {
		return nil, f.wrap(fmt.Errorf("no tensor %q", name))
	}
	return io.NewSectionReader(f.reader, info.Offset, info.Size), nil
}

func (f *File) wrap(err error) error {
	if f.path == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.path, err)
}
