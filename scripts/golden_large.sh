#!/usr/bin/env bash
# Loads CLIPs of real sizes with random weights in every format, measures time and memory, exports them, and loads the result with
# open_clip and transformers (see reference.sh), one model and one format after the other. About 4 GB of temporary files for
# ViT-B-32, 12 GB for ViT-L-14. The first model is also loaded by safetensors and torch.load, in turn.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(scripts/reference.sh)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export HF_HUB_OFFLINE=1
export MCLCLIP_LARGE="$folder/model" MCLCLIP_REQUIRE=large,proc
go test -c -o "$folder/clip.test" ./clip

[ $# -gt 0 ] || set -- ViT-B-32
for model in "$@"; do
	mkdir "$MCLCLIP_LARGE"
	"$python" scripts/golden_large.py make "$MCLCLIP_LARGE" "$model"
	[ "$model" != "$1" ] || "$python" scripts/golden_large.py load "$MCLCLIP_LARGE"
	for features in "$MCLCLIP_LARGE"/*.features.safetensors; do
		name="$(basename "$features" .features.safetensors)" # each in a process of its own: memory that one frees would serve the next
		(cd clip && "$folder/clip.test" -test.v -test.run "^TestLargeWeights\$/^$name\$")
		"$python" scripts/golden_large.py check "$MCLCLIP_LARGE" "$name"
		rm -r "$MCLCLIP_LARGE/exported"
	done
	rm -r "$MCLCLIP_LARGE"
done
