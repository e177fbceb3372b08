#!/usr/bin/env python3
"""The whole life of tokens, driven by the reference's unmodified client against our network.

A faucet, a public and a private wallet; mint, consume, a public and a private note; sequencer and
validator killed in the middle; a genesis wallet imported from its account file. At the end every
transaction must be committed, balances must add up and the stored chain must verify from genesis.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from network import Client, Network

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


def step(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def until(what: str, condition, timeout_s: float = 120):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {timeout_s} s: {what}")


def transaction_states(client: Client) -> list[str]:
    """The states in the client's list of transactions."""
    return re.findall(r"Committed|Pending|Discarded", client("tx", "--list"))


def all_committed(client: Client, count: int) -> bool:
    client("sync")
    states = transaction_states(client)
    if "Discarded" in states:
        raise AssertionError(f"a transaction was discarded:\n{client('tx', '--list')}")
    return len(states) == count and set(states) == {"Committed"}


def note_of(output: str) -> str:
    """The id of the one note that a mint or a send announces."""
    found = re.findall(r"0x[0-9a-f]{64}", output[output.index("Output notes"):])
    if len(found) != 1:
        raise AssertionError(f"expected one output note in:\n{output}")
    return found[0]


def balance(client: Client, account: str, faucet: str) -> int:
    """In base units; the account's own view lists `faucet amount` rows of its vault."""
    shown = client("account", "--show", account)
    for line in shown.splitlines():
        if "Fungible Asset" in line and (faucet in line or "BTC" in line or "MIDEN" in line):
            return parse_amount(line)
    return 0


def parse_amount(line: str) -> int:
    cells = [cell.strip() for cell in re.split(r"[│┆|]", line) if cell.strip()]
    return int(round(float(cells[-1].replace(",", "")) * 10 ** DECIMALS.get(cells[1], 0)))


DECIMALS = {"BTC": 10}


def run(programs: Path, client_program: str, folder: Path) -> None:
    step("bootstrap and start validator and sequencer")
    network = Network(programs, folder / "network", GENESIS)
    try:
        network.start()
        live(network, client_program, folder)
        step("stop, and verify the stored chain from genesis")
        if (code := network.sequencer.stop()) != 0:
            raise AssertionError(f"the sequencer ended with {code} after SIGTERM")
        if (code := network.validator.stop()) != 0:
            raise AssertionError(f"the validator ended with {code} after SIGTERM")
        subprocess.run([programs / "verify_chain", network.folder / "node",
                        network.folder / "genesis" / "genesis.dat"], check=True)
    except Exception:
        print(network.logs(), flush=True)
        raise
    finally:
        network.stop()


def live(network: Network, client_program: str, folder: Path) -> None:
    alice = Client(client_program, folder / "alice", network.url)
    alice("sync")
    (alice.folder / "faucet.toml").write_text(FAUCET)
    faucet = alice.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet", "-i", "faucet.toml")
    public = alice.new_account("new-wallet", "-t", "public")
    private = alice.new_account("new-wallet", "-t", "private")
    step(f"faucet {faucet}, public wallet {public}, private wallet {private}")

    step("mint 1000 to the public wallet, kill the sequencer at once, start it again")
    minted = note_of(alice("mint", "-t", public, "-a", f"1000::{faucet}", "-n", "public", "--force"))
    network.sequencer.kill()
    network.sequencer.start()
    until("the mint is committed", lambda: all_committed(alice, 1))

    step("consume it")
    alice("consume-notes", "-a", public, minted, "--force")
    until("the consumption is committed", lambda: all_committed(alice, 2))
    check(balance(alice, public, faucet), 1000, "public wallet after the mint")

    step("send 100 in a public note to the private wallet; kill the validator, start it again")
    sent = note_of(alice("send", "-s", public, "-t", private, "-a", f"100::{faucet}", "-n", "public", "--force"))
    network.validator.kill()
    network.validator.start()
    until("the send is committed", lambda: all_committed(alice, 3))
    alice("consume-notes", "-a", private, sent, "--force")
    until("the private wallet has consumed it", lambda: all_committed(alice, 4))

    step("send 40 back in a private note")
    sent = note_of(alice("send", "-s", private, "-t", public, "-a", f"40::{faucet}", "-n", "private", "--force"))
    until("the private note is committed", lambda: all_committed(alice, 5))
    alice("consume-notes", "-a", public, sent, "--force")
    until("the private note is consumed", lambda: all_committed(alice, 6))
    check(balance(alice, public, faucet), 940, "public wallet at the end")
    check(balance(alice, private, faucet), 60, "private wallet at the end")

    step("a second client imports the genesis wallet from its account file and sees the public wallet")
    bob = Client(client_program, folder / "bob", network.url)
    shutil.copy(network.folder / "accounts" / "wallet_0.mac", bob.folder / "wallet.mac")
    bob("sync")
    bob("import", "wallet.mac")
    bob("sync")
    shown = bob("account", "--show", public)
    if public not in shown:
        raise AssertionError(f"the public wallet is not visible to another client:\n{shown}")

    step("kill both programs together, start them again; the chain goes on")
    network.sequencer.kill()
    network.validator.kill()
    network.validator.start()
    network.sequencer.start()
    before = height(alice)
    until("two more blocks", lambda: height(alice) >= before + 2)
    if set(transaction_states(alice)) != {"Committed"}:
        raise AssertionError(alice("tx", "--list"))


def height(client: Client) -> int:
    return int(re.search(r"synced to block (\d+)", client("sync"), re.IGNORECASE).group(1))


def check(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found} instead of {expected}")


STARTED = time.monotonic()

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    options = parser.parse_args()
    if options.keep:
        run(options.programs.resolve(), options.client, options.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="miden-e2e-") as temporary:
            run(options.programs.resolve(), options.client, Path(temporary))
    step("passed")
    sys.exit(0)
