package mcl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
)

// enter opens a run folder and gives it back.
func enter(t *testing.T, dir string, want Resolved, resume bool) error {
	t.Helper()
	folder, err := OpenFolder(dir, want, Entry{Resume: resume})
	if err != nil {
		return err
	}
	return folder.Close()
}

func makeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestARunIsResumedWithItsOwnSettingsOnly(t *testing.T) {
	settings := Resolved{Pairs: []string{"a/*.parquet"}, Data: "d1", ImageColumn: "image", CaptionColumn: "caption", ModelName: "tiny", Weights: "w1", MCL: DefaultConfig()}
	dir := t.TempDir()
	if err := enter(t, dir, settings, false); err != nil {
		t.Fatal(err)
	}
	makeFile(t, filepath.Join(dir, baseDir, checkpointsDir, "step-00000001", "state.json"))
	for name, test := range map[string]struct {
		change func(*Resolved)
		want   string // in the error; "" where the run goes on
	}{
		"nothing":          {func(*Resolved) {}, ""},
		"moved pairs":      {func(r *Resolved) { r.Pairs = []string{"b/*.parquet", "c"} }, ""},
		"moved weights":    {func(r *Resolved) { r.Pretrained, r.ModelName = "elsewhere/other", "other" }, ""},
		"more workers":     {func(r *Resolved) { r.MCL.Workers, r.MCL.Buffer, r.MCL.Train.SaveEvery = 9, 1<<20, 7 }, ""},
		"other data":       {func(r *Resolved) { r.Data = "d2" }, "the files of --pairs [a/*.parquet] have other content"},
		"other captions":   {func(r *Resolved) { r.CaptionColumn = "title" }, "--caption-column was caption, is now title"},
		"other weights":    {func(r *Resolved) { r.Weights = "w2" }, "the weights of --pretrained have other content (SHA-256 was w1, is now w2)"},
		"other seed":       {func(r *Resolved) { r.MCL.Seed = 1 }, "--seed was 0, is now 1"},
		"other start":      {func(r *Resolved) { r.MCL.Init = "previous" }, "--init was base, is now previous"},
		"turned by EXIF":   {func(r *Resolved) { r.EXIF = true }, "--exif was false, is now true"},
		"other lock":       {func(r *Resolved) { r.MCL.Lock.Text = true }, "--lock-text was false, is now true"},
		"other pairs":      {func(r *Resolved) { r.Data, r.Pairs = "d2", []string{"b/*.parquet"} }, "--pairs was [a/*.parquet], is now [b/*.parquet], with other content"},
		"other batch":      {func(r *Resolved) { r.MCL.Train.BatchSize, r.MCL.Base.BatchSize = 32, 32 }, "other settings: --batch-size was 64, is now 32; give"},
		"other size":       {func(r *Resolved) { r.ImageSize = 64 }, "--force-image-size was not given, is now 64"},
		"other model":      {func(r *Resolved) { r.Model = &clip.Config{EmbedDim: 8} }, "--model (embed_dim) was not given, is now 8"},
		"unlocked":         {func(r *Resolved) { r.MCL.Lock.ImageUnlockedGroups = 2 }, "--lock-image-unlocked-groups was 0, is now 2"},
		"other held-out":   {func(r *Resolved) { r.HeldOut = "v2" }, "the held-out pairs of --val-pairs are others"},
		"other rank":       {func(r *Resolved) { r.MCL.Train.LoRA = clip.LoRA{Rank: 2} }, "--lora-rank was not given, is now 2"},
		"other base steps": {func(r *Resolved) { r.MCL.Base.Steps = 5 }, "--base-steps was 0, is now 5"},
	} {
		changed := settings
		test.change(&changed)
		err := enter(t, dir, changed, true)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestChangesThatAreAllowedAreNamed(t *testing.T) {
	settings := Resolved{Pairs: []string{"a"}, Data: "d1", MCL: DefaultConfig()}
	dir := t.TempDir()
	list := filepath.Join(dir, PairsDir, "index.json")
	if err := enter(t, dir, settings, false); err != nil {
		t.Fatal(err)
	}
	makeFile(t, list)
	makeFile(t, filepath.Join(dir, baseDir, checkpointsDir, "step-00000001", "state.json"))
	settings.MCL.Train.LR, settings.Data = 0.5, "d2"
	folder, err := OpenFolder(dir, settings, Entry{Resume: true, AllowChanges: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"the files of --pairs [a] have other content than when the run began, or there are more or fewer of them", "--lr was 0.00001, is now 0.5"}; !slices.Equal(folder.Changes, want) {
		t.Errorf("the changes are %q, want %q", folder.Changes, want)
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(list); err == nil {
		t.Error("the list of usable rows of the other data stayed")
	}
	if err := enter(t, dir, settings, true); err != nil {
		t.Errorf("the settings that were allowed are refused afterwards: %v", err)
	}
}

func TestWhatIsTooLateToChangeIsRefused(t *testing.T) {
	settings := Resolved{Data: "d1", MCL: DefaultConfig()}
	dir := filepath.Join(t.TempDir(), "run [1]")
	if err := enter(t, dir, settings, false); err != nil {
		t.Fatal(err)
	}
	open := func(change func(*Resolved)) error {
		changed := settings
		change(&changed)
		folder, err := OpenFolder(dir, changed, Entry{Resume: true, AllowChanges: true})
		if err == nil {
			err = folder.Close()
		}
		return err
	}
	clusters := func(r *Resolved) { r.MCL.Clusters = 3 }
	rate := func(r *Resolved) { r.MCL.Train.LR = 0.5 }
	makeFile(t, filepath.Join(dir, "stage-1", labelsFile))
	makeFile(t, filepath.Join(dir, "stage-1", checkpointsDir, "step-00000001", "state.json"))
	if err := open(clusters); err == nil || !strings.Contains(err.Error(), "are labelled") {
		t.Errorf("other clusters for pairs with labels: got %v", err)
	}
	for name, change := range map[string]func(*Resolved){
		"--balance":        func(r *Resolved) { r.MCL.KMeans.Balance = 1.5 },
		"--seed":           func(r *Resolved) { r.MCL.Seed = 5 },
		"--image-column":   func(r *Resolved) { r.ImageColumn = "thumbnail" },
		"--caption-column": func(r *Resolved) { r.CaptionColumn = "title" },
	} {
		if err := open(change); err == nil || !strings.Contains(err.Error(), "are labelled, and "+name) {
			t.Errorf("another %s for pairs with labels: got %v", name, err)
		}
	}
	if err := enter(t, dir, settings, true); err != nil {
		t.Errorf("after a refusal the run's own settings are refused: %v", err)
	}
	makeFile(t, filepath.Join(dir, IntegratedFile))
	if err := open(rate); err == nil || !strings.Contains(err.Error(), "is finished") {
		t.Errorf("another rate for a finished run: got %v", err)
	}
	if err := open(func(r *Resolved) { r.MCL.Stages++ }); err != nil {
		t.Errorf("one more stage: %v", err)
	}
}

func TestTheConfigOfSomethingElseIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, ConfigFile), `{"model_type": "clip"}`
	if err := os.WriteFile(path, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, resume := range []bool{false, true} {
		if err := enter(t, dir, Resolved{MCL: DefaultConfig()}, resume); err == nil || !strings.Contains(err.Error(), "holds no run") {
			t.Errorf("resume %v: got %v", resume, err)
		}
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != other {
		t.Errorf("the file is %q now (%v)", now, err)
	}
}

// What is made from a column or from held-out pairs must not serve another one's run.
func TestWhatOtherColumnsOrHeldOutPairsLeftIsDropped(t *testing.T) {
	left := []string{PairsDir, captionsDir, HeldOutDir, "stage-1/features.f32", "stage-1/features.f32.json", "stage-1/features-text.f32"}
	for name, test := range map[string]struct {
		change func(*Resolved)
		stays  []string
	}{
		"rate":           {func(r *Resolved) { r.MCL.Train.LR = 0.5 }, left},
		"caption column": {func(r *Resolved) { r.CaptionColumn = "title" }, nil},
		"image column":   {func(r *Resolved) { r.ImageColumn = "thumbnail" }, nil},
		"pairs":          {func(r *Resolved) { r.Data = "d2" }, []string{HeldOutDir}},
		"held-out pairs": {func(r *Resolved) { r.HeldOut = "v2" }, slices.DeleteFunc(slices.Clone(left), func(n string) bool { return n == HeldOutDir })},
	} {
		dir, settings := t.TempDir(), Resolved{Data: "d1", HeldOut: "v1", ImageColumn: "image", CaptionColumn: "caption", MCL: DefaultConfig()}
		if err := enter(t, dir, settings, false); err != nil {
			t.Fatal(err)
		}
		makeFile(t, filepath.Join(dir, baseDir, checkpointsDir, "step-00000001", "state.json"))
		for _, path := range left {
			makeFile(t, filepath.Join(dir, path, "x"))
		}
		test.change(&settings)
		folder, err := OpenFolder(dir, settings, Entry{Resume: true, AllowChanges: true})
		if err != nil {
			t.Fatal(err)
		}
		folder.Close()
		for _, path := range left {
			if _, err := os.Stat(filepath.Join(dir, path)); (err == nil) != slices.Contains(test.stays, path) {
				t.Errorf("other %s: %s is there: %v", name, path, err == nil)
			}
		}
	}
}

// Settings that do not suit the data show only when the pairs were looked at; then the folder must not be lost.
func TestARunThatTrainedNothingMayStartAnew(t *testing.T) {
	dir, settings := t.TempDir(), Resolved{Data: "d1", MCL: DefaultConfig()}
	list := filepath.Join(dir, PairsDir, "index.json")
	if err := enter(t, dir, settings, false); err != nil {
		t.Fatal(err)
	}
	makeFile(t, list)
	settings.MCL.Clusters = 3
	if err := enter(t, dir, settings, false); err != nil {
		t.Fatalf("other settings: %v", err)
	}
	if saved, err := readResolved(dir); err != nil || fmt.Sprint(saved["mcl.clusters"]) != "3" {
		t.Errorf("config.json has %v (%v), want the new settings", saved["mcl.clusters"], err)
	}
	if _, err := os.Stat(list); err != nil {
		t.Errorf("the list of usable rows of the same data is gone: %v", err)
	}
	for name, change := range map[string]func(){"data": func() { settings.Data = "d2" }, "captions": func() { settings.CaptionColumn = "title" }} {
		makeFile(t, list)
		change()
		if err := enter(t, dir, settings, false); err != nil {
			t.Fatalf("other %s: %v", name, err)
		}
		if _, err := os.Stat(list); err == nil {
			t.Errorf("the list of usable rows of other %s stayed", name)
		}
	}
	for _, name := range []string{"stage-0/model", "stage-1/checkpoints", "metrics.jsonl"} {
		path := filepath.Join(dir, name)
		makeFile(t, path)
		if err := enter(t, dir, settings, false); err == nil || !strings.Contains(err.Error(), "--resume") {
			t.Errorf("with %s the folder is taken over (%v)", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFolderInUseIsLocked(t *testing.T) {
	dir, settings := t.TempDir(), Resolved{MCL: DefaultConfig()}
	first, err := OpenFolder(dir, settings, Entry{})
	if err != nil {
		t.Fatal(err)
	}
	if err := enter(t, dir, settings, true); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v, want a word on the other process", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := enter(t, dir, settings, true); err != nil {
		t.Error(err)
	}
}

// config.json has one K and one seed.
func TestSettingsStandOnceInTheConfiguration(t *testing.T) {
	dir, settings := t.TempDir(), Resolved{MCL: DefaultConfig()}
	settings.MCL.Clusters, settings.MCL.Seed = 4, 7
	if err := enter(t, dir, settings, false); err != nil {
		t.Fatal(err)
	}
	saved, err := readResolved(dir)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range saved {
		if strings.HasSuffix(key, "clusters") && (key != "mcl.clusters" || fmt.Sprint(value) != "4") || strings.HasSuffix(key, "seed") && (key != "mcl.seed" || fmt.Sprint(value) != "7") {
			t.Errorf("%s is %v", key, value)
		}
	}
}
