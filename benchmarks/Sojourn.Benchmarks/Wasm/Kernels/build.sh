#!/usr/bin/env bash
# Builds kernels.wasm from kernels.c with Debian's clang-14; the result is committed, so that measuring needs no compiler.
set -eu
cd "$(dirname "$0")"
clang-14 --target=wasm32 -O2 -msimd128 -mbulk-memory -nostdlib -fno-vectorize -fno-slp-vectorize -Wl,--no-entry -Wl,-z,stack-size=65536 -Wl,--strip-debug -o kernels.wasm kernels.c
