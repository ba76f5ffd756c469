"""An origin for plain requests, byte-exact: it keeps connections, says who it is, and does what a test wants of an answer."""

import contextlib
import socket
import threading
from typing import Callable, List, NamedTuple, Optional

import origin
from wire import Head


class Request(NamedTuple):
    head: Head
    body: bytes
    connection: int  # of the origin, from 0
    number: int  # on that connection, from 0

    @property
    def path(self) -> str:
        return self.head.start.split(" ")[1]

    @property
    def method(self) -> str:
        return self.head.start.split(" ")[0]


def response(body: bytes = b"", status: int = 200, fields: bytes = b"") -> bytes:
    return (f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n".encode() + fields + b"\r\n" + body)


Answer = Callable[["origin.Connection", Request], Optional[bytes]]


def plain(connection, request: Request) -> bytes:
    return response(request.path.encode())


def read_body(connection: "origin.Connection", head: Head) -> bytes:
    """Of a request: by its length, or by its chunks."""
    if (head.get("Transfer-Encoding") or "").lower() != "chunked":
        return connection.read_exact(int(head.get("Content-Length") or 0))
    body = b""
    while True:
        size = int(read_line(connection), 16)
        part = connection.read_exact(size + 2)[:-2]
        if not size:
            return body
        body += part


def read_line(connection: "origin.Connection") -> bytes:
    while b"\r\n" not in connection.buffer:
        if not connection.more():
            raise origin.Ended("in the middle of a line")
    return connection.read_exact(connection.buffer.index(b"\r\n") + 2)[:-2]


class HttpOrigin(origin.RawOrigin):
    """Answers one request after the other. `answer` gives the bytes; None: it has sent them itself, and ends the connection.
    `idle`: a connection on which nothing comes for so many seconds is ended, as servers do."""

    def __init__(self, answer: Answer = plain, idle: Optional[float] = None, **options):
        self.answer = answer
        self.idle = idle
        self.requests: List[Request] = []
        self.closed_idle = 0
        self.numbers = threading.Lock()
        self.next_number = 0
        super().__init__(self._serve_all, **options)

    def _serve_all(self, connection: "origin.Connection") -> None:
        with self.numbers:
            mine, self.next_number = self.next_number, self.next_number + 1
        number = 0
        while self._waits(connection):
            head = connection.read_head()
            request = Request(head, read_body(connection, head), mine, number)
            with self.changed:
                self.requests.append(request)
                self.changed.notify_all()
            number += 1
            data = self.answer(connection, request)
            if data is None:
                return
            connection.send(data)

    def _waits(self, connection: "origin.Connection") -> bool:
        """For the next request; false when there will be none."""
        if connection.buffer:
            return True
        connection.sock.settimeout(self.idle or self.timeout)
        try:
            return connection.more()
        except TimeoutError:
            with self.changed:
                self.closed_idle += 1
            return False
        finally:
            connection.sock.settimeout(self.timeout)

    def kill(self) -> None:
        """As when its process is: closing alone would end no connection that a thread waits on."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        self.close()

    def paths(self, connection: int) -> List[str]:
        return [one.path for one in list(self.requests) if one.connection == connection]


class HttpClient:
    """One client connection that asks one request after the other."""

    def __init__(self, wire):
        self.wire = wire

    def ask(self, path: str = "/", method: str = "GET", host: str = "a.test", body: Optional[bytes] = None,
            fields: bytes = b"") -> "tuple[Head, bytes]":
        length = f"Content-Length: {len(body)}\r\n".encode() if body is not None else b""
        self.wire.send(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n".encode() + fields + length + b"\r\n" + (body or b""))
        return self.answer(method)

    def answer(self, method: str = "GET") -> "tuple[Head, bytes]":
        head = self.wire.read_head()
        if method == "HEAD" or head.status in (101, 204, 304):
            return head, b""
        return head, read_body(self.wire, head)

    def close(self) -> None:
        self.wire.close()
