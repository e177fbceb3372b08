#!/usr/bin/env python3
"""Our node beside the reference's on the same chain: the same questions, the same answers.

The reference's validator and sequencer make a chain that the reference's client fills; then signing
stops, ours takes over a copy of the chain, and both sequencers are compared. Then a random chain of
ours is served to a full node of each, and these are compared.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from network import KEY, Client, Program, free_port, note_of, run, step, until  # noqa: E402

# Idle blocks between what the client does first and second, and after that: together more than the 50
# that history is kept for.
IDLE_BETWEEN, IDLE_AT_END = 45, 20
SIMULATED_BLOCKS = 120
SIMULATED_UNPROVEN = 5
GENESIS = """\
version = 1
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 0

[[fungible_faucet]]
symbol = "GENA"
decimals = 8
max_supply = 2100000000000000
account_type = "public"

[[fungible_faucet]]
symbol = "GENB"
decimals = 0
max_supply = 10

[[wallet]]
account_type = "public"
assets = [{ symbol = "MIDEN", amount = 100000 }, { symbol = "GENA", amount = 5000 }]

[[wallet]]
assets = [{ symbol = "GENB", amount = 10 }]
"""
FAUCET = """\
[fungible-faucet-metadata]
symbol = "%s"
decimals = 10
max_supply = 10000000
"""
SMALL_CACHES = [argument for tree in ("account-tree", "nullifier-tree", "account-state-forest")
                for argument in (f"--store.{tree}.rocksdb.cache-size", "67108864")]
# The reference logs every request otherwise.
os.environ.setdefault("MIDEN_STDOUT_FILTER", "warn")


class Programs:
    """Everything that was started, to be stopped and to be shown when something fails."""

    def __init__(self, folder: Path):
        self.folder, self.started = folder, []

    def start(self, name: str, port: int, *command) -> Program:
        program = Program(list(map(str, command)), self.folder / f"{name}.log", port)
        self.started.append(program)
        program.start(timeout_s=120)
        return program

    def stop(self) -> None:
        for program in reversed(self.started):
            if program.running():
                program.kill()
        self.started = []

    def logs(self) -> str:
        return "".join(f"\n--- {p.log.name}\n{p.tail(40)}\n" for p in self.started if p.log.exists())


def sequencer(node: Path, data: Path, port: int, gate: int, *options) -> list:
    return [node, "sequencer", "--data-directory", data, "--rpc.listen", f"127.0.0.1:{port}",
            "--validator.url", f"http://127.0.0.1:{gate}",
            "--ntx-builder.url", f"http://127.0.0.1:{gate}", *options, *SMALL_CACHES]


class LiveChain:
    """The reference's validator and sequencer, the validator behind a gate that can stop the chain."""

    def __init__(self, ours: Path, reference: Path, folder: Path, programs: Programs,
                 maps: int):
        self.ours, self.folder, self.programs = ours, folder, programs
        folder.mkdir()
        run(ours / "large_accounts", folder, maps)
        config = GENESIS + "".join(f'\n[[account]]\npath = "{file.name}"\n'
                                   for file in sorted(folder.glob("*.mac")))
        (folder / "genesis.toml").write_text(config)
        run(reference / "miden-validator", "bootstrap", "--data-directory", folder / "validator",
            "--genesis-block-directory", folder / "genesis", "--accounts-directory", folder / "accounts",
            "--genesis-config-file", folder / "genesis.toml", "--key.hex", KEY)
        run(reference / "miden-node", "bootstrap", "--data-directory", folder / "node", "--file",
            folder / "genesis" / "genesis.dat")
        validator, self.gate, self.port = free_port(), free_port(), free_port()
        self.set_mode("busy")
        programs.start("reference-validator", validator, reference / "miden-validator", "start",
                       "--listen", f"127.0.0.1:{validator}", "--data-directory", folder / "validator",
                       "--key.hex", KEY)
        programs.start("gate", self.gate, ours / "validator_gate", "--listen", f"127.0.0.1:{self.gate}",
                       "--validator", f"127.0.0.1:{validator}", "--mode-file", folder / "mode",
                       "--keep", folder / "submitted")
        programs.start("reference-sequencer", self.port,
                       *sequencer(reference / "miden-node", folder / "node", self.port, self.gate,
                                  "--block.interval", "500ms", "--batch.interval", "300ms"))

    def set_mode(self, mode: str) -> None:
        # Renamed into place: the gate reads it at any time.
        (self.folder / "mode.new").write_text(mode)
        (self.folder / "mode.new").rename(self.folder / "mode")

    def submitted(self, kind: str) -> Path:
        return self.folder / "submitted" / kind


