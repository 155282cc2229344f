package imageset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Folder reads pictures that lie in a folder for each class, in the layout of torchvision's ImageFolder: dir/train/<class>/ and
// dir/val/<class>/ (or dir/test/). decode writes the pixels [3, S, S] of an encoded picture. Files whose names begin with a dot are
// passed over; one that cannot be decoded is an error that names it.
func Folder(dir string, size int, decode func(dst []uint8, encoded []byte) error) (train, test *Set, err error) {
	held := filepath.Join(dir, "val")
	if _, err := os.Stat(held); err != nil {
		held = filepath.Join(dir, "test")
	}
	classes, err := folders(filepath.Join(dir, "train"))
	if err != nil {
		return nil, nil, err
	}
	if len(classes) < 2 {
		return nil, nil, fmt.Errorf("%s holds %d folders of classes, want at least 2", filepath.Join(dir, "train"), len(classes))
	}
	others, err := folders(held)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(classes, others) {
		return nil, nil, fmt.Errorf("%s holds the classes %s, want those of training: %s", held, list(others), list(classes))
	}
	if train, err = readFolder(filepath.Join(dir, "train"), size, classes, decode); err != nil {
		return nil, nil, err
	}
	test, err = readFolder(held, size, classes, decode)
	return train, test, err
}

func list(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func folders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: want dir/train/<class>/ and dir/val/<class>/ with pictures", err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func readFolder(dir string, size int, classes []string, decode func(dst []uint8, encoded []byte) error) (*Set, error) {
	set := newSet(size, classes)
	for class, name := range classes {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			path := filepath.Join(dir, name, e.Name())
			encoded, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			set.Pixels = append(set.Pixels, make([]uint8, set.Bytes())...)
			if err := decode(set.Picture(len(set.Features[0].Of)), encoded); err != nil {
				return nil, fmt.Errorf("%s: %w; remove the file or mend it", path, err)
			}
			set.Features[0].Of = append(set.Features[0].Of, int32(class))
		}
	}
	if len(set.Features[0].Of) == 0 {
		return nil, fmt.Errorf("%s holds no pictures", dir)
	}
	return set, nil
}
