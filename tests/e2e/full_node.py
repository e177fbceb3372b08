"""A full node of ours in a temporary folder, for tests."""

import re
import subprocess
from pathlib import Path

from network import Program, free_port


def miden_node(programs: Path, *arguments) -> str:
    """Runs a command that ends; its output. Fails if it does."""
    command = [str(programs / "miden-node"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def tip_of(program: Program) -> int:
    """The last block that the sequencer or full node speaks of in its log."""
    tips = re.findall(r"(?:block committed|block applied) .*?\bblock=(\d+)|(?:caught up|chain opened) .*?\btip=(\d+)",
                      program.log.read_text())
    return max((int(a or b) for a, b in tips), default=-1)


class FullNode(Program):
    """Follows `source`, a URL. Its data directory must be bootstrapped before it starts."""

    def __init__(self, programs: Path, folder: Path, name: str, source: str, *options: str):
        self.data = folder / name
        port = free_port()
        super().__init__(
            [str(programs / "miden-node"), "full", "--data-directory", str(self.data), "--rpc.listen",
             f"127.0.0.1:{port}", "--sync.block-source.url", source, *options],
            folder / f"{name}.log", port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def started_at(self) -> int:
        """The tip with which it was last opened."""
        return int(re.findall(r"chain opened .*\btip=(\d+)", self.log.read_text())[-1])
