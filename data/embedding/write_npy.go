package embedding

import (
	"bufio"
	"io"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// WriteNPY writes rows [n, D] of one width as an npy file of float32 numbers, which ReadNPY and numpy read.
func WriteNPY(path string, rows [][]float32) error {
	m := Meta{DType: Float32}
	if len(rows) > 0 {
		m.Dim = len(rows[0])
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		buffer := bufio.NewWriter(w)
		if _, err := buffer.Write(npyHeader(m, len(rows))); err != nil {
			return err
		}
		var line []byte
		for _, row := range rows {
			line = m.appendVector(line[:0], row)
			if _, err := buffer.Write(line); err != nil {
				return err
			}
		}
		return buffer.Flush()
	})
}
