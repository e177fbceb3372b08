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
from pathlib import Path

from network import Client, Network, note_of, step, until

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
    until("the mint is committed", lambda: alice.all_committed(1))

    step("consume it")
    alice("consume-notes", "-a", public, minted, "--force")
    until("the consumption is committed", lambda: alice.all_committed(2))
    check(balance(alice, public, faucet), 1000, "public wallet after the mint")

    step("send 100 in a public note to the private wallet; kill the validator, start it again")
    sent = note_of(alice("send", "-s", public, "-t", private, "-a", f"100::{faucet}", "-n", "public", "--force"))
    network.validator.kill()
    network.validator.start()
    until("the send is committed", lambda: alice.all_committed(3))
    alice("consume-notes", "-a", private, sent, "--force")
    until("the private wallet has consumed it", lambda: alice.all_committed(4))

    step("send 40 back in a private note")
    sent = note_of(alice("send", "-s", private, "-t", public, "-a", f"40::{faucet}", "-n", "private", "--force"))
    until("the private note is committed", lambda: alice.all_committed(5))
    alice("consume-notes", "-a", public, sent, "--force")
    until("the private note is consumed", lambda: alice.all_committed(6))
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
    before = alice.height()
    until("two more blocks", lambda: alice.height() >= before + 2)
    if set(alice.transaction_states()) != {"Committed"}:
        raise AssertionError(alice("tx", "--list"))


def check(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found} instead of {expected}")


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
