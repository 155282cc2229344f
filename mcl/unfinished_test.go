package mcl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderWithoutAFinishedRunIsToldApart(t *testing.T) {
	begun := t.TempDir()
	if err := os.WriteFile(filepath.Join(begun, ConfigFile), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	for want, dir := range map[string]string{
		"there is no folder":               filepath.Join(begun, "nothing"),
		"command that began it once more,": begun,
		"is no run folder":                 t.TempDir(),
	} {
		if _, err := ReadIntegrated(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", dir, err, want)
		}
	}
}
