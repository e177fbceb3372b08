#!/usr/bin/env bash
# Measures the C++ code beside the reference crates and prints a table: docs/benchmarks.md.
#
# usage: run.sh BUILD_FOLDER [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/miden-cpp/cargo-target}
export PATH=$HOME/.cargo/bin:$PATH

echo "==> building our half of the benchmark" >&2
cmake --build "$build" --target bench_ours miden-node miden-validator rpc_load make_chain await_tip \
  flood counter_client >&2
echo "==> building the reference's half (minutes the first time)" >&2
cargo build --release --locked -p miden-bench-reference >&2
python3 bench/table.py "$build/bin" "$CARGO_TARGET_DIR/release/miden-bench-reference" \
  "$build/src/engine/fixtures/falcon.proven" "$@"
echo
# The reference's node is there once `make conformance` has installed it.
bench/rpc_load/rpc_load.py --programs "$build/bin" \
  --reference "${CACHE_DIR:-$HOME/.cache/miden-cpp}/reference/bin"
echo
bench/flood/flood.py --programs "$build/bin"
