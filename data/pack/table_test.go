package pack

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	put(t, folder, "img/a.jpg", image("a"))
	put(t, folder, "img/b.jpg", image("b"))
	put(t, elsewhere, "secret.jpg", image("secret"))
	secret := filepath.Join(elsewhere, "secret.jpg")
	if err := os.Symlink(secret, filepath.Join(folder, "img", "out.jpg")); err != nil {
		t.Fatal(err)
	}
	up, err := filepath.Rel(folder, secret)
	if err != nil {
		t.Fatal(err)
	}
	table := "\ufefffilepath,title,id\n" +
		"img/a.jpg,\"a cat, and\na dog\",k1\n" + // two lines
		filepath.Join(folder, "img", "b.jpg") + ",absolute,k2\n" +
		"img/../img/a.jpg,cleaned,k3\n" +
		up + ",climbs out,k4\n" +
		secret + ",absolute out,k5\n" +
		"img/out.jpg,link out,k6\n" +
		"img/none.jpg,missing,k7\n" +
		",no image,k8\n" +
		"img/a.jpg,,k9\n" +
		"img/a.jpg\n" +
		"img/a.jpg,a \"bare quote,k11\n" +
		"img,a folder,k12\n" +
		"img/b.jpg,last,k13\n"
	put(t, folder, "pairs.csv", table)
	wantSkipped := []string{"line 6|outside the folder", "line 7|outside the folder", "line 8|outside the folder", "line 9|missing file",
		"line 10|no image", "line 11|no caption", "line 12|malformed row", "line 13|malformed row", "line 14|not a file"}
	t.Run("csv", func(t *testing.T) {
		c := config(filepath.Join(folder, "pairs.csv"))
		c.KeyColumn = "id"
		rows, skipped, sum := pack(t, c)
		check(t, rows, skipped, sum, []string{"k1|a cat, and\na dog|a", "k2|absolute|b", "k3|cleaned|a", "k13|last|b"}, wantSkipped)
	})
	t.Run("keys by line", func(t *testing.T) {
		rows, _, _ := pack(t, config(filepath.Join(folder, "pairs.csv")))
		if rows[0] != "pairs-2|a cat, and\na dog|a" || rows[3] != "pairs-15|last|b" {
			t.Errorf("got %q", rows)
		}
	})
	t.Run("tsv with a root and other columns", func(t *testing.T) {
		tables := t.TempDir()
		put(t, tables, "p.tsv", "caption\tfile\nfirst, with comma\ta.jpg\nclimbs\t../img/a.jpg\nout\t../pairs.csv\n")
		c := config(filepath.Join(tables, "p.tsv"))
		c.Root, c.ImageColumn, c.CaptionColumn = filepath.Join(folder, "img"), "file", "caption"
		rows, skipped, sum := pack(t, c)
		check(t, rows, skipped, sum, []string{"p-2|first, with comma|a"}, []string{"line 3|outside the folder", "line 4|outside the folder"})
	})
	t.Run("usual columns", func(t *testing.T) {
		put(t, folder, "usual.csv", "title,path,caption\nnot this,img/a.jpg,this\n")
		if rows, _, _ := pack(t, config(filepath.Join(folder, "usual.csv"))); !slices.Equal(rows, []string{"usual-2|this|a"}) {
			t.Errorf("got %q", rows)
		}
	})
	t.Run("separator", func(t *testing.T) {
		put(t, folder, "semi.csv", "filepath;title\nimg/a.jpg;x, y\n")
		c := config(filepath.Join(folder, "semi.csv"))
		c.Separator = ";"
		rows, _, _ := pack(t, c)
		if !slices.Equal(rows, []string{"semi-2|x, y|a"}) {
			t.Errorf("got %q", rows)
		}
	})
}
