// Package testneed turns a missing prerequisite of a test into a skip, or into a failure where it is required.
package testneed

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Variable names the environment variable that lists, separated by commas, what must not be missing.
const Variable = "MCLCLIP_REQUIRE"

// Require skips the test when ok is false, saying how to get what is missing; where Variable lists name, it fails
// instead, so that a continuous-integration run cannot be green because it skipped.
func Require(t testing.TB, name string, ok bool, cure string) {
	t.Helper()
	if ok {
		return
	}
	if Required(name) {
		t.Fatalf("%s is required by %s but missing: %s", name, Variable, cure)
	}
	t.Skipf("needs %s: %s", name, cure)
}

// Required reports whether Variable lists name.
func Required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv(Variable), ","), name)
}
