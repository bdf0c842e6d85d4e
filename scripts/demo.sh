#!/usr/bin/env bash
# The main job on real input: usage: demo.sh BUILD_FOLDER
# (a) imports Debian's package index, (b) lets a C++ server and two Python clients share the same file, (c) shows figures.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$PWD/$1/examples
export JOINLY_STORAGE_LIBRARY=$PWD/$1/lib/libjoinly_storage.so PYTHONPATH=$PWD/bindings/python PYTHONUNBUFFERED=1
clients=$PWD/examples/python
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
echo "== One C++ server and two Python clients on the same file, 5 seconds =="
prefixed() { sed -u "s/^/[$1] /"; }
"$programs/game_server" game.db 5 2>&1 | prefixed server &
server=$!
python3 "$clients/game_client.py" game.db ada 5 2>&1 | prefixed ada &
ada=$!
python3 "$clients/game_client.py" game.db bob 5 2>&1 | prefixed bob &
wait $server $ada $!

echo
echo "== Afterwards =="
python3 - <<'PYTHON'
import os
import joinly_storage

with joinly_storage.open("game.db") as store:
    for _ in range(2):
        store.get_many([b"package:bash", b"package:git", b"package:no-such-package"])
    store.verify()
    stats = store.stats()
    print("counters:  ", {key.decode(): value.decode() for key, value in store.prefix(b"counter:")})
    print(f"cache:      {stats.cache_hits} hits, {stats.cache_misses} misses, {stats.cache_bytes} bytes")
    print(f"file:       {os.path.getsize('game.db') / 2**20:.1f} MiB, verified, at version {stats.version}")
PYTHON
