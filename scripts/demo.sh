#!/usr/bin/env bash
# The main job on real input: usage: demo.sh BUILD_FOLDER
# (a) imports Debian's package index, (b) lets a C++ game server, a Python matchmaker and hundreds of simulated players in
# three processes share the same file, (c) backs it up, copies it into a folder of JSON Lines and restores it.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/$1/examples
joinly=$PWD/$1/bin/joinly
export JOINLY_STORAGE_LIBRARY=$PWD/$1/lib/libjoinly_storage.so PYTHONPATH=$PWD/bindings/python PYTHONUNBUFFERED=1
clients=$PWD/examples/python
results=$PWD/$1
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$scratch"' EXIT
cd "$scratch"

# The package index of the machine's own sources, fetched into the scratch folder: no root needed, nothing else touched.
index=$(find /var/lib/apt/lists -name '*_main_binary-*_Packages*' -size +1M 2>/dev/null | head -n 1)
if [ -n "$index" ] && command -v apt-cache >/dev/null; then
  apt-cache dumpavail > index
else
  command -v apt-get >/dev/null || { echo "demo: needs a Debian or Ubuntu machine for its package index" >&2; exit 1; }
  mkdir -p apt/lists/partial apt/cache/archives/partial
  touch apt/status
  private=(-o "Dir::State=$PWD/apt" -o "Dir::State::status=$PWD/apt/status" -o "Dir::Cache=$PWD/apt/cache")
  echo "Fetching Debian's package index..."
  apt-get -qq "${private[@]}" update
  apt-cache "${private[@]}" dumpavail > index
fi
records=$(grep -c '^Package: ' index)
[ "$records" -ge 50000 ] || { echo "demo: the package index has only $records records" >&2; exit 1; }

echo "== Importing $records packages =="
"$programs/import_packages" game.db index

echo
echo "== An arena on the same file: a C++ game server, a Python matchmaker, 300 simulated players in three processes =="
prefixed() { sed -u "s/^/[$1] /"; }
"$programs/arena_server" game.db 12 2>&1 | prefixed server &
running=($!)
python3 "$clients/arena_matchmaker.py" game.db 11 2>&1 | prefixed matchmaker &
running+=($!)
for name in ann bob cid; do
  python3 "$clients/arena_players.py" game.db "$name" 100 10 2>&1 | prefixed "$name" &
  running+=($!)
done
python3 "$clients/arena_view.py" game.db 10 "$results/arena.svg"
wait "${running[@]}"

echo
echo "== Afterwards, with the command-line tool =="
run() { echo "\$ joinly $*"; "$joinly" "$@"; }
run sql game.db "SELECT rank, player, score FROM leaderboard WHERE board = 'arena' AND current ORDER BY rank LIMIT 5"
run backup game.db backups
run migrate game.db jsonl:moved --copy
run verify jsonl:moved
wc -l moved/data/kv.records
run restore backups restored.db
run stats restored.db
