# Two commands do all the set-up on a machine with a Rust toolchain and Docker: `make demo` and `make test`.

CARGO ?= cargo
PARITY := target/release/parity

.PHONY: demo test test-runtime lint bench bench-reload release tools test-tools

## Build parity and run the Django project of the tests, until Ctrl-C
demo: tools release
	$(PARITY) up --project tests/projects/django

## The whole suite, with the real engine
test: test-tools
	$(CARGO) test --locked

## The Python that runs in containers, without one: seconds
test-runtime:
	$(CARGO) test --locked --test runtime

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

release:
	$(CARGO) build --locked --release

## What a base image can be made with where no registry can be reached
tools:
	@sh tests/tools.sh

## That, and what the tests have beside the engine: a registry and Podman
test-tools:
	@sh tests/tools.sh tests
