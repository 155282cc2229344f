#!/usr/bin/env bash
# Loads CLIPs of real sizes with random weights in every format, measures time and memory, exports them, and loads the result with
# open_clip and transformers (see reference.sh). About 7 GB of temporary files for ViT-B-32, 18 GB for ViT-L-14. The first
# model is also loaded by safetensors and torch.load, in turn.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(scripts/reference.sh)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export HF_HUB_OFFLINE=1
"$python" scripts/golden_large.py make "$folder" "${@:-ViT-B-32}"
export MCLCLIP_LARGE="$folder" MCLCLIP_REQUIRE=large,proc
go test -c -o "$folder/clip.test" ./clip
"$python" scripts/golden_large.py load "$folder"
for features in "$folder"/*.features.safetensors; do
	name="$(basename "$features" .features.safetensors)" # each in a process of its own: memory that one frees would serve the next
	(cd clip && "$folder/clip.test" -test.v -test.run "^TestLargeWeights\$/^$name\$")
done
"$python" scripts/golden_large.py check "$folder"
