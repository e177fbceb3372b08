#!/usr/bin/env python3
"""Networks that mix our programs and the reference's: one chain on all sides.

Four networks, one after the other, each of which lives for at least BLOCKS blocks while the reference's
client mints, spends and sends on it:

  - the reference's validator and sequencer; our full node follows, and a second one of ours follows that
  - our validator and sequencer; the reference's full node follows, and one of ours follows that
  - our sequencer with the reference's validator; the sequencer is lost and ours recovers it
  - the reference's sequencer with our validator; the reference recovers from our validator, then our
    full node is promoted

and two on which network transactions are made:

  - the reference's sequencer and prover with our builder
  - our sequencer and prover with the reference's builder

and two that both implementations' monitors look at, ours and the reference's.

At the end every block, header and changed account is compared between all nodes of a network.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import monitors  # noqa: E402
from network import KEY, Client, Program, free_port, note_of, run, step, until  # noqa: E402
from network_transactions import NOTES, Builder, Counters  # noqa: E402

BLOCKS = 50
GENESIS = """\
version = 1
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 0

[[wallet]]
account_type = "public"
assets = [{ symbol = "MIDEN", amount = 1000 }]
"""
FAUCET = """\
[fungible-faucet-metadata]
symbol = "BTC"
decimals = 10
max_supply = 10000000
"""
# The reference takes 2 GiB of cache for each of its trees otherwise.
SMALL_CACHES = [argument for tree in ("account-tree", "nullifier-tree", "account-state-forest")
                for argument in (f"--store.{tree}.rocksdb.cache-size", "67108864")]


class Node(Program):
    """A node's process, and the folder that holds its store."""

    def __init__(self, command: list, log: Path, port: int, data: Path):
        super().__init__(list(map(str, command)), log, port)
        self.data = data

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Network:
    """One validator, one genesis, and nodes around it; each program from the folder given."""

    def __init__(self, folder: Path, validator_programs: Path):
        self.folder, self.nodes = folder, []
        folder.mkdir()
        (folder / "genesis.toml").write_text(GENESIS)
        run(validator_programs / "miden-validator", "bootstrap", "--data-directory", folder / "validator",
            "--genesis-block-directory", folder / "genesis", "--accounts-directory", folder / "accounts",
            "--genesis-config-file", folder / "genesis.toml", "--key.hex", KEY)
        port = free_port()
        self.validator = Program(
            [str(validator_programs / "miden-validator"), "start", "--listen", f"127.0.0.1:{port}",
             "--data-directory", str(folder / "validator"), "--key.hex", KEY],
            folder / "validator.log", port)
        self.validator.start(timeout_s=120)
        self.validator_url = f"http://127.0.0.1:{port}"

    def new_store(self, name: str, programs: Path) -> Path:
        data = self.folder / name
        run(programs / "miden-node", "bootstrap", "--data-directory", data, "--file",
            self.folder / "genesis" / "genesis.dat")
        return data

    def start_node(self, name: str, programs: Path, data: Path, mode: str, *options) -> Node:
        port = free_port()
        node = Node([programs / "miden-node", mode, "--data-directory", data, "--rpc.listen",
                     f"127.0.0.1:{port}", "--rpc.rate-limit.burst-size", "100000", *options, *SMALL_CACHES],
                    self.folder / f"{name}.log", port, data)
        self.nodes.append(node)
        node.start(timeout_s=120)
        return node

    def sequencer(self, name: str, programs: Path, data: Path | None = None,
                  builder: Builder | None = None) -> Node:
        url = builder.url if builder else f"http://127.0.0.1:{free_port()}"
        return self.start_node(name, programs, data or self.new_store(name, programs), "sequencer",
                               "--validator.url", self.validator_url, "--ntx-builder.url", url,
                               "--block.interval", "1s", "--batch.interval", "300ms",
                               *(builder.sequencer_options if builder else ()))

    def full(self, name: str, programs: Path, source: Node, data: Path | None = None) -> Node:
        return self.start_node(name, programs, data or self.new_store(name, programs), "full",
                               "--sync.block-source.url", source.url)

    def recover(self, data: Path, programs: Path) -> None:
        run(programs / "miden-node", "recover", "--data-directory", data, "--validator.url",
            self.validator_url, *SMALL_CACHES)

    def stop(self) -> None:
        for program in (*self.nodes, self.validator):
            if program.running():
                program.kill()

    def logs(self) -> str:
        return "".join(f"\n--- {p.log.name}\n{p.tail(40)}\n" for p in (self.validator, *self.nodes))


