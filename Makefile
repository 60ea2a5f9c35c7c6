# Two commands do all the set-up on a machine with a Rust toolchain and Docker: `make demo` and `make test`.

CARGO ?= cargo
PARITY := target/release/parity

.PHONY: demo test test-runtime test-page pictures lint deny bench bench-reload campaign fuzz release tools test-tools

## Build parity and run the Django project of the tests, until Ctrl-C
demo: tools release
	$(PARITY) up --project tests/projects/django

## The whole suite, with the real engine
test: test-tools
	$(CARGO) test --locked

## The Python that runs in containers, without one: by each Python of this machine, and those that Debian has; a minute
test-runtime:
	@sh tests/pythons.sh
	$(CARGO) test --locked --test runtime

## The page of recorded requests in a browser; pictures of it are in target/page then
test-page: release
	@command -v chromedriver >/dev/null || { echo "error: chromedriver is not here: apt-get install chromium chromium-driver" >&2; exit 1; }
	PARITY=$(CURDIR)/$(PARITY) $(CARGO) test --locked --test page -- --ignored --nocapture

## The pictures of the documentation, anew: Chromium's, of a real run; look at them before they are committed
pictures: test-tools
	@command -v chromedriver >/dev/null || { echo "error: chromedriver is not here: apt-get install chromium chromium-driver" >&2; exit 1; }
	$(CARGO) test --locked --test e2e -- --ignored pictures::

## Rust, and the Python that runs in containers
lint:
	@sh tests/lint.sh
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

## What parity promises, measured beside what it is measured against; benches/README.md has the last figures
bench: tools
	$(CARGO) bench --locked --bench measure

## How soon saved code is served, beside the reloaders that people use: hours
bench-reload: tools
	$(CARGO) bench --locked --bench reload

## Everything goes wrong in turn, and an oracle looks after each step: half an hour or so for each walk, JOBS at once, as root
campaign: tools
	$(CARGO) bench --locked --bench chaos -- --seed $(SEED) --walks $(WALKS) --steps $(STEPS) --jobs $(JOBS)

SEED ?= 1
WALKS ?= 2
STEPS ?= 500
JOBS ?= 4

## What readers of files, logs and messages make of any text, and Apache, a shell and Python of what is rendered: an hour
fuzz: test-tools
	PROPTEST_CASES=$(CASES) $(CARGO) test --locked --release --lib -- fuzz_
	PROPTEST_CASES=$(RENDERED) $(CARGO) test --locked --release --test fuzz

CASES ?= 1000000
RENDERED ?= 20000

## Licences, sources and bans of all dependencies, as deny.toml has them
deny:
	@sh .ci/deny

release:
	$(CARGO) build --locked --release

## What a base image can be made with where no registry can be reached
tools:
	@sh tests/tools.sh

## That, and what the tests have beside the engine: a registry and Podman
test-tools:
	@sh tests/tools.sh tests
