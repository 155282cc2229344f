package data

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Files of a saved Index.
const (
	indexFile      = "index.json"
	skipsFile      = "skipped.csv"
	duplicatesFile = "duplicates.csv"
)

// indexJSON is the content of index.json.
type indexJSON struct {
	Rows        int64            `json:"rows"`
	Usable      int64            `json:"usable"`
	Skipped     map[string]int64 `json:"skipped"`
	Checker     string           `json:"checker,omitempty"`
	Fingerprint string           `json:"fingerprint"`    // of the source
	SkipsSHA256 string           `json:"skipped_sha256"` // of skipped.csv
	Duplicates  string           `json:"duplicates_sha256,omitempty"`
	Shards      []shardJSON      `json:"shards"`
}

type shardJSON struct {
	Path        string `json:"path"`
	Rows        int64  `json:"rows"`
	Fingerprint string `json:"fingerprint"`
}

// Save writes the folder dir, replacing an older one: index.json with counts, skipped.csv with a line for each row that was
// left out, and duplicates.csv with one for each that shares its image or caption. Either all files appear or nothing changes.
func (x *Index) Save(dir string) error {
	content := indexJSON{
		Rows: x.source.Rows(), Usable: x.usable, Skipped: x.counts, Checker: x.checker, Fingerprint: x.source.Fingerprint(),
	}
	for _, shard := range x.source.shards {
		content.Shards = append(content.Shards, shardJSON{Path: shard.Path, Rows: shard.Rows, Fingerprint: shard.Fingerprint})
	}
	return atomicfile.ReplaceDir(dir, func(temp string) error {
		var err error
		if content.SkipsSHA256, err = saveSummed(filepath.Join(temp, skipsFile), x.WriteSkips); err != nil {
			return err
		}
		if x.duplicates != nil {
			write := func(w io.Writer) error { return writeDuplicates(w, x.duplicates) }
			if content.Duplicates, err = saveSummed(filepath.Join(temp, duplicatesFile), write); err != nil {
				return err
			}
		}
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(temp, indexFile), append(text, '\n'), 0o666)
	})
}

// saveSummed writes a file and returns its hash.
func saveSummed(path string, write func(io.Writer) error) (sum string, err error) {
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if err := write(io.MultiWriter(file, hash)); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), file.Close()
}

// loadSummed reads a file whose hash is known.
func loadSummed(path, want string, read func(io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if err := read(bufio.NewReader(io.TeeReader(file, hash))); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%s was changed or is damaged: scan the shards anew", filepath.Base(path))
	}
	return nil
}

// WriteSkips writes all skipped rows as CSV: row, shard, shard_row, key, reason, detail.
func (x *Index) WriteSkips(w io.Writer) error {
	list, err := x.skips.open()
	if err != nil {
		return err
	}
	defer list.Close()
	if x.skips.saved == "" {
		head := csv.NewWriter(w)
		if err := head.Write(skipColumns); err != nil {
			return err
		}
		head.Flush()
		if err := head.Error(); err != nil {
			return err
		}
	}
	_, err = io.Copy(w, list)
	return err
}

// LoadIndex reads what Save wrote. It refuses an index of other data than s, whatever the paths, and a damaged one.
func LoadIndex(dir string, s *Source) (*Index, error) {
	text, err := os.ReadFile(filepath.Join(dir, indexFile))
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	var content indexJSON
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("index %s: %w", dir, err)
	}
	if content.Fingerprint != s.Fingerprint() || content.Rows != s.Rows() {
		return nil, fmt.Errorf("index %s: it was made of other shards (%s): scan these anew", dir, content.difference(s))
	}
	x := newIndex(s, content.Checker, "")
	if err := x.loadLists(dir, content); err != nil {
		return nil, fmt.Errorf("index %s: %w", dir, err)
	}
	if x.usable != content.Usable {
		return nil, fmt.Errorf("index %s: %s leaves %d usable rows, %s says %d: scan the shards anew",
			dir, skipsFile, x.usable, indexFile, content.Usable)
	}
	return x, nil
}

// difference names the first shard that is not the one that was scanned.
func (c *indexJSON) difference(s *Source) string {
	for i, old := range c.Shards {
		if i == len(s.shards) {
			break
		}
		if now := s.shards[i]; now.Fingerprint != old.Fingerprint {
			return fmt.Sprintf("number %d was %s and is now %s", i+1, old.Path, now.Path)
		}
	}
	return fmt.Sprintf("%d of them, now %d", len(c.Shards), len(s.shards))
}

// loadLists reads the lists of skipped rows and of duplicates.
func (x *Index) loadLists(dir string, content indexJSON) error {
	skips := filepath.Join(dir, skipsFile)
	if err := loadSummed(skips, content.SkipsSHA256, x.readSkips); err != nil {
		return err
	}
	x.skips.saved = skips
	if content.Duplicates == "" {
		return nil
	}
	return loadSummed(filepath.Join(dir, duplicatesFile), content.Duplicates, func(r io.Reader) (err error) {
		x.duplicates, err = readDuplicates(r, x.source.Rows())
		return err
	})
}

// readSkips marks all rows usable but those of the list.
func (x *Index) readSkips(r io.Reader) error {
	for row := range x.source.Rows() {
		x.good[row>>6] |= 1 << (row & 63)
	}
	x.usable = x.source.Rows()
	for skip, err := range parseSkips(r) {
		switch {
		case err != nil:
			return err
		case skip.Row < 0 || skip.Row >= x.source.Rows() || !x.Good(skip.Row):
			return fmt.Errorf("%s: row %d is out of range or listed twice", skipsFile, skip.Row)
		}
		x.good[skip.Row>>6] &^= 1 << (skip.Row & 63)
		x.usable--
		x.counts[skip.Reason]++
	}
	return nil
}
