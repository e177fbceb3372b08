#!/usr/bin/env python3
"""A whole network with a network transaction builder: counters advanced by network transactions.

Validator, sequencer, a prover of transactions and the builder. A note is followed through its stages;
notes that fail and notes that never end stay behind and hold nobody up; then builder and prover are
killed at random moments while notes come in. At the end every note was consumed exactly once, since
counters count what they consume, and no fault of the infrastructure was held against any.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from browser_test import Native, fields_of
from network import Network, Program, expect, free_port, run, step, until

GENESIS = """\
version = 1
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 0
"""
SECRET = "a secret of this test"
PENDING, INFLIGHT, COMMITTED = 1, 2, 4
# Long enough to be seen with a transaction under way, short enough to wait for what a kill loses.
BLOCK_INTERVAL = "2s"
EXPIRATION_BLOCKS = 8
KILLS = 6


class World:
    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.network = Network(programs, folder / "network", GENESIS, block_interval=BLOCK_INTERVAL,
                               sequencer_options=("--rpc.network-tx-auth-header-value", SECRET))
        self.native = Native(folder, self.network.url)
        prover_port = free_port()
        self.prover = Program(
            [str(programs / "miden-remote-prover"), "--kind", "transaction", "--listen",
             f"127.0.0.1:{prover_port}", "--capacity", "4"], folder / "prover.log", prover_port)
        self.genesis = self.network.folder / "genesis" / "genesis.dat"
        run(programs / "miden-ntx-builder", "bootstrap", "--data-directory", folder / "ntx", "--file",
            self.genesis)
        self.builder = self.builder_at(folder / "ntx", self.network.ntx_builder_port, "builder")

    def builder_at(self, data: Path, port: int, name: str) -> Program:
        return Program(
            [str(self.programs / "miden-ntx-builder"), "start", "--listen", f"127.0.0.1:{port}",
             "--data-directory", str(data), "--rpc.url", self.network.url,
             "--rpc.auth-header-value", SECRET,
             "--tx-prover.url", f"http://127.0.0.1:{self.prover.port}",
             "--tx-expiration-delta", str(EXPIRATION_BLOCKS)], self.folder / f"{name}.log", port)

    def client(self, command: str, *options) -> dict:
        return json.loads(run(self.programs / "counter_client", command, "--rpc", self.network.url,
                              "--file", self.folder / "counters.json", *options))

    def note(self, note_id: str) -> dict:
        """What the node's public API, which asks the builder, says of a note."""
        word = bytes.fromhex(note_id.removeprefix("0x"))
        digest = b"".join(bytes([tag]) + word[i * 8:i * 8 + 8] for i, tag in enumerate((0x09, 0x11, 0x19, 0x21)))
        status, text, message = self.native("rpc.Api/GetNetworkNoteStatus",
                                            b"\x0a" + bytes([len(digest)]) + digest)
        if status != "0":
            return {"refused": f"{status} {text}"}
        fields = fields_of(message)
        return {"status": fields.get(1, 0), "error": fields.get(2, b"").decode(),
                "attempts": fields.get(3, 0), "last_attempt": fields.get(4)}

    def count(self) -> int:
        return self.client("read")["observed"]

    def logs(self) -> str:
        return self.network.logs() + "".join(
            f"\n--- {p.log.name}\n{p.tail()}\n" for p in (self.prover, self.builder) if p.log.exists())

    def stop(self) -> None:
        for program in (self.builder, self.prover):
            if program.running():
                program.kill()
        self.network.stop()


def follow_a_note(world: World) -> None:
    step("a note is pending while no prover works, and that is not held against it")
    world.prover.kill()
    [first, *_] = world.client("increment", "--notes", "4")["note_ids"]
    until("the builder tries", lambda: "executing network transaction" in world.builder.log.read_text())
    time.sleep(3)
    expect(world.note(first) == {"status": PENDING, "error": "", "attempts": 0, "last_attempt": None},
           f"a pending note: {world.note(first)}")
    step("with a prover it is in flight, then consumed")
    world.prover.start()
    seen = []
    deadline = time.monotonic() + 120
    while (not seen or seen[-1] != COMMITTED) and time.monotonic() < deadline:
        status = world.note(first).get("status")
        if not seen or seen[-1] != status:
            seen.append(status)
        time.sleep(0.2)
    expect(seen == [PENDING, INFLIGHT, COMMITTED], f"stages of a note: {seen}")
    until("all four are counted", lambda: world.count() == 4)


