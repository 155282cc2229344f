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

func TestAFinishedRunWithoutAModelIsToldHowToMakeIt(t *testing.T) {
	dir := t.TempDir()
	run := Integrated{Version: 1, Rule: "concat", Stages: []Member{{Name: "base", Dir: "stage-0/model"}, {Name: "stage-1", Dir: "stage-1/model"}}}
	if err := writeJSON(filepath.Join(dir, IntegratedFile), run); err != nil {
		t.Fatal(err)
	}
	for _, m := range run.Stages {
		if _, err := ReadIntegrated(dir); err == nil || !strings.Contains(err.Error(), m.Dir+" of the finished run is gone") || !strings.Contains(err.Error(), "--resume") {
			t.Errorf("got %v, want the missing %s and a cure", err, m.Dir)
		}
		makeFile(t, filepath.Join(dir, m.Dir, "open_clip_config.json"))
	}
	if _, err := ReadIntegrated(dir); err != nil {
		t.Errorf("with all models: %v", err)
	}
}
