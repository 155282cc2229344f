package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

var update = flag.Bool("update", false, "write the golden --help texts anew")

// mclclip runs a command line in this process.
func mclclip(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"mclclip"}, args...), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// Every command's --help is compared with a golden file; go test ./cmd/mclclip -update writes them anew.
func TestHelp(t *testing.T) {
	var walk func(path []string, commands []*cli.Command)
	walk = func(path []string, commands []*cli.Command) {
		t.Run(strings.Join(append([]string{"mclclip"}, path...), " "), func(t *testing.T) { checkHelp(t, path) })
		for _, c := range commands {
			if c.Name != "help" {
				walk(append(path[:len(path):len(path)], c.Name), c.Subcommands)
			}
		}
	}
	walk(nil, newApp(streams{}).Commands)
}

func TestJoinedErrorsAreOneLine(t *testing.T) {
	if got := oneLine(errors.Join(errors.New("no room"), errors.New("no checkpoint"))); got != "no room; no checkpoint" {
		t.Errorf("got %q", got)
	}
}

func checkHelp(t *testing.T, path []string) {
	code, got, stderr := mclclip(t, "", append(path, "--help")...)
	if code != codeDone || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	golden := filepath.Join("testdata", strings.Join(append([]string{"help"}, path...), "_")+".golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWrongUse(t *testing.T) {
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"tokenise"}, `unknown command "tokenise"; did you mean tokenize?`},
		{[]string{"zebra"}, `unknown command "zebra"; see mclclip --help`},
		{[]string{"--verson"}, "unknown flag --verson; did you mean --version?"},
		{[]string{"tokenize", "--txt", "a"}, "unknown flag --txt; did you mean --text?"},
		{[]string{"tokenize", "--zebra"}, "unknown flag --zebra; see mclclip tokenize --help"},
		{[]string{"tokenize", "--text"}, "--text needs a value"},
		{[]string{"tokenize", "--context-length", "long"}, `--context-length "long": want a whole number`},
		{[]string{"tokenize", "--context-length", "1"}, "--context-length 1: want 0, or at least 2"},
		{[]string{"tokenize", "a cat"}, `unexpected argument "a cat"`},
		{[]string{"tokenize", "main_test.go"}, `a pattern needs quotes`},
		{[]string{"doctor", "--json", "false"}, `unexpected argument "false"; booleans are given as --json=false`},
		{[]string{"export", "--normalize", "no", "--run", "x"}, `unexpected argument "no"; booleans are given as --normalize=false`},
		{[]string{"tokenize", "--context-length", "5", "--context-length=7"}, `--context-length is given twice; give it once`},
		{[]string{"data", "scenes", "--out", "x", "--json", "-out", "y"}, `--out is given twice`},
		{[]string{"doctor", "--json=perhaps"}, `--json "perhaps": want true or false`},
		{[]string{"help", "zebra"}, "zebra"},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			code, stdout, stderr := mclclip(t, "", c.args...)
			if code != codeUsage || stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 2 and nothing", code, stdout)
			}
			if !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("stderr is %q, want one line with %q", stderr, c.want)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"done", t.Context(), nil, 0},
		{"error", t.Context(), errors.New("disk full"), 1},
		{"wrong use, wrapped", t.Context(), fmt.Errorf("data: %w", usageErrorf("--rows")), 2},
		{"rows skipped", t.Context(), skippedErrorf("3 rows skipped"), 3},
		{"interrupted", cancelled, fmt.Errorf("scan: %w", context.Canceled), 130},
		{"failed while being interrupted", cancelled, errors.New("disk full"), 1},
		{"cancelled by nobody outside", t.Context(), context.Canceled, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := exitCode(c.ctx, c.err); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestVersionAndBareCommands(t *testing.T) {
	if code, stdout, _ := mclclip(t, "", "--version"); code != codeDone || !strings.Contains(stdout, version) {
		t.Errorf("--version: exit code %d, %q", code, stdout)
	}
	for _, args := range [][]string{{}} {
		if code, stdout, stderr := mclclip(t, "", args...); code != codeDone || !strings.Contains(stdout, "COMMANDS:") || stderr != "" {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q; want help", args, code, stdout, stderr)
		}
	}
}

func TestTokenize(t *testing.T) {
	// Ids of "a photo of a cat" are those of OpenAI's CLIP everywhere: 320 1125 539 320 2368.
	const want = "[320,1125,539,320,2368]\n"
	cases := []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{"text", "unused", []string{"--text", "a photo of a cat"}, want},
		{"several texts", "", []string{"--text", "a photo of a cat", "--text", "cat"}, want + "[2368]\n"},
		{"lines", "a photo of a cat\r\ncat", nil, want + "[2368]\n"},
		{"empty line", "\ncat\n", nil, "[]\n[2368]\n"},
		{"nothing", "", nil, ""},
		{"row", "cat", []string{"--context-length", "5"}, "[49406,2368,49407,0,0]\n"},
		{"row that is cut", "a photo of a cat", []string{"--context-length", "4"}, "[49406,320,1125,49407]\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := mclclip(t, c.stdin, append([]string{"tokenize"}, c.args...)...)
			if code != codeDone || stdout != c.want || stderr != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

func TestDoctorFindsLibtorch(t *testing.T) {
	code, stdout, stderr := mclclip(t, "", "doctor", "--json")
	var found []finding
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatalf("%v in %q (stderr %q)", err, stdout, stderr)
	}
	byName := map[string]finding{}
	for _, f := range found {
		byName[f.Name] = f
		if !f.OK && f.Needed && code != codeError {
			t.Errorf("%s is missing but the exit code is %d", f.Name, code)
		}
		if !f.OK && f.Value == "" {
			t.Errorf("%s: nothing says why it is missing", f.Name)
		}
	}
	if f := byName["libtorch"]; !f.OK || !strings.Contains(f.Value, "C++ ABI") || !strings.Contains(f.Value, "libtorch_cpu") {
		t.Errorf("libtorch is %+v", f)
	}
	if f := byName["product on cpu"]; !f.OK || !strings.Contains(f.Value, "GFLOP/s") {
		t.Errorf("product on cpu is %+v", f)
	}
	_, text, _ := mclclip(t, "", "doctor")
	for name := range byName {
		if !strings.Contains(text, name) {
			t.Errorf("the text does not mention %s", name)
		}
	}
}
