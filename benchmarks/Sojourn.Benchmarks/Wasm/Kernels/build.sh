#!/usr/bin/env bash
# Builds kernels.wasm and timed.wasm with Debian's clang-14; the results are committed, so that measuring needs no compiler for wasm.
set -eu
cd "$(dirname "$0")"
for program in kernels timed; do
  clang-14 --target=wasm32 -O2 -msimd128 -mbulk-memory -nostdlib -fno-vectorize -fno-slp-vectorize -Wl,--no-entry -Wl,-z,stack-size=65536 -Wl,--strip-debug -o $program.wasm $program.c
done
