#!/usr/bin/env python3
"""Three full nodes behind HAProxy with the configuration that we ship.

Clients ask and follow the chain while nodes are killed, hang, and are restarted one after the other: no
client sees an error that asking again does not cure. Then: when no node is near the tip any node that lives
answers, what clients say about their address counts for nothing, and gRPC-Web gets through too.
"""

import argparse
import csv
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from full_node import FullNode, miden_node, tip_of
from network import Network, Program, expect, free_port, step, until

CONFIGURATIONS = Path(__file__).resolve().parents[2] / "deploy" / "haproxy"
BURST = 20
def haproxy_program() -> str:
    # Debian keeps it where only root's path leads.
    found = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise AssertionError("haproxy is missing: apt-get install haproxy")
    return found


class Balancer(Program):
    def __init__(self, folder: Path, nodes: list[FullNode]):
        self.stats_port = free_port()
        port = free_port()
        os.environ.update(RPC_LISTEN=f"127.0.0.1:{port}", STATS_LISTEN=f"127.0.0.1:{self.stats_port}",
                          **{f"RPC_NODE_{n}": f"127.0.0.1:{node.port}" for n, node in enumerate(nodes, 1)})
        super().__init__([haproxy_program(), "-f", str(CONFIGURATIONS / "rpc.cfg")], folder / "haproxy.log", port)

    def states(self) -> dict[str, str]:
        """Of each server: UP, DOWN, or on the way to one of them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.stats_port}/;csv", timeout=5) as answer:
            rows = csv.DictReader(answer.read().decode().lstrip("# ").splitlines())
        return {f"{row['pxname']}/{row['svname']}": row["status"].split()[0] for row in rows}

    def is_up(self, *numbers: int) -> bool:
        states = self.states()
        return [n for n in (1, 2, 3) if states[f"grpc_nodes/node{n}"] == "UP"] == sorted(numbers)


class World:
    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.network = Network(programs, folder / "network", block_interval="500ms")
        # Enough for the load, which comes from one address.
        self.nodes = [self.node(f"node-{n}", "--rpc.rate-limit.burst-size", "1000000",
                                "--rpc.rate-limit.replenish-per-second", "1000000") for n in (1, 2, 3)]
        self.balancer = Balancer(folder, self.nodes)

    def node(self, name: str, *options: str) -> FullNode:
        node = FullNode(self.programs, self.folder, name, self.network.url, *options)
        miden_node(self.programs, "bootstrap", "--data-directory", node.data, "--file",
                   self.network.folder / "genesis" / "genesis.dat")
        return node

    def logs(self) -> str:
        return self.network.logs() + "".join(f"\n--- {p.log.name}\n{p.tail(25)}\n"
                                             for p in (*self.nodes, self.balancer) if p.log.exists())

    def stop(self) -> None:
        for program in (*self.nodes, self.balancer):
            if program.running():
                program.process.send_signal(signal.SIGCONT)
                program.kill()
        self.network.stop()


def checked_configurations() -> None:
    step("both configurations are valid")
    for name in ("rpc.cfg", "provers.cfg"):
        checked = subprocess.run([haproxy_program(), "-c", "-f", CONFIGURATIONS / name], capture_output=True, text=True)
        expect(checked.returncode == 0 and "warning" not in checked.stderr.lower(), checked.stdout + checked.stderr)


def faults_under_load(world: World) -> None:
    node1, node2, node3 = world.nodes
    seconds = 40
    step(f"clients ask and follow the chain for {seconds} s")
    with subprocess.Popen([world.programs / "retrying_clients", f"127.0.0.1:{world.balancer.port}", str(seconds)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as clients:
        time.sleep(2)
        for number, node in enumerate(world.nodes, 1):
            node.kill()
            began = time.monotonic()
            until(f"node {number} is out", lambda: world.balancer.is_up(*({1, 2, 3} - {number})), pause_s=0.02)
            step(f"node {number} was killed and is out after {time.monotonic() - began:.2f} s")
            node.start()
            until(f"node {number} is back", lambda: world.balancer.is_up(1, 2, 3))
        node2.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        until("node 2 is out", lambda: world.balancer.is_up(1, 3))
        step(f"node 2 hung and is out after {time.monotonic() - began:.2f} s")
        node2.process.send_signal(signal.SIGCONT)
        until("node 2 is back", lambda: world.balancer.is_up(1, 2, 3))
        expect(node3.stop() == 0, "node 3 ended in order")
        node3.start()
        until("node 3 is back", lambda: world.balancer.is_up(1, 2, 3))
        step("node 3 was stopped and started")
        expect(clients.poll() is None, "the clients were done before the faults were")
        output, _ = clients.communicate(timeout=seconds + 30)
    step(output.strip())
    outcome = json.loads(output)
    expect(clients.returncode == 0 and not outcome["uncured"], "errors that asking again did not cure")
    expect(outcome["calls"] > 10 * seconds, "hardly any calls")
    # Each node was killed, so the stream broke, and more than the first blocks came.
    expect(outcome["subscriptions"] >= 2, "the stream never broke")
    expect(outcome["blocks"] > seconds, f"{outcome['blocks']} blocks in {seconds} s")


def status_from(port: int, client: str, **headers: str) -> str:
    """How a call of Status from that address ends: the gRPC status."""
    with tempfile.NamedTemporaryFile() as message:
        message.write(b"\0\0\0\0\0")
        message.flush()
        done = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-D", "-", "--http2-prior-knowledge", "--interface", client,
             "-H", "content-type: application/grpc", "-H", "te: trailers",
             *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
             "--data-binary", f"@{message.name}", f"http://127.0.0.1:{port}/rpc.Api/Status"],
            capture_output=True, text=True, timeout=30)
    found = re.search(r"^grpc-status: (\d+)", done.stdout, re.MULTILINE)
    return found.group(1) if found else done.stdout


def addresses(world: World) -> None:
    step("a client cannot choose the address for which it is limited")
    for node in world.nodes:
        expect(node.stop() == 0, "a node ended in order")
        node.command = node.command[:node.command.index("--rpc.rate-limit.burst-size")] + [
            "--rpc.rate-limit.burst-size", str(BURST), "--rpc.rate-limit.replenish-per-second", "1"]
        node.start()
    until("all are back", lambda: world.balancer.is_up(1, 2, 3))
    port = world.balancer.port
    answers = [status_from(port, "127.0.0.1", **{"x-forwarded-for": f"10.1.0.{n}", "x-real-ip": f"10.2.0.{n}",
                                                "forwarded": f"for=10.3.0.{n}"})
               for n in range(4 * BURST)]
    expect(answers[0] == "0", f"the first answer is {answers[0]}")
    expect(set(answers) == {"0", "8"}, f"{set(answers)}")
    refused = answers.count("8")
    expect(refused > BURST // 2, f"{refused} of {len(answers)} were refused, though all came from one address")
    expect(status_from(port, "127.0.0.2") == "0", "another address pays for the first")


def web(world: World) -> None:
    step("gRPC-Web and `GET /` through the balancer")
    port = world.balancer.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=("127.0.0.3", 0))
    connection.request("POST", "/rpc.Api/Status", b"\0\0\0\0\0",
                       {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"})
    answer = connection.getresponse()
    body = answer.read()
    expect(answer.status == 200 and b"grpc-status:0" in body.replace(b" ", b""), f"{answer.status} {body}")
    connection.request("OPTIONS", "/rpc.Api/Status", headers={"origin": "http://example.org",
                                                              "access-control-request-method": "POST"})
    answer = connection.getresponse()
    answer.read()
    expect(answer.headers.get("access-control-allow-origin") == "http://example.org", str(answer.headers))
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    expect(answer.status == 200, f"GET /: {answer.status}")
    connection.close()


def stale_nodes(world: World) -> None:
    step("without a sequencer no node is near the tip; those that live answer all the same")
    world.network.sequencer.kill()
    until("all nodes are out", lambda: world.balancer.is_up(), 120)
    expect(world.balancer.states()["grpc_nodes/stale1"] == "UP", f"{world.balancer.states()}")
    asked = subprocess.run([world.programs / "retrying_clients", f"127.0.0.1:{world.balancer.port}", "3"],
                           capture_output=True, text=True, timeout=60)
    step(asked.stdout.strip())
    outcome = json.loads(asked.stdout)
    expect(outcome["blocks"] == tip_of(world.nodes[0]) + 1, f"{outcome['blocks']} blocks of old nodes")
    world.network.sequencer.start()
    until("all are back", lambda: world.balancer.is_up(1, 2, 3), 120)


def live(world: World) -> None:
    checked_configurations()
    world.network.start()
    for node in world.nodes:
        node.start()
    world.balancer.start()
    until("all nodes are up", lambda: world.balancer.is_up(1, 2, 3))
    faults_under_load(world)
    stale_nodes(world)
    addresses(world)
    web(world)


def main(programs: Path, folder: Path) -> None:
    world = World(programs, folder)
    try:
        live(world)
    except Exception:
        print(world.logs(), flush=True)
        raise
    finally:
        world.stop()
    step("passed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-balancer-") as temporary:
        main(options.programs.resolve(), Path(temporary))
