package embedding

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// metadataColumns are the columns of clip-retrieval's metadata files, and what finds a row again.
var metadataColumns = []column{
	{name: "image_path", kind: textKind, text: func(r *Row) string { return r.Key }},
	captionColumn,
	idColumn,
	rowColumn,
}

// NewNPY starts the folder dir in the layout of clip-retrieval's inference: img_emb/img_emb_<p>.npy, text_emb/text_emb_<p>.npy
// (C order, [rows, D]) and metadata/metadata_<p>.parquet with the columns image_path (the key), caption, id and row, where row
// i of the three belongs together. p counts partitions of Options.RowsPerFile rows, with leading zeros to one width. A
// folder that is not empty is an error that wraps fs.ErrExist. clip-retrieval itself writes float16, normalised.
func NewNPY(dir string, m Meta, o Options) (Writer, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return newWriter(dir, m, o, layout{
		names:  npyNames,
		create: func(paths []string) (partition, error) { return createNPYPartition(paths, m, o) },
	})
}

func npyNames(p, parts int) []string {
	number := fmt.Sprintf("%0*d", len(strconv.Itoa(parts)), p)
	return []string{
		filepath.Join("img_emb", "img_emb_"+number+".npy"),
		filepath.Join("text_emb", "text_emb_"+number+".npy"),
		filepath.Join("metadata", "metadata_"+number+".parquet"),
	}
}

// npyPartition is one part: two arrays and their metadata.
type npyPartition struct {
	image, text *npyFile
	metadata    *table
}

func createNPYPartition(paths []string, m Meta, o Options) (_ *npyPartition, err error) {
	p := &npyPartition{}
	defer func() {
		if err != nil {
			p.abort()
		}
	}()
	if p.image, err = createNPY(paths[0], m); err != nil {
		return nil, err
	}
	if p.text, err = createNPY(paths[1], m); err != nil {
		return nil, err
	}
	if p.metadata, err = createTable(paths[2], metadataColumns, m, o); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *npyPartition) add(r *Row) error {
	if err := p.image.add(r.Image); err != nil {
		return err
	}
	if err := p.text.add(r.Text); err != nil {
		return err
	}
	return p.metadata.add(r)
}

func (p *npyPartition) close() error {
	errImage, errText, errMetadata := p.image.close(), p.text.close(), p.metadata.close()
	for _, err := range []error{errImage, errText, errMetadata} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *npyPartition) abort() {
	if p.image != nil {
		_ = p.image.file.Close()
	}
	if p.text != nil {
		_ = p.text.file.Close()
	}
	if p.metadata != nil {
		p.metadata.abort()
	}
}

// npyFile writes one array whose number of rows is known at the end.
type npyFile struct {
	meta    Meta
	file    *os.File
	buffer  *bufio.Writer
	rows    int
	scratch []byte
}

func createNPY(path string, m Meta) (*npyFile, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	f := &npyFile{meta: m, file: file, buffer: bufio.NewWriterSize(file, 1<<20)}
	if _, err := f.buffer.Write(npyHeader(m, 0)); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

func (f *npyFile) add(v []float32) error {
	f.scratch = f.meta.appendVector(f.scratch[:0], v)
	f.rows++
	_, err := f.buffer.Write(f.scratch)
	return err
}

// close writes the number of rows into the header.
func (f *npyFile) close() error {
	err := f.buffer.Flush()
	if err == nil {
		_, err = f.file.WriteAt(npyHeader(f.meta, f.rows), 0)
	}
	if e := f.file.Close(); err == nil {
		err = e
	}
	return err
}

// npyHeaderSize is the same for every number of rows, and a multiple of 64 as the format wants it.
const npyHeaderSize = 128

// npyHeader returns the header of format version 1.0 for an array [rows, D].
func npyHeader(m Meta, rows int) []byte {
	text := fmt.Sprintf("{'descr': '<f%d', 'fortran_order': False, 'shape': (%d, %d), }", m.width(), rows, m.Dim)
	header := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(header[8:], npyHeaderSize-10)
	header = append(header, text...)
	return append(header, strings.Repeat(" ", npyHeaderSize-1-len(header))+"\n"...)
}
