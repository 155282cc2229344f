package clip

import (
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/torchtest"
)

// What LoRA cannot reach is told before anything trains, and by the model itself to who has not asked before.
func TestLoRAIsRefusedForTowersWithoutItsBlocks(t *testing.T) {
	torchtest.NoLeak(t)
	m, _ := loadSigLIP(t, "hf", "")
	resnet, err := Preset("RN50")
	if err != nil {
		t.Fatal(err)
	}
	for _, towers := range []string{"image", "both"} {
		l := LoRA{Rank: 2, Towers: towers}
		want := "--lora-towers " + towers + ": LoRA does not reach the image tower of SigLIP"
		for _, err := range []error{m.Config.CheckLoRA(l), m.AddLoRA(l, 0)} {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--lora-towers text") {
				t.Errorf("SigLIP: got %v, want %q", err, want)
			}
		}
		if err := resnet.CheckLoRA(l); err == nil || !strings.Contains(err.Error(), "ResNet") {
			t.Errorf("ResNet: got %v", err)
		}
	}
	if err := m.Config.CheckLoRA(LoRA{Rank: 2, Towers: "text"}); err != nil {
		t.Errorf("SigLIP's text tower: %v", err)
	}
	if err := resnet.CheckLoRA(LoRA{Towers: "both"}); err != nil {
		t.Errorf("without LoRA: %v", err)
	}
	if _, kept := m.Summary(); kept.Count != 0 {
		t.Errorf("a refusal locked %d elements", kept.Count)
	}
}
