#!/usr/bin/env python3
"""Answers a second of a node's API: ours, and the reference's on the same chain in the same run.

A full node of ours holds a random chain made for this; the reference's follows it to the tip. Then both
are asked in turns by `rpc_load`, and each one's best round counts. Without the reference's programs ours
is measured alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "catch_up"))
from catch_up import SMALL_CACHES, free_port  # noqa: E402

UNLIMITED = ["--rpc.rate-limit.burst-size", "4000000", "--rpc.rate-limit.replenish-per-second", "1000000"]


def start(node: Path, data: Path, source_port: int) -> tuple[subprocess.Popen, int]:
    port = free_port()
    process = subprocess.Popen(
        [node, "full", "--data-directory", data, "--rpc.listen", f"127.0.0.1:{port}", "--sync.block-source.url",
         f"http://127.0.0.1:{source_port}", *SMALL_CACHES, *UNLIMITED],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"MIDEN_STDOUT_FILTER": "warn"})
    return process, port


def show(name: str, rows: dict[str, list[str]], reference_is_there: bool) -> None:
    """Rows by side: answers a second, p50, p99, processor time."""
    cells = [name]
    for side in ("ours", "reference") if reference_is_there else ("ours",):
        rate, p50, p99, cpu = rows[side]
        cells += [f"{int(rate):,}/s", f"{p50} us", f"{p99} us", f"{cpu} us"]
    if reference_is_there:
        cells.append(f"{float(rows['ours'][0]) / float(rows['reference'][0]):.1f}x")
        cells.append(f"{float(rows['ours'][2]) / float(rows['reference'][2]):.2f}")
    print("| " + " | ".join(cells) + " |", flush=True)


def measure(options: argparse.Namespace, folder: Path) -> None:
    programs, genesis = options.programs, folder / "genesis.dat"
    subprocess.run([programs / "make_chain", folder / "ours", genesis, str(options.blocks), str(options.accounts)],
                   check=True, stdout=sys.stderr)
    processes = []
    try:
        # It has the whole chain: that nobody is at its source does not matter.
        ours, our_port = start(programs / "miden-node", folder / "ours", free_port())
        processes.append(ours)
        targets = {f"127.0.0.1:{our_port}": ("ours", ours)}
        reference = options.reference / "miden-node"
        if reference.exists():
            subprocess.run([reference, "bootstrap", "--data-directory", folder / "reference", "--file", genesis],
                           check=True, stdout=subprocess.DEVNULL)
            theirs, their_port = start(reference, folder / "reference", our_port)
            processes.append(theirs)
            subprocess.run([programs / "await_tip", f"127.0.0.1:{their_port}", str(options.blocks - 1)], check=True,
                           stdout=subprocess.DEVNULL, timeout=600)
            targets[f"127.0.0.1:{their_port}"] = ("reference", theirs)
        else:
            print("ours alone: `make conformance` installs the reference's node", file=sys.stderr)
        sides = [side for side, _ in targets.values()]
        print("| asked | " + " | ".join(f"{side}, answers | p50 | p99 | processor time" for side in sides)
              + (" | ratio | p99 to reference's |" if len(sides) > 1 else " |"))
        print("|---" * (1 + 4 * len(sides) + (2 if len(sides) > 1 else 0)) + "|")
        load = subprocess.Popen(
            [programs / "rpc_load", *(f"{address}@{process.pid}" for address, (_, process) in targets.items()),
             "--rounds", str(options.rounds), "--milliseconds", str(options.milliseconds)],
            stdout=subprocess.PIPE, text=True)
        rows: dict[str, list[str]] = {}
        for line in load.stdout:
            name, address, *numbers = line.rstrip("\n").split("\t")
            rows[targets[address][0]] = numbers
            if len(rows) == len(sides):
                show(name, rows, len(sides) > 1)
                rows = {}
        if load.wait() != 0:
            raise SystemExit(load.returncode)
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--reference", type=Path, required=True, help="folder with the reference's, which may be empty")
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--milliseconds", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-rpc-load-") as temporary:
        measure(arguments, Path(temporary))
