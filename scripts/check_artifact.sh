#!/usr/bin/env bash
# Asserts what users link against: usage: check_artifact.sh [--write] RELEASE_LIBRARY DEBUG_LIBRARY
# With --write, records the present ABI as the baseline instead of comparing with it.
set -euo pipefail
cd "$(dirname "$0")/.."
write=no
if [ "$1" = --write ]; then write=yes; shift; fi
library=$1 debug=$2
fail() { echo "check_artifact: $*" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Only joinly_* is exported, and exactly what the header declares.
nm -D --defined-only "$library" | awk '{print $3}' | sort > "$scratch/exported"
others=$(grep -v '^joinly_' "$scratch/exported" || true)
[ -z "$others" ] || fail "exports more than joinly_*: $others"
grep -oE '\bjoinly_[a-z0-9_]+\(' include/joinly_storage.h | tr -d '(' | sort -u > "$scratch/declared"
comm -3 "$scratch/exported" "$scratch/declared" > "$scratch/difference"
[ ! -s "$scratch/difference" ] || fail "header and library disagree on: $(tr -s '\n\t' ' ' < "$scratch/difference")"

dynamic=$(readelf -dW "$library")
grep -q 'SONAME.*\[libjoinly_storage\.so\.1\]' <<< "$dynamic" || fail "SONAME is not libjoinly_storage.so.1"
grep -q 'FLAGS_1.*NODELETE' <<< "$dynamic" || fail "not linked with -z nodelete"
grep -q 'TEXTREL' <<< "$dynamic" && fail "has text relocations"
! grep -qE 'R(UN)?PATH' <<< "$dynamic" || fail "has a run path"

# The textual signatures, since abidiff misses a change in a struct that only a callback takes.
{ grep -E '^#define JOINLY_[A-Z_]+ ' include/joinly_storage.h
  sed '/^#include/d' include/joinly_storage.h | cc -E -P -x c -; } > "$scratch/signatures"
# abidw reads types from debug information.
abidw --no-show-locs --no-architecture --out-file "$scratch/full" "$debug"
python3 scripts/public_abi.py < "$scratch/full" > "$scratch/abi"

if [ "$write" = yes ]; then
  cp "$scratch/signatures" tests/abi/signatures.txt
  cp "$scratch/abi" tests/abi/joinly_storage.abi
  exit 0
fi
diff -u tests/abi/signatures.txt "$scratch/signatures" ||
  fail "the declarations changed; if every old one is still there, record them with: make abi-baseline"
abidiff --no-show-locs tests/abi/joinly_storage.abi "$scratch/abi" ||
  fail "the ABI changed; if it only grew, record it with: make abi-baseline"
echo "artifact: $(wc -l < "$scratch/exported") functions exported, SONAME, nodelete and ABI as recorded"
