#!/usr/bin/env python3
"""Snapshots of running nodes, and nodes that start from them.

A network makes blocks with transactions of the reference's client in them. Meanwhile its sequencer is
copied, again and again; copying is killed, and the sequencer while it is copied; full nodes start from
the copies and follow. At the end every node holds the same chain, and it verifies from genesis.
"""

import argparse
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from full_node import FullNode, miden_node, tip_of
from network import Client, Network, expect, step, until

SEED = 20251
FAUCET = """\
[fungible-faucet-metadata]
symbol = "BTC"
decimals = 10
max_supply = 10000000
"""
class Load(threading.Thread):
    """Sends transactions until it is stopped, also while the sequencer is sometimes away."""

    def __init__(self, client: Client, wallet: str, faucet: str):
        super().__init__()
        self.client, self.wallet, self.faucet = client, wallet, faucet
        self.stopping = threading.Event()
        self.sent, self.failures = 0, []

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.client("mint", "-t", self.wallet, "-a", f"1::{self.faucet}", "-n", "public", "--force")
                self.sent += 1
                self.client("sync")
            except AssertionError as failure:
                self.failures.append(str(failure))
                time.sleep(0.5)

    def has_sent(self, count: int) -> None:
        until(f"{count} transactions were sent; {self.failures}", lambda: self.sent >= count, 300)

    def end(self) -> None:
        self.stopping.set()
        self.join()
        step(f"{self.sent} transactions were sent meanwhile, {len(self.failures)} attempts failed")


def create(programs: Path, snapshot: Path, data: Path) -> dict[str, str]:
    """What the program says of the snapshot."""
    printed = miden_node(programs, "snapshot", "create", snapshot, "--data-directory", data)
    return dict(re.findall(r"(\w+)=\"?([^\" ]+)", printed.splitlines()[-1]))


