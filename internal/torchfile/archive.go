package torchfile

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

const (
	// maxEntries is far above the number of tensors of any model.
	maxEntries = 1 << 17
	// maxPickle bounds the description of the tensors; that of the largest CLIP with its optimizer takes 1 MB.
	maxPickle = 16 << 20
)

// entry is a file in the archive.
type entry struct {
	name       string
	begin, end int64  // of its bytes, from the start of the archive
	plain      error  // why it cannot be read as it is; nil if it can
	crc        uint32 // of its bytes; 0: none was written, as with torch.serialization.set_crc32_options(False)
}

// archive is a zip as PyTorch writes them.
type archive struct {
	reader  io.ReaderAt
	entries map[string]entry
	prefix  string // the folder that everything is in, with a slash
	script  bool
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			return nil, errors.New("neither a zip nor cut short by little: it has no list of its entries at its end; fetch it again")
		}
		return nil, fmt.Errorf("zip: %w", err)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("%d entries, at most %d are allowed", len(z.File), maxEntries)
	}
	a := &archive{reader: r, entries: make(map[string]entry, len(z.File))}
	for _, f := range z.File {
		e, err := newEntry(f, size)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", f.Name, err)
		}
		if _, twice := a.entries[e.name]; twice {
			return nil, fmt.Errorf("entry %q: the name comes twice", e.name)
		}
		a.entries[e.name] = e
	}
	if err := a.checkSpans(); err != nil {
		return nil, err
	}
	return a, a.findPickle()
}

func newEntry(f *zip.File, size int64) (entry, error) {
	if err := checkName(f.Name); err != nil {
		return entry{}, err
	}
	begin, err := f.DataOffset()
	if err != nil {
		return entry{}, err
	}
	if f.CompressedSize64 > uint64(size) || begin > size-int64(f.CompressedSize64) {
		return entry{}, fmt.Errorf("%d bytes from byte %d on, the file has %d", f.CompressedSize64, begin, size)
	}
	e := entry{name: f.Name, begin: begin, end: begin + int64(f.CompressedSize64), crc: f.CRC32}
	switch {
	case f.Flags&1 != 0:
		e.plain = errors.New("it is encrypted")
	case f.Method != zip.Store || f.UncompressedSize64 != f.CompressedSize64:
		e.plain = fmt.Errorf("it is compressed, %d bytes into %d; PyTorch stores it as it is", f.UncompressedSize64, f.CompressedSize64)
	}
	return e, nil
}

// checkName refuses names that would leave the folder into which somebody unpacks the archive.
func checkName(name string) error {
	if strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\\x00:") || slices.Contains(strings.Split(name, "/"), "..") {
		return errors.New("the name leads out of the archive")
	}
	return nil
}

// checkSpans refuses entries that share bytes: many large ones can be made of few bytes so.
func (a *archive) checkSpans() error {
	sorted := make([]entry, 0, len(a.entries))
	for _, e := range a.entries {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b entry) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i].begin < sorted[i-1].end {
			return fmt.Errorf("entries %q and %q overlap", sorted[i-1].name, sorted[i].name)
		}
	}
	return nil
}

// findPickle finds the folder that everything is in.
func (a *archive) findPickle() error {
	var found []string
	for name := range a.entries {
		if prefix, ok := strings.CutSuffix(name, "data.pkl"); ok && strings.Count(prefix, "/") == 1 && strings.HasSuffix(prefix, "/") {
			found = append(found, prefix)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("a zip with %d files data.pkl in it; one of torch.save has 1", len(found))
	}
	a.prefix = found[0]
	_, a.script = a.entries[a.prefix+"constants.pkl"]
	if _, ok := a.entries[a.prefix+"byteorder"]; !ok {
		return nil
	}
	order, err := a.read("byteorder", 16)
	if err == nil && string(order) != "little" {
		err = fmt.Errorf("the bytes of a number are in %q order, want little", order)
	}
	return err
}

// read returns a whole entry of at most limit bytes.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	e, err := a.span(name)
	if err != nil {
		return nil, err
	}
	if e.end-e.begin > limit {
		return nil, fmt.Errorf("entry %q has %d bytes, at most %d are allowed", e.name, e.end-e.begin, limit)
	}
	data := make([]byte, e.end-e.begin)
	if n, err := a.reader.ReadAt(data, e.begin); n < len(data) {
		return nil, fmt.Errorf("entry %q: %w", e.name, err)
	}
	return data, e.check(bytes.NewReader(data), 0)
}

// check compares the bytes of an entry, of which begin is the first one's place in r, with its checksum.
func (e entry) check(r io.ReaderAt, begin int64) error {
	if e.crc == 0 {
		return nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r, begin, e.end-e.begin)); err != nil {
		return fmt.Errorf("entry %q: %w", e.name, err)
	}
	if sum.Sum32() != e.crc {
		return fmt.Errorf("entry %q: its checksum is wrong: the file is damaged, fetch it again", e.name)
	}
	return nil
}

// span returns where an entry lies that is stored as it is.
func (a *archive) span(name string) (entry, error) {
	e, ok := a.entries[a.prefix+name]
	if !ok {
		return e, fmt.Errorf("there is no entry %q", a.prefix+name)
	}
	if e.plain != nil {
		return e, fmt.Errorf("entry %q: %w", e.name, e.plain)
	}
	return e, nil
}
