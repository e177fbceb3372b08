#!/usr/bin/env python3
"""Notes consumed per minute by the network, for one network account and for 20.

Our sequencer, and in turns our builder with our prover and the reference's with its own. The notes are
on the chain before a builder starts; the time runs from its start until the last one is consumed.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests" / folder) for folder in ("e2e", "interop")]
from network import Network, run  # noqa: E402
from network_transactions import Builder  # noqa: E402

GENESIS = """\
version = 1
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 0
"""
NOTES_OF_A_TRANSACTION = 4
TIMEOUT_S = 900


class Load:
    """Counters of one wallet, and what they have counted."""

    def __init__(self, client: Path, file: Path, url: str, counters: int, notes: int):
        self.client, self.file, self.url, self.notes = client, file, url, notes
        self.call("deploy", "--counters", counters)
        self.call("increment", "--count", notes // NOTES_OF_A_TRANSACTION, "--notes", NOTES_OF_A_TRANSACTION)

    def call(self, command: str, *options) -> dict:
        return json.loads(run(self.client, command, "--rpc", self.url, "--file", self.file, *options))

    def consumed(self) -> int:
        return self.call("read")["observed"]

    def seconds_until_consumed(self) -> float:
        started = time.monotonic()
        while self.consumed() < self.notes:
            if time.monotonic() - started > TIMEOUT_S:
                raise RuntimeError(f"only {self.consumed()} of {self.notes} notes were consumed in {TIMEOUT_S} s")
            time.sleep(0.2)
        return time.monotonic() - started


def measure(programs: Path, builder_programs: Path, counters: int, notes: int) -> float:
    """Notes per minute."""
    with tempfile.TemporaryDirectory(prefix="miden-notes-") as name:
        folder = Path(name)
        builder = Builder(folder, builder_programs, builder_programs)
        network = Network(programs, folder / "network", GENESIS, block_interval="1s", batch_interval="300ms",
                          sequencer_options=builder.sequencer_options + ("--rpc.rate-limit.burst-size", "100000"))
        try:
            network.start()
            load = Load(programs / "counter_client", folder / "counters.json", network.url, counters, notes)
            builder.start(network.folder / "genesis" / "genesis.dat", network.url)
            return 60 * notes / load.seconds_until_consumed()
        except BaseException:
            print(network.logs(), builder.logs(), file=sys.stderr)
            raise
        finally:
            builder.stop()
            network.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--reference", type=Path, required=True, help="folder with the reference's programs")
    parser.add_argument("--notes", type=int, default=40)
    options = parser.parse_args()
    print("| network accounts | ours, notes per minute | reference's | ratio |")
    print("|---|---|---|---|")
    for counters in (1, 20):
        ours = measure(options.programs.resolve(), options.programs.resolve(), counters, options.notes)
        theirs = measure(options.programs.resolve(), options.reference.resolve(), counters, options.notes)
        print(f"| {counters} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.1f} |", flush=True)
