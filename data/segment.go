package data

import (
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

// segmentBytes is the size above which a row group is read in parts, so that the one row group of a million rows that
// pyarrow writes by default does not have to be held in memory. It decides the order of rows: it must not depend on
// the machine.
const segmentBytes = 32 << 20

// segment is what is read in one go: a row group, or a run of pages of the image column of a large one.
type segment struct {
	shard, group int32
	from, rows   int64 // rows of the group
	first        int64 // number of its first row in the Source
	bytes        int64 // of its images, decompressed: an estimate for a part
	offset       int64 // of its first image page in the file; 0: the group is read from its start
}

// openShard reads the footer of a shard, finds its columns and divides it into segments.
func openShard(path string, o Options, limit int64) (shard Shard, err error) {
	file, err := openFile(path)
	if err != nil {
		return Shard{}, err
	}
	defer file.close()
	defer contain(&err)
	found, err := findColumns(file.Root(), o)
	if err != nil {
		return Shard{}, err
	}
	shard = Shard{
		Path: path, Groups: len(file.RowGroups()), Bytes: file.info.Size(), Fingerprint: file.fingerprint, columns: found,
	}
	for group := range file.RowGroups() {
		if err := checkGroup(file, group, found); err != nil {
			return Shard{}, fmt.Errorf("row group %d: %w", group, err)
		}
		segments, err := divide(file, group, found.image, limit)
		if err != nil {
			return Shard{}, fmt.Errorf("row group %d: column %q: %w", group, found.image.name, err)
		}
		shard.segments = append(shard.segments, segments...)
		shard.Rows += file.RowGroups()[group].NumRows()
	}
	if shard.Rows != file.NumRows() {
		return Shard{}, fmt.Errorf("its footer is damaged: %d rows, but %d in its row groups", file.NumRows(), shard.Rows)
	}
	return shard, nil
}

// checkGroup compares what the footer says of the columns with the file's size and the number of rows.
func checkGroup(file *parquetFile, group int, c columns) error {
	rows := file.RowGroups()[group].NumRows()
	if rows < 0 {
		return fmt.Errorf("the footer is damaged: %d rows", rows)
	}
	for _, l := range []leaf{c.image, c.path, c.caption, c.key} {
		if l.name == "" {
			continue
		}
		meta := &file.Metadata().RowGroups[group].Columns[l.index].MetaData
		start, size := chunkStart(meta), meta.TotalCompressedSize
		switch {
		case start < 4 || size < 0 || start > file.Size() || size > file.Size()-start || meta.TotalUncompressedSize < 0:
			return fmt.Errorf("column %q: the footer places it at %d+%d in a file of %d bytes: the file is cut short or damaged",
				l.name, start, size, file.Size())
		case meta.NumValues < rows || !l.list && meta.NumValues != rows:
			return fmt.Errorf("column %q: the footer is damaged: %d values for %d rows", l.name, meta.NumValues, rows)
		}
	}
	return nil
}

// chunkStart is where parquet-go begins to read a column chunk.
func chunkStart(meta *format.ColumnMetaData) int64 {
	if meta.DictionaryPageOffset != 0 {
		return meta.DictionaryPageOffset
	}
	return meta.DataPageOffset
}

// divide returns the segments of a row group: one, or runs of pages of about limit bytes.
func divide(file *parquetFile, group int, image leaf, limit int64) ([]segment, error) {
	rows := file.RowGroups()[group].NumRows()
	size := file.Metadata().RowGroups[group].Columns[image.index].MetaData.TotalUncompressedSize
	whole := segment{group: int32(group), rows: rows, bytes: size}
	switch {
	case rows == 0:
		return nil, nil
	case size <= limit:
		return []segment{whole}, nil
	}
	starts, err := pageStarts(file, group, image)
	if err != nil {
		return nil, err
	}
	perRow := float64(size) / float64(rows)
	var segments []segment
	begin := starts[0]
	for i := range starts {
		end := rows
		if i+1 < len(starts) {
			end = starts[i+1].row
		}
		held := perRow * float64(end-begin.row)
		if held < float64(limit) && end < rows || end == begin.row {
			continue
		}
		segments = append(segments, segment{
			group: int32(group), from: begin.row, rows: end - begin.row, bytes: int64(held), offset: begin.offset,
		})
		if i+1 < len(starts) {
			begin = starts[i+1]
		}
	}
	if len(segments) == 1 {
		return []segment{whole}, nil
	}
	return segments, nil
}
