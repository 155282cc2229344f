package mclclip_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/mclclip/mclclip"
	gotch  = "github.com/sugarme/gotch"
	cli    = "github.com/urfave/cli"
)

// layers lists the packages that know a model, top to bottom: each may import those below it, none beside or above it.
var layers = [][]string{
	{"cmd/mclclip"},
	{"mcl/unimodal"},
	{"mcl"},
	{"train"},
	{"clip"},
	{"vision", "text"},
	{"internal/nn"},
	{"internal/torchtest"},
	{"internal/torch"},
}

// pure lists the packages, with all below them, that must build without cgo.
var pure = []string{"bench/features", "bench/mmvp", "bench/paired", "bench/probe", "bench/retrieval", "bench/speed", "bench/zeroshot", "checkpoint", "data", "internal/atomicfile", "internal/golden", "internal/lbfgs", "internal/pickle", "internal/safetensors", "internal/torchfile", "text/tokenizer", "train/metrics", "train/trace", "vision/preprocess/internal/jpeg"}

// golang describes a package as go list -json does.
type golang struct {
	ImportPath string
	Standard   bool
	Imports    []string
	CgoFiles   []string
}

func TestImportsGoOneWay(t *testing.T) {
	packages := listPackages(t)
	if !slices.ContainsFunc(packages, func(p golang) bool { return p.ImportPath == module+"/internal/torch" && len(p.CgoFiles) > 0 }) {
		t.Fatalf("internal/torch with its cgo files is not among the %d packages listed", len(packages))
	}
	for _, breach := range append(layerBreaches(packages), pureBreaches(packages)...) {
		t.Error(breach)
	}
}

// Each breach that the test is there for must be found in a graph that has it.
func TestBreachesAreFound(t *testing.T) {
	own := func(name string, imports ...string) golang {
		for i, path := range imports {
			if !strings.Contains(path, ".") {
				imports[i] = module + "/" + path
			}
		}
		return golang{ImportPath: module + "/" + name, Imports: imports}
	}
	cases := []struct {
		name string
		add  golang
		want string
	}{
		{"a lower layer imports a higher one", own("train", "mcl"), "train imports mcl"},
		{"a layer imports its neighbour", own("text", "vision"), "text imports vision"},
		{"a package outside the layers imports one", own("report", "clip"), "report imports clip"},
		{"gotch beside internal/torch", own("vision", gotch+"/libtch"), "vision imports " + gotch},
		{"the command line below cmd", own("mcl", cli+"/v2"), "mcl imports " + cli},
		{"a pure package needs cgo through another", own("data/embedding", "example.org/fast"), "data/embedding needs cgo: example.org/fast"},
	}
	sound := []golang{own("clip", "vision", "internal/torch"), {ImportPath: "example.org/fast", CgoFiles: []string{"fast.go"}}}
	if got := append(layerBreaches(sound), pureBreaches(sound)...); len(got) != 0 {
		t.Fatalf("breaches in a sound graph: %v", got)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			graph := append(slices.Clone(sound), c.add)
			got := append(layerBreaches(graph), pureBreaches(graph)...)
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("got %q, want one with %q", got, c.want)
			}
		})
	}
}

func listPackages(t *testing.T) []golang {
	t.Helper()
	readSources(t)
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,CgoFiles", "./...")
	list.Env = append(os.Environ(), "CGO_ENABLED=1") // without it cgo files are not listed as such
	var stderr strings.Builder
	list.Stderr = &stderr
	output, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []golang
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p golang
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// readSources makes go test see which files the result depends on: go list reads them unseen, and an old result would stay
// in its cache.
func readSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// layer returns the place of a package among the layers, or the number of layers where it is not one of them.
func layer(path string) int {
	i := slices.IndexFunc(layers, func(names []string) bool { return slices.Contains(names, strings.TrimPrefix(path, module+"/")) })
	if i < 0 {
		return len(layers)
	}
	return i
}

func layerBreaches(packages []golang) (breaches []string) {
	for _, p := range packages {
		if !strings.HasPrefix(p.ImportPath, module) {
			continue
		}
		for _, imported := range p.Imports {
			wrong := layer(imported) < len(layers) && layer(imported) <= layer(p.ImportPath)
			wrong = wrong || layer(p.ImportPath) == len(layers) && layer(imported) < len(layers)
			wrong = wrong || strings.HasPrefix(imported, gotch) && p.ImportPath != module+"/internal/torch"
			wrong = wrong || strings.HasPrefix(imported, cli) && p.ImportPath != module+"/cmd/mclclip"
			if wrong {
				breaches = append(breaches, fmt.Sprintf("%s imports %s", short(p.ImportPath), short(imported)))
			}
		}
	}
	return breaches
}

// pureBreaches names for each pure package what it needs, directly or not, that has cgo. The standard library's own cgo
// (os/user, net) has pure Go beside it.
func pureBreaches(packages []golang) (breaches []string) {
	byPath := map[string]golang{}
	for _, p := range packages {
		byPath[p.ImportPath] = p
	}
	for _, p := range packages {
		name := short(p.ImportPath)
		if !slices.ContainsFunc(pure, func(root string) bool { return name == root || strings.HasPrefix(name, root+"/") }) {
			continue
		}
		for _, needed := range closure(byPath, p.ImportPath) {
			if q := byPath[needed]; !q.Standard && len(q.CgoFiles) > 0 {
				breaches = append(breaches, fmt.Sprintf("%s needs cgo: %s", name, needed))
			}
		}
	}
	return breaches
}

// closure lists a package and all that it imports, directly or not.
func closure(byPath map[string]golang, path string) []string {
	found := []string{path}
	for i := 0; i < len(found); i++ {
		for _, imported := range byPath[found[i]].Imports {
			if !slices.Contains(found, imported) {
				found = append(found, imported)
			}
		}
	}
	return found
}

func short(path string) string { return strings.TrimPrefix(path, module+"/") }
