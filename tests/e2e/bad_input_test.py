#!/usr/bin/env python3
"""What an operator can get wrong: each mistake is answered by one line that starts with `Error: `
and says what is wrong, by exit status 1 (2 for a wrong use of the command line), and by nothing
else: no file is created, changed or removed.

Last, a sequencer that is pointed at another network's validator: what it accepted must wait.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from network import KEY, Client, Network, Program, free_port, step, until

OTHER_KEY = "03" * 32
TIMEOUT_S = 20
BASE = """\
version = 1
timestamp = 1700000000
[fee_parameters]
verification_base_fee = 0
"""
FAUCET = '[[fungible_faucet]]\nsymbol = "BTC"\ndecimals = 8\nmax_supply = 1000\n'


def contents(folder: Path, but: str = "") -> dict[str, str]:
    """Every path below the folder with its contents' digest, except the logs of running programs and
    what folders named `but` hold."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".log" or (but and but in path.relative_to(folder).parts[:-1]):
            continue
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


def with_options(command: list[str], **values: str) -> list[str]:
    """The command with these options' values replaced (rpc_listen stands for --rpc.listen)."""
    changed = list(command)
    for name, value in values.items():
        option = "--" + name.replace("__", "-").replace("_", ".", 1)
        changed[changed.index(option) + 1] = str(value)
    return changed


class Refusals:
    """Runs programs that must refuse, and counts what went wrong instead of ending at the first."""

    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.count, self.wrong = 0, []

    def expect(self, what: str, command: list, says: str, status: int = 1, opens_store: bool = False) -> None:
        """`opens_store`: the refusal comes after the store was opened, which rewrites its journals."""
        self.count += 1
        but = "store" if opens_store else ""
        before = contents(self.folder, but)
        command = [str(self.programs / command[0]), *map(str, command[1:])]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"{what}: still runs after {TIMEOUT_S} s\n  {' '.join(command)}")
            return
        problems = []
        if done.returncode != status:
            problems.append(f"exit {done.returncode} instead of {status}")
        lines = done.stderr.splitlines()
        if len(lines) != 1 or not lines[0].startswith("Error: ") or says not in lines[0]:
            problems.append(f"expected one line `Error: ...{says}...`, got:\n{done.stderr}")
        after = contents(self.folder, but)
        if after != before:
            problems.append(f"changed files: {sorted(set(before.items()) ^ set(after.items()))}")
        if problems:
            self.wrong.append(f"{what}\n  {' '.join(command)}\n  " + "\n  ".join(problems))

    def report(self) -> None:
        if self.wrong:
            raise AssertionError(f"{len(self.wrong)} of {self.count} refusals are not as they should be:\n\n"
                                 + "\n\n".join(self.wrong))
        step(f"{self.count} refusals are as they should be")


