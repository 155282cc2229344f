package mmvp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bench makes a benchmark folder with this question file and these images, paths below the folder.
func bench(t *testing.T, questions string, images ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Questions.csv"), []byte(questions), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range images {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const onePair = "Question ID,Type,Statement\n1,Color,red\n2,Color,blue\n"

func TestOpenTakesTheNamesInUse(t *testing.T) {
	for _, c := range []struct{ name, questions, first, second string }{
		{"the script's", onePair, "MLLM_VLM Images/Color/1.jpg", "MLLM_VLM Images/Color/2.jpg"},
		{"the README's", onePair, "MMVP_VLM_Images/Color/1.jpg", "MMVP_VLM_Images/Color/2.jpg"},
		{"mixed", onePair, "MLLM_VLM_Images/Color/1.jpeg", "MLLM_VLM_Images/Color/2.png"},
		{"mixed again", onePair, "MMVP_VLM Images/Color/1.png", "MMVP_VLM Images/Color/2.png"},
		{"plain", onePair, "images/Color/1.jpg", "images/Color/2.jpg"},
		{"byte order mark, CRLF", "\xef\xbb\xbf" + strings.ReplaceAll(onePair, "\n", "\r\n"), "images/Color/1.jpg", "images/Color/2.jpg"},
		{"other order, another column", "Statement,x,type, question id\nred,,Color,1\nblue,,Color,2\n", "images/Color/1.jpg", "images/Color/2.jpg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := bench(t, c.questions, c.first, c.second)
			d, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if d.Pairs() != 1 || d.Questions[0].Statement != "red" || d.Questions[1].Statement != "blue" {
				t.Errorf("got %+v", d.Questions)
			}
			if d.Questions[0].ImagePath != filepath.Join(dir, c.first) || d.Questions[1].ImagePath != filepath.Join(dir, c.second) {
				t.Errorf("got %+v", d.Questions)
			}
			if got := d.Prompts(); got[0] != "a photo of red" || got[1] != "a photo of blue" {
				t.Errorf("got prompts %q", got)
			}
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	const a, b = "images/Color/1.jpg", "images/Color/2.jpg"
	header := "Question ID,Type,Statement\n"
	for _, c := range []struct {
		name, questions string
		images          []string
		want            string
	}{
		{"image missing", onePair, []string{a}, filepath.Join("images", "Color", "2") + " (.jpg, .png or another) is missing (1 of 2 are)"},
		{"no image folder", onePair, nil, "no image folder: want one of"},
		{"column missing", "Question ID,Category,Statement\n1,Color,red\n", nil, `no column "Type", the file has`},
		{"column twice", "Type,Question ID,Type,Statement\n", nil, `column "Type" comes twice`},
		{"odd number of rows", header + "1,Color,red\n", nil, "their number must be even"},
		{"id twice", header + "1,Color,red\n1,Color,blue\n", nil, "line 3: question id 1 was on line 2 already"},
		{"even id first", header + "2,Color,red\n1,Color,blue\n", nil, "line 2: question id 2 is even"},
		{"odd id second", header + "1,Color,red\n3,Color,blue\n", nil, "line 3: question id 3 is odd"},
		{"a pair of two types", header + "1,Color,red\n2,Texts,blue\n", nil, `line 3: type "Texts", but its partner on line 2 has "Color"`},
		{"id not a number", header + "one,Color,red\n", nil, `line 2: question id "one" is not a number`},
		{"short row", header + "1,Color\n", nil, "line 2: the row has 2 fields"},
		{"no statement", header + "1,Color, \n", nil, "line 2: question 1: the statement is empty"},
		{"type leads out", header + "1,../..,red\n", nil, `type "../.." cannot be the name of a folder`},
		{"absolute type", header + "1,/etc,red\n", nil, `type "/etc" cannot be the name of a folder`},
		{"no rows", header, []string{a, b}, "no questions"},
		{"empty", "", nil, "the file is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := bench(t, c.questions, c.images...)
			if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got error %v, want one with %q that names the folder", err, c.want)
			}
		})
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "want the folder of the MMVP_VLM benchmark") {
		t.Errorf("no question file: got error %v", err)
	}
}

func TestOpenFollowsNoLinkOutOfTheImageFolder(t *testing.T) {
	dir := bench(t, onePair, "images/Color/1.jpg")
	secret := filepath.Join(t.TempDir(), "secret.jpg")
	if err := os.WriteFile(secret, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "images", "Color", "2.jpg")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), link) || !strings.Contains(err.Error(), "links may not lead out") {
		t.Errorf("got error %v, want one about the link", err)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("1.jpg", link); err != nil { // a link inside is fine
		t.Fatal(err)
	}
	if _, err := Open(dir); err != nil {
		t.Error(err)
	}
}
