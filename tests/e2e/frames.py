"""WebSocket frames as bytes (RFC 6455 §5.2), built exactly as asked, wrong ones included."""

import base64
import hashlib
import struct
from typing import NamedTuple, Optional

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

MASK = b"\x11\x22\x33\x44"


class Frame(NamedTuple):
    fin: bool
    rsv: int
    opcode: int
    masked: bool
    payload: bytes

    @property
    def code(self) -> Optional[int]:
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def reason(self) -> str:
        return self.payload[2:].decode()


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    if not payload:
        return b""
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(
        len(payload), "big"
    )


def header(opcode: int, length: int, fin=True, rsv=0, masked=False, form=None) -> bytes:
    """`form` forces the 7, 16 or 64 bit length, minimal or not."""
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    bit = 0x80 if masked else 0
    if form == 7:
        return bytes([first, bit | length])
    if form == 16:
        return bytes([first, bit | 126]) + struct.pack("!H", length)
    return bytes([first, bit | 127]) + struct.pack("!Q", length)


def frame(opcode: int, payload: bytes = b"", fin=True, rsv=0, mask=None, form=None) -> bytes:
    head = header(opcode, len(payload), fin, rsv, mask is not None, form)
    return head + (payload if mask is None else mask + apply_mask(payload, mask))


def from_client(opcode: int, payload: bytes = b"", **options) -> bytes:
    return frame(opcode, payload, mask=MASK, **options)


def close_payload(code: Optional[int] = None, reason: str = "") -> bytes:
    return b"" if code is None else struct.pack("!H", code) + reason.encode()


def accept_for(key: str) -> str:
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()