def genesis_configurations(refusals: Refusals, network: Network) -> None:
    """Each a file in a folder of its own, and a bootstrap that must refuse it."""
    wallet = '[[wallet]]\nassets = [{{ symbol = "{}", amount = {} }}]\n'
    cases = {
        "unknown key": ('colour = "red"\n' + BASE, "unknown key `colour`"),
        "unknown fee parameter": (BASE + "tip = 1\n", "unknown key `tip` in [fee_parameters]"),
        "unknown key of a faucet": (BASE + FAUCET + "owner = 1\n", "unknown key `owner` in [[fungible_faucet]]"),
        "unknown key of a wallet": (BASE + "[[wallet]]\nassets = []\nname = 'x'\n", "unknown key `name` in [[wallet]]"),
        "unknown key of an account": (BASE + "[[account]]\nfile = 'x'\n", "unknown key `file` in [[account]]"),
        "missing version": (BASE.replace("version = 1\n", ""), "missing key `version`"),
        "missing timestamp": (BASE.replace("timestamp = 1700000000\n", ""), "missing key `timestamp`"),
        "missing fees": ("version = 1\ntimestamp = 1\n", "missing table `fee_parameters`"),
        "missing symbol": (BASE + FAUCET.replace('symbol = "BTC"\n', ""), "missing key `symbol` in [[fungible_faucet]]"),
        "missing assets": (BASE + "[[wallet]]\n", "missing key `assets` in [[wallet]]"),
        "empty file": ("", "missing key `version`"),
        "text for a number": (BASE.replace("version = 1", 'version = "1"'), "`version` must be an integer"),
        "fraction for a number": (BASE.replace("1700000000", "1.5"), "`timestamp` must be an integer"),
        "number for a text": (BASE + FAUCET.replace('"BTC"', "5"), "`symbol` must be a string"),
        "table for an array": (BASE + "[wallet]\nassets = []\n", "`wallet` must be an array of tables"),
        "unknown account type": (BASE + FAUCET + 'account_type = "secret"\n', '`account_type` must be "public" or "private"'),
        "negative timestamp": (BASE.replace("1700000000", "-1"), "`timestamp` is out of range"),
        "negative amount": (BASE + wallet.format("MIDEN", -5), "`amount` is out of range"),
        "timestamp of 33 bits": (BASE.replace("1700000000", "4294967296"), "`timestamp` is out of range"),
        "decimals of 9 bits": (BASE + FAUCET.replace("= 8", "= 256"), "`decimals` is out of range"),
        "syntax error": (BASE.replace("version = 1", "version = = 1"), "line 1, column"),
        "the same key twice": ("version = 1\n" + BASE, "line 2, column"),
        "not UTF-8": (b"\xff\xfe\xff" + BASE.encode(), "line 1, column"),
        "unknown asset": (BASE + wallet.format("ETH", 1), "'ETH' has no corresponding faucet"),
        "the same faucet twice": (BASE + FAUCET + FAUCET, "duplicate faucet definition for token symbol 'BTC'"),
        "a second native faucet": (BASE + FAUCET.replace("BTC", "MIDEN"), "duplicate faucet definition for token symbol 'MIDEN'"),
        "more issued than there may be": (BASE + FAUCET + wallet.format("BTC", 1001), "exceeds faucet's maximum issuance of 1000"),
        "too many decimals": (BASE + FAUCET.replace("= 8", "= 13"), "decimals"),
        "symbol in small letters": (BASE + FAUCET.replace("BTC", "btc"), "symbol"),
        "missing account file": (BASE + '[[account]]\npath = "none.mac"\n', "none.mac: No such file or directory"),
        "folder for an account file": (BASE + '[[account]]\npath = "."\n', "Is a directory"),
        "damaged account file": (BASE + '[[account]]\npath = "case.toml"\n', "case.toml"),
        "wallet as native faucet": ('native_faucet = "wallet.mac"\n' + BASE, "is not a fungible faucet"),
        "the same account twice": (BASE + 2 * '[[account]]\npath = "wallet.mac"\n', "share the id prefix"),
    }
    folder = refusals.folder / "configurations"
    folder.mkdir()
    shutil.copy(network.folder / "accounts" / "wallet_0.mac", folder / "wallet.mac")
    file = folder / "case.toml"
    for what, (text, says) in cases.items():
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        refusals.expect(what, bootstrap(folder, file), says)
    refusals.expect("missing configuration", bootstrap(folder, folder / "none.toml"), "none.toml: No such file or directory")
    refusals.expect("folder for a configuration", bootstrap(folder, folder), "Is a directory")


def bootstrap(folder: Path, config: Path | None = None, **directories: Path) -> list:
    paths = {"data": folder / "v", "genesis_block": folder / "g", "accounts": folder / "a"} | directories
    return ["miden-validator", "bootstrap", "--key.hex", KEY, "--data-directory", paths["data"],
            "--genesis-block-directory", paths["genesis_block"], "--accounts-directory", paths["accounts"],
            *(["--genesis-config-file", config] if config else [])]


