// Package mclclip is the root of a program and library that fine-tunes CLIP in stages (multistage contrastive learning,
// arXiv 2402.11816), measures it on MMVP and exports the stages' integrated embeddings. The program is cmd/mclclip. Package
// mcl is the paper: it embeds, clusters, groups and trains; train is the loop of one stage over pairs from data; clip is
// the dual encoder of the towers in vision and text; internal/torch is the only door to libtorch. Packages data, bench/mmvp
// and checkpoint know no model, so that they build without libtorch. docs/architecture.md says why.
package mclclip
