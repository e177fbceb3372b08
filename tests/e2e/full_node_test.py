#!/usr/bin/env python3
"""Full nodes: killed while they catch up, chained, promoted; a lost sequencer, recovered.

A chain of some thousand quick blocks is made. A full node catches up with it and is killed with SIGKILL
at random moments: every time its store holds a whole block, at least the last it had, and verifies from
genesis. Then the reference's client lives on the last of a chain of full nodes while the sequencer is
lost, recovered from the validator, and lost again and replaced by a full node. One full node admits transactions itself.
At the end all nodes hold the same blocks and accounts.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from full_node import FullNode, miden_node, tip_of
from network import Client, Network, Program, expect, free_port, step, until

SEED = 20251126
FAUCET = """\
[fungible-faucet-metadata]
symbol = "BTC"
decimals = 10
max_supply = 10000000
"""
# All blocks are compared at the end.
UNLIMITED = ("--rpc.rate-limit.burst-size", "1000000")
class Test:
    def __init__(self, programs: Path, client_program: str, folder: Path):
        self.programs, self.client_program, self.folder = programs, client_program, folder
        self.internal_port = free_port()
        self.network = Network(
            programs, folder / "network", block_interval="1ms",
            sequencer_options=(*UNLIMITED, "--internal.listen", f"127.0.0.1:{self.internal_port}"))
        self.genesis = self.network.folder / "genesis" / "genesis.dat"
        self.validator_url = f"http://127.0.0.1:{self.network.validator_port}"
        self.nodes: list[Program] = []

    def bootstrap(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        miden_node(self.programs, "bootstrap", "--data-directory", directory, "--file", self.genesis)

    def full(self, name: str, source: str, *options: str) -> FullNode:
        node = FullNode(self.programs, self.network.folder, name, source, *options, *UNLIMITED)
        if not node.data.exists():
            self.bootstrap(node.data)
        self.nodes.append(node)
        return node

    def verify(self, directory: Path) -> int:
        """The tip of a store that is checked from genesis, block by block."""
        done = subprocess.run([self.programs / "verify_chain", directory, self.genesis], capture_output=True,
                              text=True)
        expect(done.returncode == 0, f"{directory}: {done.stderr}")
        return int(re.match(r"(\d+) blocks", done.stdout).group(1)) - 1

    def interval(self, interval: str) -> None:
        """From the sequencer's next start on."""
        command = self.network.sequencer.command
        command[command.index("--block.interval") + 1] = interval

    def make_blocks(self, count: int) -> None:
        step(f"make {count} quick blocks")
        self.network.start()
        until(f"{count} blocks", lambda: tip_of(self.network.sequencer) >= count, timeout_s=300)

    def kill_while_catching_up(self, kills: int) -> None:
        rng = random.Random(SEED)
        node = self.full("killed", self.network.url)
        step(f"kill a full node {kills} times while it catches up (seed {SEED})")
        before, in_the_middle = 0, 0
        for _ in range(kills):
            node.start()
            # From before the first block until the whole chain is there.
            time.sleep(rng.uniform(0, 0.6))
            node.kill()
            tip = self.verify(node.data)
            expect(tip >= before, f"block {tip} after a kill, but {before} was there before it")
            if tip >= tip_of(self.network.sequencer) - 500:
                self.bootstrap(node.data)
                before = 0
            else:
                in_the_middle += tip > before
                before = tip
        step(f"{in_the_middle} of the kills came in the middle")
        expect(in_the_middle >= kills // 10, "the kills missed: make more blocks")
        node.start()
        until("the killed node has caught up",
              lambda: tip_of(node) >= tip_of(self.network.sequencer) - 20)

    def quiet(self) -> None:
        step("go on with a block a second")
        self.network.sequencer.stop()
        self.interval("1s")
        self.network.sequencer.start()

    def live(self) -> None:
        first = self.nodes[0]
        second = self.full("second", first.url, "--sync.block-source.url", self.network.url)
        second.start()
        client = Client(self.client_program, self.folder / "client", second.url)
        until("the second node has caught up", lambda: tip_of(second) >= tip_of(first) - 3)
        step("the client mints and spends through two full nodes")
        client("sync")
        (client.folder / "faucet.toml").write_text(FAUCET)
        faucet = client.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet", "-i", "faucet.toml")
        wallet = client.new_account("new-wallet", "-t", "public")
        self.mint(client, faucet, wallet, 1)

        step("lose the sequencer and recover it from the validator")
        self.network.sequencer.kill()
        directory = self.network.folder / "node"
        self.bootstrap(directory)
        lost_at = tip_of(first)
        said = miden_node(self.programs, "recover", "--data-directory", directory, "--validator.url",
                          self.validator_url)
        expect("recovered" in said, said)
        expect(self.verify(directory) >= lost_at, "blocks that a full node has are missing")
        said = miden_node(self.programs, "recover", "--data-directory", directory, "--validator.url",
                          self.validator_url)
        expect("nothing to recover" in said, said)
        self.network.sequencer.start()
        self.mint(client, faucet, wallet, 2)

        step("let the second node admit transactions itself")
        second.stop()
        second.command += ["--validator.url", self.validator_url, "--sequencer.internal.url",
                           f"http://127.0.0.1:{self.internal_port}"]
        second.start()
        expect("submissions are admitted here" in second.log.read_text(), second.tail())

        step("lose the sequencer again, its disk too; the first full node takes its place")
        self.network.sequencer.kill()
        shutil.rmtree(directory)
        first.stop()
        miden_node(self.programs, "recover", "--data-directory", first.data, "--validator.url",
                   self.validator_url)
        command = self.network.sequencer.command
        command[command.index("--data-directory") + 1] = str(first.data)
        self.network.sequencer.start()
        self.mint(client, faucet, wallet, 3)
        late = self.full("late", self.network.url)
        late.start()
        until("a new node has caught up", lambda: tip_of(late) >= tip_of(second))
        step("compare all blocks and accounts")
        for node in (second, late):
            tip = str(tip_of(node))
            subprocess.run([self.programs / "compare_chains", self.network.url, node.url, tip], check=True)

    def mint(self, client: Client, faucet: str, wallet: str, count: int) -> None:
        client("mint", "-t", wallet, "-a", f"{count}::{faucet}", "-n", "public", "--force")
        until(f"mint {count} is committed", lambda: client.all_committed(count))

    def end(self) -> None:
        step("stop; every store verifies from genesis")
        for program in (*self.nodes, self.network.sequencer):
            if program.running():
                expect(program.stop() == 0, f"{program.log.name} did not end well:\n{program.tail()}")
        for node in self.nodes:
            self.verify(node.data)

    def stop(self) -> None:
        for node in self.nodes:
            if node.running():
                node.kill()
        self.network.stop()

    def logs(self) -> str:
        return self.network.logs() + "".join(f"\n--- {node.log.name}\n{node.tail()}\n" for node in self.nodes)


def run(programs: Path, client: str, folder: Path, blocks: int, kills: int) -> None:
    test = Test(programs, client, folder)
    try:
        test.make_blocks(blocks)
        test.kill_while_catching_up(kills)
        test.quiet()
        test.live()
        test.end()
    except Exception:
        print(test.logs(), flush=True)
        raise
    finally:
        test.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    parser.add_argument("--blocks", type=int, default=2000, help="quick blocks to catch up with")
    parser.add_argument("--kills", type=int, default=20, help="kills while catching up")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    options = parser.parse_args()
    arguments = options.blocks, options.kills
    if options.keep:
        run(options.programs.resolve(), options.client, options.keep.resolve(), *arguments)
    else:
        with tempfile.TemporaryDirectory(prefix="miden-e2e-") as temporary:
            run(options.programs.resolve(), options.client, Path(temporary), *arguments)
    step("passed")
    sys.exit(0)
