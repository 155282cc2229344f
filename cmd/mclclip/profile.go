package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/mclclip/mclclip/mcl"
	"github.com/mclclip/mclclip/train/metrics"
	"github.com/mclclip/mclclip/train/trace"
)

// traced finishes the run, with a profile where one is asked for, which an interrupted run has too.
func (f *finetune) traced(ctx context.Context, run *mcl.Run, log *metrics.Logger) error {
	if f.profile == "" {
		return run.Finish(ctx)
	}
	recorder := trace.New(f.profile)
	run.UseTrace(recorder)
	err := run.Finish(ctx)
	if written := recorder.Close(); written != nil {
		return errors.Join(err, fmt.Errorf("--profile: %w", written))
	}
	log.Printf("%s; https://ui.perfetto.dev opens %s", recorder.Summary(), f.profile)
	return err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
