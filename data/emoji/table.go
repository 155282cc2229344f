package emoji

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// pkg is an npm package as this code knows it.
type pkg struct{ name, version, license, images, extension string }

// packages by source; license is that of the drawings.
var packages = map[string]pkg{
	Google:   {"emoji-datasource-google", "16.0.0", "Apache-2.0", "img/google/64", ".png"},
	Twitter:  {"emoji-datasource-twitter", "16.0.0", "CC-BY-4.0", "img/twitter/64", ".png"},
	OpenMoji: {"openmoji", "17.0.0", "CC-BY-SA-4.0", "color/svg", ".svg"},
}

func (p pkg) folder() string { return p.name + "-" + p.version }

// glyph is one emoji, with its skin tone if it has one.
type glyph struct {
	code, base string
	name       string // as openmoji's table has it: "waving hand: medium skin tone"
	tags       []string
	group      string
	images     map[string]string // by source, the path below the folder of packages
	tone       string            // code point of the skin tone, if there is exactly one
	plain      string            // code without skin tone
}

// table is all emoji that have a name and an image in at least one source.
type table struct {
	root   *os.Root
	glyphs []glyph // by code
	byCode map[string]int
}

// openTable reads the packages in folder.
func openTable(folder string) (*table, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: fetch the packages with scripts/emoji.py", err)
	}
	t := &table{root: root, byCode: map[string]int{}}
	if err := t.read(); err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return t, nil
}

func (t *table) close() { t.root.Close() }

func (t *table) read() error {
	for _, source := range Sources {
		if err := t.checkPackage(packages[source]); err != nil {
			return err
		}
	}
	if err := t.readNames(); err != nil {
		return err
	}
	for _, source := range Sources {
		if err := t.findImages(source); err != nil {
			return err
		}
	}
	return nil
}

// checkPackage makes sure of the version: another one has other drawings, and the split would not be the same.
func (t *table) checkPackage(p pkg) error {
	text, err := t.root.ReadFile(p.folder() + "/package.json")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("package %s is missing: fetch it with scripts/emoji.py", p.folder())
	}
	if err != nil {
		return err
	}
	var about struct{ Name, Version string }
	if err := json.Unmarshal(text, &about); err != nil {
		return fmt.Errorf("%s/package.json: %w", p.folder(), err)
	}
	if about.Name != p.name || about.Version != p.version {
		return fmt.Errorf("%s/package.json: is %s %s: delete the folder and run scripts/emoji.py", p.folder(), about.Name, about.Version)
	}
	return nil
}

// readNames reads openmoji's table, less its own additions to Unicode.
func (t *table) readNames() error {
	name := packages[OpenMoji].folder() + "/data/openmoji.csv"
	file, err := t.root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	columns, err := findColumns(rows, "hexcode", "group", "annotation", "tags", "openmoji_tags", "skintone_base_hexcode")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, row := range rows[1:] {
		field := func(i int) string { return strings.TrimSpace(row[columns[i]]) }
		if strings.HasPrefix(field(1), "extras-") || field(2) == "" {
			continue
		}
		t.add(glyph{code: newCode(field(0)), group: field(1), name: field(2), tags: splitTags(field(3), field(4)), plain: newCode(field(5))})
	}
	slices.SortFunc(t.glyphs, func(a, b glyph) int { return strings.Compare(a.code, b.code) })
	for i := range t.glyphs {
		t.byCode[t.glyphs[i].code] = i
	}
	t.shareTags()
	return nil
}

func findColumns(rows [][]string, names ...string) ([]int, error) {
	if len(rows) == 0 {
		return nil, errors.New("the table is empty")
	}
	var columns []int
	for _, name := range names {
		i := slices.Index(rows[0], name)
		if i < 0 {
			return nil, fmt.Errorf("no column %q", name)
		}
		columns = append(columns, i)
	}
	return columns, nil
}

func (t *table) add(g glyph) {
	g.base = baseOf(g.code)
	if g.plain == "" {
		g.plain = g.code
	}
	var tones []string
	for _, p := range strings.Split(g.code, "-") {
		if p >= "1f3fb" && p <= "1f3ff" && len(p) == 5 {
			tones = append(tones, p)
		}
	}
	if len(tones) == 1 && g.code != tones[0] {
		g.tone = tones[0]
	}
	g.images = map[string]string{}
	t.glyphs = append(t.glyphs, g)
}

// shareTags gives an emoji with skin tone, which has no tags of its own, those of the one without.
func (t *table) shareTags() {
	for i := range t.glyphs {
		g := &t.glyphs[i]
		if j, ok := t.byCode[g.plain]; ok && len(g.tags) == 0 {
			g.tags = t.glyphs[j].tags
		}
	}
}

// splitTags merges lists of tags separated by commas, without repeats.
func splitTags(lists ...string) (tags []string) {
	for _, list := range lists {
		for _, tag := range strings.Split(list, ",") {
			if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// findImages notes where a source has its drawings.
func (t *table) findImages(source string) error {
	p := packages[source]
	folder := p.folder() + "/" + p.images
	entries, err := fs.ReadDir(t.root.FS(), folder)
	if err != nil {
		return fmt.Errorf("drawings: %w", err)
	}
	for _, entry := range entries {
		stem, ok := strings.CutSuffix(entry.Name(), p.extension)
		if i, known := t.byCode[newCode(stem)]; ok && known && entry.Type().IsRegular() {
			t.glyphs[i].images[source] = path.Join(folder, entry.Name())
		}
	}
	return nil
}

// find returns the emoji of a code.
func (t *table) find(code string) (glyph, bool) {
	i, ok := t.byCode[code]
	if !ok {
		return glyph{}, false
	}
	return t.glyphs[i], true
}
