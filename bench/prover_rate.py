#!/usr/bin/env python3
"""Proofs per minute of one prover with all threads, of one that makes two proofs at once, of two
provers with half the threads each, and of the reference's.

The arrangements are measured in turns, so that what else the machine does hits all alike; the best
round of each counts.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
from pathlib import Path


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Provers:
    """Ours; the reference's, which knows neither option, where no threads are given."""

    def __init__(self, programs: Path, workers: int, threads: int | None, at_once: int):
        self.processes, self.urls = [], []
        for _ in range(workers):
            port = free_port()
            self.urls.append(f"http://127.0.0.1:{port}")
            ours = [] if threads is None else ["--threads", str(threads), "--max-concurrent-proofs", str(at_once)]
            self.processes.append(subprocess.Popen(
                [programs / "miden-remote-prover", "--kind", "transaction", "--port", str(port), "--capacity",
                 str(2 * at_once), "--timeout", "10m", *ours], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            self.wait_for(port)

    @staticmethod
    def wait_for(port: int) -> None:
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"nothing listens on {port}")

    def memory_mb(self) -> int:
        """The most that all of them took together."""
        total = 0
        for process in self.processes:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1])
        return total // 1024

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, help="build folder, with prover_load built")
    parser.add_argument("--reference", type=Path, help="folder with the reference's programs")
    parser.add_argument("--inputs", default="ecdsa", choices=["ecdsa", "falcon"],
                        help="signature of the transaction that is proven (default: the small one)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--proofs", type=int, default=6, help="proofs in a round (default 6)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    programs = options.build.resolve() / "bin"
    inputs = options.build / "src/engine/fixtures" / f"{options.inputs}.inputs"
    half = max(1, options.threads // 2)

    # name: programs, workers, threads of each, proofs at once at each
    arrangements = {
        f"1 prover, {options.threads} threads, 1 proof at once": (programs, 1, options.threads, 1),
        f"1 prover, {options.threads} threads, 2 proofs at once": (programs, 1, options.threads, 2),
        f"2 provers, {half} threads each, 1 proof at once": (programs, 2, half, 1),
    }
    if options.reference:
        arrangements["the reference's prover"] = (options.reference.resolve(), 1, None, 1)
    best, memory = {}, {}
    for _ in range(options.rounds):
        for name, (prover_programs, workers, threads, at_once) in arrangements.items():
            provers = Provers(prover_programs, workers, threads, at_once)
            try:
                done = subprocess.run([programs / "prover_load", inputs, str(options.proofs), str(at_once),
                                       *provers.urls], capture_output=True, text=True)
                if done.returncode != 0:
                    print(done.stderr, file=sys.stderr)
                    return 1
                rate = 60 * options.proofs / float(done.stdout)
                best[name] = max(best.get(name, 0), rate)
                memory[name] = max(memory.get(name, 0), provers.memory_mb())
            finally:
                provers.stop()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the end; best of {options.rounds} rounds of "
          f"{options.proofs} proofs ({options.inputs})\n")
    width = max(map(len, best))
    print(f"| {'':{width}} | proofs a minute | memory |\n|-{'-' * width}-|-----------------|--------|")
    for name, rate in best.items():
        print(f"| {name:{width}} | {rate:15.1f} | {memory[name]:>3} MB |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
