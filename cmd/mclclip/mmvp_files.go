package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/bench/mmvp"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/mcl"
)

// scoresFolder is where a run keeps its scores.
const scoresFolder = "mmvp"

// readScores reads what mmvp left in a folder; the error of one that is not there wraps fs.ErrNotExist.
func readScores(dir string) (*mmvp.Report, error) {
	path := filepath.Join(dir, "mmvp.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &mmvp.Report{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// refuseOther keeps the scores on one benchmark from taking the place of those on another.
func (f *score) refuseOther(d *mmvp.Dataset) error {
	old, err := readScores(f.out)
	if err != nil || old.On(d) {
		return nil // what cannot be read is no loss
	}
	return fmt.Errorf("--out: %s holds the scores on another benchmark, %s; give these a folder of their own, such as --out %s",
		f.out, old.Data, f.out+"-"+filepath.Base(filepath.Clean(f.data)))
}

// prepare checks the weights of a single model and makes the folder of the reports, which is cheap, before anything is embedded.
func (f *score) prepare(d *mmvp.Dataset) error {
	if f.weights.pretrained != "" {
		if _, err := f.weights.checkWithTexts(); err != nil {
			return err
		}
	} else if _, err := mcl.ReadIntegrated(f.run); err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	if f.out == "" && f.run != "" {
		f.out = filepath.Join(f.run, scoresFolder)
		if f.integrate != mcl.RuleNames[0] { // beside the table of the default, which the report shows
			f.out += "-" + f.integrate
		}
	}
	if f.out == "" {
		return nil
	}
	if err := f.refuseOther(d); err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// write leaves the report beside the run in three forms; a single model needs --out for that.
func (f *score) write(report *mmvp.Report) error {
	if f.out == "" {
		return nil
	}
	for name, write := range map[string]func(io.Writer) error{"mmvp.json": report.WriteJSON, "mmvp.csv": report.WriteCSV, "mmvp.html": report.WriteHTML} {
		if err := atomicfile.WriteFile(filepath.Join(f.out, name), write); err != nil {
			return err
		}
	}
	return nil
}

// weightsName is what a column of single weights is called: the file or folder, or of a run's stage-1/model the stage.
func weightsName(path string) string {
	path = filepath.Clean(path)
	if name := filepath.Base(path); name != "model" {
		return name
	}
	return filepath.Base(filepath.Dir(path))
}
