package clip

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/text/tokenizer"
)

var (
	forOpenClip    = Formats{OpenClip: true}
	forHuggingFace = Formats{HuggingFace: true}
	forBoth        = Formats{OpenClip: true, HuggingFace: true}
)

func export(t *testing.T, m *Model, pre Preprocess, f Formats) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Export(dir, pre, f); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatGoesOutComesInAsItWas(t *testing.T) {
	for _, f := range formats {
		for name, format := range map[string]Formats{"open_clip": forOpenClip, "hf": forHuggingFace, "both": forBoth} {
			t.Run(f.path+" as "+name, func(t *testing.T) {
				torchtest.NoLeak(t)
				m, pre := loadAs(t, f.path, f.model)
				again, preAgain := load(t, export(t, m, pre, format))
				if preAgain != pre || !sameModel(again.Config, m.Config) {
					t.Errorf("got %+v and %+v, want %+v and %+v", again.Config, preAgain, m.Config, pre)
				}
				got := allBytes(t, again)
				for name, want := range allBytes(t, m) {
					if !bytes.Equal(got[name], want) {
						t.Errorf("%s differs", name)
					}
				}
			})
		}
	}
}

func TestTheSameModelGivesTheSameFiles(t *testing.T) {
	torchtest.NoLeak(t)
	m, pre := loadAs(t, "hf", "")
	first := export(t, m, pre, forBoth)
	again, preAgain := load(t, first)
	second := export(t, again, preAgain, forBoth)
	entries, err := os.ReadDir(first)
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		a, errA := os.ReadFile(filepath.Join(first, entry.Name()))
		b, errB := os.ReadFile(filepath.Join(second, entry.Name()))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs (%v, %v)", entry.Name(), errA, errB)
		}
	}
}

func TestExportLeavesNothingWhereItFails(t *testing.T) {
	torchtest.NoLeak(t)
	_, resnet := openResNet(t)
	dir := filepath.Join(t.TempDir(), "model")
	if err := resnet.Export(dir, DefaultPreprocess(resnet.Config), forBoth); err == nil || !strings.Contains(err.Error(), "no ResNet") {
		t.Errorf("a ResNet: got %v", err)
	}
	m, pre := loadAs(t, "hf", "")
	pre.ResizeMode = "longest"
	if err := m.Export(dir, pre, forBoth); err == nil || !strings.Contains(err.Error(), "resize_mode longest") {
		t.Errorf("padded images: got %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) > 0 {
		t.Errorf("%v is left", entries)
	}
}

func TestTokenizerFilesHoldTheVocabulary(t *testing.T) {
	torchtest.NoLeak(t)
	dir := exportTiny(t)
	var vocabulary map[string]int
	goldenJSON(t, filepath.Join(dir, "vocab.json"), &vocabulary)
	tokens := tokenizer.Vocabulary()
	for id, token := range tokens[:tokenizer.SOT] {
		if vocabulary[token] != id {
			t.Fatalf("%q is %d, want %d", token, vocabulary[token], id)
		}
	}
	if len(vocabulary) != len(tokens) || vocabulary["<|startoftext|>"] != tokenizer.SOT || vocabulary["<|endoftext|>"] != tokenizer.EOT {
		t.Errorf("%d tokens, the special ones are %d and %d", len(vocabulary), vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"])
	}
	merges, err := os.ReadFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(string(merges)), "\n"); !slices.Equal(lines[1:], tokenizer.Merges()) {
		t.Errorf("merges.txt has %d lines, the second is %q", len(lines), lines[1])
	}
}

func exportTiny(t *testing.T) string {
	t.Helper()
	c, err := Preset("tiny")
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(c, 1, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	return export(t, m, DefaultPreprocess(c), forBoth)
}

// open_clip and transformers themselves load an exported folder, compute the features, and tokenize with its files.
func TestOpenClipAndTransformersLoadAnExportedFolder(t *testing.T) {
	python := os.Getenv("MCLCLIP_REFERENCE_PYTHON")
	testneed.Require(t, "open_clip", python != "", "set MCLCLIP_REFERENCE_PYTHON to a Python that has open_clip_torch 3.3 and transformers 5")
	torchtest.NoLeak(t)
	m, pre := load(t, openClipFolder)
	command := exec.Command(python, "../testdata/reference/clip_features.py", export(t, m, pre, forBoth), "testdata/folder.safetensors", exportTiny(t))
	command.Env = append(os.Environ(), "HF_HUB_OFFLINE=1")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, what := range []string{"image", "text", "hf_image", "hf_text", "mean", "tokens"} {
		if difference, ok := got[what]; !ok || difference > featureTolerance {
			t.Errorf("%s differs by %v (%v)", what, difference, ok)
		}
	}
}
