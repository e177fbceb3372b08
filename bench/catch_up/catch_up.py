#!/usr/bin/env python3
"""Blocks per second at which a full node catches up: ours, and the reference's on the same chain.

One of our full nodes serves a chain that was made for this; the nodes follow it from genesis, in turns,
each with a store of its own. The best round of each counts.
"""

import argparse
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SMALL_CACHES = [argument for tree in ("account-tree", "nullifier-tree", "account-state-forest")
                for argument in (f"--store.{tree}.rocksdb.cache-size", "268435456")]
UNLIMITED = ["--rpc.rate-limit.burst-size", "100000000"]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class FullNode:
    def __init__(self, programs: Path, data: Path, source: str):
        self.port = free_port()
        self.process = subprocess.Popen(
            [programs / "miden-node", "full", "--data-directory", data, "--rpc.listen", f"127.0.0.1:{self.port}",
             "--sync.block-source.url", source, *SMALL_CACHES, *UNLIMITED],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the node does not listen")

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


def rate(tools: Path, programs: Path, folder: Path, genesis: Path, source: FullNode, blocks: int) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        data = Path(temporary) / "data"
        subprocess.run([programs / "miden-node", "bootstrap", "--data-directory", data, "--file", genesis], check=True,
                       stdout=subprocess.DEVNULL)
        with FullNode(programs, data, source.url) as node:
            done = subprocess.run([tools / "await_tip", f"127.0.0.1:{node.port}", str(blocks)], check=True, capture_output=True,
                                  text=True)
    seconds, counted = done.stdout.split()
    return int(counted) / float(seconds)


def measure(options, shape: str, blocks: int, folder: Path) -> None:
    data, genesis = folder / f"{shape}-source", folder / f"{shape}-genesis.dat"
    made = subprocess.run([options.programs / "make_blocks", shape, str(blocks), data, genesis], check=True,
                          capture_output=True, text=True)
    sides = {"ours": options.programs} | ({"reference": options.reference} if options.reference else {})
    best = dict.fromkeys(sides, 0.0)
    # Nobody is there to be followed.
    with FullNode(options.programs, data, f"http://127.0.0.1:{free_port()}") as source:
        source.wait()
        for _ in range(options.rounds):
            for side, programs in sides.items():
                best[side] = max(best[side], rate(options.programs, programs, folder, genesis, source, blocks))
    print(f"{shape} blocks ({blocks}, {made.stdout.strip()}): " +
          ", ".join(f"{side} {blocks_per_s:,.1f}/s" for side, blocks_per_s in best.items()) +
          (f", {best['ours'] / best['reference']:.1f}x" if options.reference else ""), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--reference", type=Path, help="folder with the reference's programs")
    parser.add_argument("--empty", type=int, default=5000, help="empty blocks (default 5000)")
    parser.add_argument("--full", type=int, default=60, help="blocks with 256 account updates (default 60)")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="miden-catch-up-") as temporary:
        measure(options, "empty", options.empty, Path(temporary))
        measure(options, "full", options.full, Path(temporary))
