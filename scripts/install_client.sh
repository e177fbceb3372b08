#!/usr/bin/env bash
# Installs the reference's command line client, which the end-to-end test drives, into the folder named.
set -euo pipefail
version=0.15.5
root=$1

if [ "$("$root/bin/miden-client" --version 2>/dev/null | grep -o '[0-9.]*$' || true)" = "$version" ]; then
  exit 0
fi
echo "==> building the reference client (miden-client-cli $version) into $root; this takes some minutes"
cargo install miden-client-cli --version "$version" --locked --root "$root" --force
