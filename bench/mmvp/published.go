package mmvp

import (
	"fmt"
	"slices"
)

// Published is a figure that others have published, on the benchmark of 9 patterns of 15 pairs.
type Published struct {
	Model    string    `json:"model"`
	Source   string    `json:"source"`
	Patterns []float64 `json:"patterns_percent,omitempty"` // in the published order; none where only the average is known
	Average  float64   `json:"average_percent"`
}

// publishedPatterns are the patterns of the published benchmark, in its order.
var publishedPatterns = []string{
	"Orientation and Direction", "Presence of Specific Features", "State and Condition", "Quantity and Count",
	"Positional and Relational Context", "Color and Appearance", "Structural Characteristics", "Texts", "Viewpoint and Perspective",
}

const publishedPairs = 15 // of each pattern

// publishedFigures are those that a fine-tuned ViT-L/14 is held against. The two base rows show how far apart
// two runs of the published script came out: judge a gain by a base of your own, scored by this package.
var publishedFigures = []Published{
	{"ViT-L/14 in MMVP", "MMVP paper, arXiv 2401.06209, table 1, OpenAI weights, 224 px", []float64{13.3, 13.3, 20, 20, 13.3, 53.3, 20, 6.7, 13.3}, 19.3},
	{"ViT-L/14 by MCL", "first author of MCL, github.com/tsb0601/MMVP issue 5, OpenAI weights, 224 px", []float64{26.7, 13.3, 26.7, 6.7, 6.7, 40, 26.7, 13.3, 20}, 20.0},
	{"MCL of ViT-L/14", "MCL paper, arXiv 2402.11816, 224 px", nil, 32.6},
}

// AddPublished adds published figures for context. Call it for the published benchmark only: the figures say nothing about
// another one, and a report whose patterns or number of pairs differ from the published ones is refused.
func (r *Report) AddPublished() error {
	same := slices.Equal(r.Patterns, publishedPatterns)
	for _, tally := range r.Columns[0].Result.Patterns {
		same = same && tally.Of == publishedPairs
	}
	if !same {
		return fmt.Errorf("report %s: published figures hold for %d patterns of %d pairs only, not for these %d patterns of %d pairs in all",
			r.Title, len(publishedPatterns), publishedPairs, len(r.Patterns), len(r.Questions)/2)
	}
	r.Published = publishedFigures
	return nil
}
