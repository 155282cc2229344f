package mmvp

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const questionsFile = "Questions.csv"

// columnNames are the columns of the question file; upper or lower case and spaces around do not matter.
var columnNames = [3]string{"Question ID", "Type", "Statement"}

// Question is one row of the question file.
type Question struct {
	ID        int    `json:"id"`
	Pattern   string `json:"type"` // column Type of the file, and the name of the image's folder
	Statement string `json:"statement"`
	ImagePath string `json:"-"` // of the image that the row belongs to, ready to be opened
	Line      int    `json:"-"` // in the question file, from 1
}

// Prompt returns the text to embed for a statement.
func Prompt(statement string) string { return "a photo of " + statement }

// readQuestions reads the rows of the question file.
func readQuestions(path string) ([]Question, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: want the folder of the MMVP_VLM benchmark, with %s and the image folder in it", err, questionsFile)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	questions, err := parseQuestions(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return questions, nil
}

func parseQuestions(r io.Reader) ([]Question, error) {
	reader := csv.NewReader(skipBOM(r))
	reader.FieldsPerRecord = -1 // a short row gets an error of its own, with its line
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	columns, err := findColumns(header)
	if err != nil {
		return nil, err
	}
	var questions []Question
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return questions, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := reader.FieldPos(0)
		question, err := parseRow(record, columns)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		question.Line = line
		questions = append(questions, question)
	}
}

// skipBOM drops the byte order mark that spreadsheet programs put in front.
func skipBOM(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3)
	}
	return buffered
}

// findColumns returns the places of columnNames in the header.
func findColumns(header []string) (columns [3]int, err error) {
	for i, want := range columnNames {
		columns[i] = -1
		for j, name := range header {
			if !strings.EqualFold(strings.TrimSpace(name), want) {
				continue
			}
			if columns[i] >= 0 {
				return columns, fmt.Errorf("line 1: column %q comes twice", want)
			}
			columns[i] = j
		}
		if columns[i] < 0 {
			return columns, fmt.Errorf("line 1: no column %q, the file has %q", want, header)
		}
	}
	return columns, nil
}

func parseRow(record []string, columns [3]int) (Question, error) {
	var fields [3]string
	for i, column := range columns {
		if column >= len(record) {
			return Question{}, fmt.Errorf("the row has %d fields, %q should be field %d", len(record), columnNames[i], column+1)
		}
		fields[i] = record[column]
	}
	id, err := strconv.Atoi(strings.TrimSpace(fields[0]))
	if err != nil || id < 1 {
		return Question{}, fmt.Errorf("question id %q is not a number from 1", fields[0])
	}
	pattern := strings.TrimSpace(fields[1])
	if !isFolderName(pattern) {
		return Question{}, fmt.Errorf("question %d: type %q cannot be the name of a folder", id, fields[1])
	}
	if strings.TrimSpace(fields[2]) == "" {
		return Question{}, fmt.Errorf("question %d: the statement is empty", id)
	}
	return Question{ID: id, Pattern: pattern, Statement: fields[2]}, nil
}

// isFolderName reports whether a pattern names a folder directly below the image folder, whatever the system.
func isFolderName(name string) bool {
	return name != "." && !strings.ContainsAny(name, "/\\\x00") && filepath.IsLocal(name)
}
