package mcl

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/train/metrics"
)

// Resolved is what a run was told, as config.json keeps it.
type Resolved struct {
	Version       int          `json:"version"`
	Pairs         []string     `json:"pairs"`
	Data          string       `json:"data"`               // fingerprint of the pairs
	HeldOut       string       `json:"val_data,omitempty"` // fingerprint of the held-out pairs
	ModelName     string       `json:"model"`
	Model         *clip.Config `json:"model_cfg,omitempty"` // where the base model starts from random weights
	Pretrained    string       `json:"pretrained,omitempty"`
	ImageSize     int          `json:"force_image_size,omitempty"`
	ImageColumn   string       `json:"image_column"`
	CaptionColumn string       `json:"caption_column"`
	EXIF          bool         `json:"exif"`              // images are turned as their EXIF orientation says
	Weights       string       `json:"weights,omitempty"` // identity of the pretrained weights
	Epochs        float64      `json:"epochs"`            // passes over the pairs in each stage, where mcl.train.steps is 0
	MCL           Config       `json:"mcl"`
}

// Folder is a run folder that this process alone may write to.
type Folder struct {
	Dir     string
	Changes []string // settings that are others than before, by Entry.AllowChanges
	lock    *os.File
}

// Entry says how a run folder may be entered.
type Entry struct {
	Resume       bool // the run in it goes on
	AllowChanges bool // even with other settings or pairs
}

// OpenFolder makes or enters a run folder and locks it. A folder that holds another run, or anything else, is refused
// unless the run in it is to go on; then its settings must be the same, unless changes are allowed. A run that ended before it trained
// anything, most often because its settings did not suit the data, may be started anew with others.
func OpenFolder(dir string, want Resolved, entry Entry) (*Folder, error) {
	saved, err := readResolved(dir)
	if err == nil && saved["image_column"] == nil { // of a data set, or of transformers
		saved, err = nil, fmt.Errorf("%s of something else: %w", ConfigFile, fs.ErrNotExist)
	}
	begun := err != nil || hasBegun(dir)
	var changes []string
	switch {
	case err == nil && begun && !entry.Resume:
		return nil, fmt.Errorf("--out %s holds a run already; go on with it by --resume, or choose another folder", dir)
	case err == nil && !begun:
	case err == nil:
		if changes, err = changed(saved, want); err != nil {
			return nil, err
		}
		if len(changes) > 0 && !entry.AllowChanges {
			return nil, fmt.Errorf("--resume: the run in %s has other settings: %s; give the same ones, start another run, or add --allow-changes", dir, strings.Join(changes, "; "))
		}
		if err := refuseLate(dir, changes); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--out %s: %w", dir, err)
	default:
		if err := refuseFilled(dir); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out %s: %w", dir, err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	if _, err := atomicfile.RemoveLeftovers(dir); err != nil {
		lock.Close()
		return nil, fmt.Errorf("--out %s: %w", dir, err)
	}
	if saved == nil || !begun || len(changes) > 0 {
		if err := start(dir, saved, want); err != nil {
			lock.Close()
			return nil, fmt.Errorf("--out %s: %w", dir, err)
		}
	}
	return &Folder{Dir: dir, Changes: changes, lock: lock}, nil
}

// hasBegun tells whether anything was trained in a run folder.
func hasBegun(dir string) bool {
	if checkpoints, _ := fs.Glob(os.DirFS(dir), "*/"+checkpointsDir); len(checkpoints) > 0 || hasModels(dir) {
		return true
	}
	lines, err := os.Stat(filepath.Join(dir, metrics.LinesFile))
	return err == nil && lines.Size() > 0
}

func hasModels(dir string) bool {
	models, _ := fs.Glob(os.DirFS(dir), "*/"+modelDir)
	return len(models) > 0
}

// start writes down what the run is. What an earlier start left stays if it is of the same columns of the same data: lists of
// usable rows, features of captions, and those of an embedding that stopped.
func start(dir string, saved map[string]any, want Resolved) error {
	var stale []string
	columns := saved["image_column"] != want.ImageColumn || saved["caption_column"] != want.CaptionColumn
	if columns || saved["data"] != want.Data {
		stale = append(stale, PairsDir, captionsDir)
		for _, p := range phases("", want.MCL) {
			for _, view := range []string{onImage, onText} {
				stale = append(stale, p.features(view), p.features(view)+markSuffix)
			}
		}
	}
	if columns || saved["val_data"] != want.HeldOut {
		stale = append(stale, HeldOutDir)
	}
	for _, name := range stale {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, ConfigFile), want)
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.lock.Close() }

// lockFile is held while a process writes to the folder; the lock ends with the process, however that ends.
const lockFile = ".lock"

func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("--out %s: %w", dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("--out %s: another process writes to this run; wait for it, or choose another folder", dir)
	}
	return file, nil
}

// labelling are the settings that labels are made by.
var labelling = []string{"--clusters", "--balance", "--seed", "--image-column", "--caption-column"}

// refuseLate refuses changes for which it is too late: of the settings of a finished run, but for more stages, and of those that
// labels are made by when there are some.
func refuseLate(dir string, changes []string) error {
	finished, _ := fs.Glob(os.DirFS(dir), IntegratedFile)
	labels, _ := fs.Glob(os.DirFS(dir), "*/"+labelsFile)
	for _, change := range changes {
		switch {
		case len(finished) > 0 && !strings.HasPrefix(change, "--stages "):
			return fmt.Errorf("--allow-changes: the run in %s is finished, and %s; start another run in a folder of its own", dir, change)
		case len(labels) > 0 && slices.ContainsFunc(labelling, func(flag string) bool { return strings.HasPrefix(change, flag+" ") }):
			return fmt.Errorf("--allow-changes: the pairs of the run in %s are labelled, and %s; start another run in a folder of its own", dir, change)
		}
	}
	return nil
}

// refuseFilled refuses a folder with content that is no run.
func refuseFilled(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("--out %s: %w", dir, err)
	}
	for _, entry := range entries {
		if entry.Name() != lockFile && !atomicfile.IsTemporary(entry.Name()) { // of a run that was killed as it began
			return fmt.Errorf("--out %s is not empty and holds no run; choose another folder", dir)
		}
	}
	return nil
}

func readResolved(dir string) (map[string]any, error) {
	raw, err := os.ReadFile(filepath.Join(dir, ConfigFile))
	if err != nil {
		return nil, err
	}
	return flatten(filepath.Join(dir, ConfigFile), raw)
}

func writeJSON(path string, value any) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	})
}

// Identity is a short name of weights: the SHA-256 of their files, one after the other.
func Identity(path string) (string, error) {
	files, err := clip.WeightFiles(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range files {
		if err := addFile(sum, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

func addFile(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}
