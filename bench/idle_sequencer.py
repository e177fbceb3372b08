#!/usr/bin/env python3
"""What a sequencer on an empty chain needs: seconds from its start until its RPC port answers, and
resident memory once it has been idle.

usage: idle_sequencer.py PROGRAMS     (the folder of miden-node and miden-validator)
"""

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from network import Network  # noqa: E402

STARTS = 5
IDLE_S = 10
# An HTTP/2 connection begins so; a gRPC server answers with its own settings.
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
SETTINGS_FRAME = 4


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(HELLO)
            frame = connection.recv(9)
            return len(frame) > 3 and frame[3] == SETTINGS_FRAME
    except OSError:
        return False


def seconds_until_up(program) -> float:
    start = time.perf_counter()
    with program.log.open("a") as log:
        program.process = subprocess.Popen(program.command, stdout=log, stderr=log)
    while not answers(program.port):
        if not program.running() or time.perf_counter() - start > 60:
            raise RuntimeError(f"{program.command[0]} does not answer\n{program.tail()}")
        time.sleep(0.001)
    return time.perf_counter() - start


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def measure(programs: Path) -> tuple[float, int]:
    """The least start time, and resident bytes after some idle seconds."""
    with tempfile.TemporaryDirectory(prefix="miden-bench-") as folder:
        network = Network(programs, Path(folder) / "network")
        try:
            network.validator.start()
            times = []
            for start in range(STARTS):
                times.append(seconds_until_up(network.sequencer))
                print(f"  start {start + 1} of {STARTS}: {times[-1]:.3f} s", file=sys.stderr)
                if start + 1 < STARTS:
                    network.sequencer.stop()
            print(f"  idle for {IDLE_S} s", file=sys.stderr)
            time.sleep(IDLE_S)
            return min(times), resident_bytes(network.sequencer.process.pid)
        finally:
            network.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    seconds, resident = measure(Path(sys.argv[1]))
    print(f"up after {seconds:.3f} s, {resident / 1e6:.1f} MB resident")
