package data

import (
	"fmt"
	"os"
)

// spillBytes is the size at which a file of waiting rows is full and the next one begins.
const spillBytes = 64 << 20

// spill holds rows on disk, in files that are freed when all their rows have been used. Its caller keeps it from
// concurrent use, but for reading.
type spill struct {
	dir       string
	fileBytes int64
	files     []*spillFile // the last one is being filled
}

// spillFile is a file without a name: the system frees it when the process ends, however that happens.
type spillFile struct {
	disk *os.File
	size int64
	used int64 // bytes of rows that are still wanted
	rows int
	name string // where a file in use cannot be removed
}

// place is where a row lies.
type place struct {
	file   *spillFile
	offset int64
	size   int
}

func (s *spill) add(row []byte) (place, error) {
	if len(s.files) == 0 || s.last().size >= s.fileBytes {
		if err := s.open(); err != nil {
			return place{}, err
		}
	}
	file := s.last()
	if _, err := file.disk.WriteAt(row, file.size); err != nil {
		return place{}, fmt.Errorf("waiting rows do not fit into %s: %w; choose a larger folder for temporary files or a larger buffer", s.folder(), bare(err))
	}
	p := place{file: file, offset: file.size, size: len(row)}
	file.size += int64(len(row))
	file.used += int64(len(row))
	file.rows++
	return p, nil
}

func (s *spill) last() *spillFile { return s.files[len(s.files)-1] }

func (s *spill) folder() string {
	if s.dir == "" {
		return os.TempDir()
	}
	return s.dir
}

func (s *spill) open() error {
	disk, err := os.CreateTemp(s.dir, "mclclip-waiting-*")
	if err != nil {
		return fmt.Errorf("folder for waiting rows: %w", err)
	}
	file := &spillFile{disk: disk}
	if os.Remove(disk.Name()) != nil {
		file.name = disk.Name()
	}
	s.files = append(s.files, file)
	return nil
}

// read returns a row. It may be called at any time until release.
func (p place) read() ([]byte, error) {
	row := make([]byte, p.size)
	if _, err := p.file.disk.ReadAt(row, p.offset); err != nil {
		return nil, fmt.Errorf("waiting row: %w", err)
	}
	return row, nil
}

// release gives a row's space back when its file has no other.
func (s *spill) release(p place) {
	p.file.rows--
	p.file.used -= int64(p.size)
	if p.file.rows > 0 {
		return
	}
	if p.file == s.last() && p.file.disk.Truncate(0) == nil {
		p.file.size = 0
		return
	}
	for i, file := range s.files {
		if file == p.file {
			file.close()
			s.files = append(s.files[:i], s.files[i+1:]...)
			return
		}
	}
}

func (f *spillFile) close() {
	f.disk.Close()
	if f.name != "" {
		os.Remove(f.name)
	}
}

func (s *spill) close() {
	for _, file := range s.files {
		file.close()
	}
	s.files = nil
}

// sparse returns a full file of which little is wanted, if the files take much more space than their rows: a few
// rows that wait long must not hold the disk. It returns nil if there is none.
func (s *spill) sparse() *spillFile {
	if len(s.files) == 0 {
		return nil
	}
	size, used := int64(0), int64(0)
	least := s.files[0]
	for _, file := range s.files[:len(s.files)-1] {
		size += file.size
		used += file.used
		if file.used < least.used {
			least = file
		}
	}
	if size < 4*used+4*s.fileBytes || least.used > least.size/2 {
		return nil
	}
	return least
}
