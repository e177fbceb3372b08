"""Builders and provers of network transactions on networks of the other implementation: notes for a
counter account, each consumed exactly once. For interop.py.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from network import Program, free_port, run, step, until  # noqa: E402

SECRET = "between builder and node"
NOTES = 8


class Builder:
    """A prover and a builder, each from the folder given; what they ask for is started before, and
    what they offer is known before they run."""

    def __init__(self, folder: Path, programs: Path, prover_programs: Path):
        self.folder, self.programs, self.prover_programs = folder, programs, prover_programs
        self.port, self.prover_port = free_port(), free_port()
        self.running: list[Program] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def prover_url(self) -> str:
        return f"http://127.0.0.1:{self.prover_port}"

    @property
    def sequencer_options(self) -> tuple[str, ...]:
        return ("--rpc.network-tx-auth-header-value", SECRET)

    def start(self, genesis: Path, rpc_url: str) -> None:
        data = self.folder / "ntx-builder"
        run(self.programs / "miden-ntx-builder", "bootstrap", "--data-directory", data, "--file", genesis)
        self.begin("prover", self.prover_port, self.prover_programs / "miden-remote-prover", "--kind",
                   "transaction", "--port", self.prover_port, "--capacity", 8)
        self.begin("ntx-builder", self.port, self.programs / "miden-ntx-builder", "start", "--listen",
                   f"127.0.0.1:{self.port}", "--rpc.url", rpc_url, "--rpc.auth-header-value", SECRET,
                   "--tx-prover.url", self.prover_url, "--data-directory", data)

    def begin(self, name: str, port: int, *command) -> None:
        program = Program(list(map(str, command)), self.folder / f"{name}.log", port)
        self.running.append(program)
        program.start(timeout_s=120)

    def stop(self) -> None:
        for program in self.running:
            if program.running():
                program.kill()

    def logs(self) -> str:
        return "".join(f"\n--- {p.log.name}\n{p.tail(40)}\n" for p in self.running)


class Counters:
    """A wallet and two counters, whose notes the network consumes (tests/e2e/counter_client.cpp)."""

    def __init__(self, program: Path, folder: Path, rpc_url: str):
        self.program, self.file, self.rpc_url = program, folder / "counters.json", rpc_url

    def __call__(self, command: str, *options) -> dict:
        return json.loads(run(self.program, command, "--rpc", self.rpc_url, "--file", self.file, *options))

    def count_to(self, notes: int, timeout_s: float = 240) -> None:
        """Sends so many notes in a few transactions; waits until all are consumed, none twice."""
        self("deploy", "--counters", 2)
        step("  two counters are deployed")
        self("increment", "--count", notes // 2, "--notes", 2)
        step(f"  {notes} notes are on the chain")
        until("all notes are consumed", lambda: self.observed() >= notes, timeout_s)
        if self.observed() != notes:
            raise AssertionError(f"{notes} notes advanced the counters to {self.observed()}")
        step(f"  {notes} notes have been consumed, each once")

    def observed(self) -> int:
        return self("read")["observed"]
