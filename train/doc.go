// Package train is an ordinary CLIP training run: batches in, a better model and checkpoints out. It knows nothing of
// stages or clusters; Multistage Contrastive Learning is this same run over batches that another package composes, with
// the loss restricted to the blocks of each batch.
package train
