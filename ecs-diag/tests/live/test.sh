#!/usr/bin/env bash
# Builds an account in moto, plants faults in it, and has the command find them over HTTP.
set -euo pipefail
cd "$(dirname "$0")"
exec </dev/null

root=$(cd ../../.. && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
export PIP_DISABLE_PIP_VERSION_CHECK=1
work=$CARGO_TARGET_DIR/live
mkdir -p "$work"

if ! cmp -s requirements.txt "$work/venv/requirements.txt"; then
    python3 -m venv --clear "$work/venv"
    "$work/venv/bin/pip" install --quiet -r requirements.txt
    cp requirements.txt "$work/venv/"
fi

"${CARGO:-cargo}" build --quiet --manifest-path "$root/Cargo.toml" -p ecs-diag --all-features --bins --examples
export ECS_DIAG_BIN=$CARGO_TARGET_DIR/debug/ecs-diag ECS_DIAG_ASK=$CARGO_TARGET_DIR/debug/examples/ask
export ECS_DIAG_CASES=$work/cases
rm -rf "$ECS_DIAG_CASES"
export PATH=$work/venv/bin:$PATH
python shapes.py --check
python -m pytest -q -p no:cacheprovider "$@"
