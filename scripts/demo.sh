#!/usr/bin/env bash
# Trains a small CLIP in stages on pairs that are made here, beside a control, measures and exports it.
#   PAIRS=scenes (default)  drawn scenes with a code stamp, the easy feature that suppresses texture and shape
#   PAIRS=emoji             emoji by three hands with human-written names; fetched by npm
#   SEED=0                  of weights, order and clusters; the pairs stay the same
#   OUT=demo                folder that is written; what an earlier demo left there is deleted
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${PAIRS:-scenes}
out=${OUT:-demo}/$pairs
bin=bin/mclclip
began=$SECONDS

step() {
	printf '\n$ %s\n' "$*" >&2
	"$@"
}

rm -rf "$out"
mkdir -p "$out"
case $pairs in
scenes)
	step $bin data scenes --out "$out/pairs" --mode triple --pairs 16384 --held-out-pairs 1000 --held-out-tenths 0 \
		--pattern Texture --pattern Shape --pairs-per-pattern 200 --colors 1 --code-bits 8
	training=(--base-steps 1500 --steps 500 --clusters 32 --aug-scale 1)
	;;
emoji)
	python3 scripts/emoji.py
	step $bin data emoji --out "$out/pairs"
	training=(--base-steps 1500 --steps 500 --clusters 16)
	;;
*)
	echo "PAIRS=$pairs: want scenes or emoji" >&2
	exit 2
	;;
esac

step $bin finetune --pairs "$out/pairs/train-*.parquet" --model scripts/demo_model.json --base-lr 1e-3 --lr 1e-3 \
	--batch-size 64 --groups 4 --stages 2 "${training[@]}" --control --seed "${SEED:-0}" --log-every-n-steps 100 --out "$out/run"
step $bin mmvp --run "$out/run" --data "$out/pairs/benchmark"
step $bin export --run "$out/run" --pairs "$out/pairs/held-out" --out "$out/embeddings"

cat <<END

pairs       $out/pairs
run         $out/run (log.txt, metrics.jsonl, tensorboard/, a model in each stage's folder)
report      $out/run/report.html
embeddings  $out/embeddings
time        $((SECONDS - began)) s
END
