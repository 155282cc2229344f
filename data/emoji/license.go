package emoji

import (
	"fmt"
	"io"
	"strings"
)

// notices say who made what, under which licence, and what was changed; the licences want that.
var notices = map[string]string{
	Google: "Drawings of Noto Emoji, copyright Google LLC, under the Apache License 2.0\n" +
		"(https://www.apache.org/licenses/LICENSE-2.0, https://github.com/googlefonts/noto-emoji).",
	Twitter: "Drawings of Twemoji, copyright Twitter, Inc and other contributors, under CC BY 4.0\n" +
		"(https://creativecommons.org/licenses/by/4.0/, https://github.com/jdecked/twemoji).",
	OpenMoji: "Drawings of OpenMoji, the open-source emoji and icon project (https://openmoji.org), under CC BY-SA 4.0\n" +
		"(https://creativecommons.org/licenses/by-sa/4.0/).",
}

// changes are the same for all drawings.
const changes = "Changes: laid on a white ground and written as PNG%s; names and tags joined to captions."

// writeLicenses names the licences of what lies beside it, and repeats those texts that the packages carry.
func (t *table) writeLicenses(w io.Writer, sources []string) error {
	var text strings.Builder
	text.WriteString("What is in this folder was made from these packages; column \"source\" says which drawing is whose.\n")
	for _, source := range sources {
		p, drawn := packages[source], ""
		if p.extension == ".svg" {
			drawn = fmt.Sprintf(" of %d pixels", svgSide)
		}
		fmt.Fprintf(&text, "\n== %s: npm package %s %s, drawings under %s\n\n%s\n"+changes+"\n",
			source, p.name, p.version, p.license, notices[source], drawn)
	}
	fmt.Fprintf(&text, "\n== captions and statements\n\nNames and tags come from the table of OpenMoji %s, under CC BY-SA 4.0;\n"+
		"captions made from them are under the same licence.\n", packages[OpenMoji].version)
	for _, name := range t.licenseFiles(sources) {
		content, err := t.root.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "\n== %s\n\n%s\n", name, strings.TrimSpace(string(content)))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// licenseFiles are the licence texts in the packages. The packages of google and twitter carry that of their code and
// tables (MIT); those of their drawings are named in their README.
func (t *table) licenseFiles(sources []string) (names []string) {
	for _, source := range sources {
		if source != OpenMoji {
			names = append(names, packages[source].folder()+"/LICENSE")
		}
	}
	return append(names, packages[OpenMoji].folder()+"/LICENSE.txt")
}
