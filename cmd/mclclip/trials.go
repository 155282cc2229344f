package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/bench/paired/trial"
	"github.com/mclclip/mclclip/internal/atomicfile"
)

// part is what one setting with one seed gave; it is kept in a file, so that an experiment called again goes on.
type part struct {
	Config  any            `json:"config"`
	Scores  []trial.Score  `json:"scores"`
	Changes []trial.Change `json:"changes"`
}

// doPart reads a part that was done before with the same settings, or does it and writes it.
func doPart(path string, config any, do func() (part, error)) (p part, err error) {
	want, err := json.Marshal(config)
	if err != nil {
		return p, err
	}
	var kept struct {
		part
		Config json.RawMessage `json:"config"`
	}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return p, err
	case json.Unmarshal(raw, &kept) != nil:
		return p, fmt.Errorf("%s is damaged; remove it to do this part again", path)
	default:
		var have bytes.Buffer
		if err := json.Compact(&have, kept.Config); err != nil {
			return p, err
		}
		if !bytes.Equal(have.Bytes(), want) {
			return p, usageErrorf("%s is of other settings; take another --out, or the same settings", path)
		}
		return kept.part, nil
	}
	if p, err = do(); err != nil {
		return p, err
	}
	p.Config = config
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return p, err
	}
	return p, atomicfile.WriteFile(path, func(w io.Writer) error { return printJSON(w, p) })
}

// keepSettings refuses settings other than those with which the experiment of a file's folder began.
func keepSettings(path string, config any) error {
	_, err := doPart(path, config, func() (part, error) { return part{}, nil })
	return err
}

// join puts a part into the whole.
func join(t *trial.Trial, p part) {
	for _, s := range p.Scores {
		t.Add(s)
	}
	t.Changes = append(t.Changes, p.Changes...)
}

// writeTrial leaves name.json, name.txt and name.png in a folder and prints the table.
func writeTrial(s streams, dir, name, xLabel string, t *trial.Trial) error {
	var text bytes.Buffer
	if err := t.WriteText(&text); err != nil {
		return err
	}
	for _, file := range []struct {
		suffix string
		write  func(w io.Writer) error
	}{
		{".json", t.WriteJSON},
		{".txt", func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err }},
		{".png", t.Figure(xLabel).WritePNG},
	} {
		if err := atomicfile.WriteFile(filepath.Join(dir, name+file.suffix), file.write); err != nil {
			return err
		}
	}
	_, err := s.stdout.Write(text.Bytes())
	return err
}
