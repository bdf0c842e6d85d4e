#!/usr/bin/env bash
# Sanitizers, which need a nightly toolchain with rust-src and miri: usage: sanitize.sh [address] [thread] [miri]
#   address  the library and the C and C++ suites under AddressSanitizer and UndefinedBehaviorSanitizer
#   thread   the Rust suites of threads, SQLite included, under ThreadSanitizer
#   miri     the modules without foreign functions under Miri
set -euo pipefail
cd "$(dirname "$0")/.."
for component in rust-src miri; do
  rustup component list --toolchain nightly 2>/dev/null | grep -qE "^$component.*installed" || {
    echo "sanitize: missing: rustup toolchain install nightly --component rust-src miri" >&2
    exit 1
  }
done
triple=$(rustc -vV | sed -n 's/^host: //p')
export RUSTUP_TOOLCHAIN=nightly

address() {
  # A target of its own keeps the flags off build scripts; the programs, compiled by the C compiler, bring the run time.
  CARGO_BUILD_TARGET=$triple CARGO_TARGET_DIR=$PWD/target/sanitize/address RUSTFLAGS=-Zsanitizer=address \
    bash -c 'cmake --preset asan --log-level=WARNING && cmake --build --preset asan'
  # The consumers are compiled without sanitizers, and cannot load this library.
  ctest --preset asan -E '^(install|consumer)'
}

thread() {
  # Rust's own library is built anew, so that its synchronisation is seen.
  env CARGO_TARGET_DIR=target/sanitize/thread RUSTFLAGS=-Zsanitizer=thread "CFLAGS_${triple//-/_}=-fsanitize=thread" \
    TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/scripts/thread_sanitizer.supp" \
    cargo test --locked -Zbuild-std --target "$triple" --lib --test suite -- \
    group handle hazard concurrency transactions watch behind:: closing memcache table:: --skip processes::
}

miri() {
  MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=4 CARGO_TARGET_DIR=target/sanitize/miri \
    cargo miri test --locked --lib -- cache:: capi::handle capi::hazard store::changelog store::index store::group
}

[ $# -gt 0 ] || set -- address thread miri
for sanitizer in "$@"; do
  echo "== $sanitizer =="
  "$sanitizer"
done
