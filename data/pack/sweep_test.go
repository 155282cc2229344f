package pack

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/damage"
)

// readOne reads a table or an archive; what was skipped is an error, as the user sees it in the counts.
func readOne(t testing.TB, path string, content []byte) (pairs []candidate, err error) {
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	p := &packer{ctx: t.Context(), config: config(path), skipped: csv.NewWriter(io.Discard), sum: Summary{Skipped: map[string]int{}}}
	if strings.HasSuffix(path, ".csv") {
		err = p.readTable(path)
	} else {
		err = p.readTar(path)
	}
	for _, pair := range p.waiting {
		if len(pair.row.Caption) == 0 || len(pair.row.Image) > int(p.config.MaxImageBytes) {
			t.Errorf("pair %+v should not have passed", pair)
		}
	}
	if err == nil && len(p.sum.Skipped) > 0 {
		err = fmt.Errorf("skipped: %v", p.sum.Skipped)
	}
	return p.waiting, err
}

func sweepFiles(t testing.TB) (folder string, table, tar []byte) {
	folder = t.TempDir()
	text := "filepath,title\n"
	var members []member
	for i := range 20 {
		name := fmt.Sprintf("%03d.jpg", i)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(image(name)), 0o666); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%s,\"picture, number %d\"\n", name, i)
		members = append(members, member{name: name, content: image(name)}, member{name: fmt.Sprintf("%03d.txt", i), content: "picture"})
	}
	return folder, []byte(text), archiveOf(t, members...)
}

func TestDamageAtAThousandPlaces(t *testing.T) {
	folder, table, tar := sweepFiles(t)
	for name, content := range map[string][]byte{"pairs.csv": table, "pairs.tar": tar} {
		t.Run(name, func(t *testing.T) {
			damage.Sweep(t, content, func(damaged []byte) error {
				_, err := readOne(t, filepath.Join(folder, name), damaged)
				return err
			})
		})
	}
}

func FuzzTable(f *testing.F) {
	folder, table, _ := sweepFiles(f)
	f.Add(table)
	f.Add([]byte("filepath,title\n../../etc/passwd,x\n/etc/passwd,y\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		pairs, _ := readOne(t, filepath.Join(folder, "pairs.csv"), file)
		for _, pair := range pairs {
			if !strings.HasPrefix(string(pair.row.Image), "\xff\xd8\xff") && string(pair.row.Image) != string(file) {
				t.Errorf("a file from outside the folder was read: %q", pair.row.Image)
			}
		}
	})
}

func FuzzTar(f *testing.F) {
	folder, _, tar := sweepFiles(f)
	f.Add(tar)
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _ = readOne(t, filepath.Join(folder, "pairs.tar"), file)
	})
}
