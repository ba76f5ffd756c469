"""One end of a connection, byte-exact: it sends what it is told and records all that it sees."""

import socket
import ssl
import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

import frames
from patience import patience

TIMEOUT = patience()
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Head(NamedTuple):
    start: str
    fields: List[Tuple[str, str]]
    raw: bytes

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    def all(self, name: str) -> List[str]:
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def get(self, name: str) -> Optional[str]:
        values = self.all(name)
        return values[0] if values else None


class Ended(Exception):
    """The peer ended the connection before what was waited for came."""


class Wire:
    """A connected socket with a buffer. Every read has a deadline, so that no test can hang."""

    def __init__(self, sock: socket.socket, timeout: float = TIMEOUT):
        self.sock = sock
        self.sock.settimeout(timeout)
        self.seen = bytearray()  # all bytes that ever came
        self.buffer = bytearray()  # those not yet taken
        self.end: Optional[str] = None  # "fin" or "reset" once the peer has ended it

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def more(self) -> bool:
        """Reads once; false when the peer has ended the connection."""
        if self.end:
            return False
        try:
            data = self.sock.recv(262144)
        except (TimeoutError, socket.timeout):
            raise
        except ssl.SSLEOFError:
            self.end = "fin"  # without close_notify
            return False
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError) as error:
            self.end = "reset" if isinstance(error, OSError) else str(error)
            return False
        if not data:
            self.end = "fin"
            return False
        self.seen += data
        self.buffer += data
        return True

    def read_exact(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self.more():
                raise Ended(f"{self.end} after {bytes(self.buffer[:200])!r}, wanted {count} bytes")
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def read_head(self) -> Head:
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                raise Ended(f"{self.end} after {bytes(self.buffer[:200])!r}, wanted a head")
        raw = self.read_exact(self.buffer.index(b"\r\n\r\n") + 4)
        lines = raw.decode("latin-1").split("\r\n")[:-2]
        fields = [tuple(line.split(":", 1)) for line in lines[1:] if ":" in line]
        return Head(lines[0], [(name, value.strip()) for name, value in fields], raw)

    def read_body(self, head: Head) -> bytes:
        """What follows that head, by its Content-Length or its chunks."""
        if head.get("Transfer-Encoding") != "chunked":
            return self.read_exact(int(head.get("Content-Length") or 0))
        body = b""
        while True:
            size = int(self.read_line(), 16)
            body += self.read_exact(size)
            if self.read_line():
                raise Ended("no line end behind a chunk")
            if size == 0:
                return body

    def read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self.more():
                raise Ended(f"{self.end} after {bytes(self.buffer[:200])!r}, wanted a line")
        return self.read_exact(self.buffer.index(b"\r\n") + 2)[:-2]

    def read_frame(self) -> frames.Frame:
        first, second = self.read_exact(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self.read_exact(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.read_exact(8))[0]
        masked = bool(second & 0x80)
        mask = self.read_exact(4) if masked else b""
        payload = self.read_exact(length)
        if masked:
            payload = frames.apply_mask(payload, mask)
        return frames.Frame(bool(first & 0x80), first >> 4 & 7, first & 15, masked, payload)

    def read_until_frame(self, opcode: int) -> frames.Frame:
        while True:
            got = self.read_frame()
            if got.opcode == opcode:
                return got

    def read_rest(self) -> bytes:
        """All bytes until the peer ends the connection."""
        while self.more():
            pass
        rest = bytes(self.buffer)
        self.buffer.clear()
        return rest

    def silent_for(self, seconds: float) -> bool:
        """True when nothing comes and nothing ends within the time."""
        previous = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            return not self.buffer and not self.more() and not self.end
        except (TimeoutError, socket.timeout):
            return True
        finally:
            self.sock.settimeout(previous)

    def reset(self) -> None:
        """Ends it with an RST, so that the peer sees no orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        try:
            self.sock.close()
        except OSError:
            pass

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def connect(port: int, tls: Optional[ssl.SSLContext] = None, sni: Optional[str] = None,
            address: str = "127.0.0.1", timeout: float = TIMEOUT, receive_buffer: int = 0,
            source: Optional[str] = None) -> Wire:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout)
        if source:
            sock.bind((source, 0))
        sock.connect((address, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            sock = tls.wrap_socket(sock, server_hostname=sni)
    except BaseException:
        sock.close()
        raise
    return Wire(sock, timeout)


def upgrade_request(host: str, path: str = "/", key: str = KEY, extra: bytes = b"",
                    change: Optional[Dict[str, Optional[str]]] = None) -> bytes:
    """A good request. `change` replaces a field, or drops it when the value is None; `extra` is appended raw."""
    fields = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }
    fields.update(change or {})
    lines = [f"{name}: {value}\r\n" for name, value in fields.items() if value is not None]
    return f"GET {path} HTTP/1.1\r\n".encode() + "".join(lines).encode() + extra + b"\r\n"


def open_session(port: int, host: str, path: str = "/", tls: Optional[ssl.SSLContext] = None,
                 extra: bytes = b"", glued: bytes = b"", **options) -> Wire:
    """Connects, upgrades and returns the wire with the 101 taken from it (as `wire.head`)."""
    wire = connect(port, tls, sni=host if tls else None, **options)
    try:
        wire.send(upgrade_request(host, path, extra=extra) + glued)
        wire.head = wire.read_head()
        if wire.head.status != 101:
            raise AssertionError(f"wanted 101, got {wire.head.start!r} {bytes(wire.buffer[:300])!r}")
    except BaseException:
        wire.close()
        raise
    return wire


def exchange(port: int, request: bytes, tls: Optional[ssl.SSLContext] = None,
             sni: Optional[str] = None, timeout: float = TIMEOUT) -> Tuple[Head, bytes, str]:
    """Sends a request and returns head, body, and how the connection ended: "kept", where another request may follow."""
    with connect(port, tls, sni, timeout=timeout) as wire:
        try:
            wire.send(request)
        except OSError:
            pass  # refused before all was sent: the answer tells
        head = wire.read_head()
        if head.status == 101:
            return head, b"", "open"  # there is no end to wait for
        framed = head.get("Content-Length") or head.get("Transfer-Encoding")
        if framed and "close" not in head.all("Connection"):
            return head, b"" if request.startswith(b"HEAD ") else wire.read_body(head), "kept"
        return head, wire.read_rest(), wire.end


def is_one_line(body: bytes) -> bool:
    """What every refusal of the edge's own has as its body."""
    return bool(body.strip()) and b"\n" not in body.rstrip(b"\n") and len(body) < 400
