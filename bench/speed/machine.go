package speed

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// load is the load average of the last minute; 0 where the system does not tell.
func load() (average float64) {
	raw, _ := os.ReadFile("/proc/loadavg")
	fmt.Sscan(string(raw), &average)
	return average
}

var modelName = regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`)

// Hardware names the processors of this machine, as in "2x AMD EPYC".
func Hardware() string {
	name := runtime.GOARCH
	raw, _ := os.ReadFile("/proc/cpuinfo")
	if match := modelName.FindSubmatch(raw); match != nil {
		name = strings.TrimSpace(string(match[1]))
	}
	return fmt.Sprintf("%dx %s", runtime.NumCPU(), name)
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a text fit for a file name.
func slug(text string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(text), "-"), "-")
}
