package clip

import (
	"slices"
	"testing"

	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
	"github.com/mclclip/mclclip/text"
	"github.com/mclclip/mclclip/vision"
)

func TestSummaryNamesWhatTrains(t *testing.T) {
	torchtest.NoLeak(t)
	m, err := New(Config{
		EmbedDim: 8,
		Vision:   vision.Config{ImageSize: 8, PatchSize: 4, Layers: 4, Width: 8, HeadWidth: 4, MLPRatio: 2},
		Text:     text.Config{ContextLength: 8, VocabSize: 16, Width: 8, Heads: 2, Layers: 3, MLPRatio: 2},
	}, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	m.LockText(0)
	if err := m.LockImage(4); err != nil {
		t.Fatal(err)
	}
	trained, kept := m.Summary()
	if want := []string{"visual.transformer.resblocks.1-3.*", "visual.ln_post.*", "visual.proj", "logit_scale"}; !slices.Equal(trained.Names, want) {
		t.Errorf("trained: got %v, want %v", trained.Names, want)
	}
	want := []string{
		"visual.conv1.*", "visual.class_embedding", "visual.positional_embedding", "visual.ln_pre.*", "visual.transformer.resblocks.0.*",
		"token_embedding.*", "positional_embedding", "transformer.*", "ln_final.*", "text_projection",
	}
	if !slices.Equal(kept.Names, want) {
		t.Errorf("kept: got %v, want %v", kept.Names, want)
	}
	// A block of width D with F = 2D has 2*2D for its norms, 4D(D+1) for its attention and 2DF+F+D for its MLP.
	const d, block = 8, 4*8 + 4*8*9 + 2*8*16 + 16 + 8
	if want := int64(3*block + 2*d + d*8 + 1); trained.Count != want {
		t.Errorf("%d elements train, want %d", trained.Count, want)
	}
	images, texts := m.TrainableShares()
	if images.Trainable+1 != trained.Count || texts.Trainable != 0 || images.All+texts.All+1 != trained.Count+kept.Count {
		t.Errorf("by tower: %s and %s, want the %d of the image tower and none of the text tower", images, texts, trained.Count-1)
	}
	total := int64(0)
	for _, p := range m.Parameters() {
		total += int64(p.Tensor.Len())
	}
	if trained.Count+kept.Count != total {
		t.Errorf("%d and %d elements do not make %d", trained.Count, kept.Count, total)
	}

	m.Visual.(*vision.Transformer).Blocks[2].MLP.FC.Bias.SetTrainable(false)
	trained, _ = m.Summary()
	want = []string{
		"visual.transformer.resblocks.1.*", "visual.transformer.resblocks.2.ln_1.*", "visual.transformer.resblocks.2.attn.*",
		"visual.transformer.resblocks.2.ln_2.*", "visual.transformer.resblocks.2.mlp.c_fc.weight", "visual.transformer.resblocks.2.mlp.c_proj.*",
		"visual.transformer.resblocks.3.*", "visual.ln_post.*", "visual.proj", "logit_scale",
	}
	if !slices.Equal(trained.Names, want) {
		t.Errorf("with a hole: got %v, want %v", trained.Names, want)
	}
}

func TestSummaryNamesLowRankMatricesByBlock(t *testing.T) {
	torchtest.NoLeak(t)
	m, err := New(lockConfig(t), 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	m.LockText(0)
	if err := m.AddLoRA(LoRA{Rank: 3, Towers: "image"}, 0); err != nil {
		t.Fatal(err)
	}
	trained, kept := m.Summary()
	if want := []string{"logit_scale", "visual.transformer.resblocks.0-1.*.lora_*"}; !slices.Equal(trained.Names, want) {
		t.Errorf("trained: got %v, want %v", trained.Names, want)
	}
	if want := []string{"visual.*", "token_embedding.*", "positional_embedding", "transformer.*", "ln_final.*", "text_projection"}; !slices.Equal(kept.Names, want) {
		t.Errorf("kept: got %v, want %v", kept.Names, want)
	}
	// Rank 3 beside q, k, v and out, [D, D] each, and both layers of an MLP of width 4D, in two blocks of width D.
	const d = 32
	if want := int64(1 + 2*3*(4*2*d+2*5*d)); trained.Count != want {
		t.Errorf("%d elements train, want %d", trained.Count, want)
	}
}

func TestLayersCountFromTheEmbedding(t *testing.T) {
	torchtest.NoLeak(t)
	m, err := New(lockConfig(t), 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	for name, want := range map[string]struct {
		tower Tower
		depth int
	}{
		"visual.proj": {ImageTower, 0}, "visual.ln_post.bias": {ImageTower, 1}, "visual.transformer.resblocks.1.ln_1.bias": {ImageTower, 1},
		"visual.transformer.resblocks.0.attn.in_proj_weight": {ImageTower, 2}, "visual.class_embedding": {ImageTower, 3}, "visual.conv1.weight": {ImageTower, 3},
		"text_projection": {TextTower, 0}, "ln_final.weight": {TextTower, 1}, "transformer.resblocks.1.mlp.c_fc.weight": {TextTower, 1},
		"transformer.resblocks.0.ln_2.weight": {TextTower, 2}, "positional_embedding": {TextTower, 3}, "token_embedding.weight": {TextTower, 3},
		"logit_scale": {NoTower, 0},
	} {
		if tower, depth := m.Layer(name); tower != want.tower || depth != want.depth {
			t.Errorf("%s: got tower %d, depth %d, want %d, %d", name, tower, depth, want.tower, want.depth)
		}
	}
	resnet, err := Plan(mustPreset(t, "RN50"))
	if err != nil {
		t.Fatal(err)
	}
	groups := (&vision.ResNet{}).Groups()
	for _, p := range resnet {
		if towerOf(p.Name) == visual && !slices.ContainsFunc(groups, func(g []string) bool { return inGroup(p.Name, visual, g) }) {
			t.Errorf("%s of a ResNet is in no group", p.Name)
		}
	}
}

func mustPreset(t *testing.T, name string) Config {
	t.Helper()
	c, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lockConfig(t *testing.T) Config {
	t.Helper()
	var golden lockGolden
	goldenJSON(t, "testdata/lock.json", &golden)
	return golden.Model
}
