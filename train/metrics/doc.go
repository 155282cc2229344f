// Package metrics records what a run does: metrics.jsonl for machines, TensorBoard event files, log.txt, and on the console
// open_clip's training line or, on a terminal, a progress bar.
//
// A run consists of phases ("base", "stage-1", "control-1"), each with its own steps from 1. A Record is one optimisation
// step, an Event anything else worth keeping (an evaluation, a checkpoint). Opened with a Resume position, a Logger first
// takes back what an interrupted run wrote after its last checkpoint, so that each step stands once.
//
// Scalars carry open_clip's names: train/loss, train/lr, train/logit_scale, train/data_time, train/batch_time and
// train/samples_per_second.
package metrics
