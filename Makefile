# The commands of the project. `make demo` and `make test` need nothing but Rust and, on Debian, root.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(PATH):$(HOME)/.cargo/bin
BUILD := build/release
LIBRARY := $(BUILD)/lib/libjoinly_storage.so

.PHONY: demo test bench bench-quick bench-instructions lint rust-test native-test check-artifact header abi-baseline sanitize soak setup build clean

demo: build
	scripts/demo.sh $(BUILD)

# Everything that must hold at every commit.
test: lint rust-test native-test check-artifact
	@echo "all suites passed"

setup:
	scripts/setup.sh

build: setup
	cmake --preset release -DJOINLY_PYTHON=$(CURDIR)/.venv/bin/python --log-level=WARNING
	cmake --build --preset release

lint: setup
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --workspace --no-deps
	cargo run --locked --quiet -p joinly-header -- --check
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	git ls-files '*.c' '*.h' '*.cpp' '*.hpp' | grep -v '^include/joinly_storage.h$$' | xargs clang-format --dry-run -Werror

rust-test: setup
	cargo test --locked --workspace

# C, C++ and Python: suites, examples, installation.
native-test: build
	ctest --preset release

# The built library: exported symbols, SONAME, flags, ABI.
check-artifact: build
	cargo build --locked --quiet
	scripts/check_artifact.sh $(LIBRARY) target/debug/libjoinly_storage.so

# Speed and size beside peers, into docs/benchmarks; needs an otherwise idle machine.
bench: build
	scripts/bench.sh $(BUILD)

# The same in minutes: fewer rows and rounds.
bench-quick: build
	scripts/bench.sh --quick $(BUILD)

# Instructions of a hot get; after `make bench` or `make bench-quick`, which build it.
bench-instructions:
	scripts/bench_instructions.sh build/bench

header:
	cargo run --locked --quiet -p joinly-header

# After a deliberate addition to the ABI.
abi-baseline: build
	cargo build --locked --quiet
	scripts/check_artifact.sh --write $(LIBRARY) target/debug/libjoinly_storage.so

sanitize: setup
	scripts/sanitize.sh

soak: setup
	scripts/soak.sh

clean:
	rm -rf build target .venv dist
