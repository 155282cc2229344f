package torch

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// libgomp says at its start which settings it has read.
func TestThreadsWaitBySleepingUnlessToldOtherwise(t *testing.T) {
	for set, want := range map[string]string{"": "OMP_WAIT_POLICY = 'PASSIVE'", "OMP_WAIT_POLICY=ACTIVE": "OMP_WAIT_POLICY = 'ACTIVE'"} {
		self := exec.Command(os.Args[0], "-test.run", "^$")
		for _, entry := range os.Environ() {
			if !strings.HasPrefix(entry, "OMP_") && !strings.HasPrefix(entry, "GOMP_") {
				self.Env = append(self.Env, entry)
			}
		}
		self.Env = append(self.Env, "OMP_DISPLAY_ENV=true", set)
		out, err := self.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("with %q: error %v, output lacks %q:\n%s", set, err, want, out)
		}
	}
}
