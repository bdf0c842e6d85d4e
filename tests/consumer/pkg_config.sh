#!/bin/sh
# Builds and runs the consumers with the flags of pkg-config: pkg_config.sh CC CXX LIBDIR VERSION
set -eu
cc=$1 cxx=$2 libdir=$3 version=$4
here=$(dirname "$0")

PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH
pkg-config --exact-version="$version" joinly_storage
flags=$(pkg-config --cflags --libs joinly_storage)

# shellcheck disable=SC2086 # the flags are words
"$cc" "$here/main.c" -o consumer_c $flags
# shellcheck disable=SC2086
"$cxx" -std=c++17 "$here/main.cpp" -o consumer_cpp $flags

LD_LIBRARY_PATH=$libdir
export LD_LIBRARY_PATH
./consumer_c
./consumer_cpp

# The program asks for the SONAME, which leads to the real file.
test -L "$libdir/libjoinly_storage.so"
test "$(readlink "$libdir/libjoinly_storage.so")" = "libjoinly_storage.so.${version%%.*}"
test "$(readlink "$libdir/libjoinly_storage.so.${version%%.*}")" = "libjoinly_storage.so.$version"
