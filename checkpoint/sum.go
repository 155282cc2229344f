package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/safetensors"
)

// version is the layout's; a reader refuses a later one.
const version = 1

// fileSum identifies a file's content.
type fileSum struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// body is the part of state.json that its checksum covers.
type body struct {
	Version int                `json:"version"`
	Step    int                `json:"step"`
	Files   map[string]fileSum `json:"files"`
	Meta    json.RawMessage    `json:"meta"`
}

// envelope is state.json. Body is checked as it stands in the file, byte by byte, before anything in it is believed.
type envelope struct {
	SHA256 string          `json:"sha256"`
	Body   json.RawMessage `json:"body"`
}

func writeTensors(folder, name string, tensors []safetensors.Tensor) (fileSum, error) {
	hash := sha256.New()
	var size counter
	err := atomicfile.WriteFile(filepath.Join(folder, name), func(w io.Writer) error {
		return safetensors.Write(io.MultiWriter(w, hash, &size), tensors, map[string]string{"format": "pt"})
	})
	return fileSum{int64(size), hex.EncodeToString(hash.Sum(nil))}, err
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func writeState(folder string, b body) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	return atomicfile.WriteFile(filepath.Join(folder, StateFile), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "{\"sha256\":\"%x\",\n\"body\":%s}\n", sum, text)
		return err
	})
}

func readState(folder string) (body, error) {
	path := filepath.Join(folder, StateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return body{}, err
	}
	var e envelope
	if err := strict(text, &e); err != nil {
		return body{}, fmt.Errorf("%s: %w", path, err)
	}
	if sum := sha256.Sum256(e.Body); hex.EncodeToString(sum[:]) != e.SHA256 {
		return body{}, fmt.Errorf("%s: checksum mismatch, the file is damaged or was edited", path)
	}
	var b body
	if err := json.Unmarshal(e.Body, &b); err != nil {
		return body{}, fmt.Errorf("%s: %w", path, err)
	}
	if b.Version > version {
		return body{}, fmt.Errorf("%s: layout version %d, this program reads up to %d: update it", path, b.Version, version)
	}
	if step, ok := StepOf(folder); ok && step != b.Step {
		return body{}, fmt.Errorf("%s: it is of step %d, its folder's name says %d", path, b.Step, step)
	}
	return b, nil
}

// strict decodes one JSON value without fields that v lacks and with nothing behind it.
func strict(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("something follows the JSON object")
	}
	return nil
}

// verifyFile checks a file's size, which finds most cuts at once, and then its content.
func verifyFile(folder, name string, want fileSum) error {
	path := filepath.Join(folder, name)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := verifySize(file, path, want); err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%s: checksum mismatch, the file is damaged", path)
	}
	return nil
}

func verifySize(file *os.File, path string, want fileSum) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != want.Size {
		return fmt.Errorf("%s: %d bytes, %d were written", path, info.Size(), want.Size)
	}
	return nil
}

func readTensors(folder, name string, want fileSum) ([]safetensors.Tensor, error) {
	if err := verifyFile(folder, name, want); err != nil {
		return nil, err
	}
	f, err := safetensors.Open(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadAll()
}
