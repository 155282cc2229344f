package pack

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// readTar packs an archive of the webdataset form: members that stand side by side and share all of their names up to the
// first dot are one sample; key.jpg, key.jpeg, key.png or key.webp is the image, key.txt or a field of key.json the caption.
func (p *packer) readTar(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewReaderSize(file, 1<<20)
	var r io.Reader = buffered
	if mark, err := buffered.Peek(2); err == nil && string(mark) == "\x1f\x8b" {
		if r, err = gzip.NewReader(buffered); err != nil {
			return err
		}
	}
	a := &archive{packer: p, source: name, stem: archiveStem(name)}
	for reader := tar.NewReader(r); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return a.finish()
		}
		if err != nil { // what came before is good; nothing after it can be read
			p.skip(name, "after "+a.last, &problem{Damaged, err})
			return a.finish()
		}
		a.last = header.Name
		if err := a.member(header, reader); err != nil {
			return err
		}
	}
}

func archiveStem(name string) string {
	stem, _, _ := strings.Cut(filepath.Base(name), ".tar")
	return strings.TrimSuffix(stem, ".tgz")
}

// archive is the state of reading one archive: the sample that is open.
type archive struct {
	*packer
	source, stem string
	last         string // member read last
	key          string
	imageName    string
	image        []byte
	text, json   string
	hasText      bool
	why          *problem // what is wrong with the sample; it is skipped as a whole
	started      bool
}

// member takes one member. Its name is never used as a path, but one that leads out is refused all the same: who unpacks
// the archive elsewhere would be hit by it.
func (a *archive) member(header *tar.Header, r io.Reader) error {
	name := path.Clean(header.Name)
	switch {
	case header.Typeflag == tar.TypeDir:
		return nil
	case !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`):
		a.skip(a.source, header.Name, &problem{Outside, nil})
		return nil
	case header.Typeflag != tar.TypeReg:
		a.skip(a.source, header.Name, &problem{NotFile, nil})
		return nil
	}
	folder, file := path.Split(name)
	stem, extension, _ := strings.Cut(file, ".")
	extension = strings.ToLower(extension)
	isImage := IsImageName("."+extension) && !strings.Contains(extension, ".") // no key.seg.png
	if !isImage && extension != "txt" && extension != "json" {
		a.sum.Ignored++
		return nil
	}
	if key := folder + stem; !a.started || key != a.key {
		if err := a.finish(); err != nil {
			return err
		}
		a.key, a.started = key, true
	}
	limit := int64(maxCaption)
	if isImage {
		limit = a.config.MaxImageBytes
	}
	content, why := readAll(r, limit)
	if why != nil && a.why == nil {
		a.why = &problem{why.reason, fmt.Errorf("%s: %w", header.Name, why)}
	}
	a.put(header.Name, extension, isImage, content)
	return nil
}

func (a *archive) put(name, extension string, isImage bool, content []byte) {
	switch {
	case isImage && a.imageName != "":
		a.skip(a.source, name, &problem{TwoImages, nil})
	case isImage:
		a.image, a.imageName = content, name
	case extension == "txt":
		a.text, a.hasText = string(content), true
	default:
		a.json = string(content)
	}
}

// finish closes the open sample: it becomes a pair, or is skipped.
func (a *archive) finish() error {
	sample := *a
	a.key, a.imageName, a.image, a.text, a.json, a.hasText, a.why, a.started = "", "", nil, "", "", false, nil, false
	if !sample.started {
		return nil
	}
	caption, why := sample.caption()
	switch {
	case sample.why != nil:
		why = sample.why
	case sample.imageName == "":
		why = &problem{NoImage, nil}
	}
	if why != nil {
		a.skip(a.source, sample.key, why)
		return nil
	}
	return a.add(a.source, sample.imageName, a.stem+"/"+sample.key, caption, sample.image)
}

// caption is the text, or else the field of the JSON.
func (a *archive) caption() (string, *problem) {
	if a.hasText || a.json == "" {
		return checkCaption(a.text)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(a.json), &fields); err != nil {
		return "", &problem{NoCaption, fmt.Errorf("%s.json: %w", a.key, err)}
	}
	text, ok := fields[a.config.JSONCaption].(string)
	if !ok {
		return "", &problem{NoCaption, fmt.Errorf("%s.json has no text in the field %q", a.key, a.config.JSONCaption)}
	}
	return checkCaption(text)
}
