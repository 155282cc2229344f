#!/usr/bin/env bash
# Writes all golden files anew with the reference implementations, in a Python environment of pinned versions that is made
# in the cache folder (about 8 GB). Afterwards git diff tells what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=testdata/reference/requirements.txt
venv="${XDG_CACHE_HOME:-$HOME/.cache}/mclclip/reference-$(sha256sum "$requirements" | cut -c1-12)"
if [ ! -e "$venv/complete" ]; then
	python3 -m venv --clear "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
	touch "$venv/complete"
fi

for script in testdata/reference/*.py; do
	arguments=()
	[ "$script" != testdata/reference/clip_golden.py ] || arguments=(clip/testdata)
	echo "golden: $script" >&2
	"$venv/bin/python" "$script" "${arguments[@]}"
done
