#!/usr/bin/env python3
"""What goes wrong around a network: full disks, lost sources, strangers, damaged files.

Validator, sequencer and a full node each live on a small disk of their own, which is filled: the program says
so and ends, and with space again it goes on where it was. The full node's source dies and comes back.
Programs are told to follow, recover from or sign with another network's. A validator's files are cut.
"""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from full_node import FullNode, tip_of
from network import Network, Program, expect, free_port, run, step, until

DISK_SIZE = "16m"  # less than what the store's log asks for in advance
OTHER_GENESIS = """\
version = 1
timestamp = 1700000001

[fee_parameters]
verification_base_fee = 0
"""


class Disk:
    """A directory that is a file system of its own, if this user may make one."""

    def __init__(self, directory: Path):
        self.directory, self.ballast = directory, directory / "ballast"
        directory.mkdir(parents=True)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", directory],
                              capture_output=True, text=True)
        self.problem = made.stderr.strip() if made.returncode != 0 else ""

    def fill(self) -> None:
        file = os.open(self.ballast, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(file, bytes(4096))
        except OSError:
            pass
        finally:
            os.close(file)

    def give_back(self) -> None:
        self.ballast.unlink()

    def unmount(self) -> None:
        if not self.problem:
            subprocess.run(["umount", "--lazy", self.directory], check=True)


class Test:
    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.disks = {name: Disk(folder / f"{name}-disk") for name in ("validator", "sequencer", "full")}
        self.network = Network(programs, folder / "network", block_interval="100ms")
        self.genesis = self.network.folder / "genesis" / "genesis.dat"
        self.move_to_disk(self.network.validator, "validator")
        self.move_to_disk(self.network.sequencer, "sequencer")
        self.others: list[Program] = []
        self.other = None

    def move_to_disk(self, program: Program, name: str) -> None:
        place = program.command.index("--data-directory") + 1
        target = self.disks[name].directory / "data"
        shutil.move(program.command[place], target)
        program.command[place] = str(target)

    def data(self, program: Program) -> Path:
        return Path(program.command[program.command.index("--data-directory") + 1])

    def bootstrap(self, directory: Path, genesis: Path) -> None:
        run(self.programs / "miden-node", "bootstrap", "--data-directory", directory, "--file", genesis)

    def full(self, name: str, source: str, genesis: Path | None = None) -> FullNode:
        node = FullNode(self.programs, self.folder, name, source)
        self.bootstrap(node.data, genesis or self.genesis)
        self.others.append(node)
        return node

    def start(self) -> None:
        step("start validator, sequencer and a full node")
        self.network.start()
        self.node = self.full("full", self.network.url)
        self.move_to_disk(self.node, "full")
        self.node.start()
        until("10 blocks", lambda: tip_of(self.node) >= 10)

    def fill_disks(self) -> None:
        problem = self.disks["full"].problem
        if problem:
            step(f"SKIPPED: full disks: a tmpfs cannot be mounted here: {problem}")
            return
        for program, name in ((self.node, "full"), (self.network.sequencer, "sequencer"),
                              (self.network.validator, "validator")):
            step(f"fill the disk of the {name}")
            self.disks[name].fill()
            until(f"the {name} ends", lambda: not program.running(), timeout_s=20)
            expect(program.process.returncode not in (0, None) and program.process.returncode > 0,
                   f"the {name} ended with {program.process.returncode}\n{program.tail()}")
            said = program.tail(3)
            expect("No space left on device" in said and "free space on it" in said, f"the {name} only said:\n{said}")
            before = tip_of(self.network.sequencer)
            step(f"  it starts again when there is space, behind block {before}")
            self.disks[name].give_back()
            program.start()
            until("blocks go on", lambda: tip_of(self.node) >= before + 10, timeout_s=30)

    def lose_the_source(self) -> None:
        step("kill the full node's source, again and again")
        for _ in range(3):
            before = tip_of(self.node)
            self.network.sequencer.kill()
            time.sleep(0.5)
            expect(self.node.running(), f"the full node ended with its source\n{self.node.tail()}")
            self.network.sequencer.start()
            until("the full node goes on", lambda: tip_of(self.node) >= before + 10, timeout_s=30)

    def meet_strangers(self) -> None:
        step("follow, recover from and be signed by another network")
        self.other = Network(self.programs, self.folder / "other", genesis_config=OTHER_GENESIS,
                             block_interval="100ms")
        other_genesis = self.other.folder / "genesis" / "genesis.dat"
        self.other.start()
        until("blocks of the other network", lambda: tip_of(self.other.sequencer) >= 5)
        # One chain each; both ask the first network's sequencer and the other's.
        lost = self.full("of-the-other", self.network.url, other_genesis)
        led_astray = self.full("of-this", self.other.url)
        for node in (lost, led_astray):
            node.start()
        for node in (lost, led_astray):
            until("a stranger is told", lambda: "of another network" in node.log.read_text(), timeout_s=20)
            time.sleep(1)
            expect(node.running() and tip_of(node) == 0, f"{node.log.name} follows a stranger:\n{node.tail()}")
            expect(node.stop() == 0, node.tail())

        data = self.folder / "recovered"
        self.bootstrap(data, self.genesis)
        said = self.refused("miden-node", "recover", "--data-directory", data, "--validator.url",
                            f"http://127.0.0.1:{self.other.validator_port}")
        expect("another" in said, f"recovering from another network's validator only says:\n{said}")
        self.verify(data)

        self.network.sequencer.stop()
        command = list(self.network.sequencer.command)
        command[command.index("--validator.url") + 1] = f"http://127.0.0.1:{self.other.validator_port}"
        before = self.verify(self.data(self.network.sequencer))
        stray = Program(command, self.folder / "stray-sequencer.log", self.network.rpc_port)
        self.others.append(stray)
        stray.start()
        # Which depends on whose chain is longer.
        until("the sequencer says that this validator is not its own",
              lambda: re.search("does not fit this chain|not signed", stray.log.read_text()), timeout_s=20)
        stray.kill()
        expect(self.verify(self.data(self.network.sequencer)) == before, "a block was committed unsigned")
        self.network.sequencer.start()
        self.other.stop()

    def refused(self, program: str, *arguments) -> str:
        """What a command says that must fail."""
        done = subprocess.run([self.programs / program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=60)
        expect(done.returncode > 0, f"{program} {arguments[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def verify(self, directory: Path) -> int:
        """The tip of a store that is checked from genesis, block by block."""
        return int(run(self.programs / "verify_chain", directory, self.genesis).split()[0]) - 1

    def cut_a_validators_files(self) -> None:
        step("cut the files of the validator's backup")
        # A log in the middle: what it held is missing between other blocks.
        before = tip_of(self.network.sequencer)
        self.network.validator.stop()
        self.network.validator.start()
        until("blocks go on", lambda: tip_of(self.network.sequencer) >= before + 5, timeout_s=30)
        for program in (self.node, self.network.sequencer, self.network.validator):
            expect(program.stop() == 0, program.tail())
        tip = self.verify(self.data(self.network.sequencer))
        backup = self.data(self.network.validator)
        refused = 0
        for file in sorted((backup / "store").iterdir()):
            size = file.stat().st_size
            # The others are not read.
            if not file.name.startswith(("CURRENT", "MANIFEST")) and file.suffix not in (".log", ".sst", ".blob"):
                continue
            for kept in {0, size // 2, max(0, size - 1)}:
                damaged = self.folder / "damaged"
                shutil.copytree(backup, damaged)
                os.truncate(damaged / "store" / file.name, kept)
                refused += self.starts_or_says_why(damaged, f"{file.name} cut to {kept} of {size}", tip)
                shutil.rmtree(damaged)
        expect(refused > 0, "no damage was noticed")
        step(f"  {refused} were refused")
        self.network.validator.start()
        recovered = self.folder / "recovered-at-last"
        self.bootstrap(recovered, self.genesis)
        run(self.programs / "miden-node", "recover", "--data-directory", recovered, "--validator.url",
            f"http://127.0.0.1:{self.network.validator_port}")
        expect(self.verify(recovered) >= tip, "the validator has lost blocks that it signed")

    def starts_or_says_why(self, directory: Path, damage: str, tip: int) -> bool:
        """True: the validator refused to start. Else whatever it serves is whole blocks of the chain."""
        command = list(self.network.validator.command)
        command[command.index("--data-directory") + 1] = str(directory)
        port = free_port()
        command[command.index("--listen") + 1] = f"127.0.0.1:{port}"
        log = self.folder / "damaged-validator.log"
        log.unlink(missing_ok=True)
        validator = Program(command, log, port)
        try:
            validator.start()
        except AssertionError:
            said = validator.tail(5)
            code = validator.process.poll()
            expect(code == 1 and "Error: " in said, f"{damage}: the validator ended with {code}:\n{said}")
            return True
        self.others.append(validator)
        data = self.folder / "from-damaged"
        shutil.rmtree(data, ignore_errors=True)
        self.bootstrap(data, self.genesis)
        # Fails where a block cannot be read; what came before is kept.
        subprocess.run([self.programs / "miden-node", "recover", "--data-directory", data, "--validator.url",
                        f"http://127.0.0.1:{port}"], capture_output=True, timeout=60)
        expect(self.verify(data) <= tip, f"{damage}: more blocks than there were")
        validator.kill()
        return False

    def stop(self) -> None:
        for program in self.others:
            if program.running():
                program.kill()
        for network in (self.network, self.other):
            if network is not None:
                network.stop()
        for disk in self.disks.values():
            disk.unmount()

    def logs(self) -> str:
        return self.network.logs() + "".join(f"\n--- {p.log.name}\n{p.tail()}\n" for p in self.others if p.log.exists())


SCENARIOS = {"disks": Test.fill_disks, "sources": Test.lose_the_source, "strangers": Test.meet_strangers,
             "damage": Test.cut_a_validators_files}


def main(programs: Path, scenarios: list[str], folder: Path) -> None:
    test = Test(programs, folder)
    try:
        test.start()
        for scenario in scenarios:
            SCENARIOS[scenario](test)
    except Exception:
        print(test.logs(), flush=True)
        raise
    finally:
        test.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("scenarios", nargs="*", help=f"of {', '.join(SCENARIOS)} (default: all)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-e2e-") as temporary:
        main(options.programs.resolve(), options.scenarios or list(SCENARIOS), Path(temporary))
    step("passed")
