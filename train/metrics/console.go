package metrics

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

const (
	redrawEvery   = 100 * time.Millisecond
	progressEvery = 10 * time.Second
)

// console writes to standard error: lines, and on a terminal a bar that stays below them.
type console struct {
	out      io.Writer
	terminal bool
	width    func() int
	label    string    // what the bar or the progress lines are about
	began    time.Time // when this process began with label
	first    int64     // what was done by then
	drawn    time.Time // last bar or progress line
	bar      string    // what stands on the terminal's last line
	speed    mean      // of training: pairs per second
	batch    mean      // seconds a step
	data     mean      // seconds a step waits
}

func newConsole(out io.Writer) *console {
	c := &console{out: out, width: func() int { return 80 }}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		c.terminal = true
		c.width = func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil || width <= 0 {
				return 80
			}
			return width
		}
	}
	return c
}

// print writes a finished line above the bar.
func (c *console) print(text string) {
	if c.out == nil {
		return
	}
	if c.bar != "" {
		text = "\r\x1b[K" + text + c.bar
	}
	io.WriteString(c.out, text)
}

// step draws the bar of a training phase.
func (c *console) step(r Record, now time.Time) {
	if !c.terminal {
		return
	}
	began := now.Add(-time.Duration(r.BatchSeconds * float64(time.Second)))
	c.begin("train "+r.Phase, int64(r.Step)-1, began)
	c.speed.add(r.PairsPerSecond)
	c.batch.add(r.BatchSeconds)
	c.data.add(r.DataSeconds)
	last := r.Step == r.Steps
	if !last && now.Sub(c.drawn) < redrawEvery {
		return
	}
	details := []string{
		fmt.Sprintf("%d/%d", r.Step, r.Steps),
		fmt.Sprintf("loss %.4g", r.Loss),
		c.left(int64(r.Step), int64(r.Steps), now),
		fmt.Sprintf("%s pairs/s", short(c.speed.value())),
		fmt.Sprintf("%.0f%% waiting for data", 100*share(c.data.value(), c.batch.value())),
	}
	c.draw(fraction(int64(r.Step), int64(r.Steps)), details, now)
	if last {
		c.endBar()
	}
}

// progress draws the bar of another pass; where there is no terminal it returns the line to write, or "" for none yet. The
// line at the end is returned on a terminal too, for log.txt.
func (c *console) progress(label string, done, total int64, unit string, now time.Time) string {
	fresh := c.begin(label, done, now)
	last := done >= total
	speed := c.rate(done, now)
	if c.terminal && (fresh || last || now.Sub(c.drawn) >= redrawEvery) {
		details := []string{fmt.Sprintf("%d/%d %s", done, total, unit), c.left(done, total, now)}
		if speed != "" {
			details = append(details, speed)
		}
		c.draw(fraction(done, total), details, now)
	}
	if !last && (c.terminal || fresh || now.Sub(c.drawn) < progressEvery) {
		return ""
	}
	c.drawn = now
	text := fmt.Sprintf("%s: %d/%d %s (%.0f%%)", label, done, total, unit, 100*fraction(done, total))
	if speed != "" {
		text += ", " + speed
	}
	if last {
		c.endBar()
		return text
	}
	return text + ", " + c.left(done, total, now)
}

// rate is the speed of this process since it began with the label; "" where it has done too little to tell, for instance all
// in one go.
func (c *console) rate(done int64, now time.Time) string {
	if done <= c.first || now.Sub(c.began) < time.Millisecond {
		return ""
	}
	return short(perSecond(done-c.first, now.Sub(c.began))) + "/s"
}

// begin notes the start of another label and reports whether it is one.
func (c *console) begin(label string, done int64, at time.Time) bool {
	if c.label == label {
		return false
	}
	c.endBar()
	c.label, c.began, c.first, c.drawn = label, at, done, at
	c.speed, c.batch, c.data = mean{}, mean{}, mean{}
	return true
}

// left estimates the time to the end from what this process has done so far; at the end it says how long that took.
func (c *console) left(done, total int64, now time.Time) string {
	if done >= total {
		return "took " + now.Sub(c.began).Round(time.Second).String()
	}
	if done <= c.first {
		return "left ?"
	}
	each := now.Sub(c.began) / time.Duration(done-c.first)
	return "left " + (each * time.Duration(total-done)).Round(time.Second).String()
}

func (c *console) draw(fraction float64, details []string, now time.Time) {
	if c.out == nil {
		return
	}
	c.bar = renderBar(c.width()-1, c.label, fraction, details)
	c.drawn = now
	io.WriteString(c.out, "\r\x1b[K"+c.bar)
}

// endBar leaves the bar where it is and goes on below it.
func (c *console) endBar() {
	if c.bar != "" {
		io.WriteString(c.out, "\n")
		c.bar = ""
	}
	c.label = ""
}
