package mcl

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/mclclip/mclclip/data"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/parquetsum"
)

// Shard is one file of a data set as the label file knows it: a row's identity is its shard's fingerprint and its place there.
type Shard struct {
	Fingerprint string
	Rows        int64
	File        string // its name without the folder, for people
}

// labelRow is a row of the label file.
type labelRow struct {
	Shard   string `parquet:"shard,dict"`   // fingerprint
	File    string `parquet:"file,dict"`    // name of the shard, for people; it identifies nothing
	Row     int64  `parquet:"row,delta"`    // within the shard
	Cluster int32  `parquet:"cluster,dict"` // c(s-1), -1 for an unusable row
	Label   int32  `parquet:"label,delta"`  // label(s), -1 for an unusable row
}

const (
	labelBuffer   = 1 << 13 // rows that are in memory while a file is written or read
	labelRowGroup = 1 << 20 // rows
)

// WriteLabels writes the labels of stage 1 or later to a Parquet file that appears whole or not at all: a row for every row of the
// data set, with the columns shard, file, row, cluster and label, and the origin in the footer. shards are those of the data set, in order.
func WriteLabels(path string, labels *Labels, shards []Shard) error {
	if labels.Stage < 1 {
		return fmt.Errorf("labels %s: stage 0 has no labels to write", path)
	}
	if rows := countRows(shards); rows != int64(len(labels.ByRow)) {
		return fmt.Errorf("labels %s: %d labels for shards of %d rows", path, len(labels.ByRow), rows)
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		return writeSummed(w, labels.Origin.footer(), func(file *parquet.GenericWriter[labelRow]) error {
			return writeLabelRows(file, labels, shards)
		})
	})
}

// writeSummed writes a label file with a checksum of its pages in the footer.
func writeSummed(w io.Writer, footer [][2]string, rows func(*parquet.GenericWriter[labelRow]) error) error {
	pages := parquetsum.NewWriter(w)
	options := []parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.WriteBufferSize(0), parquet.MaxRowsPerRowGroup(labelRowGroup)}
	for _, entry := range footer {
		options = append(options, parquet.KeyValueMetadata(entry[0], entry[1]))
	}
	file := parquet.NewGenericWriter[labelRow](pages, options...)
	err := rows(file)
	if err == nil {
		err = file.Flush() // what follows is the footer
	}
	file.SetKeyValueMetadata(parquetsum.Key, pages.Sum())
	return errors.Join(err, file.Close())
}

func writeLabelRows(w *parquet.GenericWriter[labelRow], labels *Labels, shards []Shard) error {
	buffer := make([]labelRow, 0, labelBuffer)
	next := 0
	for _, shard := range shards {
		for row := range shard.Rows {
			label := labels.ByRow[next]
			next++
			cluster := Unusable
			if label >= 0 {
				cluster = label % int32(labels.Clusters)
			}
			buffer = append(buffer, labelRow{shard.Fingerprint, shard.File, row, cluster, label})
			if len(buffer) < labelBuffer {
				continue
			}
			if _, err := w.Write(buffer); err != nil {
				return err
			}
			buffer = buffer[:0]
		}
	}
	_, err := w.Write(buffer)
	return err
}

// ReadOrigin says what a label file was made from.
func ReadOrigin(path string) (Origin, error) {
	var origin Origin
	err := openLabels(path, func(file *parquet.File) (err error) {
		origin, err = parseFooter(file.Lookup)
		return err
	})
	return origin, err
}

// ReadLabels reads the labels that WriteLabels wrote. want says which ones they must be, shards which rows must have one; rows are found
// by shard fingerprint and place in the shard, so the order of the file does not matter. A file of another origin, and rows that
// are missing, unknown or given twice are errors.
func ReadLabels(path string, want Origin, shards []Shard) (*Labels, error) {
	labels := &Labels{Origin: want, ByRow: make([]int32, countRows(shards))}
	err := openLabels(path, func(file *parquet.File) error {
		have, err := parseFooter(file.Lookup)
		if err != nil {
			return err
		}
		if err := want.match(have); err != nil {
			return err
		}
		return readLabelRows(file, labels, shards)
	})
	if err != nil {
		return nil, err
	}
	return labels, nil
}

// openLabels opens a file of labels, of which everything is checked before a decoder believes it.
func openLabels(path string, use func(*parquet.File) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("labels %s: panic while decoding: %v", path, caught)
		}
	}()
	if err := data.CheckFooter(f, info.Size()); err != nil {
		return fmt.Errorf("labels %s: not a Parquet file or damaged: %w", path, err)
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("labels %s: not a Parquet file or damaged: %w", path, err)
	}
	if err := checkPages(f, file); err != nil {
		return fmt.Errorf("labels %s: %w", path, err)
	}
	if err := use(file); err != nil {
		return fmt.Errorf("labels %s: %w", path, err)
	}
	return nil
}

// checkPages compares the bytes before the footer with the checksum in it.
func checkPages(f io.ReaderAt, file *parquet.File) error {
	if _, ours := file.Lookup(keyFormat); !ours {
		return nil // the caller says so
	}
	if err := parquetsum.Check(f, file); err != nil {
		return fmt.Errorf("%w: it is damaged; delete it and the labels are made again", err)
	}
	return nil
}

func readLabelRows(file *parquet.File, labels *Labels, shards []Shard) error {
	for row := range labels.ByRow {
		labels.ByRow[row] = unset
	}
	place := newRowFinder(shards)
	reader := parquet.NewGenericReader[labelRow](file)
	defer reader.Close()
	buffer := make([]labelRow, labelBuffer)
	limit := power(labels.Clusters, labels.Stage)
	for {
		n, err := reader.Read(buffer)
		for _, r := range buffer[:n] {
			if err := place.store(labels, r, limit); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	return place.missing(labels)
}

func countRows(shards []Shard) (rows int64) {
	for _, shard := range shards {
		rows += shard.Rows
	}
	return rows
}
