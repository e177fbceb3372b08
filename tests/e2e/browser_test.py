#!/usr/bin/env python3
"""A page of another origin, in a headless browser, speaks gRPC-Web to a sequencer: calls, refusals, a
subscription. What it saw is compared with the native answers, which curl fetches over HTTP/2.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from network import Network, expect, step

PAGE = Path(__file__).with_name("page.html")
TIMEOUT_S = 120
class Native:
    """Calls over HTTP/2, by a program that knows nothing of gRPC, from an address that the page does not
    use up."""

    def __init__(self, folder: Path, url: str):
        self.folder, self.url = folder, url

    def __call__(self, method: str, message: bytes = b"") -> tuple[str, str, bytes]:
        """Status, text and the response's message."""
        request, response, head = (self.folder / name for name in ("request", "response", "head"))
        request.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
        subprocess.run(["curl", "-sS", "--max-time", "20", "--noproxy", "*", "--interface", "127.0.0.2",
                        "--http2-prior-knowledge", "-D", head, "-o", response, "-H", "content-type: application/grpc", "-H", "te: trailers", "-H", "accept:",
                        "--data-binary", f"@{request}", f"{self.url}/{method}"], check=True)
        fields = dict(re.findall(r"^(grpc-[a-z]+): (.*?)\r?$", head.read_text(), re.MULTILINE))
        body = response.read_bytes() if response.exists() else b""
        response.unlink(missing_ok=True)
        return fields["grpc-status"], unquote(fields.get("grpc-message", "")), body[5:]


