package metrics

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	widestBar    = 40
	narrowestBar = 8
)

// renderBar lays out label, percentage, bar and details in at most width columns. Where that is too narrow the bar goes
// first, then the details from the last on, at the very end the rest of the label.
func renderBar(width int, label string, fraction float64, details []string) string {
	head := fmt.Sprintf("%s %3.0f%%", label, math.Floor(100*fraction))
	for n := len(details); n > 0; n-- {
		tail := "  " + strings.Join(details[:n], "  ")
		if cells := min(widestBar, width-len(head)-len(" []")-len(tail)); cells >= narrowestBar {
			full := int(fraction * float64(cells))
			return head + " [" + strings.Repeat("=", full) + strings.Repeat(" ", cells-full) + "]" + tail
		}
		if len(head)+len(tail) <= width {
			return head + tail
		}
	}
	return head[:min(max(0, width), len(head))]
}

// recent sums up the steps since the last console line.
type recent struct {
	steps                    int
	loss, data, batch, pairs float64
}

func (s *recent) add(r Record) {
	s.steps++
	s.loss += r.Loss
	s.data += r.DataSeconds
	s.batch += r.BatchSeconds
	s.pairs += r.PairsPerSecond * r.BatchSeconds
}

// line is open_clip's training line (open_clip_train/train.py). In brackets after the loss stands its mean since the last
// line; the times are means too.
func (s recent) line(r Record) string {
	n := float64(s.steps)
	return fmt.Sprintf("%s | Train Epoch: %d [%d/%d (%.0f%%)] Data (t): %.3f Batch (t): %.3f, %s/s LR: %.3g Logit Scale: %.3f Loss: %.5g (%.5g)",
		r.Phase, r.Epoch, r.Step, r.Steps, 100*fraction(int64(r.Step), int64(r.Steps)),
		s.data/n, s.batch/n, short(share(s.pairs, s.batch)), r.LR, r.LogitScale, r.Loss, s.loss/n)
}

// mean is an average that forgets: a value's weight falls by a tenth with each newer one.
type mean struct{ sum, weight float64 }

func (m *mean) add(value float64) {
	m.sum = 0.9*m.sum + value
	m.weight = 0.9*m.weight + 1
}

func (m mean) value() float64 { return share(m.sum, m.weight) }

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

func fraction(done, total int64) float64 { return min(1, share(float64(done), float64(total))) }

func perSecond(n int64, d time.Duration) float64 { return share(float64(n), d.Seconds()) }

// short formats a rate with about three figures.
func short(value float64) string {
	if value < 100 {
		return fmt.Sprintf("%.3g", value)
	}
	return fmt.Sprintf("%.0f", value)
}

func sortedScalars(values map[string]float64) []scalar {
	var scalars []scalar
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		scalars = append(scalars, scalar{tag, values[tag]})
	}
	return scalars
}
