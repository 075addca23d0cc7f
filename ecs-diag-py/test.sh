#!/usr/bin/env bash
# Builds the wheel, installs it in a venv of its own, and tests what was installed.
set -euo pipefail
cd "$(dirname "$0")"
exec </dev/null

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$(cd .. && pwd)/target}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 ECS_DIAG_CASES=$CARGO_TARGET_DIR/live/cases
work=$CARGO_TARGET_DIR/python
rm -rf "$work/wheels" "$work/stubs"
mkdir -p "$work"

# One venv for the tools, kept; a fresh one for the wheel.
if ! cmp -s requirements-dev.txt "$work/tools/requirements-dev.txt"; then
    python3 -m venv --clear "$work/tools"
    "$work/tools/bin/pip" install --quiet -r requirements-dev.txt
    cp requirements-dev.txt "$work/tools/"
fi
tools=$work/tools/bin

"$tools/maturin" build --quiet --locked --profile dev --out "$work/wheels"
"$tools/maturin" generate-stubs --quiet --profile dev --out "$work/stubs"
diff -u python/ecs_diag/_native.pyi "$work/stubs/ecs_diag/_native.pyi" || {
    echo "the stubs are out of date; copy $work/stubs/ecs_diag/_native.pyi to ecs-diag-py/python/ecs_diag/" >&2
    exit 1
}

python3 -m venv --clear "$work/venv"
"$work/venv/bin/pip" install --quiet --no-index "$work"/wheels/*.whl
# The fresh venv has no test runner of its own: the tools' packages come after the wheel's.
"$tools/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
    >"$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tools.pth"

"$tools/ruff" check --quiet . ../examples ../ecs-diag/tests/live
"$tools/ruff" format --quiet --check . ../examples ../ecs-diag/tests/live
"$tools/mypy" --python-executable "$work/venv/bin/python" --cache-dir "$work/mypy" \
    python/ecs_diag tests ../examples
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider "$@"
