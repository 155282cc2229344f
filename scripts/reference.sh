#!/usr/bin/env bash
# Prints the path of a Python that has the reference implementations: $MCLCLIP_REFERENCE_PYTHON where it is set, else an
# environment of pinned versions that is made in the cache folder (about 8 GB).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${MCLCLIP_REFERENCE_PYTHON:-}" ]; then
	echo "$MCLCLIP_REFERENCE_PYTHON"
	exit
fi
requirements=testdata/reference/requirements.txt
venv="${XDG_CACHE_HOME:-$HOME/.cache}/mclclip/reference-$(sha256sum "$requirements" | cut -c1-12)"
if [ ! -e "$venv/complete" ]; then
	python3 -m venv --clear "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
	touch "$venv/complete"
fi
echo "$venv/bin/python"
