package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
)

// openers is how many footers are read at once.
const openers = 8

// Source is a list of Parquet shards with one schema. It is safe for many goroutines.
type Source struct {
	shards      []Shard
	segments    []segment
	rows        int64
	fingerprint string
}

// Shard describes one Parquet file.
type Shard struct {
	Path        string
	First       int64 // number of its first row in the Source
	Rows        int64
	Groups      int    // row groups
	Bytes       int64  // size of the file
	Fingerprint string // of its content, whatever its path: size, footer and first 4 KiB hashed

	columns  columns
	segments []segment
}

// Open finds the shards by patterns (files, globs, or folders, which stand for the *.parquet in them), in the order of
// the patterns and sorted within each, and reads their footers. A file that several patterns match counts once.
func Open(patterns []string, o Options) (*Source, error) {
	return open(patterns, o, segmentBytes)
}

// open is Open with another size above which row groups are divided.
func open(patterns []string, o Options, limit int64) (*Source, error) {
	paths, err := expand(patterns)
	if err != nil {
		return nil, err
	}
	shards, err := openShards(paths, o, limit)
	if err != nil {
		return nil, err
	}
	s := &Source{shards: shards}
	sum := sha256.New()
	for i := range s.shards {
		shard := &s.shards[i]
		if difference := shard.columns.differs(s.shards[0].columns); difference != "" {
			return nil, fmt.Errorf("shard %s: its schema is not that of shard %s: %s; use shards of one kind at a time",
				shard.Path, s.shards[0].Path, difference)
		}
		shard.First = s.rows
		for _, seg := range shard.segments {
			seg.shard, seg.first = int32(i), s.rows
			s.rows += seg.rows
			s.segments = append(s.segments, seg)
		}
		shard.segments = nil
		sum.Write([]byte(shard.Fingerprint))
	}
	if s.rows == 0 {
		return nil, fmt.Errorf("no rows in %s%s", paths[0], andMore(len(paths)-1))
	}
	s.fingerprint = hex.EncodeToString(sum.Sum(nil)[:16])
	return s, nil
}

// andMore counts further shards.
func andMore(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " and one more shard"
	}
	return fmt.Sprintf(" and %d more shards", n)
}

// Rows returns the number of rows of all shards, usable or not.
func (s *Source) Rows() int64 { return s.rows }

// Shards returns the shards in their order.
func (s *Source) Shards() []Shard { return slices.Clone(s.shards) }

// Fingerprint identifies the content of all shards and their order, whatever their paths.
func (s *Source) Fingerprint() string { return s.fingerprint }

// Columns returns the names of the image, caption and key columns that were found; key may be empty.
func (s *Source) Columns() (image, caption, key string) {
	c := s.shards[0].columns
	return c.image.name, c.caption.name, c.key.name
}

// CaptionLists tells whether the caption column holds lists, so that a row may have several captions.
func (s *Source) CaptionLists() bool { return s.shards[0].columns.caption.list }

// Locate returns the index of the shard of a row and the row's number in it. The row must be in 0..Rows()-1.
func (s *Source) Locate(row int64) (shard int, local int64) {
	shard = sort.Search(len(s.shards), func(i int) bool { return s.shards[i].First > row }) - 1
	return shard, row - s.shards[shard].First
}

// locate returns the segment of a row.
func (s *Source) locate(row int64) int {
	return sort.Search(len(s.segments), func(i int) bool { return s.segments[i].first > row }) - 1
}

// rowError names shard and row in an error.
func (s *Source) rowError(row int64, err error) error {
	shard, local := s.Locate(row)
	return fmt.Errorf("shard %s: row %d: %w", s.shards[shard].Path, local, err)
}

// expand returns the files that the patterns name.
func expand(patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		return nil, errors.New("no shards given: name Parquet files or a pattern such as 'data/*.parquet'")
	}
	var paths []string
	seen := map[string]bool{}
	for _, pattern := range patterns {
		found, err := match(pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			path = filepath.Clean(path)
			if !seen[path] {
				seen[path] = true
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}

func match(pattern string) ([]string, error) {
	info, err := os.Stat(pattern)
	if err == nil && !info.IsDir() {
		return []string{pattern}, nil // also where the name holds a bracket
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("shard %s: %w", pattern, bare(err))
	}
	if err == nil {
		pattern = filepath.Join(pattern, "*.parquet")
	}
	found, err := filepath.Glob(pattern)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	case len(found) == 0:
		return nil, fmt.Errorf("no file matches %q%s", pattern, folderHint(pattern))
	}
	return found, nil
}

// folderHint names the folders one level below that of a pattern that do hold shards, for a folder says nothing about them.
func folderHint(pattern string) string {
	below, err := filepath.Glob(filepath.Join(filepath.Dir(pattern), "*", "*.parquet"))
	if err != nil || len(below) == 0 {
		return ""
	}
	var folders []string
	for _, path := range below {
		if folder := filepath.Dir(path); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	if len(folders) > 4 {
		folders = append(folders[:4], "...")
	}
	return "; there are shards in " + strings.Join(folders, ", ")
}

// openShards reads the footers of all shards; of several errors it returns the first in shard order.
func openShards(paths []string, o Options, limit int64) ([]Shard, error) {
	shards := make([]Shard, len(paths))
	errs := make([]error, len(paths))
	next := make(chan int)
	var group sync.WaitGroup
	for range min(openers, len(paths)) {
		group.Go(func() {
			for i := range next {
				shards[i], errs[i] = openShard(paths[i], o, limit)
			}
		})
	}
	for i := range paths {
		next <- i
	}
	close(next)
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("shard %s: %w", paths[i], err)
		}
	}
	return shards, nil
}
