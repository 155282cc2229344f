package mmvp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// imageFolders are the names in use for the image folder: the authors' script, their README and copies differ.
var imageFolders = []string{"MLLM_VLM Images", "MMVP_VLM_Images", "MLLM_VLM_Images", "MMVP_VLM Images", "images"}

// imageExtensions are tried in this order.
var imageExtensions = []string{".jpg", ".jpeg", ".png"}

// Dataset is a benchmark on disk: the questions in the order of the question file, two for each pair. Questions 2i and
// 2i+1 are pair i; the image of the first is image 1, that of the second is image 2.
type Dataset struct {
	Dir       string
	Questions []Question
	Patterns  []string // in the order of the question file
}

// Open reads the benchmark in the folder dir and checks that every image is there. The layout is the published one:
// Questions.csv with the columns Question ID, Type and Statement, two rows for each pair, and the images at
// "MLLM_VLM Images/<Type>/<Question ID>.jpg"; other names in use for the image folder, .jpeg, .png, and any number of
// patterns and pairs are taken too. Errors name the file and the line.
func Open(dir string) (*Dataset, error) {
	path := filepath.Join(dir, questionsFile)
	questions, err := readQuestions(path)
	if err != nil {
		return nil, err
	}
	if err := checkPairs(questions); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := &Dataset{Dir: dir, Questions: questions, Patterns: patternsOf(questions)}
	folder, err := findImageFolder(dir)
	if err != nil {
		return nil, err
	}
	if err := d.findImages(folder); err != nil {
		return nil, err
	}
	return d, nil
}

// Pairs returns the number of pairs.
func (d *Dataset) Pairs() int { return len(d.Questions) / 2 }

// Prompts returns the texts to embed, by question.
func (d *Dataset) Prompts() []string {
	prompts := make([]string, len(d.Questions))
	for i, q := range d.Questions {
		prompts[i] = Prompt(q.Statement)
	}
	return prompts
}

// checkPairs checks what the score relies on: no id twice, and two rows a pair, of one pattern, the odd id first.
func checkPairs(questions []Question) error {
	if len(questions) == 0 {
		return errors.New("no questions")
	}
	lines := make(map[int]int, len(questions))
	for _, q := range questions {
		if line, twice := lines[q.ID]; twice {
			return fmt.Errorf("line %d: question id %d was on line %d already", q.Line, q.ID, line)
		}
		lines[q.ID] = q.Line
	}
	if len(questions)%2 == 1 {
		return fmt.Errorf("%d questions: two rows make a pair, so their number must be even", len(questions))
	}
	for i := 0; i < len(questions); i += 2 {
		if err := checkPair(questions[i], questions[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// checkPair refuses ids under which "an odd id means that image 1 is right" contradicts the rows' order.
func checkPair(first, second Question) error {
	switch {
	case first.Pattern != second.Pattern:
		return fmt.Errorf("line %d: type %q, but its partner on line %d has %q", second.Line, second.Pattern, first.Line, first.Pattern)
	case first.ID%2 == 0:
		return fmt.Errorf("line %d: question id %d is even, the first row of a pair has an odd one", first.Line, first.ID)
	case second.ID%2 == 1:
		return fmt.Errorf("line %d: question id %d is odd, the second row of a pair has an even one (the first is on line %d)",
			second.Line, second.ID, first.Line)
	}
	return nil
}

func patternsOf(questions []Question) []string {
	var patterns []string
	seen := map[string]bool{}
	for _, q := range questions {
		if !seen[q.Pattern] {
			seen[q.Pattern] = true
			patterns = append(patterns, q.Pattern)
		}
	}
	return patterns
}

func findImageFolder(dir string) (string, error) {
	for _, name := range imageFolders {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: no image folder: want one of %q beside %s", dir, imageFolders, questionsFile)
}

// findImages fills in the questions' image paths, or says which images are missing.
func (d *Dataset) findImages(folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	missing, first := 0, ""
	for i := range d.Questions {
		q := &d.Questions[i]
		name, err := findImage(root, filepath.Join(q.Pattern, strconv.Itoa(q.ID)))
		q.ImagePath = filepath.Join(folder, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if missing++; missing == 1 {
				first = strings.TrimSuffix(q.ImagePath, filepath.Ext(q.ImagePath))
			}
		case err != nil:
			return fmt.Errorf("image %s of question %d: %w", q.ImagePath, q.ID, err)
		}
	}
	if missing > 0 {
		return fmt.Errorf("image %s (.jpg, .png or another) is missing (%d of %d are)", first, missing, len(d.Questions))
	}
	return nil
}

// findImage returns the image's path below root with the extension it has, or with the usual one and fs.ErrNotExist.
func findImage(root *os.Root, stem string) (string, error) {
	for _, extension := range imageExtensions {
		name := stem + extension
		info, err := root.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil: // os.Root has no error value for a link that leads out
			return name, fmt.Errorf("%w (links may not lead out of the image folder: copy the images into it)", err)
		case !info.Mode().IsRegular():
			return name, errors.New("not a regular file")
		}
		return name, nil
	}
	return stem + imageExtensions[0], fs.ErrNotExist
}
