package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mclclip/mclclip/internal/testneed"
)

// probe tells, when the page is drawn, what is on it and whether anything reaches beyond the window or its own box.
const probe = `<script>addEventListener("load", () => setTimeout(() => {
  const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 || getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1);
  const drawn = [...document.querySelectorAll(".plot canvas")].filter(c => { const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; return p.some(x => x > 0); });
  const broken = [...document.images].filter(i => !i.complete || i.naturalWidth === 0);
  parent.postMessage([innerWidth, drawn.length, wide.length + (document.documentElement.scrollWidth > innerWidth), document.images.length, broken.length, getComputedStyle(document.body).backgroundColor.replace(/[^0-9,]/g, "").split(",")[0], wide.slice(0, 3).map(e => e.tagName + "." + e.className).join("+") || "-"].join(" "), "*");
}, 200));</script>`

// frame holds the page in a window of any width; Chromium's own has at least 500 pixels.
const frame = `<script>addEventListener("message", e => document.body.setAttribute("data-probe", e.data));</script><body style="margin:0"><iframe src="page.html" style="border:0;width:%dpx;height:900px"></iframe>`

// seen is what the probe found.
type seen struct {
	width, charts, wide, images, broken, ground int
	names, console                              string
}

var (
	probed  = regexp.MustCompile(`data-probe="(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ([^"]*)"`)
	console = regexp.MustCompile(`(?m)^.*CONSOLE.*$`)
)

// look opens a page in headless Chromium.
func look(t *testing.T, html string, width int, dark bool) seen {
	t.Helper()
	program, err := exec.LookPath("chromium")
	testneed.Require(t, "chromium", err == nil, "apt-get install chromium")
	dir := t.TempDir()
	for name, content := range map[string]string{"page.html": strings.Replace(html, "</body>", probe+"</body>", 1), "frame.html": fmt.Sprintf(frame, width)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	scheme := "1"
	if dark {
		scheme = "0"
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	browser := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--virtual-time-budget=3000", "--blink-settings=preferredColorScheme="+scheme,
		"--window-size=1300,900", "--dump-dom", "file://"+filepath.Join(dir, "frame.html"))
	var stderr strings.Builder
	browser.Stderr = &stderr
	dom, err := browser.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	m := probed.FindStringSubmatch(string(dom))
	if m == nil {
		t.Fatalf("the probe did not run: %s", stderr.String())
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	return seen{n[0], n[1], n[2], n[3], n[4], n[5], m[7], strings.Join(console.FindAllString(stderr.String(), -1), "\n")}
}

func TestThePageInChromium(t *testing.T) {
	html := write(t, full(t))
	for _, width := range []int{1280, 390} {
		for _, dark := range []bool{false, true} {
			s := look(t, html, width, dark)
			if s.width != width || s.console != "" {
				t.Errorf("width %d, dark %v: window of %d, console %q", width, dark, s.width, s.console)
			}
			if s.charts != len(quantities) || s.images != 4 || s.broken != 0 {
				t.Errorf("width %d, dark %v: %d charts drawn, %d pictures, %d of them broken", width, dark, s.charts, s.images, s.broken)
			}
			if s.wide > 0 {
				t.Errorf("width %d, dark %v: %d elements are cut or reach beyond the window, such as %s", width, dark, s.wide, s.names)
			}
			if dark != (s.ground < 128) {
				t.Errorf("width %d, dark %v: the ground has brightness %d", width, dark, s.ground)
			}
		}
	}
}

// What the test above looks for is found on a page that has it.
func TestFaultsAreSeenInChromium(t *testing.T) {
	html := strings.Replace(write(t, full(t)), `JSON.parse(`, `JSON.purse(`, 1)
	html = strings.Replace(html, "<h1>", `<div style="width:500px">wide</div><h1>`, 1)
	s := look(t, html, 390, false)
	if s.console == "" || s.charts != 0 || s.wide == 0 {
		t.Errorf("faults were not seen: %+v", s)
	}
}
