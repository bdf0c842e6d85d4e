#!/usr/bin/env bash
# Counts the instructions of a hot get under callgrind, which no load of the machine changes:
# usage: bench_instructions.sh BENCH_BUILD_FOLDER [SAMPLES]
set -euo pipefail
cd "$(dirname "$0")/.."
reads=10000
for system in joinly joinly_cache lmdb leveldb rocksdb sqlite_auto rwlock_map; do
  data=$(mktemp -d)
  trap 'rm -rf "$data"' EXIT
  log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no --toggle-collect=bench_counted \
    "$1/bench" --count get_hot "$system" "$data" "$reads" 2>&1) || { echo "$log" >&2; exit 1; }
  rm -rf "$data"
  counted=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$log")
  each=$(((counted + reads / 2) / reads))
  echo "get_hot, $system: $each instructions"
  if [ $# -gt 1 ]; then
    echo "{\"workload\":\"get_hot_instructions\",\"system\":\"$system\",\"language\":\"cpp\"," \
      "\"configuration\":\"callgrind, 1,000 keys\",\"unit\":\"instructions\",\"value\":$each}" >>"$2"
  fi
done
