// Command mclclip fine-tunes CLIP in stages, measures it and exports its embeddings; see mclclip --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(untilSignal(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// untilSignal returns a context that ends with the first Ctrl-C or SIGTERM, which lets a command finish its step and write
// a checkpoint. The second one has its usual effect: it ends the process at once.
func untilSignal() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}
