#!/usr/bin/env bash
# Measures beside peers, in one run: usage: bench.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/$1
if ! echo '#include <lmdb.h>' | c++ -E -x c++ - >/dev/null 2>&1; then
  [ "$(id -u)" -eq 0 ] || { echo "bench: missing: liblmdb-dev" >&2; exit 1; }
  apt-get install -y -qq --no-install-recommends liblmdb-dev >/dev/null
fi
c++ -O2 -std=c++17 -Iinclude benches/hot_get.cpp -o "$build/hot_get" -L"$build/lib" -ljoinly_storage -llmdb \
  -Wl,-rpath,"$build/lib"
"$build/hot_get"
.venv/bin/pip install -q --disable-pip-version-check -r benches/requirements.txt
JOINLY_STORAGE_LIBRARY=$build/lib/libjoinly_storage.so PYTHONPATH=bindings/python .venv/bin/python benches/hot_get.py
