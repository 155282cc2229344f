package speed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mclclip/mclclip/internal/atomicfile"
)

// Report is a set of comparisons on one machine and day.
type Report struct {
	Title       string            `json:"title"`
	Hardware    string            `json:"hardware"`
	Date        string            `json:"date"`
	Build       string            `json:"-"` // of mclclip, which may change between comparisons of a day
	Versions    map[string]string `json:"versions"`
	Comparisons []Comparison      `json:"comparisons"`
}

// Add puts a comparison in, in place of one of the same work and settings.
func (r *Report) Add(c Comparison) {
	c.Build = r.Build
	same := func(old Comparison) bool { return old.Name == c.Name && old.Settings == c.Settings }
	if at := slices.IndexFunc(r.Comparisons, same); at >= 0 {
		r.Comparisons[at] = c
		return
	}
	r.Comparisons = append(r.Comparisons, c)
}

// path is where the report lies, without extension.
func (r *Report) path(dir string) string {
	return filepath.Join(dir, strings.Join([]string{slug(r.Title), slug(r.Hardware), strings.ReplaceAll(r.Date, "-", "")}, "_"))
}

// Load adds the comparisons of the report of the same title, hardware and day in a folder, where there is one.
func (r *Report) Load(dir string) error {
	raw, err := os.ReadFile(r.path(dir) + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var old Report
	if err := json.Unmarshal(raw, &old); err != nil {
		return fmt.Errorf("%s.json: %w", r.path(dir), err)
	}
	r.Comparisons = old.Comparisons
	return nil
}

// Write writes the report as JSON with every round, and as a table in Markdown; it returns the table's path.
func (r *Report) Write(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	err := atomicfile.WriteFile(r.path(dir)+".json", func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", " ")
		return encoder.Encode(r)
	})
	if err != nil {
		return "", err
	}
	path := r.path(dir) + ".md"
	return path, atomicfile.WriteFile(path, r.WriteMarkdown)
}

// WriteMarkdown writes the table.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Speed: %s, %s, %s\n\n", r.Title, r.Hardware, r.Date)
	b.WriteString("Ratios of neighbouring rounds of both sides in turn, ours over theirs: above 1 we are faster, and below 1 we take less\n" +
		"memory. Speed is by wall time, or by processor time where the unit says so. The sides compute the same: \"difference\" is the\n" +
		"largest relative difference of their losses, features or checksums.\n\n")
	b.WriteString("| work | settings | speed, median | min to max | peak memory | ours, median | rounds | difference | load | build |\n")
	b.WriteString("|---|---|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for _, c := range r.Comparisons {
		fmt.Fprintf(&b, "| %s | %s | **%.2f** | %.2f to %.2f | %.2f | %.4g %s | %d | %.1g | %.1f to %.1f | %s |\n", c.Name, c.Settings,
			c.Speed.Median, c.Speed.Min, c.Speed.Max, c.Memory, c.rate(), c.rateUnit(), len(c.Ours), c.Difference, c.Load[0], c.Load[1], c.Build)
	}
	b.WriteString("\n")
	for _, c := range r.Comparisons {
		if line := fmt.Sprintf("- `%s`: %s.\n", c.Name, c.Text); !strings.Contains(b.String(), line) {
			b.WriteString(line)
		}
	}
	b.WriteString("\nVersions: ")
	var versions []string
	for name, version := range r.Versions {
		versions = append(versions, name+" "+version)
	}
	slices.Sort(versions)
	fmt.Fprintf(&b, "%s. The command is `make bench`; the JSON beside this file has every round.\n", strings.Join(versions, ", "))
	_, err := io.WriteString(w, b.String())
	return err
}

// rate is the median of our items per second.
func (c *Comparison) rate() float64 {
	var rates []float64
	for _, r := range c.Ours {
		seconds := r.Seconds
		if c.PerCore {
			seconds = r.CPU
		}
		rates = append(rates, r.Items/seconds)
	}
	return spread(rates).Median
}

func (c *Comparison) rateUnit() string {
	if c.PerCore {
		return c.Unit + " per core-second"
	}
	return c.Unit + "/s"
}
