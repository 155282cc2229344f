#!/usr/bin/env bash
# Known vulnerabilities of Go and of the modules, by govulncheck. The database is indexed from the Go module it is kept in, so that
# nothing is needed but the module proxy.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
source=$(cd "$scratch" && go mod init scratch 2>/dev/null && go mod download -json golang.org/x/vulndb@latest | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
(cd "$scratch" && go run -mod=mod golang.org/x/vulndb/cmd/indexdb@latest -vulns "$source/data/osv" -out "$scratch/database")
echo "govulncheck with ${source##*/}, $(go version)"
go run golang.org/x/vuln/cmd/govulncheck@latest -db "file://$scratch/database" "$@" ./...
