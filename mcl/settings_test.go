package mcl

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/clip"
)

// Every setting that config.json keeps is either free to change or named when it did, by a flag where one sets it: a field that is added
// to a configuration cannot be forgotten.
func TestEverySettingThatDiffersIsNamed(t *testing.T) {
	base := func() Resolved {
		c := DefaultConfig()
		c.Base.LoRA = clip.LoRA{Rank: 1, Alpha: 1, Towers: "both"}
		c.Train.LoRA = c.Base.LoRA
		return Resolved{Version: 1, Pairs: []string{"a"}, Data: "d", HeldOut: "v", ModelName: "tiny", Model: &clip.Config{EmbedDim: 8}, Pretrained: "p",
			Weights: "w", ImageSize: 32, ImageColumn: "image", CaptionColumn: "caption", MCL: c}
	}
	free := []string{"Pairs", "Pretrained", "ModelName", "MCL.Workers", "MCL.Buffer", "MCL.KMeans.Clusters", "MCL.KMeans.Seed"}
	for _, training := range []string{"MCL.Base.", "MCL.Train."} {
		for _, name := range []string{"GradCheckpointing", "SaveEvery", "SaveMinutes", "SaveEpochs", "Keep"} {
			free = append(free, training+name)
		}
	}
	nameless := []string{"version", "mcl.", "the files of --pairs", "the held-out pairs of --val-pairs", "the weights of --pretrained"}
	seen, all := 0, fields(reflect.TypeOf(Resolved{}), "")
	for _, path := range free {
		if !slices.Contains(all, path) {
			t.Errorf("%s is no setting", path)
		}
	}
	for _, path := range all {
		want := base()
		if !change(field(reflect.ValueOf(&want).Elem(), path)) {
			continue
		}
		seen++
		saved, err := saveAndRead(t, base())
		if err != nil {
			t.Fatal(err)
		}
		differ, err := changed(saved, want)
		if err != nil {
			t.Fatal(err)
		}
		switch isFree := contains(free, path, func(a, b string) bool { return a == b }); {
		case isFree && len(differ) > 0:
			t.Errorf("%s may change, but is refused: %v", path, differ)
		case isFree:
		case len(differ) != 1:
			t.Errorf("another %s gives %q, want one difference", path, differ)
		case !strings.HasPrefix(differ[0], "--") && !contains(nameless, differ[0], strings.HasPrefix):
			t.Errorf("another %s is told as %q, want a flag", path, differ[0])
		}
	}
	if seen < 50 {
		t.Errorf("%d settings were changed: the test misses most", seen)
	}
}

func contains(list []string, text string, is func(text, item string) bool) bool {
	for _, item := range list {
		if is(text, item) {
			return true
		}
	}
	return false
}

func saveAndRead(t *testing.T, r Resolved) (map[string]any, error) {
	dir := t.TempDir()
	if err := writeJSON(dir+"/"+ConfigFile, r); err != nil {
		return nil, err
	}
	return readResolved(dir)
}

// fields lists the fields of a structure and of those in it, by their names in Go with dots.
func fields(s reflect.Type, prefix string) (paths []string) {
	for f := range s.Fields() {
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			paths = append(paths, fields(inner, prefix+f.Name+".")...)
		} else {
			paths = append(paths, prefix+f.Name)
		}
	}
	return paths
}

// field finds a field by such a name.
func field(v reflect.Value, path string) reflect.Value {
	for _, name := range strings.Split(path, ".") {
		v = reflect.Indirect(v)
		if v.IsValid() {
			v = v.FieldByName(name)
		}
	}
	return v
}

// change gives a field another value; false if it cannot.
func change(v reflect.Value) bool {
	if !v.IsValid() || !v.CanSet() {
		return false
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 0.5)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			return false
		}
		v.Set(reflect.ValueOf([]string{fmt.Sprint(v.Len())}))
	default:
		return false
	}
	return true
}
