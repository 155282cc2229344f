package inspect

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report is what is in the shards of a source.
type Report struct {
	Fingerprint   string           `json:"fingerprint"` // of the content, whatever the paths
	Shards        int              `json:"shards"`
	Bytes         int64            `json:"bytes"` // size of all files
	Rows          int64            `json:"rows"`
	RowGroups     Spread           `json:"row_groups"` // rows in a group
	Columns       []Column         `json:"columns"`    // of the first shard
	ImageColumn   string           `json:"image_column"`
	CaptionColumn string           `json:"caption_column"`
	KeyColumn     string           `json:"key_column,omitempty"`
	Usable        int64            `json:"usable"`      // rows that a run will use
	Bad           map[string]int64 `json:"bad"`         // rows that it will not, by reason
	Examples      []Example        `json:"examples"`    // the first few of them
	ImageBytes    Spread           `json:"image_bytes"` // of the encoded images that were checked
	Captions      Captions         `json:"captions"`    // of usable rows
}

// Column is a leaf of the Parquet schema.
type Column struct {
	Name string `json:"name"` // with dots between the levels
	Type string `json:"type"`
}

// Example is a row that cannot be used.
type Example struct {
	Shard  string `json:"shard"`
	Row    int64  `json:"row"` // in the shard
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

const maxExamples = 5

// Captions describes the captions of the usable rows.
type Captions struct {
	Tokens     Spread  `json:"tokens"` // with start and end, before cutting
	Context    int     `json:"context"`
	Cut        int64   `json:"cut"` // longer than Context
	CutShare   float64 `json:"cut_share"`
	Duplicates int64   `json:"duplicates"` // captions that stood in an earlier row already
}

// Spread says how a quantity is distributed.
type Spread struct {
	Count  int64 `json:"count"`
	Min    int64 `json:"min"`
	Median int64 `json:"median"` // the lower one of two in the middle
	Max    int64 `json:"max"`
}

// spread sorts values.
func spread(values []int64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	return Spread{int64(len(values)), values[0], values[(len(values)-1)/2], values[len(values)-1]}
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("shards", "%d, %s", r.Shards, size(r.Bytes))
	line("rows", "%d in %d row groups of %d to %d", r.Rows, r.RowGroups.Count, r.RowGroups.Min, r.RowGroups.Max)
	for i, c := range r.Columns {
		name := ""
		if i == 0 {
			name = "columns"
		}
		line(name, "%s", strings.TrimSpace(fmt.Sprintf("%-16s %-12s %s", c.Name, c.Type, r.use(c.Name))))
	}
	line("usable rows", "%d (%s)", r.Usable, percent(r.Usable, r.Rows))
	for _, reason := range slices.Sorted(maps.Keys(r.Bad)) {
		line("  "+reason, "%d (%s)", r.Bad[reason], percent(r.Bad[reason], r.Rows))
	}
	for _, e := range r.Examples {
		line("  for instance", "%s: row %d: %s", e.Shard, e.Row, cmp.Or(e.Detail, e.Reason))
	}
	i, c := r.ImageBytes, r.Captions
	line("image size", "%s to %s, median %s", size(i.Min), size(i.Max), size(i.Median))
	line("caption tokens", "%d to %d, median %d, with start and end", c.Tokens.Min, c.Tokens.Max, c.Tokens.Median)
	line(fmt.Sprintf("  cut at %d", c.Context), "%d (%s)", c.Cut, percent(c.Cut, c.Tokens.Count))
	line("  seen before", "%d (%s)", c.Duplicates, percent(c.Duplicates, c.Tokens.Count))
	line("fingerprint", "%s", r.Fingerprint)
	return t.Flush()
}

// use says what a column is read as.
func (r *Report) use(name string) string {
	switch {
	case name == r.ImageColumn:
		return "<- image"
	case name == r.CaptionColumn:
		return "<- caption"
	case name == r.KeyColumn:
		return "<- key"
	}
	return ""
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "0%"
	}
	return fmt.Sprintf("%.3g%%", 100*float64(part)/float64(whole))
}

// size formats a number of bytes in decimal units.
func size(bytes int64) string {
	for _, unit := range []struct {
		name  string
		bytes float64
	}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if float64(bytes) >= unit.bytes {
			return fmt.Sprintf("%.3g %s", float64(bytes)/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%d B", bytes)
}
