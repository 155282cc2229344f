package pack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolder(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{
		"b.jpg": image("b"), "b.txt": " caption b \n",
		"a/x.png": "\x89PNG\r\n\x1a\nx", "a/x.txt": "caption x",
		"moving.GIF": "GIF89ag", "moving.txt": "caption moving", "map.bmp": "BMb", "map.txt": "caption map",
		"a/dots.1.jpeg": image("d"), "a/dots.1.txt": "caption dots",
		"lonely.webp": image(""), "orphan.txt": "text", "empty.jpg": "", "empty.txt": "caption",
		"blank.jpg": image(""), "blank.txt": " \n", "latin.jpg": image(""), "latin.txt": "caf\xe9",
		"page.jpg": "<html>", "page.txt": "caption", "big.jpg": image(strings.Repeat("x", 1000)), "big.txt": "caption",
		"two.jpg": image("first"), "two.png": image("second"), "two.txt": "caption two", "notes.md": "", ".DS_Store": "",
		"link.txt": "caption link", "out.txt": "caption out", "broken.txt": "caption",
	} {
		put(t, folder, name, content)
	}
	put(t, elsewhere, "secret.jpg", image("secret"))
	for name, target := range map[string]string{"link.jpg": "b.jpg", "out.jpg": filepath.Join(elsewhere, "secret.jpg"), "broken.jpg": "none.jpg"} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(folder, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	rows, skipped, sum := pack(t, config(folder))
	check(t, rows, skipped, sum,
		[]string{"b|caption b|b", "link|caption link|b", "map|caption map|BMb", "moving|caption moving|GIF89ag", "two|caption two|first", "a/dots.1|caption dots|d", "a/x|caption x|\x89PNG\r\n\x1a\nx"},
		[]string{"lonely.webp|no caption", "orphan.txt|no image", "empty.jpg|empty", "blank.txt|no caption", "latin.txt|caption not UTF-8",
			"page.jpg|not an image", "big.jpg|too large", "two.png|two images", "out.jpg|outside the folder", "broken.jpg|missing file"})
	if sum.Ignored != 3 || sum.Kind != KindFolder {
		t.Errorf("got %d ignored of kind %s, want 3 (notes.md, .DS_Store, the link to a folder) of %s", sum.Ignored, sum.Kind, KindFolder)
	}
}
