package train

import (
	"fmt"

	"github.com/mclclip/mclclip/internal/torch"
)

// memoryHint adds to an error of a device that is out of memory what helps; any other error stays as it is.
func (c Config) memoryHint(err error) error {
	if !torch.OutOfMemory(err) {
		return err
	}
	return fmt.Errorf("%w; --batch-size %d is too much at once: halve it and double --accum-freq %d, which leaves the loss as it is, or add --grad-checkpointing, or --precision amp_bf16; then go on with --resume --allow-changes",
		err, c.BatchSize, c.AccumFreq)
}
