package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mclclip/mclclip/bench/speed"
	"github.com/mclclip/mclclip/internal/torch"
	"github.com/mclclip/mclclip/train/metrics"
)

func benchCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure features: zero-shot, retrieval, probes; compare the speed with others, and MCL with its control",
		Subcommands: []*cli.Command{
			benchSpeedCommand(s), benchKMeansCommand(s), benchScaleCommand(s),
			benchRandBitCommand(s), benchTrifeatureCommand(s), benchUnimodalCommand(s), benchAblateCommand(s),
			benchRetrievalCommand(s), benchZeroShotCommand(s), benchProbeCommand(s),
			benchSideCommand(s),
		},
	}
}

// benchSpeed is everything that the command line of mclclip bench speed says.
type benchSpeed struct {
	settings benchSettings
	works    list
	rounds   int
	pairs    int
	python   string
	plain    bool // --plain-torch
	compile  bool
	cache    string
	out      string
	title    string
}

func benchSpeedCommand(s streams) *cli.Command {
	f := &benchSpeed{settings: defaultBenchSettings()}
	f.settings.material = "" // made below --cache
	return &cli.Command{
		Name:  "speed",
		Usage: "do the same work with mclclip and with PyTorch in turn, and report the ratios",
		Description: "Each side is a process of its own that does a round of work when it is asked; rounds alternate, and both sides must come\n" +
			"to the same losses, features or checksums. make bench runs this with a Python of pinned versions.\n\n" + workTexts(),
		Flags: append([]cli.Flag{
			&cli.GenericFlag{Name: "work", Usage: "`NAME` of what to compare; may be repeated; all by default", Value: &f.works},
			&cli.IntFlag{Name: "rounds", Usage: "rounds of each side after the first, which does not count", Value: 5, Destination: &f.rounds},
			&cli.IntFlag{Name: "pairs", Usage: "pairs to make as material", Value: 512, Destination: &f.pairs},
			&cli.StringFlag{Name: "reference-python", Usage: "`PYTHON` with torch, open_clip_torch, torchvision, pyarrow and tokenizers", EnvVars: []string{"MCLCLIP_REFERENCE_PYTHON"}, Destination: &f.python},
			&cli.BoolFlag{Name: "plain-torch", Usage: "the other side has PyTorch alone, no open_clip; works " + strings.Join(speed.PlainWorks, " and "), Destination: &f.plain},
			&cli.BoolFlag{Name: "compile", Usage: "with --plain-torch: the other side uses torch.compile", Destination: &f.compile},
			&cli.StringFlag{Name: "cache", Usage: "`FOLDER` for pictures, captions and models that are made; by default below the system's cache folder", Destination: &f.cache},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` of the report", Value: "docs/benchmarks", Destination: &f.out},
			&cli.StringFlag{Name: "title", Usage: "begin of the report's file name", Value: "speed", Destination: &f.title},
		}, f.settings.flags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			if err := f.check(); err != nil {
				return &exitError{codeUsage, err}
			}
			return f.run(c.Context, s)
		},
	}
}

func workTexts() string {
	var b strings.Builder
	b.WriteString("Works:\n")
	for _, w := range benchWorks {
		fmt.Fprintf(&b, "    %-16s %s\n", w.Name, w.Text)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (f *benchSpeed) check() error {
	if err := require("reference-python", f.python, "~/venv/bin/python"); err != nil {
		return err
	}
	if f.rounds < 1 {
		return fmt.Errorf("--rounds %d: want at least 1", f.rounds)
	}
	if f.pairs < 2 {
		return fmt.Errorf("--pairs %d: want at least 2", f.pairs)
	}
	for _, name := range f.works {
		if _, err := workOf(name); err != nil {
			return err
		}
		if f.plain && !slices.Contains(speed.PlainWorks, name) {
			return fmt.Errorf("--work %s: with --plain-torch there are only %s", name, strings.Join(speed.PlainWorks, " and "))
		}
	}
	if !f.plain && (f.compile || f.settings.device != "cpu") {
		return errors.New("--compile and --device go with --plain-torch")
	}
	return f.settings.check()
}

// run compares one work after the other and writes the report after each.
func (f *benchSpeed) run(ctx context.Context, s streams) error {
	log, err := metrics.Open(metrics.Config{Console: s.stderr})
	if err != nil {
		return err
	}
	defer log.Close()
	if f.cache == "" {
		root, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("--cache is missing: %w", err)
		}
		f.cache = filepath.Join(root, "mclclip", "speed")
	}
	if err := f.prepare(ctx, log); err != nil {
		return err
	}
	report := &speed.Report{Title: f.title, Hardware: speed.Hardware(), Date: time.Now().Format(time.DateOnly), Build: version, Versions: f.versions(ctx)}
	if err := report.Load(f.out); err != nil {
		return err
	}
	var failures []error
	for _, w := range benchWorks {
		if !f.chosen(w) {
			continue
		}
		c, err := f.compare(ctx, s, w)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failures = append(failures, err)
			log.Printf("%v", err)
			continue
		}
		log.Printf("%s: %.2f times as fast (%.2f to %.2f), %.2f of the memory", w.Name, c.Speed.Median, c.Speed.Min, c.Speed.Max, c.Memory)
		report.Add(c)
		path, err := report.Write(f.out)
		if err != nil {
			return err
		}
		fmt.Fprintln(s.stdout, path)
	}
	return errors.Join(failures...)
}

func (f *benchSpeed) chosen(w benchWork) bool {
	if len(f.works) > 0 {
		return slices.Contains(f.works, w.Name)
	}
	return !f.plain || slices.Contains(speed.PlainWorks, w.Name)
}

// compare starts both sides of a work and lets them do their rounds.
func (f *benchSpeed) compare(ctx context.Context, s streams, w benchWork) (c speed.Comparison, err error) {
	script, err := f.writeReference()
	if err != nil {
		return c, err
	}
	defer os.Remove(script)
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	settings := f.settings
	settings.work = w.Name
	if w.model != "" {
		settings.model = filepath.Join(f.cache, "models", w.model)
	}
	if w.float32 {
		settings.precision = "fp32"
	}
	if settings.precision == "amp_bf16" && w.Tolerance > 0 {
		w.Tolerance = bf16Tolerance
	}
	if w.format != "" {
		if err := f.writeFormat(ctx, s, script, w.format, settings); err != nil {
			return c, err
		}
	}
	start := func(name string, command string, args ...string) (*speed.Peer, error) {
		process := exec.CommandContext(ctx, command, append(args, settings.args()...)...)
		process.Stderr = s.stderr
		process.Cancel = func() error { return process.Process.Signal(os.Interrupt) } // so that it ends what it has started
		process.WaitDelay = 10 * time.Second
		process.Env = append(os.Environ(), fmt.Sprintf("OMP_NUM_THREADS=%d", settings.threads), "TOKENIZERS_PARALLELISM=false")
		return speed.Start(w.Name+", "+name, process)
	}
	ours, err := start("mclclip", self, "bench", "side")
	if err != nil {
		return c, err
	}
	defer ours.Close()
	reference := []string{script}
	if f.compile {
		reference = append(reference, "--compile")
	}
	theirs, err := start("Python", f.python, reference...)
	if err != nil {
		return c, err
	}
	defer theirs.Close()
	c, err = speed.Compare(w.Work, ours, theirs, f.rounds)
	c.Settings = settings.text(w)
	if f.plain {
		c.Text = strings.NewReplacer("open_clip's step", "the same step in plain PyTorch", "open_clip", "plain PyTorch").Replace(c.Text)
	}
	if f.compile {
		c.Settings += ", against torch.compile"
	}
	return c, err
}

// writeFormat lets Pillow write pictures of the material in another format, where they are not there yet.
func (f *benchSpeed) writeFormat(ctx context.Context, s streams, script, format string, settings benchSettings) error {
	settings.work = "write-" + format
	writer := exec.CommandContext(ctx, f.python, append([]string{script}, settings.args()...)...)
	writer.Stderr = s.stderr
	if err := writer.Run(); err != nil {
		return fmt.Errorf("%s pictures by %s: %w", format, f.python, err)
	}
	return nil
}

func (f *benchSpeed) writeReference() (string, error) {
	file, err := os.CreateTemp("", "mclclip-reference-*.py")
	if err != nil {
		return "", err
	}
	defer file.Close()
	program := speed.Reference
	if f.plain {
		program = speed.PlainTorch
	}
	_, err = file.Write(program)
	return file.Name(), err
}

// versions asks the Python for the versions of what is compared with.
func (f *benchSpeed) versions(ctx context.Context) map[string]string {
	versions := map[string]string{"libtorch": torch.Version()}
	const script = "import importlib.metadata as m\nfor p in 'torch torchvision open_clip_torch pillow pyarrow tokenizers'.split(): print(p, m.version(p), flush=True)"
	out, _ := exec.CommandContext(ctx, f.python, "-c", script).Output() // a missing package is an error of the works that need it
	for line := range strings.Lines(string(out)) {
		if name, v, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			versions[name] = v
		}
	}
	return versions
}
