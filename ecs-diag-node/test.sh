#!/usr/bin/env bash
# Packs the tarball, installs it in an empty project, and tests what was installed.
set -euo pipefail
cd "$(dirname "$0")"
exec </dev/null

root=$(cd .. && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
project=$CARGO_TARGET_DIR/node
rm -rf "$project"
mkdir -p "$project"

# Only the build's tools come from the registry; the package itself depends on nothing.
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi
npm run --silent build
npm pack --silent --pack-destination "$project"

cp test/*.mjs "$root/examples/offline.mjs" "$project/"
cd "$project"
echo '{"name": "empty", "private": true}' >package.json
npm install --silent --offline --no-audit --no-fund ./ecs-diag-*.tgz
ECS_DIAG_ROOT=$root ECS_DIAG_CASES=$CARGO_TARGET_DIR/live/cases \
    TSC=$root/ecs-diag-node/node_modules/typescript/lib/tsc.js \
    node --test "$@"
