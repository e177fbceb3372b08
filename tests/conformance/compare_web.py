#!/usr/bin/env python3
"""What a browser sends, sent to two nodes: gRPC-Web over HTTP/1.1, preflights, and what is neither.

Status, headers that mean something and bodies must be the same but for what accepted() lists.
"""

import argparse
import base64
import http.client
import itertools
import sys
from collections import Counter
from urllib.parse import unquote

METHOD = "/rpc.Api/GetBlockHeaderByNumber"
MESSAGE = b"\x08\x00"
WEB = "application/grpc-web+proto"
ORIGIN = {"origin": "http://wallet.example"}
HEADERS = ("content-type", "grpc-status", "grpc-message", "grpc-status-details-bin", "vary",
           "access-control-allow-origin", "access-control-allow-credentials",
           "access-control-allow-headers", "access-control-allow-methods",
           "access-control-expose-headers", "access-control-max-age", "x-ratelimit-limit",
           "x-ratelimit-remaining")
callers = itertools.count(1)


def frame(message: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(message).to_bytes(4, "big") + message


def web_call(path: str, message: bytes = MESSAGE, content_type: str = WEB, **headers: str):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return ("POST", path, ORIGIN | {"content-type": content_type, "x-grpc-web": "1"} | headers,
            frame(message))


def questions() -> list:
    preflight = ORIGIN | {"access-control-request-method": "POST",
                          "access-control-request-headers": "content-type,x-grpc-web"}
    asked = [
        ("OPTIONS", METHOD, preflight, b""),
        ("OPTIONS", "/nothing", preflight, b""),
        ("OPTIONS", METHOD, ORIGIN, b""),
        ("OPTIONS", METHOD, {}, b""),
        ("GET", "/", {}, b""), ("GET", "/", ORIGIN, b""), ("POST", "/", {}, b"x"), ("HEAD", "/", {}, b""),
        ("GET", "/index.html", {}, b""), ("POST", METHOD, {"content-type": "application/json"}, b"{}"),
        ("POST", METHOD, {}, frame(MESSAGE)), ("POST", METHOD, {"content-type": "text/plain"}, b""),
        ("GET", METHOD, ORIGIN | {"content-type": WEB}, b""),
        ("PUT", METHOD, ORIGIN | {"content-type": WEB}, frame(MESSAGE)),
        web_call(METHOD), web_call(METHOD, b""), web_call(METHOD, b"\x08\xff\xff\x03"),
        web_call("/rpc.Api/SyncNotes", b""), web_call("/rpc.Api/GetAccount", b""), web_call("/rpc.Api/Unknown"),
        web_call("/no.Service/Method"), web_call("/grpc.health.v1.Health/Check", b""),
        web_call("/grpc.health.v1.Health/Check", b"\x0a\x01x"),
        web_call(METHOD, accept="*/*"), web_call(METHOD, accept="application/grpc-web-text"),
        web_call(METHOD, accept="text/html"), web_call(METHOD, accept=";;"),
        web_call("/rpc.Api/SubmitProvenTx", b""), web_call("/rpc.Api/SubmitProvenTx", b"", accept="*/*"),
        web_call(METHOD, b"\xff\xff"), web_call("/rpc.Api/GetNotesById", b"\x0a\x00"),
        # Of 150 ids only 100 are looked up.
        web_call("/rpc.Api/GetNotesById", b"\x0a\x02\x0a\x00" * 101),
    ]
    for content_type in ("application/grpc-web", "application/grpc-web+proto", "application/grpc-web+json",
                         "application/grpc-web-text", "application/grpc-web-text+proto",
                         "APPLICATION/GRPC-WEB", "application/grpc-web; charset=utf-8"):
        body = frame(MESSAGE)
        if "text" in content_type:
            body = base64.b64encode(body)
        asked.append(("POST", METHOD, ORIGIN | {"content-type": content_type}, body))
    for body in (b"", b"\0", b"\0\0\0\0\x05abc", frame(MESSAGE)[:4], b"\x02" + frame(MESSAGE)[1:],
                 frame(MESSAGE) + frame(MESSAGE), b"\x01" + frame(MESSAGE)[1:], b"\0\x7f\xff\xff\xff"):
        asked.append(("POST", METHOD, ORIGIN | {"content-type": WEB}, body))
    for text in (b"", b"!", b"AAAA", b"AAAAAAA", b"AAAAAAA==", b"AAAAAAA=AAAAAAA="):
        asked.append(("POST", METHOD, ORIGIN | {"content-type": "application/grpc-web-text"}, text))
    return asked


def trailers_of(block: bytes) -> tuple:
    return tuple(sorted(line.replace(b": ", b":") for line in block.split(b"\r\n") if line))


def frames_of(body: bytes) -> list:
    """The messages, and the trailers in any order; what is no frame stays as it is."""
    found = []
    while len(body) >= 5:
        length = int.from_bytes(body[1:5], "big")
        if len(body) < 5 + length:
            break
        content = body[5:5 + length]
        found.append((body[0], trailers_of(content) if body[0] & 0x80 else content))
        body = body[5 + length:]
    return found + ([body] if body else [])


def ask(port: int, question, caller: int):
    method, path, headers, body = question
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.connect()  # a node that is not there is no answer
    try:
        connection.request(method, path, body,
                           headers | {"x-forwarded-for": f"10.9.{caller >> 8}.{caller & 255}"})
        response = connection.getresponse()
        content = response.read()
        kept = {name: response.getheader(name) for name in HEADERS if response.getheader(name) is not None}
        return response.status, kept, frames_of(content)
    except (http.client.HTTPException, ConnectionError) as broken:
        return type(broken).__name__, {}, []
    finally:
        connection.close()


# What the reference says -> what ours says, the row of docs/differences.md.
TEXTS = {
    "failed to decode Protobuf message: ": ("failed to decode Protobuf message", "protobuf-text"),
    "Missing request message.": ("failed to decode Protobuf message", "web-text"),
    "tonic-web: malformed base64 request": ("malformed base64 request", "web-text"),
    "protocol error: received message with invalid compression flag: 2": (
        "protocol error: received message with invalid compression flag: 2 (valid flags are 0 and 1)",
        "web-text"),
}


def accepted(reference, ours):
    """The reference's answer as ours may be, and the rows that say so."""
    status, headers, frames = reference
    headers, rows = dict(headers), []
    text = unquote(headers.get("grpc-message", ""))
    if "x-ratelimit-limit" not in ours[1] and headers.get("grpc-status") in ("11", "13"):
        headers = {name: value for name, value in headers.items() if "ratelimit" not in name}
        rows.append("rate-limit-unread")
    if "miden_node_proto::generated::" in text:
        text = text.replace("miden_node_proto::generated::", "")
        rows.append("missing-field")
    for theirs, (mine, row) in TEXTS.items():
        if text.startswith(theirs):
            text = mine
            rows.append(row)
    if text:
        headers["grpc-message"] = text
    if text == "tonic-web: Invalid symbol 61, offset 7." and "grpc-status" not in ours[1]:
        return ours, ["web-padding"]
    return (status, headers, frames), rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=int, required=True, help="port of the reference's node")
    parser.add_argument("--ours", type=int, required=True, help="port of ours")
    options = parser.parse_args()
    equal = different = 0
    met = Counter()
    asked = questions()
    for question in asked:
        caller = next(callers)
        reference, ours = (ask(port, question, caller) for port in (options.reference, options.ours))
        if reference == ours:
            equal += 1
            continue
        rewritten, rows = accepted(reference, ours)
        if "grpc-message" in ours[1]:
            ours[1]["grpc-message"] = unquote(ours[1]["grpc-message"])
        if rewritten == ours:
            met.update(rows)
            continue
        different += 1
        print(f"\n--- {question}\nreference: {reference}\nours:      {ours}")
    print(f"{'gRPC-Web':<26}{len(asked):>8}{equal:>8}{len(asked) - equal - different:>10}{different:>11}")
    for row, count in sorted(met.items()):
        print(f"accepted difference {row}: {count}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
