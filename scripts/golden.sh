#!/usr/bin/env bash
# Writes all golden files anew with the reference implementations (see reference.sh). Afterwards git diff tells what has
# changed.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$(scripts/reference.sh)"
for script in testdata/reference/*.py; do
	arguments=()
	[ "$script" != testdata/reference/clip_golden.py ] || arguments=(clip/testdata)
	echo "golden: $script" >&2
	"$python" "$script" "${arguments[@]}"
done
