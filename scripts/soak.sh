#!/usr/bin/env bash
# The long runs: kills and coherence. JOINLY_KILLS (10000) and JOINLY_COHERENCE_MS (600000) say how long; the result is
# appended to docs/soak.md.
set -euo pipefail
cd "$(dirname "$0")/.."
export JOINLY_KILLS=${JOINLY_KILLS:-10000} JOINLY_COHERENCE_MS=${JOINLY_COHERENCE_MS:-600000}
record=docs/soak.md
version=$(git describe --always --dirty)
start=$SECONDS
result=passed
cargo test --locked --release --test suite processes:: -- --test-threads=1 || result=FAILED
mkdir -p docs
[ -e "$record" ] || cat > "$record" <<'HEAD'
# Soak runs

What `make soak` recorded: all suites of processes, with so many writers killed by `kill -9` in each mode of writing
(through and behind), and so many seconds in which no reader of three processes may see a stale value while others
checkpoint, rewrite the file, write by plain SQL and die in the middle of a commit.

| date | version | kills per mode | coherence | time in all | result |
|---|---|---|---|---|---|
HEAD
printf '| %s | %s | %s | %s s | %s s | %s |\n' "$(date -u +%F)" "$version" "$JOINLY_KILLS" \
  "$((JOINLY_COHERENCE_MS / 1000))" "$((SECONDS - start))" "$result" >> "$record"
[ "$result" = passed ]
