package imageset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// records is a file of pictures of one size with their labels before each, as CIFAR has them.
type records struct {
	labels  int // bytes before the pixels
	class   int // which of them is the class
	classes int
	count   int // pictures of a published file
}

const cifarSide = 32

var (
	cifar10  = records{labels: 1, class: 0, classes: 10, count: 10000}
	cifar100 = records{labels: 2, class: 1, classes: 100} // coarse and fine; the count differs between the two files
)

// CIFAR10 reads the binary version of CIFAR-10 (Krizhevsky 2009): data_batch_1.bin to data_batch_5.bin, test_batch.bin and
// batches.meta.txt in dir. A file that is missing, cut short or of another kind is an error that names it.
func CIFAR10(dir string) (train, test *Set, err error) {
	var batches []string
	for i := 1; i <= 5; i++ {
		batches = append(batches, fmt.Sprintf("data_batch_%d.bin", i))
	}
	return readCIFAR(dir, cifar10, cifar10, "batches.meta.txt", batches, "test_batch.bin")
}

// CIFAR100 reads the binary version of CIFAR-100, with its 100 fine classes: train.bin, test.bin and fine_label_names.txt in dir.
func CIFAR100(dir string) (train, test *Set, err error) {
	training, testing := cifar100, cifar100
	training.count, testing.count = 50000, 10000
	return readCIFAR(dir, training, testing, "fine_label_names.txt", []string{"train.bin"}, "test.bin")
}

func readCIFAR(dir string, training, testing records, names string, train []string, test string) (*Set, *Set, error) {
	classes, err := readNames(filepath.Join(dir, names), training.classes)
	if err != nil {
		return nil, nil, err
	}
	first, second := newSet(cifarSide, classes), newSet(cifarSide, classes)
	for _, file := range train {
		if err := training.read(filepath.Join(dir, file), first); err != nil {
			return nil, nil, err
		}
	}
	return first, second, testing.read(filepath.Join(dir, test), second)
}

func newSet(size int, classes []string) *Set {
	return &Set{Size: size, Features: []Feature{{Name: "class", Classes: classes}}}
}

// read appends the pictures of a file.
func (r records) read(path string, to *Set) error {
	size := int64(r.labels + to.Bytes())
	file, err := openSized(path, size*int64(r.count), fmt.Sprintf("%d pictures of %d bytes", r.count, size))
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	record := make([]byte, size)
	for i := range r.count {
		if _, err := io.ReadFull(in, record); err != nil {
			return fmt.Errorf("%s: picture %d: %w", path, i, err)
		}
		class := record[r.class]
		if int(class) >= r.classes {
			return fmt.Errorf("%s: picture %d has class %d of %d: the file is damaged or of another data set", path, i, class, r.classes)
		}
		to.Features[0].Of = append(to.Features[0].Of, int32(class))
		to.Pixels = append(to.Pixels, record[r.labels:]...)
	}
	return nil
}

// openSized opens a file that must have a number of bytes; what says why.
func openSized(path string, size int64, what string) (*os.File, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: give the folder of the unpacked binary version", path)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() != size {
		kind := "cut short or of another kind"
		if info.Size() > size {
			kind = "of another kind"
		}
		err = fmt.Errorf("%s has %d bytes, want %s, %d bytes: it is %s; fetch it again", path, info.Size(), what, size, kind)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// readNames reads a file with the name of a class on each line.
func readNames(path string, classes int) ([]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: give the folder of the unpacked binary version", path)
	}
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(raw))
	if len(names) != classes {
		return nil, fmt.Errorf("%s names %d classes, want %d", path, len(names), classes)
	}
	return names, nil
}

const stlSide = 96

// STL10 reads the binary version of STL-10 (Coates, Ng and Lee 2011): train_X.bin, train_y.bin, test_X.bin, test_y.bin and
// class_names.txt in dir. Its pictures are stored column by column and are turned to rows here; its classes, numbered from 1,
// are numbered from 0. The pictures without labels are not read.
func STL10(dir string) (train, test *Set, err error) {
	return readSTL(dir, 5000, 8000)
}

func readSTL(dir string, training, testing int) (train, test *Set, err error) {
	classes, err := readNames(filepath.Join(dir, "class_names.txt"), 10)
	if err != nil {
		return nil, nil, err
	}
	if train, err = readSTLPart(dir, "train", classes, training); err != nil {
		return nil, nil, err
	}
	test, err = readSTLPart(dir, "test", classes, testing)
	return train, test, err
}

func readSTLPart(dir, part string, classes []string, count int) (*Set, error) {
	set := newSet(stlSide, classes)
	pictures, err := readSized(filepath.Join(dir, part+"_X.bin"), int64(count*set.Bytes()), fmt.Sprintf("%d pictures of %d bytes", count, set.Bytes()))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, part+"_y.bin")
	labels, err := readSized(path, int64(count), fmt.Sprintf("%d labels", count))
	if err != nil {
		return nil, err
	}
	for i, label := range labels {
		if label < 1 || int(label) > len(classes) {
			return nil, fmt.Errorf("%s: label %d is %d, want 1 to %d: the file is damaged or of another data set", path, i, label, len(classes))
		}
		set.Features[0].Of = append(set.Features[0].Of, int32(label)-1)
	}
	set.Pixels = make([]uint8, len(pictures))
	const plane = stlSide * stlSide
	for first := 0; first < len(pictures); first += plane {
		for place, v := range pictures[first : first+plane] {
			set.Pixels[first+place%stlSide*stlSide+place/stlSide] = v
		}
	}
	return set, nil
}

func readSized(path string, size int64, what string) ([]byte, error) {
	file, err := openSized(path, size, what)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw := make([]byte, size)
	if _, err := io.ReadFull(file, raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return raw, nil
}

// Some returns at most n pictures of the set, evenly spread over it; all of them for n = 0.
func (s *Set) Some(n int) *Set {
	if n <= 0 || n >= s.Len() {
		return s
	}
	some := &Set{Size: s.Size}
	for _, f := range s.Features {
		some.Features = append(some.Features, Feature{Name: f.Name, Classes: f.Classes})
	}
	for i := range n {
		from := i * s.Len() / n
		some.Pixels = append(some.Pixels, s.Picture(from)...)
		for k, f := range s.Features {
			some.Features[k].Of = append(some.Features[k].Of, f.Of[from])
		}
	}
	return some
}
