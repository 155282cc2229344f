package train

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/internal/testneed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/train/metrics"
)

// A checkpoint of ViT-B/32 holds up training for the copy to the host and at most 50 ms; the 1.8 GB are hashed and written meanwhile.
func TestACheckpointOfViTB32HoldsTrainingUpForItsCopyOnly(t *testing.T) {
	testneed.Require(t, "soak", os.Getenv("SOAK") != "", "run make soak; it takes 5 GB of memory and 2 GB of disk")
	torchtest.NoLeak(t)
	config, err := clip.Preset("ViT-B-32")
	if err != nil {
		t.Fatal(err)
	}
	model, err := clip.New(config, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	dir := t.TempDir()
	log, err := metrics.Open(metrics.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	phase := Phase{Name: "base", Dir: filepath.Join(dir, "checkpoints"), Log: log}
	trainer := tinyTrainer(t, testConfig(9), model)
	start := time.Now()
	if err := trainer.saveBeside(phase, true); err != nil {
		t.Fatal(err)
	}
	held := time.Since(start)
	for { // as after each step that follows
		start := time.Now()
		busy, err := trainer.saver.busy()
		if err != nil {
			t.Fatal(err)
		}
		if held += time.Since(start); !busy {
			break
		}
		time.Sleep(time.Millisecond)
	}
	_, events, err := metrics.Read(filepath.Join(dir, metrics.LinesFile))
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events (%v), want that of the checkpoint", len(events), err)
	}
	copying := time.Duration(events[0].Values["copy_seconds"] * float64(time.Second))
	t.Logf("held up for %v, of which the copy takes %v; written beside in %.2f s", held, copying, events[0].Values["write_seconds"])
	if stall := held - copying; stall > 50*time.Millisecond {
		t.Errorf("held up for %v beyond the copy, want at most 50 ms", stall)
	}
}
