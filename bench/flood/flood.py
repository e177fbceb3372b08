#!/usr/bin/env python3
"""How reads fare while submissions flood in: answers a second and p50 and p99 of SyncNotes on a sequencer,
alone and with 200 callers that submit garbage, transactions whose proofs are damaged, and valid ones.
Load generator, flood and network share the machine.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests" / "e2e"))
from network import Network, run  # noqa: E402

CALLERS = 200
GENESIS = """\
version = 1
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 0
"""
UNLIMITED = ("--rpc.rate-limit.burst-size", "4000000", "--rpc.rate-limit.replenish-per-second", "1000000")


def measure(options: argparse.Namespace, folder: Path) -> None:
    programs = options.programs.resolve()
    network = Network(programs, folder / "network", GENESIS, block_interval="1s", sequencer_options=UNLIMITED)
    try:
        network.start()
        run(programs / "counter_client", "make", "--rpc", network.url, "--file", folder / "valid", "--counters",
            options.transactions)
        files = sorted(folder.glob("valid.*"))
        print("| 200 callers submit | answers a second | p50, ms | p99, ms | what they were told |")
        print("|---|---|---|---|---|", flush=True)
        for kind in ("nothing", "garbage", "damaged", "valid"):
            flood = None
            if kind != "nothing":
                flood = subprocess.Popen([programs / "flood", network.url, kind, str(options.seconds + 2), str(CALLERS),
                                          *files], stdout=subprocess.PIPE, text=True)
            line = run(programs / "rpc_load", f"127.0.0.1:{network.rpc_port}", "--only", "SyncNotes, none found",
                       "--rounds", 1, "--milliseconds", options.seconds * 1000)
            _, _, rate, p50, p99, _ = line.strip().split("\t")
            told = ", ".join(flood.communicate()[0].split("\n")[:-1]) if flood else ""
            print(f"| {kind} | {rate} | {float(p50) / 1000:.2f} | {float(p99) / 1000:.2f} | {told} |", flush=True)
    finally:
        network.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--transactions", type=int, default=20, help="different valid ones")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    with tempfile.TemporaryDirectory(prefix="miden-flood-") as temporary:
        measure(parser.parse_args(), Path(temporary))
