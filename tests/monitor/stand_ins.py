"""Services that the monitor looks at and this project does not have, in their real formats
(spec/prover-and-monitor.md Part C). Each is a thread of the test, on a free port; its attributes are
the knobs.
"""

import hashlib
import json
import secrets
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class HttpStandIn:
    def __init__(self):
        self.delay_s = 0.0
        self.fault = None  # (status, body) of every answer
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(b"")

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def answer(self, body: bytes) -> None:
                time.sleep(stand_in.delay_s)
                status, text = stand_in.fault or stand_in.serve(self.path, body)
                payload = (text if isinstance(text, str) else json.dumps(text)).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(payload)))
                    self.send_header("Cache-Control", "no-cache")
                    self.end_headers()
                    self.wfile.write(payload)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def serve(self, path: str, body: bytes):
        raise NotImplementedError


class Faucet(HttpStandIn):
    """Of 0xMiden/faucet v0.15.1: metadata, challenges, and tokens for who solved one."""

    BASE_AMOUNT, BASELINE_BITS, LIFETIME_S = 100_000_000, 4, 30

    def __init__(self):
        super().__init__()
        self.secret = secrets.token_bytes(32)
        self.granted: list[str] = []  # accounts

    def signature(self, fields: bytes) -> bytes:
        return hashlib.sha256(self.secret + fields).digest()

    def serve(self, path: str, body: bytes):
        url = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/get_metadata":
            return 200, {"version": "0.15.1", "id": "mtst1stand_in", "max_supply": 10**17, "decimals": 6,
                         "explorer_url": None, "pow_load_difficulty": 1 << self.BASELINE_BITS,
                         "base_amount": self.BASE_AMOUNT, "note_transport_url": None}
        account = query.get("account_id", "")
        if not account.startswith("0x") or len(account) != 32:
            return 400, "invalid account"
        if url.path == "/pow":
            return 200, self.challenge(account, int(query["amount"]))
        if url.path == "/get_tokens":
            return self.grant(account, query)
        return 404, "no such page"

    def challenge(self, account: str, amount: int) -> dict:
        complexity = amount // self.BASE_AMOUNT + 1
        target = (2**64 - 1) // ((1 << self.BASELINE_BITS) * complexity)
        now = int(time.time())
        fields = struct.pack("<QQQ", target, now, complexity) + bytes.fromhex(account[2:]).ljust(32, b"\0") + bytes(32)
        return {"challenge": (fields + self.signature(fields)).hex(), "target": target, "timestamp": now}

    def grant(self, account: str, query: dict):
        challenge = bytes.fromhex(query["challenge"])
        fields, signature = challenge[:-32], challenge[-32:]
        if len(challenge) != 120 or self.signature(fields) != signature:
            return 400, "the challenge is not ours"
        target, timestamp, _ = struct.unpack("<QQQ", fields[:24])
        if fields[24:39] != bytes.fromhex(account[2:]) or time.time() - timestamp > self.LIFETIME_S:
            return 400, "the challenge is another's, or expired"
        work = hashlib.sha256(challenge + struct.pack(">Q", int(query["nonce"]))).digest()
        if int.from_bytes(work[:8], "big") >= target:
            return 400, "the challenge is not solved"
        self.granted.append(account)
        return 200, {"tx_id": "0x" + secrets.token_hex(32), "note_id": "0x" + secrets.token_hex(32)}


class Explorer(HttpStandIn):
    """Of Midenscan: numbers are decimal strings. `tip` says which block is the newest."""

    def __init__(self, tip=lambda: 0):
        super().__init__()
        self.tip = tip
        self.offset = 0

    def serve(self, path: str, body: bytes):
        asked = json.loads(body)
        if "NetworkOverview" not in asked["query"] or asked["variables"] is not None:
            return 200, {"errors": [{"message": "unknown operation"}]}
        counts = {f"total_count_{name}": "12" for name in ("transactions", "nullifiers", "notes", "account_updates")}
        block = {"block_number": str(max(0, self.tip() + self.offset)), "timestamp": str(int(time.time()))}
        block |= {f"{name}_commitment": "0x" + "ab" * 32 for name in ("block", "chain", "proof")}
        return 200, {"data": {"overviewStats": counts, "blocks": {"edges": [{"node": block}]}}}
