"""A validator and a sequencer of ours in a temporary folder, on free ports, for tests."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

KEY = "02" * 32
STARTED = time.monotonic()


def step(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def run(*command) -> str:
    """The output of a program that is expected to succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def until(what: str, condition, timeout_s: float = 180, pause_s: float = 0.2):
    """What the condition returns, once that is something."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause_s)
    raise AssertionError(f"not within {timeout_s} s: {what}")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """One long-running program; its output goes to a log file that is shown when a test fails."""

    def __init__(self, command: list[str], log: Path, port: int):
        self.command, self.log, self.port = command, log, port
        self.process: subprocess.Popen | None = None

    def start(self, timeout_s: float = 30) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.command[0]} ended with {self.process.returncode}\n{self.tail()}")
            with socket.socket() as s:
                s.settimeout(0.2)
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{self.command[0]} does not listen on {self.port}\n{self.tail()}")

    def kill(self) -> None:
        """As a crash would: nothing is flushed or closed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout_s: float = 15) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Network:
    def __init__(self, programs: Path, folder: Path, genesis_config: str | None = None,
                 block_interval: str = "2s", batch_interval: str = "500ms",
                 sequencer_options: tuple[str, ...] = ()):
        self.programs, self.folder = programs, folder
        self.rpc_port, self.validator_port = free_port(), free_port()
        self.ntx_builder_port = free_port()  # nobody listens there unless the test starts one
        folder.mkdir(parents=True, exist_ok=True)
        config = []
        if genesis_config is not None:
            (folder / "genesis.toml").write_text(genesis_config)
            config = ["--genesis-config-file", str(folder / "genesis.toml")]
        self.run("miden-validator", "bootstrap", "--data-directory", folder / "validator-data",
                 "--genesis-block-directory", folder / "genesis", "--accounts-directory",
                 folder / "accounts", "--key.hex", KEY, *config)
        self.run("miden-node", "bootstrap", "--data-directory", folder / "node", "--file",
                 folder / "genesis" / "genesis.dat")
        self.validator = Program(
            [str(programs / "miden-validator"), "start", "--listen", f"127.0.0.1:{self.validator_port}",
             "--data-directory", str(folder / "validator-data"), "--key.hex", KEY],
            folder / "validator.log", self.validator_port)
        self.sequencer = Program(
            [str(programs / "miden-node"), "sequencer", "--data-directory", str(folder / "node"),
             "--rpc.listen", f"127.0.0.1:{self.rpc_port}",
             "--validator.url", f"http://127.0.0.1:{self.validator_port}",
             "--ntx-builder.url", f"http://127.0.0.1:{self.ntx_builder_port}",
             "--block.interval", block_interval, "--batch.interval", batch_interval,
             *sequencer_options],
            folder / "sequencer.log", self.rpc_port)

    def run(self, program: str, *arguments) -> None:
        run(self.programs / program, *arguments)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}"

    def start(self) -> None:
        self.validator.start()
        self.sequencer.start()

    def stop(self) -> None:
        for program in (self.sequencer, self.validator):
            if program.running():
                program.kill()

    def logs(self) -> str:
        return "".join(f"\n--- {p.log.name}\n{p.tail()}\n" for p in (self.validator, self.sequencer)
                       if p.log.exists())


class Client:
    """The reference's command line client with a store of its own."""

    def __init__(self, program: str, folder: Path, url: str, *init_options: str):
        self.program, self.folder = program, folder
        folder.mkdir(parents=True)
        self("init", "--local", "--network", url, *init_options)

    def __call__(self, *arguments: str, timeout_s: float = 300) -> str:
        # A home of its own keeps the developer's global client configuration out of the test.
        environment = os.environ | {"HOME": str(self.folder), "NO_COLOR": "1"}
        done = subprocess.run([self.program, *arguments], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=timeout_s)
        if done.returncode != 0:
            raise AssertionError(f"miden-client {' '.join(arguments)}\nexit {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done.stdout

    def new_account(self, *arguments: str) -> str:
        """The id, which the client prints after `account -s`."""
        words = self(*arguments).split()
        return words[words.index("-s") + 1]

    def height(self) -> int:
        """The block that the client has synced to, now."""
        return int(re.search(r"synced to block (\d+)", self("sync"), re.IGNORECASE).group(1))

    def transaction_states(self) -> list[str]:
        """Those in its list of transactions, as it last heard."""
        return re.findall(r"Committed|Pending|Discarded", self("tx", "--list"))

    def all_committed(self, count: int | None = None) -> bool:
        """Whether all its transactions are, and are as many. Fails when one was discarded."""
        self("sync")
        states = self.transaction_states()
        expect("Discarded" not in states, f"a transaction was discarded:\n{self('tx', '--list')}")
        return set(states) == {"Committed"} and count in (None, len(states))


def note_of(output: str) -> str:
    """The id of the one note that a mint or a send announces."""
    found = re.findall(r"0x[0-9a-f]{64}", output[output.index("Output notes"):])
    expect(len(found) == 1, f"expected one output note in:\n{output}")
    return found[0]
