package embedding

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// npyShape finds what matters in the header of an npy file.
var npyShape = regexp.MustCompile(`'descr':\s*'([^']*)',\s*'fortran_order':\s*(\w+),\s*'shape':\s*\((\d+),\s*(\d+)\)`)

// ReadNPY reads a two-dimensional array [rows, D] of little-endian float16, float32 or float64 numbers in C order.
func ReadNPY(path string) (rows [][]float32, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(file, int(min(info.Size(), 1<<20)))
	kind, n, d, headerSize, err := readNPYHeader(r)
	if err != nil {
		return nil, err
	}
	width := map[string]int64{"<f2": 2, "<f4": 4, "<f8": 8}[kind]
	if want := int64(headerSize) + int64(n)*int64(d)*width; info.Size() != want {
		return nil, fmt.Errorf("the file has %d bytes, its header says %d: it was cut short or is another file", info.Size(), want)
	}
	line := make([]byte, int64(d)*width)
	flat := make([]float32, n*d)
	for i := range n {
		if _, err := io.ReadFull(r, line); err != nil {
			return nil, err
		}
		row := flat[i*d : (i+1)*d : (i+1)*d]
		for j := range row {
			row[j] = npyNumber(kind, line, j)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func npyNumber(kind string, line []byte, j int) float32 {
	switch kind {
	case "<f2":
		return fromFloat16(binary.LittleEndian.Uint16(line[2*j:]))
	case "<f4":
		return math.Float32frombits(binary.LittleEndian.Uint32(line[4*j:]))
	}
	return float32(math.Float64frombits(binary.LittleEndian.Uint64(line[8*j:])))
}

// readNPYHeader reads the header of format version 1 or 2.
func readNPYHeader(r io.Reader) (kind string, rows, dim, size int, err error) {
	begin := make([]byte, 10)
	if _, err := io.ReadFull(r, begin); err != nil || string(begin[:6]) != "\x93NUMPY" {
		return "", 0, 0, 0, errors.New("it is no npy file")
	}
	length, size := int(binary.LittleEndian.Uint16(begin[8:])), 10
	if begin[6] > 1 {
		more := make([]byte, 2)
		if _, err := io.ReadFull(r, more); err != nil {
			return "", 0, 0, 0, err
		}
		length, size = length|int(binary.LittleEndian.Uint16(more))<<16, 12
	}
	if length > 1<<16 {
		return "", 0, 0, 0, fmt.Errorf("its header has %d bytes", length)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return "", 0, 0, 0, err
	}
	m := npyShape.FindSubmatch(header)
	if m == nil || string(m[2]) != "False" || !(string(m[1]) == "<f2" || string(m[1]) == "<f4" || string(m[1]) == "<f8") {
		return "", 0, 0, 0, fmt.Errorf("want a two-dimensional array of float16, float32 or float64 in C order, got %.100q", header)
	}
	if rows, err = strconv.Atoi(string(m[3])); err == nil {
		dim, err = strconv.Atoi(string(m[4]))
	}
	if err == nil && (dim < 1 || dim > 1<<20 || rows > 1<<40/dim) {
		err = fmt.Errorf("an array of %d by %d", rows, dim)
	}
	return string(m[1]), rows, dim, size + length, err
}
