#!/usr/bin/env bash
# Installs programs of the reference, which ours are compared with, into a folder:
#   install_reference.sh FOLDER PROGRAM…
# Some compile RocksDB (C++, and clang's library for its bindings) and all the whole Miden stack:
# half an hour or more on two cores.
set -euo pipefail
version=0.15.2
root=$1
shift
# Beyond scripts/install_dependencies.sh: what librocksdb-sys needs.
packages=(libclang-dev)

# Cargo's own record: not each of them knows --version.
has_version() {
  [ -x "$root/bin/$1" ] && grep -qF "\"$1 $version " "$root/.crates.toml" 2>/dev/null
}

missing=()
for program in "$@"; do
  has_version "$program" || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# Any libclang does, also one that did not come from Debian.
if ! grep -qE 'libclang(-[0-9]+)?\.so' <<< "$(ldconfig -p)"; then
  echo "==> the reference's RocksDB needs: ${packages[*]}"
  if [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
  else
    echo "error: install them once: sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
fi

# The build folder is kept until all are there, so that an interrupted build goes on.
export CARGO_TARGET_DIR="$root/build"
for program in "${missing[@]}"; do
  echo "==> building the reference's $program $version into $root (half an hour or more the first time)"
  cargo install "$program" --version "$version" --locked --root "$root" --force
done
rm -rf "$CARGO_TARGET_DIR"
