#!/usr/bin/env python3
"""Genesis files go both ways: the reference starts from ours, ours from the reference's.

The reference's side is tests/oracle's genesis_oracle, which decodes and checks with its crates.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from network import KEY

GENESIS = """\
version = 7
timestamp = 1700000000

[fee_parameters]
verification_base_fee = 3

[[fungible_faucet]]
symbol = "BTC"
decimals = 8
max_supply = 2100000000000000
account_type = "public"

[[fungible_faucet]]
symbol = "SECRET"
decimals = 0
max_supply = 10

[[wallet]]
account_type = "public"
assets = [{ symbol = "MIDEN", amount = 999000 }, { symbol = "BTC", amount = 5 }]

[[wallet]]
assets = [{ symbol = "SECRET", amount = 10 }]
"""


def output_of(*command) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{command}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def main(programs: Path, oracle: Path, folder: Path) -> None:
    (folder / "genesis.toml").write_text(GENESIS)
    output_of(programs / "miden-validator", "bootstrap", "--data-directory", folder / "v",
              "--genesis-block-directory", folder / "g", "--accounts-directory", folder / "a",
              "--genesis-config-file", folder / "genesis.toml", "--key.hex", KEY)
    account_files = sorted((folder / "a").iterdir())
    names = [file.name for file in account_files]
    expected = ["faucet_btc.mac", "faucet_miden.mac", "faucet_secret.mac", "wallet_0.mac", "wallet_1.mac"]
    if names != expected:
        raise AssertionError(f"account files: {names} instead of {expected}")
    commitment, accounts = output_of(oracle, "check", folder / "g" / "genesis.dat", *account_files).split()
    if int(accounts) != 5:
        raise AssertionError(f"{accounts} accounts instead of 5")
    started = output_of(programs / "miden-node", "bootstrap", "--data-directory", folder / "n", "--file",
                        folder / "g" / "genesis.dat")
    if commitment not in started:
        raise AssertionError(f"the reference names the block {commitment}, ours says: {started}")

    commitment = output_of(oracle, "make", folder / "reference.dat").strip()
    started = output_of(programs / "miden-node", "bootstrap", "--data-directory", folder / "r", "--file",
                        folder / "reference.dat")
    if commitment not in started:
        raise AssertionError(f"the reference names its block {commitment}, ours says: {started}")
    print("passed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--oracle", type=Path, required=True, help="the program genesis_oracle")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-genesis-") as temporary:
        main(options.programs.resolve(), options.oracle.resolve(), Path(temporary))