def refused(programs: Path, *arguments, status: int = 1) -> str:
    """The one line with which the command ends."""
    done = subprocess.run([str(programs / "miden-node"), *map(str, arguments)], capture_output=True, text=True,
                          timeout=120)
    lines = done.stderr.splitlines()
    expect(done.returncode == status and len(lines) == 1 and lines[0].startswith("Error: "),
           f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return lines[0]


class World:
    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.network = Network(programs, folder / "network", block_interval="300ms",
                               batch_interval="100ms")
        self.data = self.network.folder / "node"
        self.genesis_file = self.network.folder / "genesis" / "genesis.dat"
        self.nodes: list[FullNode] = []
        self.genesis = ""

    def snapshot(self, name: str, data: Path | None = None) -> tuple[Path, dict[str, str]]:
        place = self.folder / name
        return place, create(self.programs, place, data or self.data)

    def node(self, name: str, source: str, *options) -> FullNode:
        """Bootstrapped with the options and started."""
        node = FullNode(self.programs, self.folder, name, source)
        miden_node(self.programs, "bootstrap", "--data-directory", node.data, *options)
        self.nodes.append(node)
        node.start()
        return node

    def catches_up(self, node: FullNode) -> None:
        tip = tip_of(self.network.sequencer)
        until(f"{node.data.name} follows to block {tip}", lambda: tip_of(node) >= tip)

    def logs(self) -> str:
        return self.network.logs() + "".join(f"\n--- {n.log.name}\n{n.tail(25)}\n" for n in self.nodes)

    def stop(self) -> None:
        for program in self.nodes:
            if program.running():
                program.kill()
        self.network.stop()


def live(world: World, client_program: str) -> None:
    network, programs, folder = world.network, world.programs, world.folder
    network.start()
    world.genesis = re.search(r"genesis=(0x[0-9a-f]{64})", network.sequencer.log.read_text()).group(1)
    client = Client(client_program, folder / "client", network.url)
    client("sync")
    (client.folder / "faucet.toml").write_text(FAUCET)
    faucet = client.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet", "-i", "faucet.toml")
    wallet = client.new_account("new-wallet", "-t", "public")
    step(f"faucet {faucet} mints for wallet {wallet} while the sequencer is copied")
    load = Load(client, wallet, faucet)
    load.start()
    try:
        load.has_sent(1)
        copies(world)
        killed_copies(world)
        refusals(world)
        load.has_sent(3)
    finally:
        load.end()
    at_rest(world)
    compare(world)


def copies(world: World) -> None:
    step("copy the running sequencer three times")
    tips = []
    for number in range(3):
        before = tip_of(world.network.sequencer)
        began = time.monotonic()
        _, said = world.snapshot(f"snapshot-{number}")
        step(f"block {said['tip']}, {said['bytes']} bytes, {said['ms']} ms; {time.monotonic() - began:.2f} s with the "
             "start of the program")
        expect(int(said["tip"]) >= before, f"block {said['tip']} was copied after block {before}")
        expect(not (world.data / "checkpoint").exists() or until(
            "the checkpoint goes", lambda: not (world.data / "checkpoint").exists()), "")
        tips.append(int(said["tip"]))
        until("a block more", lambda: tip_of(world.network.sequencer) > tips[-1])
    expect(tips == sorted(set(tips)), f"the copies are of blocks {tips}")

    step("nodes start from them: by the genesis commitment, by the file, with every block applied again")
    for number, options in enumerate((["--genesis", world.genesis], ["--file", world.genesis_file],
                                      ["--genesis", world.genesis, "--verify", "full"])):
        node = world.node(f"node-{number}", world.network.url, "--snapshot", world.folder / f"snapshot-{number}",
                          *options)
        expect(node.started_at() == tips[number], f"node {number} started at block {node.started_at()}")
        world.catches_up(node)

    step("a full node is copied, and another one follows the copied one")
    place, said = world.snapshot("snapshot-of-full", world.nodes[0].data)
    follower = world.node("follower", world.nodes[0].url, "--snapshot", place, "--genesis", world.genesis)
    expect(follower.started_at() == int(said["tip"]), "the follower starts where the copied node was")
    world.catches_up(follower)


def killed_copies(world: World) -> None:
    step(f"kill copying at random moments (seed {SEED}): a copy is whole or is not there")
    generator = random.Random(SEED)
    whole = 0
    for number in range(12):
        place = world.folder / f"killed-{number}"
        with subprocess.Popen([world.programs / "miden-node", "snapshot", "create", place, "--data-directory",
                               world.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as copying:
            time.sleep(generator.uniform(0, 0.3))
            copying.send_signal(signal.SIGKILL)
        until("the checkpoint goes", lambda: not (world.data / "checkpoint").exists())
        whole += whole_or_absent(world, place)
    step(f"{whole} of 12 were whole")

    step("kill the sequencer while it is copied")
    for number in range(4):
        place = world.folder / f"killed-with-{number}"
        with subprocess.Popen([world.programs / "miden-node", "snapshot", "create", place, "--data-directory",
                               world.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as copying:
            time.sleep(generator.uniform(0, 0.2))
            world.network.sequencer.kill()
            copying.wait(60)
        whole_or_absent(world, place)
        world.network.sequencer.start()
        expect(not (world.data / "checkpoint").exists(), "a restarted node removes what was left")


def whole_or_absent(world: World, place: Path) -> bool:
    """Whether it is whole; fails if it is half."""
    if not place.exists():
        return False
    data = world.folder / "from-killed"
    miden_node(world.programs, "bootstrap", "--data-directory", data, "--snapshot", place, "--genesis", world.genesis)
    shutil.rmtree(data)
    return True


def refusals(world: World) -> None:
    step("damaged snapshots, another genesis block, taken places: one line, and nothing is left")
    data = world.folder / "refused"

    def bootstrap(place: Path, *options, status: int = 1) -> str:
        line = refused(world.programs, "bootstrap", "--data-directory", data, "--snapshot", place, *options,
                       status=status)
        expect(not data.exists(), f"{line} left {data}")
        return line

    place = world.folder / "snapshot-0"
    line = bootstrap(place, "--genesis", "0x" + "11" * 8 + "00" * 24)
    expect("network with genesis block" in line, line)
    for file in sorted((place / "store").iterdir()):
        damaged = world.folder / "damaged"
        shutil.copytree(place, damaged)
        (damaged / "store" / file.name).unlink()
        line = bootstrap(damaged, "--genesis", world.genesis)
        expect(file.name in line and "missing" in line, line)
        content = bytearray(file.read_bytes())
        if content:
            content[len(content) // 2] ^= 1
            (damaged / "store" / file.name).write_bytes(content)
            line = bootstrap(damaged, "--genesis", world.genesis)
            expect(file.name in line and "checksum" in line, line)
        shutil.rmtree(damaged)
    expect("no snapshot" in bootstrap(world.data, "--genesis", world.genesis), "a data directory is no snapshot")
    bootstrap(place, status=2)
    bootstrap(place, "--genesis", "0x12", status=2)
    bootstrap(place, "--genesis", world.genesis, "--file", world.genesis_file, status=2)
    refused(world.programs, "bootstrap", "--data-directory", data, "--genesis", world.genesis, status=2)
    refused(world.programs, "bootstrap", "--data-directory", data, "--file", world.genesis_file, "--verify", "full",
            status=2)
    expect(not data.exists(), "a wrong command line made a data directory")

    for taken in (place, world.data / "inside", world.folder / "nowhere" / "snapshot"):
        refused(world.programs, "snapshot", "create", taken, "--data-directory", world.data)
    refused(world.programs, "snapshot", "create", world.folder / "new", "--data-directory", world.folder / "nowhere")
    refused(world.programs, "snapshot", status=2)


def at_rest(world: World) -> None:
    step("stop the sequencer, copy it at rest; a node from that copy follows the sequencer when it is back")
    expect(world.network.sequencer.stop() == 0, "the sequencer's status after SIGTERM")
    place, said = world.snapshot("snapshot-at-rest")
    expect(int(said["tip"]) == tip_of(world.network.sequencer), "the copy is of the tip")
    world.network.sequencer.start()
    node = world.node("node-at-rest", world.network.url, "--snapshot", place, "--genesis", world.genesis)
    before = tip_of(world.network.sequencer)
    until("three more blocks", lambda: tip_of(world.network.sequencer) >= before + 3)
    for each in (*world.nodes, node):
        world.catches_up(each)


def compare(world: World) -> None:
    step("stop everything; each chain verifies from genesis")
    tip = tip_of(world.network.sequencer)
    for node in world.nodes:
        expect(node.stop() == 0, f"{node.data.name} ended in order")
    expect(world.network.sequencer.stop() == 0, "the sequencer ended in order")
    for data in (world.data, *(node.data for node in world.nodes)):
        verified = subprocess.run([world.programs / "verify_chain", data, world.genesis_file], capture_output=True,
                                  text=True)
        expect(verified.returncode == 0, f"{data}: {verified.stdout}{verified.stderr}")
        step(f"{data.name}: {verified.stdout.strip()}")
        expect(int(verified.stdout.split()[0]) > tip - 3, f"{data.name} is behind block {tip}")
        expect(int(re.search(r"(\d+) transactions", verified.stdout).group(1)) > 0, "no transactions in the chain")


def main(programs: Path, client_program: str, folder: Path) -> None:
    world = World(programs, folder)
    try:
        live(world, client_program)
    except Exception:
        print(world.logs(), flush=True)
        raise
    finally:
        world.stop()
    step("passed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-snapshot-") as temporary:
        main(options.programs.resolve(), options.client, Path(temporary))