class Life:
    """What the client does on the chain."""

    def __init__(self, client: Client):
        self.client = client
        self.pending = 0

    def idle(self, chain: LiveChain, blocks: int) -> None:
        last = self.client.height() + blocks
        step(f"idle until block {last}")
        chain.set_mode("pass")
        until(f"block {last}", lambda: self.client.height() >= last)
        chain.set_mode("busy")

    def settle(self) -> None:
        """Until everything submitted is committed."""
        until("all transactions are committed", self.client.all_committed)

    def faucet(self, symbol: str) -> str:
        file = self.client.folder / f"{symbol}.toml"
        file.write_text(FAUCET % symbol)
        return self.client.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet",
                                       "-i", file.name)

    def wallet(self, kind: str) -> str:
        return self.client.new_account("new-wallet", "-t", kind)

    def mint(self, faucet: str, wallet: str, amount: int, kind: str) -> str:
        return note_of(self.client("mint", "-t", wallet, "-a", f"{amount}::{faucet}", "-n", kind, "--force"))

    def send(self, sender: str, target: str, faucet: str, amount: int, kind: str, *options: str) -> str:
        return note_of(self.client("send", "-s", sender, "-t", target, "-a", f"{amount}::{faucet}",
                                   "-n", kind, "--force", *options))

    def consume(self, wallet: str, *notes: str) -> None:
        self.client("consume-notes", "-a", wallet, *notes, "--force")


def live(life: Life, chain: LiveChain) -> None:
    step("accounts: two faucets, two public wallets, a private one")
    bitcoin, ether = life.faucet("BTC"), life.faucet("ETH")
    alice, bob, secret = life.wallet("public"), life.wallet("public"), life.wallet("private")
    life.idle(chain, 2)
    step("mint public and private notes")
    to_alice = [life.mint(bitcoin, alice, 1000, "public"), life.mint(ether, alice, 500, "public")]
    to_secret = life.mint(bitcoin, secret, 300, "private")
    to_bob = life.mint(ether, bob, 7, "public")
    life.settle()
    step("consume them")
    life.consume(alice, *to_alice)
    life.consume(secret, to_secret)
    life.consume(bob, to_bob)
    life.settle()
    life.idle(chain, IDLE_BETWEEN)
    step("send: public, private, with recall and with a time lock; swap; a note for nobody")
    sent = life.send(alice, bob, bitcoin, 100, "public")
    life.send(alice, secret, bitcoin, 10, "private")
    life.send(alice, bob, bitcoin, 11, "public", "--recall-height", "500")
    life.send(alice, bob, ether, 12, "private", "--timelock-height", "500")
    back = life.send(secret, alice, bitcoin, 50, "public")
    life.client("swap", "-s", alice, "-o", f"20::{bitcoin}", "-r", f"5::{ether}", "-n", "public", "--force")
    life.settle()
    step("take some of it; empty a vault")
    life.consume(bob, sent)
    life.consume(alice, back)
    life.settle()
    life.send(bob, alice, ether, 7, "public")
    life.settle()
    shutil.copy(chain.folder / "accounts" / "wallet_0.mac", life.client.folder / "genesis_wallet.mac")
    life.client("import", "genesis_wallet.mac")
    life.idle(chain, IDLE_AT_END)
    step("stop the chain; make transactions that fit its tip")
    chain.set_mode("freeze")
    time.sleep(3)  # the last block's proof
    life.client.height()
    chain.set_mode("capture")
    for what in (lambda: life.mint(bitcoin, bob, 1, "public"), lambda: life.mint(ether, secret, 2, "private"),
                 lambda: life.send(alice, bob, bitcoin, 3, "public"),
                 lambda: life.send(secret, bob, bitcoin, 4, "private")):
        try:
            what()
        except AssertionError as refused:
            if "captured" not in str(refused):
                raise
        else:
            raise AssertionError("the gate let a submission through")
    chain.set_mode("freeze")


def compare(ours: Path, reference_port: int, our_port: int, *options) -> bool:
    done = subprocess.run(list(map(str, [ours / "compare_nodes", "--reference", f"127.0.0.1:{reference_port}",
                                         "--ours", f"127.0.0.1:{our_port}", *options])))
    if done.returncode not in (0, 1):
        raise AssertionError(f"compare_nodes ended with {done.returncode}")
    web = subprocess.run([sys.executable, Path(__file__).resolve().parent / "compare_web.py",
                          "--reference", str(reference_port), "--ours", str(our_port)])
    return done.returncode == 0 and web.returncode == 0


