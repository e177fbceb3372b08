#!/usr/bin/env bash
# Brings up a local network on the reference's ports: a validator, a sequencer, a full node, a prover of
# transactions, the network transaction builder, and a monitor that shows all of it. Clients talk to the
# full node. The data directory survives a restart; remove it for a new chain. Ctrl-C stops everything
# cleanly.
set -euo pipefail
programs=$1
data=$2
sequencer_port=${SEQUENCER_PORT:-57291}
rpc_port=${RPC_PORT:-57292}
validator_port=${VALIDATOR_PORT:-50101}
prover_port=${PROVER_PORT:-50051}
ntx_builder_port=${NTX_BUILDER_PORT:-50301}
monitor_port=${MONITOR_PORT:-3000}
# With which the builder's transactions are told from those of users.
network_tx_auth=local-network
# The insecure default key of the reference: this network is for one machine.
key=0101010101010101010101010101010101010101010101010101010101010101

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for port in "$rpc_port" "$sequencer_port" "$validator_port" "$prover_port" "$ntx_builder_port" \
  "$monitor_port"; do
  if ! port_is_free "$port"; then
    echo "error: port $port is in use; stop what listens there, or set RPC_PORT, SEQUENCER_PORT," \
      "VALIDATOR_PORT, PROVER_PORT, NTX_BUILDER_PORT and MONITOR_PORT" >&2
    exit 1
  fi
done

mkdir -p "$data"
if [ ! -e "$data/ready" ]; then
  echo "==> making a new chain in $data (accounts and keys: some seconds)"
  rm -rf "$data/validator" "$data/genesis" "$data/accounts" "$data/sequencer" "$data/full" "$data/ntx-builder" \
    "$data/monitor"
  cat > "$data/genesis.toml" <<TOML
version = 1
timestamp = $(date +%s)

[fee_parameters]
verification_base_fee = 0

[[wallet]]
account_type = "public"
assets = [{ symbol = "MIDEN", amount = 1000000000000 }]
TOML
  "$programs/miden-validator" bootstrap --data-directory "$data/validator" \
    --genesis-block-directory "$data/genesis" --accounts-directory "$data/accounts" \
    --genesis-config-file "$data/genesis.toml" --key.hex "$key" | tee "$data/bootstrap.log"
  "$programs/miden-node" bootstrap --data-directory "$data/sequencer" --file "$data/genesis/genesis.dat"
  touch "$data/ready"
fi
# Also in a directory of a network that had none.
if [ ! -e "$data/full" ]; then
  "$programs/miden-node" bootstrap --data-directory "$data/full" --file "$data/genesis/genesis.dat"
fi
if [ ! -e "$data/ntx-builder" ]; then
  "$programs/miden-ntx-builder" bootstrap --data-directory "$data/ntx-builder" --file "$data/genesis/genesis.dat"
fi

pids=()
stop() {
  trap '' INT TERM
  echo "==> stopping"
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  wait
}
trap 'stop; exit 0' INT TERM

# Each in a group of its own, so that Ctrl-C reaches this script alone and the order of stopping is ours.
start() {
  local name=$1
  shift
  setsid "$@" > >(sed -u "s/^/[$name] /") 2>&1 &
  pids=("$!" "${pids[@]}")
}
wait_for() {
  for _ in $(seq 300); do
    port_is_free "$1" || return 0
    kill -0 "${pids[0]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "error: nothing listens on port $1; see the log above" >&2
  stop
  exit 1
}

start validator "$programs/miden-validator" start --listen "127.0.0.1:$validator_port" \
  --data-directory "$data/validator" --key.hex "$key"
wait_for "$validator_port"
start sequencer "$programs/miden-node" sequencer --data-directory "$data/sequencer" \
  --rpc.listen "127.0.0.1:$sequencer_port" --validator.url "http://127.0.0.1:$validator_port" \
  --ntx-builder.url "http://127.0.0.1:$ntx_builder_port" \
  --rpc.network-tx-auth-header-value "$network_tx_auth"
wait_for "$sequencer_port"
start full-node "$programs/miden-node" full --data-directory "$data/full" \
  --rpc.listen "127.0.0.1:$rpc_port" --sync.block-source.url "http://127.0.0.1:$sequencer_port"
wait_for "$rpc_port"
start prover "$programs/miden-remote-prover" --kind transaction --listen "127.0.0.1:$prover_port" --capacity 4
wait_for "$prover_port"
start ntx-builder "$programs/miden-ntx-builder" start --data-directory "$data/ntx-builder" \
  --listen "127.0.0.1:$ntx_builder_port" --rpc.url "http://127.0.0.1:$sequencer_port" \
  --rpc.auth-header-value "$network_tx_auth" --tx-prover.url "http://127.0.0.1:$prover_port"
wait_for "$ntx_builder_port"
# Its own transactions every two minutes: one proof takes all cores of a small machine for seconds.
start monitor "$programs/miden-network-monitor" start --listen "127.0.0.1:$monitor_port" \
  --data-directory "$data/monitor" --network-name Local \
  --rpc-url "http://127.0.0.1:$rpc_port,http://127.0.0.1:$sequencer_port" \
  --validator-url "http://127.0.0.1:$validator_port" --remote-prover-urls "http://127.0.0.1:$prover_port" \
  --counter-increment-interval 2m --remote-prover-test-interval 10m
wait_for "$monitor_port"

id_of() { sed -n "s/.*genesis account.* id=\(0x[0-9a-f]*\) file=$1.*/\1/p" "$data/bootstrap.log"; }
wallet=$(id_of wallet_0.mac)
faucet=$(id_of faucet_miden.mac)
cat <<TEXT

The network is up: http://127.0.0.1:$monitor_port shows it.
  RPC        http://127.0.0.1:$rpc_port  (full node)
  sequencer  http://127.0.0.1:$sequencer_port
  validator  http://127.0.0.1:$validator_port
  prover     http://127.0.0.1:$prover_port  (of transactions)
  builder    http://127.0.0.1:$ntx_builder_port  (of network transactions)
  data       $data
  wallet     $wallet  holds 1000000 MIDEN, its key is in accounts/wallet_0.mac

A first transaction, in an empty folder, with the reference's client
(cargo install miden-client-cli --version 0.15.5 --locked):
  miden-client init --local --network http://127.0.0.1:$rpc_port
  miden-client import $data/accounts/wallet_0.mac && miden-client sync
  miden-client send -s $wallet -t $wallet -a 100::$faucet -n public --force

Ctrl-C stops it.

TEXT
# Ends with the first program that ends, since they belong together.
wait -n || true
echo "error: a program ended; stopping the rest" >&2
stop
exit 1
