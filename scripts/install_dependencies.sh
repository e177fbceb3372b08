#!/usr/bin/env bash
# Installs what the build needs and this machine lacks: Debian packages, and a Rust toolchain for the
# engine's first backend. Says what it will do before it does it; does nothing where all is there.
set -euo pipefail

packages=(
  build-essential cmake ninja-build pkg-config ccache mold clang-format curl ca-certificates python3 python3-venv
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  librocksdb-dev libcli11-dev libtomlplusplus-dev libspdlog-dev libfmt-dev
  libsecp256k1-dev libcrypto++-dev libssl-dev libnghttp2-dev libboost-dev libzstd-dev
  libcurl4-openssl-dev nlohmann-json3-dev
  libgtest-dev libgmock-dev libbenchmark-dev haproxy chromium
)
rust_wanted=1.93

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "==> installing Debian packages: ${missing[*]}"
  if [ "$(id -u)" -eq 0 ]; then
    root=()
  elif command -v sudo >/dev/null; then
    echo "    (asking for root)"
    root=(sudo)
  else
    echo "error: run as root once, or install them yourself: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  # The tests start their own balancer; Debian's service, which comes with the package, is not needed.
  if [[ " ${missing[*]} " == *" haproxy "* && -d /run/systemd/system ]]; then
    "${root[@]}" systemctl disable --now --quiet haproxy || true
  fi
fi

rust_is_new_enough() {
  local version
  version=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
  [ -n "$version" ] && [ "$(printf '%s\n' "$rust_wanted" "$version" | sort -V | head -n1)" = "$rust_wanted" ]
}
[ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
if ! rust_is_new_enough; then
  if command -v rustup >/dev/null; then
    echo "==> updating the Rust toolchain (stable, at least $rust_wanted) in ~/.rustup"
    rustup toolchain install stable --profile minimal
    rustup default stable
  else
    echo "==> installing the Rust toolchain (rustup, stable, minimal profile) into ~/.rustup and ~/.cargo"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --no-modify-path
    . "$HOME/.cargo/env"
  fi
  rust_is_new_enough || { echo "error: Rust $rust_wanted or newer is needed; found: $(cargo --version 2>&1)" >&2; exit 1; }
fi
