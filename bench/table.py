#!/usr/bin/env python3
"""Measures the C++ code and the reference crates in turns and prints one table.

usage: table.py PROGRAMS REFERENCE TRANSACTION [--rounds N]     (N: of the grown trees; default 3)

PROGRAMS: the folder of bench_ours, miden-node and miden-validator. REFERENCE: the program
miden-bench-reference. TRANSACTION: a ProvenTransaction that both sides decode and verify.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from idle_sequencer import measure as measure_idle_sequencer

# Of all rows but those of grown trees, which take seconds each; bench/ours/blocks.cpp makes blocks for
# so many.
ROUNDS = 12
# A tree of a million leaves takes the reference about 7 GB, ours 0.5 GB.
MEMORY_FOR_A_MILLION = 9 << 30


class Side:
    """A program that measures what it is told to, one line each."""

    def __init__(self, name: str, command: list[str]):
        self.name, self.best = name, {}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def line(self) -> list[str]:
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {self.name} ended; its message is above")
        return line.rstrip("\n").split("\t")

    def measure(self, name: str) -> str:
        """Keeps the least time; returns what the operation gave."""
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        _, seconds, result = self.line()
        self.best[name] = min(self.best.get(name, float("inf")), float(seconds))
        return result

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def rows(backends: list[str], cores: int, with_a_million: bool) -> list[tuple[str, str, str, str]]:
    """What is measured: text, our name, the reference's name, the aim."""
    best = backends[-1]
    found = [("Poseidon2, one hash after the other", "merge_chain", "merge_chain", "2.5x")]
    found += [(f"Poseidon2, batch of 1,024, {b}", f"merge_batch/{b}", "merge_batch",
               "11x" if b == best == "avx512" else "") for b in backends]
    found += [
        ("decode a proven transaction", "decode_transaction", "decode_transaction", "10x"),
        ("verify a proven transaction", "verify_transaction", "verify_transaction", ""),
        ("decode a full block", "decode_block", "decode_block", ""),
        ("trees of a full block", "block_trees", "block_trees", ""),
        ("apply a full block (reference: its trees alone)", "apply_block", "block_trees", ""),
        ("the same, synced to disk", "apply_block_synced", "block_trees", ""),
    ]
    threads = sorted({1, cores})
    for leaves in (100_000, 1_000_000):
        if leaves == 1_000_000 and not with_a_million:
            continue
        for count in threads:
            plural = "s" if count > 1 else ""
            found.append((f"10,000 new leaves into {leaves:,}, {count} thread{plural}",
                          f"tree/{leaves}/{count}", f"tree/{leaves}/{count}", "10x"))
    return found


def measure(ours: Side, reference: Side, table, rounds: int) -> None:
    """Turn by turn, tree by tree: a grown tree is kept until the next one is asked for."""
    start = time.monotonic()
    for number, (text, our_name, reference_name, _) in enumerate(table, 1):
        print(f"[{number}/{len(table)}, {time.monotonic() - start:.0f} s] {text}", file=sys.stderr)
        for _ in range(rounds if our_name.startswith("tree/") else ROUNDS):
            given = ours.measure(our_name)
            # The blocks of a chain are applied once; what its trees took is known by then.
            if our_name.startswith("apply_block"):
                continue
            expected = reference.measure(reference_name)
            if given != expected:
                sys.exit(f"error: {text}: ours gives {given}, the reference {expected}")


def duration(seconds: float) -> str:
    for unit, factor, limit in (("ns", 1e9, 1e-6), ("us", 1e6, 1e-3), ("ms", 1e3, 1)):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def machine() -> str:
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return f"{name}, {os.cpu_count()} cores, load {load:.1f} at the start"


def available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def print_table(lines: list[list[str]]) -> None:
    """Markdown, so that it can be pasted into docs/benchmarks.md."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("transaction", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    title = machine()
    with_a_million = available_memory() > MEMORY_FOR_A_MILLION
    if not with_a_million:
        print("  too little free memory for the reference's tree of 1,000,000 leaves: left out",
              file=sys.stderr)

    print("==> the idle sequencer", file=sys.stderr)
    up_s, resident = measure_idle_sequencer(options.programs)

    print("==> ours and the reference in turns", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="miden-bench-") as folder:
        blocks = os.path.join(folder, "blocks")
        ours = Side("bench_ours", [str(options.programs / "bench_ours"), str(options.transaction),
                                   blocks, folder])
        backends = ours.line()[1:]  # the blocks are written once it says this
        reference = Side("miden-bench-reference",
                         [str(options.reference), str(options.transaction), blocks])
        table = rows(backends, os.cpu_count() or 1, with_a_million)
        measure(ours, reference, table, options.rounds)
        ours.close()
        reference.close()

    print(f"\n{title}; least of {ROUNDS} rounds, {options.rounds} with grown trees\n")
    lines = [["what", "ours", "reference", "ratio", "aim"]]
    for text, our_name, reference_name, aim in table:
        mine, theirs = ours.best[our_name], reference.best[reference_name]
        lines.append([text, duration(mine), duration(theirs), f"{theirs / mine:.3g}x", aim])
    lines.append(["idle sequencer: resident", f"{resident / 1e6:.0f} MB", "2 GB (not measured)",
                  f"{2e9 / resident:.3g}x", "< 100 MB"])
    lines.append(["idle sequencer: until RPC answers", duration(up_s), "", "", "< 0.3 s"])
    print_table(lines)


if __name__ == "__main__":
    main()