def compare_sequencers(ours: Path, reference: Path, client: str, folder: Path, programs: Programs,
                       maps: int, record: Path | None, seed: list) -> bool:
    step("the reference's validator and sequencer")
    chain = LiveChain(ours, reference, folder / "live", programs, maps)
    live(Life(Client(client, folder / "client", f"http://127.0.0.1:{chain.port}")), chain)
    step("our sequencer with a copy of the chain")
    print(run(ours / "copy_chain", f"127.0.0.1:{chain.port}", folder / "our-node"), end="")
    port = free_port()
    programs.start("our-sequencer", port,
                   *sequencer(ours / "miden-node", folder / "our-node", port, chain.gate,
                              "--block.interval", "1000h", "--batch.interval", "1000h"))
    step("compare the sequencers")
    return compare(ours, chain.port, port, "--submitted", chain.submitted("committed"),
                   "--fresh", chain.submitted("fresh"),
                   *(["--record", record / "sequencer.zst"] if record else []), *seed)


def compare_full_nodes(ours: Path, reference: Path, folder: Path, programs: Programs,
                       submitted: Path | None, seed: list) -> bool:
    step("a random chain of ours, and a full node of each kind that follows it")
    upstream = free_port()
    programs.start("upstream", upstream, ours / "simulated_upstream", "--listen", f"127.0.0.1:{upstream}",
                   "--data", folder / "upstream-node", "--genesis", folder / "simulated.dat",
                   "--blocks", SIMULATED_BLOCKS, "--unproven", SIMULATED_UNPROVEN)
    ports = {}
    for name, node in (("reference", reference / "miden-node"), ("our", ours / "miden-node")):
        data, ports[name] = folder / f"{name}-full-node", free_port()
        run(node, "bootstrap", "--data-directory", data, "--file", folder / "simulated.dat")
        programs.start(f"{name}-full", ports[name], node, "full", "--data-directory", data,
                       "--rpc.listen", f"127.0.0.1:{ports[name]}",
                       "--sync.block-source.url", f"http://127.0.0.1:{upstream}", *SMALL_CACHES)
    step("compare the full nodes")
    return compare(ours, ports["reference"], ports["our"], "--tip", SIMULATED_BLOCKS - 1,
                   "--proven", SIMULATED_BLOCKS - 1 - SIMULATED_UNPROVEN,
                   *(["--submitted", submitted] if submitted else []), *seed)


def main(options) -> bool:
    options.folder.mkdir(parents=True, exist_ok=True)
    programs = Programs(options.folder)
    ours, reference, folder = options.programs.resolve(), options.reference.resolve(), options.folder
    seed = ["--seed", options.seed] if options.seed else []
    equal = []
    try:
        if options.only != "full":
            equal.append(compare_sequencers(ours, reference, options.client, folder, programs,
                                            options.maps, options.record, seed))
        if options.only != "sequencer":
            submitted = folder / "live" / "submitted" / "committed"
            equal.append(compare_full_nodes(ours, reference, folder, programs,
                                            submitted if submitted.exists() else None, seed))
        if options.stay:
            print("".join(f"{p.log.stem}: {p.port}\n" for p in programs.started), end="", flush=True)
            input("press enter to stop everything ")
        return all(equal)
    except Exception:
        print(programs.logs(), flush=True)
        raise
    finally:
        programs.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--reference", type=Path, required=True, help="folder with the reference's")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    parser.add_argument("--record", type=Path, help="write sequencer.zst into this folder")
    parser.add_argument("--maps", type=int, default=4,
                        help="maps of 1000 entries of one account; 61 exceed every limit and take minutes")
    parser.add_argument("--seed", help="of the random questions")
    parser.add_argument("--only", choices=["sequencer", "full"], help="compare only these")
    parser.add_argument("--stay", action="store_true",
                        help="leave everything running afterwards, until enter is pressed")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    options = parser.parse_args()
    if options.keep:
        options.folder = options.keep.resolve()
        equal = main(options)
    else:
        with tempfile.TemporaryDirectory(prefix="miden-conformance-") as temporary:
            options.folder = Path(temporary)
            equal = main(options)
    step("equal but for what docs/differences.md lists" if equal else "they differ: see above")
    sys.exit(0 if equal else 1)
