"""The push API of Loki, as a program that runs in a pod: it keeps all pushes, and returns them as JSON.

Fluent Bit sends JSON, and Alloy a protobuf message that is compressed with snappy. Only the standard library is used.
"""

from __future__ import annotations

import gzip
import http.server
import json
import os
import re
from collections.abc import Iterator
from typing import Any

_LABEL = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')


def uncompressed(data: bytes) -> bytes:
    """A block of snappy."""
    size, at = _varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag, at = data[at], at + 1
        kind = tag & 3
        if kind == 0:
            length = (tag >> 2) + 1
            if length > 60:
                extra = length - 60
                length, at = int.from_bytes(data[at : at + extra], "little") + 1, at + extra
            out += data[at : at + length]
            at += length
            continue
        if kind == 1:
            length, offset = ((tag >> 2) & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if kind == 2 else 4
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + width], "little")
            at += width
        for _ in range(length):
            out.append(out[-offset])
    if len(out) != size:
        raise ValueError(f"{len(out)} bytes instead of {size}")
    return bytes(out)


def streams(message: bytes) -> list[dict[str, Any]]:
    """The streams of a PushRequest, as in JSON: labels, and for each line its time, its text and its structured metadata."""
    return [_stream(value) for number, value in _fields(message) if number == 1]


def _stream(message: bytes) -> dict[str, Any]:
    fields = list(_fields(message))
    (labels,) = [value.decode() for number, value in fields if number == 1]
    return {
        "stream": {name: json.loads(value) for name, value in _LABEL.findall(labels)},
        "values": [_entry(value) for number, value in fields if number == 2],
    }


def _entry(message: bytes) -> list[Any]:
    time, text, metadata = 0, "", {}
    for number, value in _fields(message):
        if number == 1:
            parts = dict(_fields(value))
            time = parts.get(1, 0) * 1_000_000_000 + parts.get(2, 0)
        elif number == 2:
            text = value.decode()
        elif number == 3:
            pair = dict(_fields(value))
            metadata[pair[1].decode()] = pair.get(2, b"").decode()
    return [str(time), text, metadata]


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protobuf message: bytes, or an integer."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif kind == 2:
            length, at = _varint(message, at)
            yield key >> 3, message[at : at + length]
            at += length
        else:
            at += {1: 8, 5: 4}[kind]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


class Handler(http.server.BaseHTTPRequestHandler):
    """Accepts pushes, after it has refused some of each user agent, as a Loki that restarts."""

    protocol_version = "HTTP/1.1"
    accepted: list[list[Any]] = []
    refused: list[list[Any]] = []
    to_refuse = 0

    def do_GET(self) -> None:
        """All pushes: path, headers and streams."""
        self._answer(200, json.dumps([self.accepted, self.refused]).encode())

    def do_POST(self) -> None:
        """A push."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        is_json = "json" in self.headers["Content-Type"]
        found = json.loads(body)["streams"] if is_json else streams(uncompressed(body))
        headers = {name.lower(): value for name, value in self.headers.items()}
        push, agent = [self.path, headers, found], headers["user-agent"]
        if len([each for each in self.refused if each[1]["user-agent"] == agent]) < self.to_refuse:
            self.refused.append(push)
            self._answer(503)
        else:
            self.accepted.append(push)
            self._answer(204)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Handler.to_refuse = int(os.environ["REFUSED"])
    http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
