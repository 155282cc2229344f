package mmvp

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Item is one pair of a benchmark to be written: two encoded images (JPEG or PNG) that differ in one respect, each with the
// statement that is true of it alone.
type Item struct {
	Pattern    string // the visual pattern; it names a folder
	Statements [2]string
	Images     [2][]byte
}

// Write makes the folder dir a benchmark in the published layout: Questions.csv and "MLLM_VLM Images/<pattern>/<id>.jpg",
// or .png where the image is one (the authors' own script opens .jpg only). Items are grouped by pattern, patterns in the
// order in which they first come; pair i of that order, from 0, gets the ids 2i+1 and 2i+2. The folder appears whole or not
// at all, and one that is not empty is refused. An item that Open would not take is an error that names it.
func Write(dir string, items []Item) error {
	if len(items) == 0 {
		return fmt.Errorf("write benchmark %s: no items", dir)
	}
	for i, item := range items {
		if err := item.check(); err != nil {
			return fmt.Errorf("write benchmark %s: item %d: %w", dir, i, err)
		}
	}
	return atomicfile.WriteDir(dir, func(tmp string) error {
		grouped := groupByPattern(items)
		for i, item := range grouped {
			if err := writeImages(filepath.Join(tmp, imageFolders[0], item.Pattern), 2*i+1, item.Images); err != nil {
				return err
			}
		}
		return atomicfile.WriteFile(filepath.Join(tmp, questionsFile), func(w io.Writer) error {
			return writeQuestions(w, grouped)
		})
	})
}

func (item Item) check() error {
	if !isFolderName(item.Pattern) || strings.TrimSpace(item.Pattern) != item.Pattern {
		return fmt.Errorf("pattern %q cannot be the name of a folder", item.Pattern)
	}
	for s := range 2 {
		if strings.TrimSpace(item.Statements[s]) == "" {
			return fmt.Errorf("statement %d is empty", s+1)
		}
		if imageExtension(item.Images[s]) == "" {
			return fmt.Errorf("image %d is neither a JPEG nor a PNG", s+1)
		}
	}
	return nil
}

// imageExtension returns the extension that fits an image's content, or "".
func imageExtension(encoded []byte) string {
	switch {
	case bytes.HasPrefix(encoded, []byte("\xff\xd8\xff")):
		return ".jpg"
	case bytes.HasPrefix(encoded, []byte("\x89PNG\r\n\x1a\n")):
		return ".png"
	}
	return ""
}

// groupByPattern returns the items with those of one pattern side by side, otherwise in order.
func groupByPattern(items []Item) []Item {
	var patterns []string
	byPattern := map[string][]Item{}
	for _, item := range items {
		if _, known := byPattern[item.Pattern]; !known {
			patterns = append(patterns, item.Pattern)
		}
		byPattern[item.Pattern] = append(byPattern[item.Pattern], item)
	}
	grouped := make([]Item, 0, len(items))
	for _, pattern := range patterns {
		grouped = append(grouped, byPattern[pattern]...)
	}
	return grouped
}

func writeImages(folder string, firstID int, images [2][]byte) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for i, encoded := range images {
		name := strconv.Itoa(firstID+i) + imageExtension(encoded)
		if err := os.WriteFile(filepath.Join(folder, name), encoded, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func writeQuestions(w io.Writer, items []Item) error {
	table := csv.NewWriter(w)
	rows := [][]string{{"Question ID", "Type", "Statement"}}
	for i, item := range items {
		for s, statement := range item.Statements {
			rows = append(rows, []string{strconv.Itoa(2*i + 1 + s), item.Pattern, statement})
		}
	}
	return table.WriteAll(rows)
}
