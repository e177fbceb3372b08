#!/usr/bin/env python3
"""Remote provers at work: the reference's unmodified client delegates its proofs, a sequencer
delegates batches and blocks.

A batch prover and the block prover are killed in the middle: everything accepted is committed, every
block is proven once the block prover is back. A prover that is told to stop while it proves ends in
time. Of three provers behind HAProxy one is killed while it proves: every proof arrives. What an
operator can get wrong is answered by one line.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from client_life_test import FAUCET, GENESIS, check, balance
from network import Client, Network, Program, free_port, note_of, step, until

BALANCER = Path(__file__).resolve().parents[2] / "deploy" / "haproxy" / "provers.cfg"
# On a loaded machine a proof of a transaction takes a minute.
PROOF_TIMEOUT_S = 300


class Prover(Program):
    def __init__(self, programs: Path, folder: Path, name: str, kind: str, *options: str):
        port = free_port()
        super().__init__([str(programs / "miden-remote-prover"), "--kind", kind, "--listen",
                          f"127.0.0.1:{port}", "--timeout", f"{PROOF_TIMEOUT_S}s", *options],
                         folder / f"{name}.log", port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, event: str) -> int:
        """How often the log says so."""
        if not self.log.exists():
            return 0
        return len(re.findall(event, self.log.read_text(errors="replace")))

    def proofs(self) -> int:
        return self.count("proof made")


def highest_proven(network: Network) -> int:
    found = re.findall(r"block proven block=(\d+)", network.sequencer.log.read_text())
    return max(map(int, found), default=0)


def highest_block(network: Network) -> int:
    found = re.findall(r"block committed .*?block[a-z_.]*=(\d+)", network.sequencer.log.read_text())
    return max(map(int, found), default=0)


def run(programs: Path, client_program: str, inputs: Path, folder: Path) -> None:
    mistakes(programs)
    # The provers' and the sequencer's logs tell what happened.
    os.environ["MIDEN_STDOUT_FILTER"] = "debug"
    transactions = Prover(programs, folder, "transactions", "transaction", "--capacity", "2")
    batches = [Prover(programs, folder, f"batches-{name}", "batch", "--capacity", "4") for name in "ab"]
    blocks = Prover(programs, folder, "blocks", "block", "--capacity", "8")
    provers = [transactions, *batches, blocks]
    step("start a prover of transactions, two of batches and one of blocks, and a network")
    network = Network(programs, folder / "network", GENESIS, sequencer_options=(
        "--batch-prover.url", batches[0].url, "--batch-prover.url", batches[1].url,
        "--block-prover.url", blocks.url, "--block-prover.timeout", "30s"))
    try:
        for prover in provers:
            prover.start()
        network.start()
        delegate(network, client_program, folder, transactions, batches, blocks)
        network.stop()
        balance_load(programs, folder, inputs)
    except Exception:
        print(network.logs(), *(f"\n--- {p.log.name}\n{p.tail(20)}" for p in provers if p.log.exists()),
              flush=True)
        raise
    finally:
        network.stop()
        for prover in provers:
            if prover.running():
                prover.kill()


def delegate(network: Network, client_program: str, folder: Path, transactions: Prover,
             batches: list[Prover], blocks: Prover) -> None:
    alice = Client(client_program, folder / "alice", network.url, "--remote-prover-endpoint",
                   transactions.url, "--remote-prover-timeout-ms", str(PROOF_TIMEOUT_S * 1000))
    alice("sync")
    (alice.folder / "faucet.toml").write_text(FAUCET)
    faucet = alice.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet", "-i", "faucet.toml")
    wallet = alice.new_account("new-wallet", "-t", "public")

    step("mint with a delegated proof")
    minted = note_of(alice("mint", "-t", wallet, "-a", f"1000::{faucet}", "-n", "public", "--force",
                           "--delegate-proving", timeout_s=PROOF_TIMEOUT_S))
    check(transactions.proofs(), 1, "proofs made of transactions")
    until("the mint is committed", lambda: alice.all_committed(1))
    if sum(prover.proofs() for prover in batches) == 0:
        raise AssertionError("no batch was proven by the remote provers")
    until("a block is proven", lambda: highest_proven(network) > 0)

    step("kill the batch prover that proved last and the block prover; consume with a delegated proof")
    last = max(batches, key=lambda prover: prover.log.stat().st_mtime)
    other = batches[1 - batches.index(last)]
    proven_by_other = other.proofs()
    last.kill()
    blocks.kill()
    proven_before = highest_proven(network)
    alice("consume-notes", "-a", wallet, minted, "--force", "--delegate-proving",
          timeout_s=PROOF_TIMEOUT_S)
    check(transactions.proofs(), 2, "proofs made of transactions")
    until("the consumption is committed", lambda: alice.all_committed(2))
    check(balance(alice, wallet, faucet), 1000, "the wallet's balance")
    if other.proofs() == proven_by_other:
        raise AssertionError("the batch was not proven by the prover that is left")
    if highest_proven(network) > proven_before + 1:
        raise AssertionError("blocks are proven although their prover is gone")
    if not network.sequencer.running():
        raise AssertionError("the sequencer ended when its block prover did")

    step("start the block prover again: every block is proven")
    tip = highest_block(network)
    blocks.start()
    until(f"block {tip} is proven", lambda: highest_proven(network) >= tip)

    step("stop the transaction prover while it proves")
    begun = transactions.count("proof begun")
    with subprocess.Popen([client_program, "send", "-s", wallet, "-t", wallet, "-a", f"1::{faucet}",
                           "-n", "public", "--force", "--delegate-proving"], cwd=alice.folder,
                          env=os.environ | {"HOME": str(alice.folder)}, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as client:
        until("the proof is begun", lambda: transactions.count("proof begun") > begun)
        started = time.monotonic()
        check(transactions.stop(timeout_s=30), 0, "exit status of the prover")
        step(f"it ended after {time.monotonic() - started:.1f} s")
        client.wait(PROOF_TIMEOUT_S)

    step("without its prover the client says so; with it, the send goes through")
    failed = subprocess.run([client_program, "send", "-s", wallet, "-t", wallet, "-a", f"1::{faucet}",
                             "-n", "public", "--force", "--delegate-proving"], cwd=alice.folder,
                            env=os.environ | {"HOME": str(alice.folder)}, capture_output=True)
    if failed.returncode == 0:
        raise AssertionError("the client proved without a prover")
    transactions.start()
    alice("send", "-s", wallet, "-t", wallet, "-a", f"1::{faucet}", "-n", "public", "--force",
          "--delegate-proving", timeout_s=PROOF_TIMEOUT_S)
    for prover in (transactions, other, blocks):
        check(prover.stop(), 0, f"exit status of {prover.log.name}")


def balance_load(programs: Path, folder: Path, inputs: Path) -> None:
    step("three provers behind HAProxy, one killed while it proves: every proof arrives")
    provers = [Prover(programs, folder, f"worker-{number}", "transaction", "--capacity", "2") for number in (1, 2, 3)]
    port = free_port()
    addresses = {f"PROVER_{number}": f"127.0.0.1:{p.port}" for number, p in enumerate(provers, 1)}
    # Debian keeps it where only root's path leads.
    haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if haproxy is None:
        raise AssertionError("haproxy is missing: apt-get install haproxy")
    balancer = Program([haproxy, "-f", str(BALANCER)], folder / "haproxy.log", port)
    os.environ.update(addresses, PROVER_LISTEN=f"127.0.0.1:{port}")
    try:
        for prover in provers:
            prover.start()
        balancer.start()
        proofs = 5
        with subprocess.Popen([programs / "prover_load", inputs, str(proofs), "3", f"http://127.0.0.1:{port}"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as load:
            until("all three prove", lambda: all(p.count("proof begun") for p in provers), PROOF_TIMEOUT_S)
            provers[1].kill()
            output, _ = load.communicate(timeout=PROOF_TIMEOUT_S)
        if load.returncode != 0:
            raise AssertionError(f"not every proof arrived: {output}\n{balancer.tail()}")
        check(provers[1].proofs(), 0, "proofs of the prover that was killed")
        check(provers[0].proofs() + provers[2].proofs(), proofs, "proofs of the other two")
    finally:
        for program in (*provers, balancer):
            if program.running():
                program.kill()


def mistakes(programs: Path) -> None:
    step("wrong options and a port in use: one line, a status, the end")
    program = str(programs / "miden-remote-prover")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for status, says, options in (
                (2, "--kind", []),
                (2, "--kind", ["--kind", "blocks"]),
                (2, "--capacity", ["--kind", "block", "--capacity", "0"]),
                (2, "--timeout", ["--kind", "block", "--timeout", "soon"]),
                (2, "--port", ["--kind", "block", "--port", "65536"]),
                (2, "--threads", ["--kind", "block", "--threads", "-1"]),
                (2, "--max-cycles", ["--kind", "block", "--max-cycles", "1000"]),
                (2, "--max-request-size", ["--kind", "block", "--max-request-size", "1000000000000"]),
                (1, "address already in use", ["--kind", "block", "--listen", address])):
            done = subprocess.run([program, *options], capture_output=True, text=True, timeout=30)
            lines = done.stderr.splitlines()
            if (done.returncode != status or len(lines) != 1 or not lines[0].startswith("Error: ")
                    or says.lower() not in lines[0].lower()):
                raise AssertionError(f"{options}: expected {status} and '{says}', got "
                                     f"{done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    parser.add_argument("--inputs", type=Path, required=True, help="serialized TransactionInputs")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    options = parser.parse_args()
    if options.keep:
        run(options.programs.resolve(), options.client, options.inputs, options.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="miden-e2e-") as temporary:
            run(options.programs.resolve(), options.client, options.inputs, Path(temporary))
    step("passed")
    sys.exit(0)
