package mcl

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"math"
	"os"
	"time"
)

// markEvery is how much of an embedding a killed process loses at most.
const markEvery = 10 * time.Second

// featureOrigin says what features are of. An embedding goes on only as what it was.
type featureOrigin struct {
	Model string `json:"model"` // identity of the weights
	Data  string `json:"data"`  // fingerprint of the pairs
	View  string `json:"view"`
	Rows  int64  `json:"rows"`  // M, of the whole
	Width int    `json:"width"` // D
}

// featureMark says how far a file of features is sound. It lies beside the file, under its name with markSuffix.
type featureMark struct {
	featureOrigin
	Done int64  `json:"done"`   // rows
	Sum  string `json:"sha256"` // of those rows
}

const markSuffix = ".json"

// featureParts writes a file of features that an interruption or a killed process does not cost more than a part of.
type featureParts struct {
	path   string
	mark   featureMark
	sum    hash.Hash
	file   *os.File
	buffer []byte
}

// saveInParts writes features to a file like SaveFeatures, from where an earlier call for the same features stopped.
// blocks yields those from row first on; the blocks of an earlier call must have ended at rows where these begin, so that the
// bytes are those of one call.
func saveInParts(path string, of featureOrigin, blocks func(first int64) iter.Seq2[[]float32, error]) (features *FeatureFile, err error) {
	w, err := openParts(path, of)
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	marked := time.Now()
	for x, failed := range blocks(w.mark.Done) {
		if err = failed; err == nil {
			err = w.add(x)
		}
		if err != nil {
			break
		}
		if time.Since(marked) > markEvery {
			if err = w.keep(); err != nil {
				break
			}
			marked = time.Now()
		}
	}
	if err := notKept(err, errors.Join(w.keep(), w.file.Close())); err != nil {
		if w.mark.Done == 0 {
			err = errors.Join(err, removeFeatures(path))
		}
		return nil, fmt.Errorf("features: %w", err)
	}
	if w.mark.Done != of.Rows {
		return nil, fmt.Errorf("features %s: %d rows were embedded, want %d", path, w.mark.Done, of.Rows)
	}
	return OpenFeatures(path, of.Width)
}

// notKept is the error of an embedding, of which kept is that of writing what there is. What could not be written is not an
// interruption, whatever ended the embedding.
func notKept(err, kept error) error {
	if err == nil || kept == nil {
		return errors.Join(err, kept)
	}
	return fmt.Errorf("what was embedded could not be kept: %w (%v)", kept, err)
}

// openParts opens a file of features behind its last sound row, which is its start where it is of something else or damaged.
func openParts(path string, of featureOrigin) (*featureParts, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	w := &featureParts{path: path, mark: featureMark{featureOrigin: of}, sum: sha256.New(), file: file}
	var old featureMark
	raw, err := os.ReadFile(path + markSuffix)
	if err == nil && json.Unmarshal(raw, &old) == nil && old.featureOrigin == of && old.Done >= 0 && old.Done <= of.Rows {
		n, err := io.CopyN(w.sum, file, old.Done*4*int64(of.Width))
		if err == nil && hex.EncodeToString(w.sum.Sum(nil)) == old.Sum {
			w.mark.Done = old.Done
			return w, w.cut(n)
		}
	}
	w.sum.Reset()
	return w, w.cut(0)
}

// cut drops everything from a byte on.
func (w *featureParts) cut(at int64) error {
	_, seek := w.file.Seek(at, io.SeekStart)
	if err := errors.Join(w.file.Truncate(at), seek); err != nil {
		w.file.Close()
		return err
	}
	return nil
}

// add appends rows [n, D].
func (w *featureParts) add(x []float32) error {
	if len(x)%w.mark.Width != 0 {
		return fmt.Errorf("a block of %d numbers is no whole rows of %d", len(x), w.mark.Width)
	}
	w.buffer = w.buffer[:0]
	for _, v := range x {
		w.buffer = binary.LittleEndian.AppendUint32(w.buffer, math.Float32bits(v))
	}
	if _, err := w.file.Write(w.buffer); err != nil {
		return err
	}
	w.sum.Write(w.buffer)
	w.mark.Done += int64(len(x) / w.mark.Width)
	return nil
}

// keep marks what was written as sound.
func (w *featureParts) keep() error {
	if err := w.file.Sync(); err != nil {
		return err
	}
	w.mark.Sum = hex.EncodeToString(w.sum.Sum(nil))
	return writeJSON(w.path+markSuffix, w.mark)
}

// removeFeatures deletes a file of features and its mark; neither need be there.
func removeFeatures(path string) error {
	var errs []error
	for _, name := range []string{path, path + markSuffix} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
