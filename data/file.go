package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/data/internal/thriftcheck"
)

// readBuffer is how much is read at once of small pages; large ones are read whole.
const readBuffer = 64 << 10

// fingerprintHead is how much of the beginning of a file enters its fingerprint, beside its footer and its size.
const fingerprintHead = 4 << 10

// parquetFile is an opened shard.
type parquetFile struct {
	*parquet.File
	disk        *os.File
	info        os.FileInfo
	fingerprint string
	starts      map[[2]int][]pageStart // of columns whose row groups are read in parts; by group and column
}

// openFile opens a Parquet file and reads its footer. Its errors say what is wrong with the file, without its name.
func openFile(path string) (file *parquetFile, err error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer func() {
		if err != nil {
			disk.Close()
		}
	}()
	defer contain(&err) // parquet-go trusts some fields of a footer
	info, err := disk.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	sum, err := fingerprint(disk, info.Size()) // and the footer is looked over
	if err != nil {
		return nil, err
	}
	opened, err := parquet.OpenFile(disk, info.Size(),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
	if err != nil {
		return nil, fmt.Errorf("its footer is damaged: %w", err)
	}
	return &parquetFile{File: opened, disk: disk, info: info, fingerprint: sum, starts: map[[2]int][]pageStart{}}, nil
}

func (f *parquetFile) close() { f.disk.Close() }

// bare removes operation and path from a file error: the shard is named by whoever has its name.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// contain turns a panic of a decoder into an error.
func contain(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic while decoding: %v", p)
	}
}

// fingerprint checks that the file looks like a whole Parquet file and hashes its size, footer and first bytes: cheap,
// and another file under the same name, or the same under another, is told apart.
func fingerprint(r io.ReaderAt, size int64) (string, error) {
	head := make([]byte, min(size, fingerprintHead))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return "", err
	}
	footer, err := readFooter(r, size, head)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	binary.Write(sum, binary.LittleEndian, size)
	sum.Write(footer)
	sum.Write(head)
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// CheckFooter looks over the footer of a Parquet file of size bytes: what passes can be given to a decoder that makes room for
// whatever lengths it finds.
func CheckFooter(r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 4))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	_, err := readFooter(r, size, head)
	return err
}

// readFooter returns the footer's bytes, or says what is there instead.
func readFooter(r io.ReaderAt, size int64, head []byte) ([]byte, error) {
	switch {
	case size == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return nil, errors.New("it is a Git LFS pointer, not the file itself: run git lfs pull")
	case bytes.HasPrefix(head, []byte("PARE")):
		return nil, errors.New("it is encrypted, which is not supported")
	case !bytes.HasPrefix(head, []byte("PAR1")):
		return nil, fmt.Errorf("it is not a Parquet file (begins with %q)", head[:min(len(head), 8)])
	}
	cut := errors.New("it is cut short or still being written (a Parquet file ends in PAR1): fetch it again")
	var tail [8]byte
	if size < 12 {
		return nil, cut
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != "PAR1" || length > size-12 {
		return nil, cut
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-8-length); err != nil {
		return nil, err
	}
	if err := thriftcheck.Struct(footer); err != nil {
		return nil, fmt.Errorf("its footer is damaged: %w", err)
	}
	return footer, nil
}
