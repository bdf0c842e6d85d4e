#!/usr/bin/env bash
# Installs what building and testing need and is not there yet: Debian packages (as root; else it says which are missing) and
# the Python tools, pinned, in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
  PATH="$HOME/.cargo/bin:$PATH"
fi
if ! command -v cargo >/dev/null; then
  echo "setup: Rust is missing: install it with rustup (https://rustup.rs), version 1.89 or later" >&2
  exit 1
fi

# command or file that shows it is there, and the package that brings it
needs=(
  cc:gcc c++:g++ cmake:cmake ninja:ninja-build pkg-config:pkg-config python3:python3 nm:binutils abidiff:abigail-tools
  clang-format:clang-format clang-tidy:clang-tidy strace:strace setpriv:util-linux
)
missing=()
for need in "${needs[@]}"; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need#*:}")
done
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)

# The engine leveldb: loads it.
python3 -c 'import ctypes; ctypes.CDLL("libleveldb.so.1d")' 2>/dev/null || missing+=(libleveldb1d)

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup: missing: ${missing[*]} (on Debian or Ubuntu: apt-get install ${missing[*]})" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

requirements=bindings/python/requirements-dev.txt
if ! cmp -s "$requirements" .venv/requirements-dev.txt; then
  python3 -m venv --clear .venv
  .venv/bin/pip install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" .venv/requirements-dev.txt
fi
