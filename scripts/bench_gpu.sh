#!/usr/bin/env bash
# usage: bench_gpu.sh [--device cpu|cuda] [--rounds N] [--out FOLDER]
#
# Compares mclclip's training step with PyTorch's, eager and compiled, on a machine that has Python with torch 2.11 and nothing
# else. It is copied beside the mclclip binary by make bench-gpu; the folder is all that the other machine needs. What could
# not be measured is said at the end.
set -uo pipefail
cd "$(dirname "$0")"
device=cuda rounds=5 out=report
while [ $# -gt 0 ]; do
	case "$1" in
	--device) device=$2 ;;
	--rounds) rounds=$2 ;;
	--out) out=$2 ;;
	*) echo "unknown flag $1: want --device, --rounds or --out" >&2; exit 2 ;;
	esac
	shift 2
done
python=${PYTHON:-python3}
lib=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))') || {
	echo "$python has no torch; set PYTHON to one that has" >&2
	exit 1
}
export LD_LIBRARY_PATH="$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
missing=()

# compare NAME FLAGS...
compare() {
	local name=$1
	shift
	echo "== $name"
	./mclclip bench speed --plain-torch --reference-python "$python" --device "$device" --rounds "$rounds" --cache "$PWD/cache" --out "$out" --title gpu "$@" ||
		missing+=("$name")
}

if [ "$device" = cpu ]; then
	# The whole course on a small scale; it says nothing about a GPU.
	sizes=("ViT-B-32 8")
	steps=1 pairs=8
else
	"$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || { echo "torch sees no CUDA device; try --device cpu" >&2; exit 1; }
	"$python" -c 'import torch; print(torch.cuda.get_device_name(), torch.version.cuda)'
	sizes=("ViT-B-32 1024" "ViT-L-14 256" "ViT-L-14 1024")
	steps=1 pairs=1024
fi
for size in "${sizes[@]}"; do
	read -r model batch <<<"$size"
	flags=(--model "$model" --batch-size "$batch" --steps "$steps" --pairs "$pairs" --precision amp_bf16 --work finetune)
	compare "$model, batch $batch, eager" "${flags[@]}"
	compare "$model, batch $batch, torch.compile" "${flags[@]}" --compile
done
compare "features, ViT-B-32" --model ViT-B-32 --batch-size 8 --steps 1 --pairs "$pairs" --work embed-images

[ "$device" != cpu ] || missing+=("everything on a GPU: this was a run on the CPU")
if [ ${#missing[@]} -gt 0 ]; then
	echo "not measured:"
	printf '  %s\n' "${missing[@]}"
fi
