package mcl

import (
	"errors"
	"fmt"

	"github.com/mclclip/mclclip/clip"
	"github.com/mclclip/mclclip/train"
)

// Lock says which parts of the model stay as they are in the stages. The base model trains whole.
type Lock struct {
	Text                  bool `json:"text"`
	TextUnlockedLayers    int  `json:"text_unlocked_layers,omitempty"` // the last layers of the text tower that train all the same
	Image                 bool `json:"image"`
	ImageUnlockedGroups   int  `json:"image_unlocked_groups"` // the last groups of the image tower that train all the same
	ImageFreezeStatistics bool `json:"image_freeze_bn_stats"` // the running statistics of the image tower's batch norms stay as well
}

// validate refuses locks that leave nothing to train, or that say nothing.
func (l Lock) validate() error {
	switch {
	case l.TextUnlockedLayers < 0:
		return fmt.Errorf("--lock-text-unlocked-layers %d: want at least 0", l.TextUnlockedLayers)
	case l.TextUnlockedLayers > 0 && !l.Text:
		return fmt.Errorf("--lock-text-unlocked-layers %d: it goes with --lock-text", l.TextUnlockedLayers)
	case l.ImageUnlockedGroups < 0:
		return fmt.Errorf("--lock-image-unlocked-groups %d: want at least 0", l.ImageUnlockedGroups)
	case l.ImageUnlockedGroups > 0 && !l.Image:
		return fmt.Errorf("--lock-image-unlocked-groups %d: it goes with --lock-image", l.ImageUnlockedGroups)
	case l.ImageFreezeStatistics && !l.Image:
		return errors.New("--lock-image-freeze-bn-stats goes with --lock-image")
	case l.textStays() && l.Image && l.ImageUnlockedGroups == 0:
		return errors.New("--lock-image and --lock-text together leave only the temperature to train; leave one out, or add --lock-image-unlocked-groups or --lock-text-unlocked-layers")
	}
	return nil
}

// clashes refuses settings for the learning of a tower that keeps its weights.
func (l Lock) clashes(p train.Preserve) error {
	for _, tower := range []struct {
		name      string
		lr, decay float64
		lora      bool
		locked    bool // but for some groups, maybe
		stays     bool // whole
	}{
		{"image", p.ImageLR, p.ImageLayerDecay, p.LoRA.Image(), l.Image, l.Image && l.ImageUnlockedGroups == 0},
		{"text", p.TextLR, p.TextLayerDecay, p.LoRA.Text(), l.Text, l.textStays()},
	} {
		switch {
		case tower.stays && tower.lr > 0:
			return fmt.Errorf("--%s-lr %g: --lock-%s keeps the tower as it is; leave one out", tower.name, tower.lr, tower.name)
		case tower.stays && tower.decay > 0:
			return fmt.Errorf("--%s-layer-decay %g: --lock-%s keeps the tower as it is; leave one out", tower.name, tower.decay, tower.name)
		case tower.locked && tower.lora:
			return fmt.Errorf("--lora-towers %s: LoRA keeps the weights of the %s tower already, and learns beside them; leave out --lock-%s, or say another --lora-towers", p.LoRA.Towers, tower.name, tower.name)
		}
	}
	return nil
}

// textStays tells whether the whole text tower keeps its weights.
func (l Lock) textStays() bool { return l.Text && l.TextUnlockedLayers == 0 }

// apply locks a model.
func (l Lock) apply(model *clip.Model) error {
	if l.Text {
		model.LockText(l.TextUnlockedLayers)
	}
	if l.ImageFreezeStatistics {
		model.FreezeStatistics()
	}
	if l.Image {
		return model.LockImage(l.ImageUnlockedGroups)
	}
	return nil
}
