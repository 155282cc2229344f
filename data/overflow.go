package data

import (
	"bytes"
	"io"
	"os"
)

// overflow holds what is written to it, in memory while it is little and in a file without a name once it is much.
type overflow struct {
	dir, pattern string // of the file; dir "" is the system's
	limit        int    // bytes in memory
	head         bytes.Buffer
	file         *os.File // what left head, in order; nil while there is none
}

func (o *overflow) Write(p []byte) (int, error) {
	n, err := o.head.Write(p)
	if err == nil && o.head.Len() >= o.limit {
		err = o.flush()
	}
	return n, err
}

// flush moves the head to the file.
func (o *overflow) flush() error {
	if o.file == nil {
		file, err := os.CreateTemp(o.dir, o.pattern)
		if err != nil {
			return err
		}
		os.Remove(file.Name()) // the system frees it when it is closed, collected, or the process ends
		o.file = file
	}
	_, err := o.head.WriteTo(o.file)
	return err
}

// reader reads all that was written, from the beginning; several readers may go on at once.
func (o *overflow) reader() (io.Reader, error) {
	head := bytes.NewReader(o.head.Bytes())
	if o.file == nil {
		return head, nil
	}
	size, err := o.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	return io.MultiReader(io.NewSectionReader(o.file, 0, size), head), nil
}

func (o *overflow) close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}
