package preprocess

// #cgo CFLAGS: -O3 -Wall -Wextra
// #cgo LDFLAGS: -ldl
// #include "codec.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"unsafe"
)

// LibrariesVariable names the environment variable with the folder in which libjpeg, libpng and libwebp are searched
// first; "none" makes Go's decoders do everything.
const LibrariesVariable = "MCLCLIP_IMAGELIBS"

// Library is a decoder library: where it was found and its version, or why it is not used.
type Library struct {
	Name    string // libjpeg, libpng, libwebp
	Path    string
	Version string
	Err     error // Go's decoder is used instead
}

// Libraries tells which libraries decode JPEG, PNG and WebP in this process. They are searched once: in the folder that
// LibrariesVariable names, in the cache folder that scripts/setup.py fills, among the system's.
func Libraries() []Library { return append([]Library(nil), loadLibraries()...) }

// File names, as a system and as a Python wheel has them (libwebp-51b0b3f7.so.7.2.0).
const (
	jpegFiles = "libjpeg*.so.62*"
	pngFiles  = "libpng16*.so*"
	webpFiles = `libwebp[.\-]*so*`
)

var loadLibraries = sync.OnceValue(func() []Library {
	folders := searchFolders()
	return []Library{
		load("libjpeg", folders, jpegFiles, "libjpeg.so.62", jpegBinding),
		load("libpng", folders, pngFiles, "libpng16.so.16", pngBinding),
		load("libwebp", folders, webpFiles, "libwebp.so.7", webpBinding),
	}
})

// native says of which formats the library was found.
func native() map[string]bool {
	found := map[string]bool{}
	for i, format := range []string{"jpeg", "png", "webp"} {
		found[format] = loadLibraries()[i].Err == nil
	}
	return found
}

type binding struct {
	load  func(path, message *C.char) C.int
	about func(path, version *C.char)
	check func() error
}

var (
	jpegBinding = binding{
		func(path, message *C.char) C.int { return C.jpeg_load(path, message) },
		func(path, version *C.char) { C.jpeg_about(path, version) }, checkJPEG}
	pngBinding = binding{
		func(path, message *C.char) C.int { return C.png_load(path, message) },
		func(path, version *C.char) { C.png_about(path, version) }, nil}
	webpBinding = binding{
		func(path, message *C.char) C.int { return C.webp_load(path, message) },
		func(path, version *C.char) { C.webp_about(path, version) }, nil}
)

// searchFolders is nil where nothing is to be searched, not even the system.
func searchFolders() []string {
	named := os.Getenv(LibrariesVariable)
	if named == "none" {
		return nil
	}
	folders := []string{}
	if named != "" {
		folders = append(folders, named)
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if home, err := os.UserHomeDir(); cache == "" && err == nil {
		cache = filepath.Join(home, ".cache")
	}
	if cache != "" {
		folders = append(folders, filepath.Join(cache, "mclclip", "imagelibs"))
	}
	return folders
}

// load tries the candidates in order and keeps the first that works.
func load(name string, folders []string, pattern, system string, b binding) Library {
	if folders == nil {
		return Library{Name: name, Err: fmt.Errorf("switched off by %s", LibrariesVariable)}
	}
	var faults []error
	for _, path := range append(candidates(folders, pattern), system) {
		preload(path)
		err := b.open(path)
		if err == nil {
			return b.describe(name)
		}
		faults = append(faults, fmt.Errorf("%s: %w", path, err))
	}
	return Library{Name: name, Err: errors.Join(faults...)}
}

func candidates(folders []string, pattern string) (paths []string) {
	for _, folder := range folders {
		found, _ := filepath.Glob(filepath.Join(folder, pattern)) // a bad pattern is the only error, and tests rule it out
		paths = append(paths, found...)
	}
	return paths
}

// preload opens the libsharpyuv beside a libwebp, which needs it by the name it has in a Python wheel. That it is
// missing shows when libwebp is opened.
func preload(path string) {
	if filepath.Dir(path) == "." {
		return
	}
	for _, needed := range candidates([]string{filepath.Dir(path)}, "libsharpyuv*.so*") {
		withText(needed, func(text, message *C.char) C.int { return C.codec_preload(text, message) })
	}
}

func (b binding) open(path string) error {
	if err := withText(path, b.load); err != nil || b.check == nil {
		return err
	}
	return b.check()
}

func (b binding) describe(name string) Library {
	var path, version [C.MESSAGE_BYTES]C.char
	b.about(&path[0], &version[0])
	return Library{Name: name, Path: C.GoString(&path[0]), Version: C.GoString(&version[0])}
}

// withText calls a C function that takes a text and returns 0 with a message if it fails.
func withText(text string, call func(text, message *C.char) C.int) error {
	var message [C.MESSAGE_BYTES]C.char
	zeroed := append([]byte(text), 0)
	if call((*C.char)(unsafe.Pointer(&zeroed[0])), &message[0]) == 0 {
		return errors.New(C.GoString(&message[0]))
	}
	return nil
}

// checkJPEG decodes an image of one colour: a libjpeg without libjpeg-turbo's colour spaces, or with another order of
// channels, must not be used.
func checkJPEG() error {
	const side, tolerance = 16, 3
	want := color.RGBA{200, 90, 30, 255}
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.SetRGBA(i%side, i/side, want)
	}
	var encoded bytes.Buffer
	if err := jpeg.Encode(&encoded, img, &jpeg.Options{Quality: 100}); err != nil {
		return err
	}
	pixels := newPixels(size{side, side})
	if err := nativeRows("jpeg", encoded.Bytes(), size{side, side}, nil, pixels); err != nil {
		return err
	}
	for i := 0; i < len(pixels); i += 4 {
		for c, v := range []uint8{want.R, want.G, want.B} {
			if d := int(pixels[i+c]) - int(v); d < -tolerance || d > tolerance {
				return fmt.Errorf("self-test: got colour %v, want %v", pixels[i:i+3], want)
			}
		}
	}
	return nil
}