def hold_nobody_up(world: World) -> None:
    step("notes that fail or never end stay behind")
    bad = world.client("increment", "--notes", "3", "--failing", "--wait", "0")["note_ids"]
    bad += world.client("increment", "--notes", "3", "--endless", "--wait", "0")["note_ids"]
    before = world.count()
    world.client("increment", "--notes", "9")
    until("the others are counted", lambda: world.count() == before + 9)
    for i, note in enumerate(bad):
        state = until("an attempt is counted", lambda: (s := world.note(note)).get("attempts") and s)
        expect(state["status"] == PENDING, f"a note that fails: {state}")
        reason = "assertion failed" if i < 3 else "exceeded the allowed number of max cycles"
        expect(reason in state["error"], f"a note that fails: {state}")
        expect("\x1b" not in state["error"], f"a note that fails: {state}")


def kill_at_random(world: World, chance: random.Random) -> None:
    step("builder and prover are killed while notes come in")
    before = world.count()
    sender = subprocess.Popen(
        [str(world.programs / "counter_client"), "increment", "--rpc", world.network.url, "--file",
         str(world.folder / "counters.json"), "--count", "2", "--notes", "30"],
        stdout=subprocess.PIPE, text=True)
    for _ in range(KILLS):
        time.sleep(chance.uniform(1, 8))
        victim = chance.choice((world.builder, world.builder, world.prover))
        victim.kill()
        time.sleep(chance.uniform(0, 1))
        victim.start()
    expect(sender.wait() == 0, "notes were not sent")
    sent = json.loads(sender.stdout.read())["note_ids"]
    step(f"{KILLS} kills; {world.count() - before} of {len(sent)} notes are consumed so far")
    until("every note is consumed", lambda: world.count() - before >= len(sent), 300)
    for note in sent:
        state = until("the builder knows", lambda: (s := world.note(note)).get("status") == COMMITTED and s)
        expect(state["attempts"] == 0 and state["error"] == "", f"a good note: {state}")


def meet_strangers(world: World) -> None:
    step("a node of another network is named and left")
    other = Network(world.programs, world.folder / "other", GENESIS.replace("1700000000", "1700000001"))
    run(world.programs / "miden-ntx-builder", "bootstrap", "--data-directory", world.folder / "stranger",
        "--file", other.folder / "genesis" / "genesis.dat")
    stranger = world.builder_at(world.folder / "stranger", free_port(), "stranger")
    stranger.start()
    try:
        until("it says so", lambda: "is of another network" in stranger.log.read_text(), 30)
        expect(stranger.running(), "the builder ended")
        expect(stranger.stop() == 0, "exit status after SIGTERM")
        expect("block applied" not in stranger.log.read_text(), "a block of another network was taken")
    finally:
        if stranger.running():
            stranger.kill()


def live(world: World, chance: random.Random) -> None:
    world.network.start()
    world.prover.start()
    world.builder.start()
    step("deploy three counters")
    world.client("deploy", "--counters", "3", "--hostile")
    follow_a_note(world)
    hold_nobody_up(world)
    kill_at_random(world, chance)
    meet_strangers(world)
    read = world.client("read")
    expect(read["observed"] == read["expected"] == read["sent"], f"counted and sent: {read}")
    expect(world.builder.stop() == 0, "exit status after SIGTERM")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="miden-ntx-builder-"))
    world = World(options.programs, folder)
    try:
        live(world, random.Random(options.seed))
    except Exception:
        print(world.logs(), flush=True)
        raise
    finally:
        world.stop()
        if options.keep:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    step("done")


if __name__ == "__main__":
    sys.exit(main())
