package pack

import (
	"io/fs"
	"os"
	"path"
	"strings"
)

// readFolder packs the images below a folder that have a text file of the same stem: a/b.jpg and a/b.txt. The key is a/b.
func (p *packer) readFolder(folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	return p.readSubfolder(root, folder, ".")
}

// pairFiles are the files of one stem.
type pairFiles struct {
	image, text string
	more        []string // further images
}

// readSubfolder packs one folder's files by stem, then its folders, both by name.
func (p *packer) readSubfolder(root *os.Root, source, name string) error {
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return err
	}
	var stems, folders []string
	byStem := map[string]*pairFiles{}
	for _, entry := range entries {
		file := path.Join(name, entry.Name())
		text := strings.EqualFold(path.Ext(file), ".txt")
		switch {
		case entry.IsDir():
			folders = append(folders, file)
			continue
		case !text && !IsImageName(file):
			p.sum.Ignored++
			continue
		}
		stem := strings.TrimSuffix(file, path.Ext(file))
		pair := byStem[stem]
		if pair == nil {
			pair = &pairFiles{}
			byStem[stem] = pair
			stems = append(stems, stem)
		}
		pair.put(file, text)
	}
	for _, stem := range stems {
		if err := p.readPair(root, source, stem, byStem[stem]); err != nil {
			return err
		}
	}
	for _, folder := range folders {
		if err := p.readSubfolder(root, source, folder); err != nil {
			return err
		}
	}
	return nil
}

func (f *pairFiles) put(file string, text bool) {
	switch {
	case text && f.text == "":
		f.text = file
	case !text && f.image == "":
		f.image = file
	default:
		f.more = append(f.more, file)
	}
}

func (p *packer) readPair(root *os.Root, source, stem string, files *pairFiles) error {
	for _, file := range files.more {
		p.skip(source, file, &problem{TwoImages, nil})
	}
	switch {
	case files.image == "":
		p.skip(source, files.text, &problem{NoImage, nil})
		return nil
	case files.text == "":
		p.skip(source, files.image, &problem{NoCaption, nil})
		return nil
	}
	text, why := readFile(root, files.text, maxCaption)
	if why != nil {
		p.skip(source, files.text, why)
		return nil
	}
	caption, why := checkCaption(string(text))
	if why != nil {
		p.skip(source, files.text, why)
		return nil
	}
	image, why := readFile(root, files.image, p.config.MaxImageBytes)
	if why != nil {
		p.skip(source, files.image, why)
		return nil
	}
	return p.add(source, files.image, stem, caption, image)
}
