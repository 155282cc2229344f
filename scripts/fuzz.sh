#!/usr/bin/env bash
# Runs every fuzz test of the module for the given time each, for instance: scripts/fuzz.sh 30s
# Inputs that are new are not made smaller, which by default takes up to a minute each, and with it most of the time.
set -euo pipefail
cd "$(dirname "$0")/.."

git grep -Hoh -E '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' >/dev/null || { echo "no fuzz tests" >&2; exit 1; }
git grep -o -E '^func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | while IFS=: read -r file name; do
	go test "./$(dirname "$file")" -run '^$' -fuzz "^${name#func }\$" -fuzztime "${1:-10s}" -fuzzminimizetime 1x
done
