package pack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mclclip/mclclip/data"
)

// Kinds of input.
const (
	KindFolder = "folder"
	KindTable  = "table"
	KindTar    = "tar"
)

// Config says what is read and how.
type Config struct {
	Inputs        []string // one kind: folders, tables (.csv, .tsv) or archives (.tar, .tar.gz, .tgz); globs are expanded
	Prefix        string   // of the shards
	RowsPerShard  int
	ImageColumn   string                   // of a table: path of the image; "" finds it by ImageColumns
	CaptionColumn string                   // of a table; "" finds it by data.CaptionColumns
	KeyColumn     string                   // of a table; "" makes keys from the table's name and the line
	Separator     string                   // of a table; "" is a tab for .tsv and a comma for .csv
	Root          string                   // folder to which a table's paths are relative and in which they stay; "" is the table's own
	JSONCaption   string                   // of an archive: field of key.json that holds the caption where there is no key.txt
	MaxImageBytes int64                    // larger images are skipped
	Check         func(image []byte) error // can the image be used? nil looks at the first bytes only
	Reason        func(error) string       // short name of what Check found; nil names all "unusable"
}

// ImageColumns are usual names of a table's column with the paths of images, the first of which that is there is taken; open_clip's
// is the first.
func ImageColumns() []string {
	return []string{"filepath", "path", "image_path", "file_name", "filename", "file", "image"}
}

// DefaultConfig finds the columns of a table by their usual names.
func DefaultConfig() Config {
	return Config{Prefix: "train", RowsPerShard: data.DefaultRowsPerShard, JSONCaption: "caption", MaxImageBytes: 64 << 20}
}

// Validate returns an error that names the field and what it may be.
func (c Config) Validate() error {
	switch {
	case len(c.Inputs) == 0:
		return errors.New("no inputs: name a folder, tables or archives")
	case c.RowsPerShard < 1:
		return fmt.Errorf("rows per shard %d: want at least 1", c.RowsPerShard)
	case c.MaxImageBytes < 1 || c.MaxImageBytes > 1<<30:
		return fmt.Errorf("largest image %d bytes: want 1 to 1 GiB", c.MaxImageBytes)
	case c.Separator != "" && (utf8.RuneCountInString(c.Separator) != 1 || strings.ContainsAny(c.Separator, "\"\r\n")):
		return fmt.Errorf("separator %q: want one character, neither a quote nor a line end", c.Separator)
	}
	return nil
}

// kindOf tells the kind of an input by what it is and how it is called.
func kindOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	name := strings.ToLower(path)
	switch {
	case info.IsDir():
		return KindFolder, nil
	case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".tsv"):
		return KindTable, nil
	case strings.HasSuffix(name, ".tar"), strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		return KindTar, nil
	}
	return "", fmt.Errorf("%s: want a folder, .csv, .tsv, .tar, .tar.gz or .tgz", path)
}

// inputs expands globs and returns the inputs with their common kind.
func (c Config) inputs() (paths []string, kind string, err error) {
	for _, pattern := range c.Inputs {
		found := []string{pattern}
		if _, err := os.Stat(pattern); err != nil && strings.ContainsAny(pattern, "*?[") {
			if found, err = filepath.Glob(pattern); err != nil {
				return nil, "", fmt.Errorf("%s: %w", pattern, err)
			}
			if len(found) == 0 {
				return nil, "", fmt.Errorf("%s: no file has such a name", pattern)
			}
			slices.Sort(found)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		k, err := kindOf(path)
		if err != nil {
			return nil, "", err
		}
		if kind != "" && k != kind {
			return nil, "", fmt.Errorf("%s is a %s, %s a %s: pack one kind at a time", paths[0], kind, path, k)
		}
		kind = k
	}
	return paths, kind, nil
}
