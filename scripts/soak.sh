#!/usr/bin/env bash
# The long runs: kills and coherence. JOINLY_KILLS (10000) and JOINLY_COHERENCE_MS (600000) say how long; the result is
# appended to docs/soak.md.
set -euo pipefail
cd "$(dirname "$0")/.."
export JOINLY_KILLS=${JOINLY_KILLS:-10000} JOINLY_COHERENCE_MS=${JOINLY_COHERENCE_MS:-600000}
start=$SECONDS
result=passed
cargo test --locked --release --test suite processes:: -- --test-threads=1 || result=FAILED
[ -e docs/soak.md ] || printf '# Soak runs\n\nWhat `make soak` recorded.\n\n| date | version | kills | coherence under disturbance | time | result |\n|---|---|---|---|---|---|\n' > docs/soak.md
printf '| %s | %s | %s | %s s | %s s | %s |\n' "$(date -u +%F)" "$(git describe --always --dirty)" "$JOINLY_KILLS" \
  "$((JOINLY_COHERENCE_MS / 1000))" "$((SECONDS - start))" "$result" >> docs/soak.md
[ "$result" = passed ]