def directories(refusals: Refusals, network: Network) -> None:
    folder = refusals.folder / "directories"
    (folder / "full").mkdir(parents=True)
    (folder / "full" / "precious").write_text("do not touch")
    for which in ("data", "genesis_block", "accounts"):
        refusals.expect(f"bootstrap into a full {which} directory", bootstrap(folder, **{which: folder / "full"}),
                        "full exists but is not empty")
        refusals.expect(f"a file as {which} directory", bootstrap(folder, **{which: folder / "full" / "precious"}),
                        "precious is not a directory")
        refusals.expect(f"{which} directory below nothing", bootstrap(folder, **{which: folder / "no" / "where"}),
                        "where: its parent is not a directory")

    genesis = network.folder / "genesis" / "genesis.dat"
    def node(directory: Path, file: Path) -> list:
        return ["miden-node", "bootstrap", "--data-directory", directory, "--file", file]
    refusals.expect("node into a full directory", node(folder / "full", genesis), "full exists but is not empty")
    refusals.expect("node twice", node(network.folder / "node", genesis), "node exists but is not empty")
    refusals.expect("node below nothing", node(folder / "no" / "where", genesis), "cannot create")

    whole = genesis.read_bytes()
    signature_at, block_num_at = len(whole) - 40, 36
    def changed(at: int, mask: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1:]
    for what, (data, says) in {
        "garbage": (bytes(range(256)) * 8, "is not a signed block"),
        "an empty file": (b"", "is not a signed block"),
        "a truncated file": (whole[:-1], "is not a signed block"),
        "half a file": (whole[:len(whole) // 2], "is not a signed block"),
        "a flipped bit in the signature": (changed(signature_at, 1), "signature"),
        "a flipped bit in the header": (changed(10, 1), ""),
        "block 1": (changed(block_num_at, 1), "block"),
    }.items():
        (folder / "genesis.dat").write_bytes(data)
        refusals.expect(f"node from {what}", node(folder / "n", folder / "genesis.dat"), says)
    refusals.expect("node from no file", node(folder / "n", folder / "none.dat"), "none.dat: No such file or directory")
    refusals.expect("node from a folder", node(folder / "n", folder), "Is a directory")
    refusals.expect("node from the internet", ["miden-node", "bootstrap", "--data-directory", folder / "n",
                                               "--network", "testnet"], "is not built")

    (folder / "empty").mkdir()
    sequencer = ["miden-node", *network.sequencer.command[1:]]
    validator = ["miden-validator", *network.validator.command[1:]]
    for what, directory, says in (
            ("that is missing", folder / "none", "none is not a directory"),
            ("that is a file", genesis, "genesis.dat is not a directory"),
            ("that was not bootstrapped", folder / "empty", "run bootstrap first"),
            ("of the validator", network.folder / "validator-data", "another program or version")):
        refusals.expect(f"sequencer on a directory {what}", with_options(sequencer, data__directory=directory), says,
                        opens_store=True)
    for what, directory, says in (
            ("that is missing", folder / "none", "run bootstrap first"),
            ("that is a file", genesis, "run bootstrap first"),
            ("that was not bootstrapped", folder / "empty", "run bootstrap first"),
            ("of the node", network.folder / "node", "another program or version")):
        command = with_options(validator, data__directory=directory)
        refusals.expect(f"validator on a directory {what}", command, says, opens_store=True)
        refusals.expect(f"migration of a directory {what}",
                        ["miden-validator", "migrate", "--data-directory", directory], says, opens_store=True)


def command_lines(refusals: Refusals, network: Network) -> None:
    sequencer = ["miden-node", *network.sequencer.command[1:]]
    validator = ["miden-validator", *network.validator.command[1:]]
    def wrong(what: str, command: list, says: str) -> None:
        refusals.expect(what, command, says, status=2)

    for text, says in (("5", "is not a duration"), ("", "is not a duration"), ("-1s", "is not a duration"),
                       ("1.5s", "is not a duration"), ("soon", "is not a duration"),
                       ("99999999999d", "is not a duration"), ("0s", "too short"), ("10us", "too short")):
        wrong(f"block interval '{text}'", with_options(sequencer, block_interval=text), says)
        wrong(f"validator's timeout '{text}'", [*validator, "--grpc.timeout", text], says)
    for text in ("localhost", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:x", ":", "[::1:5"):
        wrong(f"sequencer listening on '{text}'", with_options(sequencer, rpc_listen=text), "--rpc.listen: ")
        wrong(f"validator listening on '{text}'", with_options(validator, listen=text), "--listen: ")
    for text in ("", "nonsense", "127.0.0.1:50101", "ftp://host", "http://", "http://host:99999", "http://host:x"):
        wrong(f"validator's URL '{text}'", with_options(sequencer, validator_url=text), "--validator.url: ")
    for option in ("--batch.max-txs", "--batch.workers", "--block.max-batches", "--block.max-concurrent-proofs",
                   "--mempool.tx-capacity", "--rpc.rate-limit.burst-size",
                   "--rpc.rate-limit.max-concurrent-connections", "--store.account-tree.rocksdb.cache-size", "--rpc.rate-limit.replenish-per-second"):
        for text in ("0", "-1", "many", "1.5", "99999999999999999999"):
            wrong(f"{option} {text}", [*sequencer, option, text], option)
    wrong("no subcommand", ["miden-node"], "subcommand")
    wrong("no subcommand", ["miden-validator"], "subcommand")
    wrong("unknown subcommand", ["miden-node", "dance"], "")
    wrong("unknown option", [*sequencer, "--frobnicate", "1"], "--frobnicate")
    wrong("missing option", ["miden-validator", "start"], "required")
    wrong("neither file nor network", ["miden-node", "bootstrap", "--data-directory", refusals.folder / "n"], "")
    wrong("unknown network", ["miden-node", "bootstrap", "--data-directory", refusals.folder / "n",
                              "--network", "mainnet"], "--network")
    wrong("both keys", [*validator, "--key.kms-id", "arn"], "excludes")

    full = ["miden-node", "full", "--data-directory", refusals.folder / "n", "--rpc.listen", "127.0.0.1:0",
            "--sync.block-source.url", network.url]
    wrong("no source", full[:-2], "--sync.block-source.url")
    for text in ("", "nonsense", "ftp://host"):
        wrong(f"source '{text}'", [*full, "--sync.block-source.url", text], "--sync.block-source.url")
    for text in ("-1", "many", "1.5", "4294967296"):
        wrong(f"threshold {text}", [*full, "--sync.ready-threshold", text], "--sync.ready-threshold")
    wrong("a validator without a sequencer", [*full, "--validator.url", network.url], "--sequencer.internal.url")
    wrong("a sequencer without a validator", [*full, "--sequencer.internal.url", network.url], "--validator.url")
    wrong("recovery without a validator", ["miden-node", "recover", "--data-directory", refusals.folder / "n"],
          "--validator.url")
    refusals.expect("a full node without a store", full, "is not a directory")
    refusals.expect("recovery without a store", ["miden-node", "recover", "--data-directory", refusals.folder / "n",
                                                 "--validator.url", network.url], "is not a directory")

    refusals.expect("too many transactions", [*sequencer, "--batch.max-txs", "100000"], "protocol limit")
    refusals.expect("too many batches", [*sequencer, "--block.max-batches", "65"], "protocol limit")
    wrong("internal API", [*sequencer, "--internal.listen", "somewhere"], "--internal.listen")
    without_key = validator[:validator.index("--key.hex")]
    refusals.expect("key of a service", [*without_key, "--key.kms-id", "arn:aws:kms:1"], "is not built")
    for text in ("", "02", "zz" * 32, "00" * 32, "ff" * 32, "02" * 33):
        refusals.expect(f"key '{text}'", [*without_key, "--key.hex", text], "--key.hex")

    for program in ("miden-node", "miden-validator"):
        for arguments in (["--version"], ["-V"], ["--help"]) + tuple(
                [command, "--help"] for command in
                {"miden-node": ("bootstrap", "sequencer", "full", "recover"), "miden-validator": ("bootstrap", "start", "migrate")}[program]):
            done = subprocess.run([refusals.programs / program, *arguments], capture_output=True, text=True)
            if done.returncode != 0 or done.stderr or program not in done.stdout and "--" not in done.stdout:
                refusals.wrong.append(f"{program} {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")


def running_programs(refusals: Refusals, network: Network) -> None:
    """What only shows beside running programs: locks, ports, keys."""
    sequencer = ["miden-node", *network.sequencer.command[1:]]
    validator = ["miden-validator", *network.validator.command[1:]]
    other = Network(refusals.programs, refusals.folder / "other")
    refusals.expect("another key than the chain's", with_options(validator, key_hex=OTHER_KEY),
                    "does not match the block's validator key", opens_store=True)
    network.start()
    try:
        refusals.expect("a second sequencer on a directory", with_options(sequencer, rpc_listen=f"127.0.0.1:{free_port()}"),
                        "is in use by another process", opens_store=True)
        refusals.expect("a second validator on a directory", with_options(validator, listen=f"127.0.0.1:{free_port()}"),
                        "is in use by another process", opens_store=True)
        refusals.expect("a sequencer on a port in use",
                        with_options(sequencer, data__directory=other.folder / "node"), "in use", opens_store=True)
        refusals.expect("a validator on a port in use",
                        with_options(validator, data__directory=other.folder / "validator-data"), "in use", opens_store=True)
        if not (network.sequencer.running() and network.validator.running()):
            raise AssertionError("a refused program has taken a running one with it\n" + network.logs())
    finally:
        network.stop()


def another_networks_validator(programs: Path, client_program: str, folder: Path) -> None:
    """Whether that chain is shorter, as long or longer: nothing is committed, nothing is lost."""
    network = Network(programs, folder / "network", block_interval="1h")
    other = Network(programs, folder / "other", block_interval="1h")
    try:
        network.start()
        client = Client(client_program, folder / "client", network.url)
        until("block 1", lambda: client.height() == 1)
        (client.folder / "faucet.toml").write_text(
            '[fungible-faucet-metadata]\nsymbol = "BTC"\ndecimals = 10\nmax_supply = 10000000\n')
        faucet = client.new_account("new-account", "-t", "public", "-p", "basic-fungible-faucet", "-i", "faucet.toml")
        wallet = client.new_account("new-wallet", "-t", "private")
        client("mint", "-t", wallet, "-a", f"1000::{faucet}", "-n", "public", "--force")
        network.stop()

        ours = network.sequencer.command
        theirs = with_options(ours, validator_url=f"http://127.0.0.1:{other.validator_port}", block_interval="1s")
        for chain, grows_to, says in (("shorter", 0, "lacks blocks of this chain"),
                                      ("equally long", 1, "is not this chain's"),
                                      ("longer", 3, "does not fit this chain")):
            step(f"the sequencer calls the validator of another network, whose chain is {chain}")
            if grows_to > 0:
                other.sequencer.command = with_options(other.sequencer.command,
                                                       block_interval="1h" if grows_to == 1 else "1s")
                other.start()
                until(f"the other chain is {chain}",
                      lambda: f"block committed block={grows_to} " in other.sequencer.log.read_text())
                other.stop()
            other.validator.start()
            log = folder / f"{chain.replace(' ', '-')}.log"
            sequencer = Program(theirs, log, network.rpc_port)
            sequencer.start()
            until(f"the log says `{says}`", lambda: says in log.read_text())
            time.sleep(3)
            if client.height() != 1:
                raise AssertionError(f"a block was committed without its validator\n{sequencer.tail()}")
            sequencer.stop()
            other.stop()

        step("back at its own validator: the transaction is committed")
        network.sequencer.command = with_options(ours, block_interval="1s")
        network.start()
        until("the transaction is committed", lambda: client("sync") and "Committed" in client("tx", "--list"))
    except Exception:
        print(network.logs(), other.logs(), flush=True)
        raise
    finally:
        if "sequencer" in locals() and sequencer.running():
            sequencer.kill()
        network.stop()
        other.stop()


def run(programs: Path, client_program: str, folder: Path) -> None:
    (folder / "refusals").mkdir()
    network = Network(programs, folder / "refusals" / "network",
                      BASE + '[[wallet]]\naccount_type = "public"\nassets = [{ symbol = "MIDEN", amount = 1000 }]\n')
    refusals = Refusals(programs, folder / "refusals")
    step("genesis configurations")
    genesis_configurations(refusals, network)
    step("directories and genesis blocks")
    directories(refusals, network)
    step("command lines")
    command_lines(refusals, network)
    step("beside running programs")
    running_programs(refusals, network)
    refusals.report()
    another_networks_validator(programs, client_program, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    parser.add_argument("--client", required=True, help="the reference's miden-client")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-bad-input-") as temporary:
        run(options.programs.resolve(), options.client, Path(temporary))
    step("passed")
    sys.exit(0)
