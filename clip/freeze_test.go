package clip

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/nn"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/internal/torchtest"
)

// lockGolden is what open_clip's lock functions leave trainable.
type lockGolden struct {
	Model Config              `json:"model_cfg"`
	Image map[string][]string `json:"image"` // of the image tower, by the number of unlocked groups
	Text  map[string][]string `json:"text"`  // of the rest, by the number of unlocked layers of the text tower
}

func namesOf(params []nn.Param) []string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	slices.Sort(names)
	return names
}

func TestLocksLeaveTrainableWhatOpenClipLeaves(t *testing.T) {
	torchtest.NoLeak(t)
	var golden lockGolden
	goldenJSON(t, "testdata/lock.json", &golden)
	m, err := New(golden.Model, 0, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	for groups := range len(golden.Image) {
		m.Unlock()
		m.LockImage(groups)
		got := namesOf(m.Trainable())
		got = slices.DeleteFunc(got, func(name string) bool { return !strings.HasPrefix(name, "visual.") })
		want := golden.Image[strconv.Itoa(groups)]
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d unlocked groups:\ngot  %v\nwant %v", groups, got, want)
		}
	}
	for layers := range len(golden.Text) {
		m.Unlock()
		m.LockText(layers)
		m.LockImage(0)
		want := golden.Text[strconv.Itoa(layers)]
		slices.Sort(want)
		if got := namesOf(m.Trainable()); !slices.Equal(got, want) {
			t.Errorf("image tower locked, %d unlocked layers of the text tower:\ngot  %v\nwant %v", layers, got, want)
		}
	}
}

func TestLockedParametersGetNoGradient(t *testing.T) {
	torchtest.NoLeak(t)
	g := torchtest.Open(t, "testdata/quickgelu.safetensors")
	m := goldenModel(t, g, nil)
	m.LockText(0)
	m.LockImage(1)
	lossDiff(g, m)
	scope := torch.NewScope()
	defer scope.Close()
	var got []string
	for _, p := range m.Parameters() {
		if p.Tensor.Grad(scope) != nil {
			got = append(got, p.Name)
		}
	}
	slices.Sort(got)
	if want := []string{"logit_scale", "visual.proj"}; !slices.Equal(got, want) {
		t.Errorf("gradients reached %v, want %v", got, want)
	}
}

func TestNoMoreGroupsAreUnlockedThanThereAre(t *testing.T) {
	c := lockConfig(t)
	image, text := c.Vision.Layers+2, c.Text.Layers+2
	if err := errors.Join(c.CheckLock(image), c.CheckTextLock(text)); err != nil {
		t.Errorf("all groups: %v", err)
	}
	if err := c.CheckLock(image + 1); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has %d groups", image)) {
		t.Errorf("got %v, want the number of groups", err)
	}
	if err := c.CheckTextLock(text + 1); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has %d (", text)) {
		t.Errorf("got %v, want the number of layers", err)
	}
}
