# Everything a contributor, a user and CI need, under one name each.

CARGO ?= cargo
# One profile and one target folder for everything: dependencies are built once.
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

RUST_FILES = $$(git ls-files --cached --others --exclude-standard '*.rs')
RUST_CRATES = --workspace --exclude ecs-diag-py --exclude ecs-diag-node

.PHONY: demo test lint rust live python node bench bless

# Diagnose a bundled snapshot of a failed start. Exit status 1 means "something is wrong", and
# something is.
demo:
	@$(CARGO) build --quiet -p ecs-diag --features cli
	@$(CARGO_TARGET_DIR)/debug/ecs-diag diagnose --snapshot examples/snapshots/checkout --cluster shop; \
	    test $$? -eq 1

test: lint rust live python node

lint:
	rustfmt --check --edition 2024 $(RUST_FILES)
	$(CARGO) clippy --workspace --all-targets --all-features --quiet -- -D warnings
	@if command -v cargo-deny >/dev/null; then \
	    $(CARGO) deny --all-features check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources are not checked"; fi

rust:
	$(CARGO) test $(RUST_CRATES) --all-features --quiet
	# Without `live`: the documentation's own set of features would have the SDK checked once more.
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(RUST_CRATES) --features cli --no-deps --quiet
	$(CARGO) check -p ecs-diag --quiet

# The command against an account in moto, over HTTP.
live:
	ecs-diag/tests/live/test.sh

# Against the built wheel, in a venv of its own.
python:
	ecs-diag-py/test.sh

# Against the packed tarball, in an empty project.
node:
	ecs-diag-node/test.sh

bench:
	$(CARGO) bench -p ecs-diag --features cli

# Write the expected reports of the golden cases anew; read the diff before you commit it.
bless:
	ECS_DIAG_BLESS=1 $(CARGO) test -p ecs-diag --features cli --test golden --test explained --test readme --test docs
	ECS_DIAG_BLESS=1 $(CARGO) test -p ecs-diag --features cli --lib -- one_denied_operation the_page_of_checks
