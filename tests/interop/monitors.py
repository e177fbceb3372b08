"""Both implementations' monitors on one network: each finds all of it well, and both say so in the same
form. For interop.py.
"""

import json
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from network import Program, free_port, step, until  # noqa: E402


class Monitor(Program):
    def __init__(self, programs: Path, folder: Path, name: str, rpc_url: str, validator_url: str, prover_url: str):
        port = free_port()
        # Two monitors prove on one machine; the reference's limit for a test proof is that of all requests.
        super().__init__([str(programs / "miden-network-monitor"), "start", "--port", str(port), "--rpc-url", rpc_url,
                          "--validator-url", validator_url, "--remote-prover-urls", prover_url,
                          "--counter-increment-interval", "45s", "--request-timeout", "2m",
                          "--counter-latency-timeout", "4m"], folder / f"{name}.log", port)

    def services(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=10) as answer:
            return {service["name"]: service for service in json.load(answer)["services"]}

    def statuses(self) -> dict:
        return {name: service["status"] for name, service in self.services().items()}

    def until_well(self, but: tuple[str, ...] = ()) -> None:
        """Every service is Healthy, notes are consumed and, where a prover is looked at, proofs made."""
        def is_well() -> bool:
            services = self.services()
            rest = {name: service for name, service in services.items() if name not in but}
            tracking = services["Network Transactions"]["details"].get("NtxTracking", {})
            proofs = [service["details"]["RemoteProverStatus"]["test"] for name, service in rest.items()
                      if name.startswith("Remote Prover") and service["status"] == "Healthy"]
            return (all(service["status"] == "Healthy" for service in rest.values())
                    and (tracking["current_value"] or 0) > 0
                    and all(test and test["details"]["success_count"] > 0 for test in proofs))
        try:
            until(f"{self.log.stem}: all is well", is_well, 400)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.services(), indent=1)}") from None
        step(f"  {self.log.stem}: {self.statuses()}")


def form_of(value):
    """What a consumer relies on: names and kinds, without the values."""
    if isinstance(value, dict):
        return {name: form_of(member) for name, member in sorted(value.items())}
    if isinstance(value, list):
        return [form_of(value[0])] if value else []
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def compare(ours: Monitor, reference: Monitor, but: tuple[str, ...]) -> None:
    mine, theirs = ours.services(), reference.services()
    if list(mine) != list(theirs):
        raise AssertionError(f"services: {list(mine)}, the reference's monitor has {list(theirs)}")
    for name in mine:
        if name not in but and form_of(mine[name]) != form_of(theirs[name]):
            raise AssertionError(f"{name}: {form_of(mine[name])}\nthe reference's monitor: {form_of(theirs[name])}")
    step("  both monitors answer in the same form")
