#!/usr/bin/env python3
"""A monitor and a whole network: what happens to the network is shown for what it is, in time.

Validator, sequencer, a full node that can be cut off, provers of transactions and of batches, the
network transaction builder, and stand-ins for faucet, explorer and note transport. All is well; then
services fail one after the other, and each must be shown within two intervals of its check; then they
come back. The network begins anew with another genesis: the monitor follows it there. The monitor is
started anew and still knows what it saw. Another one looks only at what answers garbage, never, without
an end, or does not exist.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "monitor"))
from network import Network, Program, expect, free_port, run, step, until  # noqa: E402
from stand_ins import Explorer, Faucet  # noqa: E402

GENESIS = """\
version = 1
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 0
"""
SECRET = "a secret of this test"
STATUS_INTERVAL_S, FAUCET_INTERVAL_S, INCREMENT_INTERVAL_S = 3, 5, 20
LATENCY_TIMEOUT_S = 50
# Of the machine, which other tests may keep busy.
SLACK_S = 3


class Relay:
    """Between two services; while it is cut, connections stay open and nothing passes."""

    def __init__(self, to_port: int):
        self.to_port, self.passes = to_port, threading.Event()
        self.passes.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.to_port))
            except OSError:
                near.close()
                continue
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.passes.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class World:
    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.network = Network(programs, folder / "network", GENESIS, block_interval="1s",
                               sequencer_options=("--rpc.network-tx-auth-header-value", SECRET))
        genesis = self.network.folder / "genesis" / "genesis.dat"
        self.relay = Relay(self.network.rpc_port)
        run(programs / "miden-node", "bootstrap", "--data-directory", folder / "full", "--file", genesis)
        full_port = free_port()
        self.full = Program(
            [str(programs / "miden-node"), "full", "--data-directory", str(folder / "full"), "--rpc.listen",
             f"127.0.0.1:{full_port}", "--sync.block-source.url", self.relay.url], folder / "full.log", full_port)
        self.provers = {kind: self.prover(kind) for kind in ("transaction", "batch", "block")}
        run(programs / "miden-ntx-builder", "bootstrap", "--data-directory", folder / "ntx", "--file", genesis)
        self.builder = Program(
            [str(programs / "miden-ntx-builder"), "start", "--listen", f"127.0.0.1:{self.network.ntx_builder_port}",
             "--data-directory", str(folder / "ntx"), "--rpc.url", self.network.url, "--rpc.auth-header-value",
             SECRET, "--tx-prover.url", self.url(self.provers["transaction"])],
            folder / "builder.log", self.network.ntx_builder_port)
        transport_port = free_port()
        self.transport = Program([str(programs / "note_transport_stand_in"), str(transport_port)],
                                 folder / "transport.log", transport_port)
        self.faucet, self.explorer = Faucet(), Explorer(tip=self.tip)
        monitor_port = free_port()
        self.monitor = Program(
            [str(programs / "miden-network-monitor"), "start", "--listen", f"127.0.0.1:{monitor_port}",
             "--network-name", "Test", "--data-directory", str(folder / "monitor"),
             "--rpc-url", f"{self.url(self.full)},{self.network.url}",
             "--validator-url", f"http://127.0.0.1:{self.network.validator_port}",
             "--remote-prover-urls", ",".join(self.url(p) for p in self.provers.values()),
             "--faucet-url", self.faucet.url, "--explorer-url", f"{self.explorer.url}/graphql",
             "--note-transport-url", self.url(self.transport),
             "--status-check-interval", f"{STATUS_INTERVAL_S}s",
             "--faucet-test-interval", f"{FAUCET_INTERVAL_S}s",
             "--counter-increment-interval", f"{INCREMENT_INTERVAL_S}s",
             "--counter-latency-timeout", f"{LATENCY_TIMEOUT_S}s",
             "--remote-prover-test-interval", "60s", "--request-timeout", "10s"],
            folder / "monitor.log", monitor_port)

    def prover(self, kind: str) -> Program:
        port = free_port()
        return Program([str(self.programs / "miden-remote-prover"), "--kind", kind, "--listen",
                        f"127.0.0.1:{port}", "--capacity", "4"], self.folder / f"prover-{kind}.log", port)

    @staticmethod
    def url(program: Program) -> str:
        return f"http://127.0.0.1:{program.port}"

    def all(self) -> list[Program]:
        return [self.network.validator, self.network.sequencer, self.full, *self.provers.values(), self.builder,
                self.transport, self.monitor]

    def begin_anew(self) -> None:
        """Another genesis behind the same addresses."""
        programs = [self.network.validator, self.network.sequencer, self.full, self.builder]
        for program in reversed(programs):
            program.kill()
        other = Network(self.programs, self.folder / "other", GENESIS.replace("1700000000", "1700000001"))
        genesis = other.folder / "genesis" / "genesis.dat"
        for name in ("validator-data", "node"):
            shutil.rmtree(self.network.folder / name)
            (other.folder / name).rename(self.network.folder / name)
        for name, program in (("full", "miden-node"), ("ntx", "miden-ntx-builder")):
            shutil.rmtree(self.folder / name)
            run(self.programs / program, "bootstrap", "--data-directory", self.folder / name, "--file", genesis)
        for program in programs:
            program.start()

    # What the monitor says.

    def get(self, path: str):
        with urllib.request.urlopen(self.url(self.monitor) + path, timeout=5) as answer:
            return json.load(answer)

    def checks(self) -> dict:
        return {check["id"]: check for check in self.get("/api/v1/checks")["checks"]}

    def services(self) -> dict:
        return {service["name"]: service for service in self.get("/status")["services"]}

    def tip(self) -> int:
        try:
            return int(self.checks()["block-production"]["last"]["figures"]["tip"])
        except (OSError, TypeError, KeyError):
            return 0

    def shows(self, check_id: str, state: str, reason: str | None = None, interval_s: float = STATUS_INTERVAL_S,
              within_intervals: int = 2, also_s: float = 0) -> None:
        """Within so many intervals, counted from the first look that can see it."""
        limit_s = (within_intervals + 1) * interval_s + SLACK_S + also_s
        begun = time.monotonic()
        while True:
            check = self.checks()[check_id]
            took_s = time.monotonic() - begun
            if check["state"] == state and (reason is None or check["reason"] == reason):
                break
            if took_s > limit_s:
                raise AssertionError(f"{check_id} is not shown {state} ({reason}) within {limit_s} s: "
                                     f"{json.dumps(check, indent=1)}")
            time.sleep(0.2)
        step(f"  {check_id} is {state} after {took_s:.1f} s: {check['reason']} {check['cause']}")


def scenario(world: World) -> None:
    step("start everything, the monitor first: it must not mind")
    world.monitor.start()
    world.shows("node-1", "down", "refused", within_intervals=3)
    expect(world.checks()["block-production"]["state"] == "unknown", "no node answers: nothing is known of the chain")
    expect(world.services()["RPC"]["status"] == "Unhealthy", "the RPC card")
    expect(world.services()["Network Transactions"]["details"] == {"NtxTracking": {
        "current_value": None, "expected_value": None, "last_updated": None, "pending_increments": None}},
        "the counter's card before there is one")
    world.network.start()
    for program in (world.full, *world.provers.values(), world.builder, world.transport):
        program.start()

    def all_well() -> bool:
        checks, services = world.checks(), world.services()
        return (all(check["state"] == "ok" for check in checks.values())
                and all(service["status"] == "Healthy" for service in services.values()))

    step("all is well, proofs and network notes included")
    until("every check is ok", all_well, 400)
    until("every kind of proof was made", lambda: all(
        (world.services()[f"Remote Prover ({number})"]["details"]["RemoteProverStatus"]["test"] or {}).get("status")
        == "Healthy" for number in (1, 2, 3)), 200)
    kinds = [world.services()[f"Remote Prover ({number})"]["details"]["RemoteProverStatus"]["status"]
             ["supported_proof_type"] for number in (1, 2, 3)]
    expect(kinds == ["Transaction", "Batch", "Block"], f"kinds of provers: {kinds}")
    until("a note was consumed", lambda: (world.services()["Network Transactions"]["details"]["NtxTracking"]
                                          ["current_value"] or 0) > 0, 200)
    times = world.get("/api/v1/inclusion")
    step(f"  inclusion: {json.dumps(times)[-300:]}")
    expect(len(world.faucet.granted) > 0, "the faucet gave nothing")
    names = list(world.services())
    expect(names == ["RPC", "Remote Prover (1)", "Remote Prover (2)", "Remote Prover (3)", "Faucet", "Explorer",
                     "Local Transactions", "Network Transactions", "Note Transport", "Validator"],
           f"order of cards: {names}")

    step("services for users fail, each in its way")
    world.explorer.offset = -40
    world.shows("explorer", "degraded", "lag")
    world.explorer.offset = 0
    world.explorer.fault = (502, "<html>Bad Gateway</html>")
    world.shows("explorer", "down", "http")
    world.explorer.fault = None
    world.faucet.fault = (500, "internal error")
    world.shows("faucet", "down", "http", FAUCET_INTERVAL_S)
    world.faucet.fault = None
    world.transport.process.send_signal(signal.SIGUSR1)
    world.shows("note-transport", "down", "not_serving")
    world.transport.process.send_signal(signal.SIGUSR2)
    world.shows("note-transport", "ok")
    world.shows("explorer", "ok")
    world.shows("faucet", "ok", interval_s=FAUCET_INTERVAL_S)

    step("a prover is killed, and started again")
    world.provers["batch"].kill()
    world.shows("prover-2", "down", "refused")
    expect(world.services()["Remote Prover (2)"]["status"] == "Unhealthy", "the prover's card")
    world.provers["batch"].start()
    world.shows("prover-2", "ok")

    step("the full node gets no more blocks: it lags, the chain does not")
    world.relay.passes.clear()
    # With a block a second it is more than five behind after six.
    world.shows("node-1", "degraded", "lag", also_s=8)
    expect(world.checks()["block-production"]["state"] == "ok", "the chain grows")
    world.relay.passes.set()
    world.shows("node-1", "ok", also_s=15)

    step("the full node is stopped: it answers nothing")
    world.full.process.send_signal(signal.SIGSTOP)
    world.shows("node-1", "down", "timeout")
    world.full.process.send_signal(signal.SIGCONT)
    world.shows("node-1", "ok", also_s=15)

    step("the sequencer is stopped: the chain stands still")
    world.network.sequencer.stop()
    world.shows("block-production", "down", "not_serving")
    world.shows("node-2", "down", "refused")
    open_ones = [i for i in world.get("/api/v1/incidents")["incidents"] if i["closed_at"] is None]
    expect(any(i["check"]["id"] == "block-production" for i in open_ones), f"open incidents: {open_ones}")
    world.network.sequencer.start()
    world.shows("block-production", "ok", also_s=20)
    world.shows("node-2", "ok", also_s=10)

    step("the network begins anew with another genesis")
    genesis = world.services()["RPC"]["details"]["RpcStatus"]["genesis_commitment"]
    world.begin_anew()

    def follows() -> bool:
        service = world.services()["RPC"]
        return (service["status"] == "Healthy"
                and service["details"]["RpcStatus"]["genesis_commitment"] != genesis)

    until("the monitor sees another genesis", follows, 30)
    until("the new counter has counted", lambda: (world.services()["Network Transactions"]["details"].get(
        "NtxTracking", {}).get("current_value") or 0) in (1, 2), 300)
    until("every check is ok", all_well, 300)

    step("the network transaction builder is killed: transactions go on, their notes wait")
    world.builder.kill()
    # The next transaction, proven on a busy machine; its note's time; two looks.
    world.shows("network-transactions", "down", "pending", INCREMENT_INTERVAL_S / 2,
                also_s=INCREMENT_INTERVAL_S + LATENCY_TIMEOUT_S + 60)
    expect(world.checks()["local-transactions"]["state"] == "ok", "the wallet's transactions")
    world.builder.start()
    world.shows("network-transactions", "ok", None, INCREMENT_INTERVAL_S / 2, also_s=INCREMENT_INTERVAL_S + 90)

    step("the monitor is started anew and knows what it saw")
    before = {i["id"] for i in world.get("/api/v1/incidents")["incidents"]}
    known = world.checks()["validator"]["availability"]["24h"]["known_seconds"]
    expect(len(before) >= 5, f"incidents: {before}")
    begun = time.monotonic()
    expect(world.monitor.stop() == 0, "exit status of the monitor")
    step(f"  it ended after {time.monotonic() - begun:.1f} s")
    world.monitor.start()
    world.shows("validator", "ok")
    after = {i["id"] for i in world.get("/api/v1/incidents")["incidents"]}
    expect(before <= after, f"incidents lost: {before - after}")
    known_after = world.checks()["validator"]["availability"]["24h"]["known_seconds"]
    expect(known_after >= known - 1, f"known time went from {known} to {known_after} s")
    until("every check is ok", all_well, 400)
    expect(world.monitor.stop() == 0, "exit status of the monitor")


class Hostile:
    """Sends some bytes again and again to whoever connects; nothing, where there are none."""

    def __init__(self, head: bytes = b"", body: bytes = b""):
        self.head, self.body = head, body
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        try:
            client.sendall(self.head)
            while self.body:
                client.sendall(self.body)
            while client.recv(65536):
                pass
        except OSError:
            pass
        client.close()


def resident_mib(process: subprocess.Popen) -> int:
    fields = Path(f"/proc/{process.pid}/status").read_text()
    return int(fields.split("VmRSS:")[1].split()[0]) // 1024


def bad_services(programs: Path, folder: Path) -> None:
    step("services that are none: the monitor stays up and says so")
    silent = Hostile()
    endless = Hostile(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)
    deep = Hostile(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + b"[" * 500000)
    garbage = Hostile(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)
    port = free_port()
    monitor = Program(
        [str(programs / "miden-network-monitor"), "start", "--listen", f"127.0.0.1:{port}", "--rpc-url",
         f"http://nowhere.invalid:57291,{silent.url},{garbage.url},http://127.0.0.1:{free_port()}",
         "--validator-url", silent.url, "--remote-prover-urls", garbage.url, "--faucet-url", endless.url,
         "--explorer-url", deep.url, "--note-transport-url", endless.url, "--status-check-interval", "1s",
         "--faucet-test-interval", "1s", "--counter-increment-interval", "2s", "--request-timeout", "4s"],
        folder / "bad-services.log", port)
    monitor.start()
    expected = {"node-1": ("dns",), "node-2": ("timeout",), "node-3": ("malformed",), "node-4": ("refused",),
                "validator": ("timeout",), "prover-1": ("malformed",), "faucet": ("too_large",),
                "explorer": ("malformed",), "note-transport": ("malformed",), "local-transactions": ("dns",)}
    try:
        def found() -> dict:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/checks", timeout=5) as answer:
                return {c["id"]: (c["state"], c["reason"], c["cause"]) for c in json.load(answer)["checks"]}

        def all_seen() -> bool:
            seen = found()
            return all(seen[name][0] == "down" and seen[name][1] in reasons for name, reasons in expected.items())
        try:
            until("every fault is named", all_seen, 30)
        finally:
            step(f"  {json.dumps(found())}")
        before = resident_mib(monitor.process)
        time.sleep(10)
        expect(all_seen(), f"ten seconds later: {found()}")
        after = resident_mib(monitor.process)
        step(f"  memory: {before} MiB, ten seconds later {after} MiB")
        expect(after < before + 64, "memory grows")
        begun = time.monotonic()
        expect(monitor.stop() == 0, "exit status of the monitor")
        expect(time.monotonic() - begun < 3, "the monitor takes long to end")
    except BaseException:
        print(monitor.tail(), flush=True)
        raise
    finally:
        if monitor.running():
            monitor.kill()


def mistakes(programs: Path) -> None:
    step("wrong options and a port in use: one line, a status, the end")
    program = str(programs / "miden-network-monitor")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for status, says, options in (
                (2, "--status-check-interval", ["--status-check-interval", "0s"]),
                (2, "--counter-increment-interval", ["--counter-increment-interval", "0s"]),
                (2, "--rpc-url", ["--rpc-url", "ftp://host"]),
                (2, "--faucet-url", ["--faucet-url", "file:///etc/passwd"]),
                (2, "--port", ["--port", "65536"]),
                (1, "--lag-recovered", ["--lag-threshold", "2", "--lag-recovered", "3"]),
                (1, "--pause", ["--pause", "node-7"]),
                (1, "address already in use", ["--port", str(taken.getsockname()[1])])):
            done = subprocess.run([program, "start", *options], capture_output=True, text=True, timeout=60)
            lines = done.stderr.splitlines()
            if (done.returncode != status or len(lines) != 1 or not lines[0].startswith("Error: ")
                    or says.lower() not in lines[0].lower()):
                raise AssertionError(f"{options}: expected {status} and '{says}', got {done.returncode}\n"
                                     f"{done.stdout}{done.stderr}")


def test(programs: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mistakes(programs)
    bad_services(programs, folder)
    world = World(programs, folder)
    try:
        scenario(world)
    except BaseException:
        for program in world.all():
            if program.log.exists():
                print(f"\n--- {program.log.name}\n{program.tail(25)}", flush=True)
        raise
    finally:
        for program in world.all():
            if program.running():
                program.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    options = parser.parse_args()
    if options.keep:
        test(options.programs.resolve(), options.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="miden-e2e-") as temporary:
            test(options.programs.resolve(), Path(temporary))
    step("passed")
