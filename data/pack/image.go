package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reasons for which something gives no pair; Config.Reason may add its own.
const (
	NoImage    = "no image"   // a caption without one
	NoCaption  = "no caption" // an image without one, or with an empty one
	NotUTF8    = "caption not UTF-8"
	Outside    = "outside the folder" // the name or a link leads out
	Missing    = "missing file"
	NotFile    = "not a file" // a device, a socket, a link in an archive, a folder
	Empty      = "empty"
	NotImage   = "not an image"
	TooLarge   = "too large"
	Unreadable = "unreadable"
	Malformed  = "malformed row"
	TwoImages  = "two images" // for one caption
	Damaged    = "damaged archive"
	unusable   = "unusable"
	maxCaption = 1 << 20 // bytes; a longer one is no caption
)

// SkippedTable lists what gave no pair. It lies among the shards, where programs that read a folder of Parquet files pass over names that
// begin like this one.
const SkippedTable = "_skipped.csv"

// problem is why something gives no pair.
type problem struct {
	reason string
	detail error // may be nil
}

func (p *problem) Error() string {
	if p.detail == nil {
		return p.reason
	}
	return fmt.Sprintf("%s: %v", p.reason, p.detail)
}

// readFile reads a regular file of at most limit bytes below root. Links are followed as long as they stay below it.
func readFile(root *os.Root, name string, limit int64) ([]byte, *problem) {
	if !filepath.IsLocal(name) {
		return nil, &problem{Outside, nil}
	}
	info, err := root.Stat(name) // before opening: a named pipe would wait for ever
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &problem{Missing, nil}
	case err != nil && strings.Contains(err.Error(), "escapes"): // os.Root has no error value for it
		return nil, &problem{Outside, err}
	case err != nil:
		return nil, &problem{Unreadable, err}
	case !info.Mode().IsRegular():
		return nil, &problem{NotFile, nil}
	case info.Size() > limit:
		return nil, &problem{TooLarge, fmt.Errorf("%d bytes, at most %d", info.Size(), limit)}
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, &problem{Unreadable, err}
	}
	defer file.Close()
	return readAll(file, limit)
}

// readAll reads to the end, at most limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, *problem) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, &problem{Unreadable, err}
	case int64(len(content)) > limit:
		return nil, &problem{TooLarge, fmt.Errorf("more than %d bytes", limit)}
	}
	return content, nil
}

// checkCaption trims a caption.
func checkCaption(text string) (string, *problem) {
	if !utf8.ValidString(text) {
		return "", &problem{NotUTF8, nil}
	}
	if text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")); text == "" {
		return "", &problem{NoCaption, nil}
	}
	return text, nil
}

// checkImage looks at the first bytes, and asks Config.Check.
func (c Config) checkImage(image []byte) *problem {
	switch {
	case len(image) == 0:
		return &problem{Empty, nil}
	case int64(len(image)) > c.MaxImageBytes:
		return &problem{TooLarge, nil}
	case !hasImageHeader(image):
		return &problem{NotImage, nil}
	case c.Check == nil:
		return nil
	}
	err := c.Check(image)
	if err == nil {
		return nil
	}
	reason := unusable
	if c.Reason != nil {
		reason = c.Reason(err)
	}
	return &problem{reason, err}
}

// imageHeaders are the beginnings of JPEG, PNG, GIF, BMP and TIFF.
var imageHeaders = []string{"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF87a", "GIF89a", "BM", "II*\x00", "MM\x00*"}

// hasImageHeader knows those and WebP.
func hasImageHeader(image []byte) bool {
	webp := len(image) >= 12 && string(image[:4]) == "RIFF" && string(image[8:12]) == "WEBP"
	return webp || slices.ContainsFunc(imageHeaders, func(h string) bool { return bytes.HasPrefix(image, []byte(h)) })
}

// imageEndings are those of the names of images.
var imageEndings = []string{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// ImageEndings lists the endings by which a file is known as an image.
func ImageEndings() []string { return slices.Clone(imageEndings) }

// IsImageName says whether a file is called like an image.
func IsImageName(name string) bool {
	return slices.Contains(imageEndings, strings.ToLower(path.Ext(name)))
}
