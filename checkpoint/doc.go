// Package checkpoint keeps the state of a training run in step folders that appear whole or not at all.
//
//	<dir>/step-00001234/model.safetensors      the weights
//	                    optimizer.safetensors  the optimizer's moments
//	                    state.json             step, the run's own state, and the SHA-256 of the other two files
//
// Save writes a folder under a temporary name, flushes it to the disk and renames it; state.json is written last. A kill
// or a full disk at any moment therefore costs at most the checkpoint that was being written. Load and Latest check every
// byte against state.json, and state.json against its own checksum, so that a damaged checkpoint is an error and never
// wrong weights.
package checkpoint
