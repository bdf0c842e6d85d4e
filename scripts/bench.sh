#!/usr/bin/env bash
# Measures beside peers and writes docs/benchmarks: usage: bench.sh [--quick] BUILD_FOLDER
# Data goes to a folder of its own under TMPDIR, which decides the device, and is removed.
set -euo pipefail
cd "$(dirname "$0")/.."
quick=()
if [ "$1" = --quick ]; then
  quick=(--quick)
  shift
fi
library=$PWD/$1/lib/libjoinly_storage.so
bench=build/bench

missing=()
for need in lmdb.h:liblmdb-dev leveldb/db.h:libleveldb-dev rocksdb/db.h:librocksdb-dev valgrind/valgrind.h:valgrind; do
  c++ -E -x c++ -include "${need%%:*}" /dev/null >/dev/null 2>&1 || missing+=("${need#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" -eq 0 ] || { echo "bench: missing: apt-get install ${missing[*]}" >&2; exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
requirements=benches/python/requirements.txt
if ! cmp -s "$requirements" "$bench/venv/requirements.txt"; then
  python3 -m venv --clear "$bench/venv"
  "$bench/venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$bench/venv/"
fi
cmake -G Ninja -S benches/cpp -B "$bench" "-DJOINLY_LIBRARY=$library" --log-level=WARNING
cmake --build "$bench"
cargo build --locked --quiet --release --manifest-path benches/models/Cargo.toml --target-dir "$bench/models"

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
samples=$bench/samples.jsonl
rm -f "$samples"
"$bench/bench" "${quick[@]}" "$samples" "$data"
scripts/bench_instructions.sh "$bench" "$samples"
"$bench/models/release/joinly-bench-models" "${quick[@]}" "$samples" "$data"
JOINLY_STORAGE_LIBRARY=$library PYTHONPATH=bindings/python \
  "$bench/venv/bin/python" benches/python/bench.py "${quick[@]}" --empty "$bench/libempty.so" "$samples" "$data"
python3 benches/report.py "${quick[@]}" "$samples" docs/benchmarks