def fields_of(message: bytes) -> dict[int, bytes | int]:
    """A protobuf message's fields, the last of each number; enough of the wire format for this test."""

    def varint(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = message[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    fields, at = {}, 0
    while at < len(message):
        key, at = varint(at)
        if key & 7 == 2:
            length, at = varint(at)
            fields[key >> 3], at = message[at:at + length], at + length
        elif key & 7 == 5:
            fields[key >> 3], at = int.from_bytes(message[at:at + 4], "little"), at + 4
        elif key & 7 == 0:
            fields[key >> 3], at = varint(at)
        else:
            raise AssertionError(f"wire type {key & 7} in {message.hex()}")
    return fields


def frames_of(body: bytes) -> list[tuple[int, bytes]]:
    frames = []
    while body:
        length = int.from_bytes(body[1:5], "big")
        frames.append((body[0], body[5:5 + length]))
        body = body[5 + length:]
    return frames


def message_in(seen: dict) -> bytes:
    """The message of an answered unary call, whose other frame says that all went well."""
    expect(seen["http"] == 200 and seen["type"] == "application/grpc-web+proto", f"not an answer: {seen}")
    frames = frames_of(bytes.fromhex(seen["body"]))
    expect(len(frames) == 2 and frames[1] == (0x80, b"grpc-status:0\r\n"), f"not a message and its end: {frames}")
    return frames[0][1]


class Site(ThreadingHTTPServer):
    """Serves the page and waits for its report."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.report: dict | None = None
        self.has_report = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_page = self.path.startswith("/page")
        content = PAGE.read_bytes() if is_page else b""
        self.send_response(200 if is_page else 404)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.server.report = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(204)
        self.end_headers()
        self.server.has_report.set()

    def log_message(self, *_) -> None:
        pass


def browse(site: Site, folder: Path, url: str) -> dict:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    expect(program is not None, "no browser; scripts/install_dependencies.sh installs chromium")
    log = folder / "browser.log"
    with log.open("w") as out:
        browser = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--no-proxy-server", "--disable-background-networking", f"--user-data-dir={folder / 'browser'}", url],
            stdout=out, stderr=out, env=os.environ | {"HOME": str(folder)}, start_new_session=True)
    try:
        if not site.has_report.wait(TIMEOUT_S):
            raise AssertionError(f"no report within {TIMEOUT_S} s\n{log.read_text(errors='replace')[-4000:]}")
        return site.report
    finally:
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()


def same_but_tip(status: bytes) -> dict:
    """What Status says that does not change with the next block."""
    fields = fields_of(status)
    producer = fields_of(fields[4])
    return {"version": fields[1], "genesis": fields[2], "producer version": producer[1], "producer": producer[2]}


def compare(report: dict, native: Native, origin: str) -> None:
    expect("error" not in report, f"the page failed: {report.get('error')}")
    expect(report["origin"] == origin, f"the page's origin is {report['origin']}")

    code, text, status = native("rpc.Api/Status")
    expect(code == "0", f"native Status: {code} {text}")
    for name in ("status", "credentials", "text"):
        expect(same_but_tip(message_in(report[name])) == same_but_tip(status),
               f"{name}: {message_in(report[name]).hex()}\nnative: {status.hex()}")
        expect(report[name]["limit"] is None, f"{name}: a field that pages may not read: {report[name]['limit']}")
    step("Status is as natively, with credentials and as base64, too")

    expect(message_in(report["health"]) == native("grpc.health.v1.Health/Check", b"\x0a\x07rpc.Api")[2] == b"\x08\x01",
           f"health: {report['health']}")

    def refusal(name: str) -> tuple[str, str]:
        seen = report[name]
        expect(seen["http"] == 200 and seen["body"] == "" and seen["status"] is not None, f"{name}: {seen}")
        return seen["status"], unquote(seen["message"] or "")

    for name, method in (("unknown", "rpc.Api/Dance"), ("refused", "rpc.Api/GetAccount")):
        expect(refusal(name) == native(method)[:2], f"{name}: {refusal(name)}, native: {native(method)[:2]}")
    expect(refusal("otherVersion") == ("3", "server does not support any of the specified application/vnd.miden "
                                            "content types"), f"{refusal('otherVersion')}")
    expect(refusal("tooLong") == ("11", "Error, decoded message length too large: found 4194305 bytes, the limit is: "
                                        "4194304 bytes"), f"{refusal('tooLong')}")
    expect(refusal("limited")[0] == "8" and "Too Many Requests!" in refusal("limited")[1], f"{refusal('limited')}")
    expect(report["forbidden"] == "TypeError", f"a header that is not allowed was sent: {report['forbidden']}")
    step("refusals are as natively and readable; what is not allowed is not sent")

    stream = report["stream"]
    expect(stream["http"] == 200 and [frame["flag"] for frame in stream["frames"]] == [0] * 4, f"stream: {stream}")
    for number, frame in enumerate(stream["frames"]):
        block = fields_of(bytes.fromhex(frame["message"]))[1]
        signed = native("rpc.Api/GetBlockByNumber",
                        b"\x0d" + number.to_bytes(4, "little"))[2]
        expect(block == fields_of(signed)[1], f"block {number} differs: {block.hex()}\n{signed.hex()}")
    waited = stream["arrived"][-1] - stream["arrived"][0]
    expect(waited > 500, f"blocks that are made every 2 s all came within {waited} ms: they were not streamed")
    expect(report["again"] == ["served"] * 25, f"subscribing again: {report['again']}")
    step(f"{len(stream['frames'])} blocks streamed over {waited / 1000:.1f} s, as natively; pages that leave free their places")


def main(programs: Path, folder: Path) -> None:
    network = Network(programs, folder / "network", block_interval="2s")
    site = Site()
    try:
        network.start()
        native = Native(folder, network.url)
        genesis = fields_of(native("rpc.Api/Status")[2])[2]
        # Four fixed64, fields 1 to 4.
        digest = b"".join(genesis[at + 1:at + 9] for at in range(0, len(genesis), 9))
        accept = f"application/vnd.miden; version=0.15.5; genesis=0x{digest.hex()}"
        step("the browser opens the page")
        report = browse(site, folder, f"{site.origin}/page?node={quote(network.url)}&accept={quote(accept)}")
        compare(report, native, site.origin)
        expect(network.sequencer.stop() == 0, "the sequencer ended in order")
    except Exception:
        print(network.logs(), flush=True)
        raise
    finally:
        network.stop()
        site.shutdown()
    step("passed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder with our programs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="miden-browser-", ignore_cleanup_errors=True) as temporary:
        main(options.programs.resolve(), Path(temporary))
    sys.exit(0)