class Interop:
    def __init__(self, ours: Path, reference: Path, client: str, folder: Path):
        self.ours, self.reference, self.client, self.folder = ours, reference, client, folder

    def live(self, network: Network, entry: Node) -> Client:
        """Tokens are minted and change hands through `entry`, until all of it is committed."""
        client = Client(self.client, network.folder / "client", entry.url)
        client("sync")
        (client.folder / "faucet.toml").write_text(FAUCET)
        faucet = client.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet", "-i",
                                    "faucet.toml")
        public = client.new_account("new-wallet", "-t", "public")
        private = client.new_account("new-wallet", "-t", "private")
        minted = note_of(client("mint", "-t", public, "-a", f"1000::{faucet}", "-n", "public", "--force"))
        until("the mint is committed", lambda: client.all_committed(1))
        client("consume-notes", "-a", public, minted, "--force")
        until("the consumption is committed", lambda: client.all_committed(2))
        sent = note_of(client("send", "-s", public, "-t", private, "-a", f"100::{faucet}", "-n", "public",
                              "--force"))
        until("the send is committed", lambda: client.all_committed(3))
        client("consume-notes", "-a", private, sent, "--force")
        until("the private wallet has consumed it", lambda: client.all_committed(4))
        return client

    def compare(self, first: Node, second: Node, blocks: int) -> None:
        done = subprocess.run([self.ours / "compare_chains", first.url, second.url, str(blocks)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{first.log.stem} and {second.log.stem}: {done.stderr}")
        step(f"  {first.log.stem} and {second.log.stem}: {done.stdout.strip()}")

    def followed_by_ours(self, network: Network) -> None:
        sequencer = network.sequencer("reference-sequencer", self.reference)
        full = network.full("our-full", self.ours, sequencer)
        second = network.full("our-second-full", self.ours, full)
        client = self.live(network, second)
        tip = until_tip(client, BLOCKS)
        self.compare(sequencer, full, tip)
        self.compare(full, second, tip)

    def followed_by_reference(self, network: Network) -> None:
        sequencer = network.sequencer("our-sequencer", self.ours)
        full = network.full("reference-full", self.reference, sequencer)
        second = network.full("our-full", self.ours, full)
        client = self.live(network, second)
        tip = until_tip(client, BLOCKS)
        self.compare(sequencer, full, tip)
        self.compare(full, second, tip)

    def signed_by_reference(self, network: Network) -> None:
        sequencer = network.sequencer("our-sequencer", self.ours)
        full = network.full("reference-full", self.reference, sequencer)
        client = self.live(network, sequencer)
        tip = until_tip(client, BLOCKS)
        self.compare(sequencer, full, tip)
        step("  the sequencer and its store are lost; ours recovers the chain from the validator")
        sequencer.kill()
        data = network.new_store("recovered", self.ours)
        network.recover(data, self.ours)
        recovered = network.sequencer("our-recovered-sequencer", self.ours, data)
        follower = network.full("reference-follower", self.reference, recovered)
        self.compare(recovered, full, tip)
        self.compare(recovered, follower, tip + 5)

    def sequenced_by_reference(self, network: Network) -> None:
        sequencer = network.sequencer("reference-sequencer", self.reference)
        full = network.full("our-full", self.ours, sequencer)
        client = self.live(network, sequencer)
        tip = until_tip(client, BLOCKS)
        self.compare(sequencer, full, tip)
        step("  the sequencer is lost; the reference recovers from our validator")
        sequencer.kill()
        data = network.new_store("recovered", self.reference)
        network.recover(data, self.reference)
        # Its sequencer does not start on a recovered store (it wants inputs for proofs that were
        # made elsewhere), so the store is looked at through a full node.
        recovered = network.full("reference-recovered", self.reference, full, data)
        self.compare(full, recovered, tip)
        step("  our full node is promoted to sequencer on the same validator")
        full.stop()
        network.recover(full.data, self.ours)
        promoted = network.sequencer("our-promoted-sequencer", self.ours, full.data)
        self.compare(promoted, network.full("reference-follower", self.reference, promoted), tip + 5)

    def built(self, network: Network, sequencer_programs: Path, builder: Builder, follower_programs: Path) -> None:
        """Network transactions by one implementation's builder on the other's sequencer."""
        sequencer = network.sequencer("sequencer", sequencer_programs, builder=builder)
        full = network.full("full", follower_programs, sequencer)
        try:
            builder.start(network.folder / "genesis" / "genesis.dat", sequencer.url)
            Counters(self.ours / "counter_client", network.folder, full.url).count_to(NOTES)
        except BaseException:
            print(builder.logs(), flush=True)
            raise
        finally:
            builder.stop()
        self.compare(sequencer, full, BLOCKS)

    def built_by_ours(self, network: Network) -> None:
        self.built(network, self.reference, Builder(network.folder, self.ours, self.reference), self.ours)

    def built_by_reference(self, network: Network) -> None:
        self.built(network, self.ours, Builder(network.folder, self.reference, self.ours), self.reference)

    def watched(self, network: Network, programs: Path, but: tuple[str, ...]) -> None:
        """A network of one implementation, shown alike by the monitors of both."""
        builder = Builder(network.folder, programs, programs)
        sequencer = network.sequencer("sequencer", programs, builder=builder)
        watchers = [monitors.Monitor(folder, network.folder, name, sequencer.url, network.validator_url,
                                     builder.prover_url)
                    for name, folder in (("our-monitor", self.ours), ("reference-monitor", self.reference))]
        try:
            builder.start(network.folder / "genesis" / "genesis.dat", sequencer.url)
            for watcher in watchers:
                watcher.start(timeout_s=60)
            watchers[0].until_well()
            watchers[1].until_well(but)
            monitors.compare(*watchers, but)
        except BaseException:
            print(builder.logs(), *(f"\n--- {w.log.name}\n{w.tail(40)}" for w in watchers), flush=True)
            raise
        finally:
            builder.stop()
            for watcher in watchers:
                if watcher.running():
                    watcher.kill()

    def ours_watched(self, network: Network) -> None:
        self.watched(network, self.ours, ())

    def reference_watched(self, network: Network) -> None:
        # The reference's prover does not answer what the reference's monitor asks.
        self.watched(network, self.reference, ("Remote Prover (1)",))

    def run(self, only: int | None) -> None:
        networks = [
            ("our full nodes on the reference's sequencer", self.reference, self.followed_by_ours),
            ("the reference's full node on our sequencer", self.ours, self.followed_by_reference),
            ("our sequencer, the reference's validator", self.reference, self.signed_by_reference),
            ("the reference's sequencer, our validator", self.ours, self.sequenced_by_reference),
            ("our builder on the reference's sequencer and prover", self.reference, self.built_by_ours),
            ("the reference's builder on our sequencer and prover", self.ours, self.built_by_reference),
            ("our network, watched by both monitors", self.ours, self.ours_watched),
            ("the reference's network, watched by both monitors", self.reference, self.reference_watched),
        ]
        for number, (title, validator_programs, scenario) in enumerate(networks, 1):
            if only not in (None, number):
                continue
            step(title)
            network = Network(self.folder / f"network-{number}", validator_programs)
            try:
                scenario(network)
            except BaseException:
                print(network.logs(), flush=True)
                raise
            finally:
                network.stop()


def until_tip(client: Client, blocks: int) -> int:
    """The tip, once it is at least `blocks`."""
    def reached() -> int:
        height = client.height()
        return height if height >= blocks else 0
    return until(f"block {blocks}", reached, timeout_s=240)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--reference", type=Path, required=True, help="folder with the reference's programs")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    parser.add_argument("--only", type=int, help="only the network of this number, from 1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-interop-") as temporary:
        if options.keep:
            options.keep.mkdir(parents=True)
        folder = options.keep.resolve() if options.keep else Path(temporary)
        Interop(options.programs.resolve(), options.reference.resolve(), options.client, folder).run(options.only)
    step("passed")
