"""A scripted raw origin: one thread and one script for each connection, all bytes recorded."""

import socket
import ssl
import threading
import time
from typing import Callable, List, Optional, Tuple

import frames
from patience import patience
from wire import TIMEOUT, Ended, Head, Wire


class Connection(Wire):
    """What one script works on. `head` is the request, `peer` who came, `error` what stopped the script."""

    head: Optional[Head] = None
    error: Optional[BaseException] = None
    sni: Optional[str] = None
    peer: Tuple[str, int] = ("", 0)

    def upgrade(self, extra: bytes = b"", glued: bytes = b"") -> Head:
        """Reads the request and answers a good 101, with `glued` in the same segment."""
        self.head = self.read_head()
        self.send(good_101(self.head, extra) + glued)
        return self.head

    def echo(self) -> None:
        """Echoes messages until a Close, which it answers."""
        while True:
            got = self.read_frame()
            if got.opcode == frames.PING:
                self.send(frames.frame(frames.PONG, got.payload))
            elif got.opcode == frames.CLOSE:
                self.send(frames.frame(frames.CLOSE, got.payload))
                return
            elif got.opcode != frames.PONG:
                self.send(frames.frame(got.opcode, got.payload, fin=got.fin, rsv=got.rsv))


def good_101(head: Head, extra: bytes = b"") -> bytes:
    accept = frames.accept_for(head.get("Sec-WebSocket-Key") or "")
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n" + extra + b"\r\n"
    )


def echo(connection: Connection) -> None:
    connection.upgrade()
    connection.echo()


def hold(connection: Connection) -> None:
    """Upgrades, then reads in silence until the end."""
    connection.upgrade()
    connection.read_rest()


def answer(data: bytes, end: bool = False) -> Callable[[Connection], None]:
    """A script that reads the request, answers these bytes, perhaps ends its side, and records what still comes."""

    def script(connection: Connection) -> None:
        connection.head = connection.read_head()
        connection.send(data)
        if end:
            connection.sock.shutdown(socket.SHUT_WR)
        connection.read_rest()

    return script


class RawOrigin:
    """A connection on which not a byte comes is a health check, which every origin has by default: it gets no script, and
    does not count; over TLS its handshake is none. With `silent` it does, and a script begins as soon as somebody connects."""

    def __init__(self, script: Callable[[Connection], None] = echo,
                 tls: Optional[ssl.SSLContext] = None, receive_buffer: int = 0,
                 timeout: float = TIMEOUT, address: str = "127.0.0.1", silent: bool = False):
        self.script = script
        self.silent = silent
        self.tls = tls
        self.timeout = timeout
        self.connections: List[Connection] = []
        self.changed = threading.Condition()
        self.listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind((address, 0))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        if tls:
            tls.sni_callback = self._remember_sni
        self._sni = threading.local()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def accepted(self) -> int:
        return len(self.connections)

    def wait_for(self, condition: Callable[[], bool], what: str, timeout: float = TIMEOUT) -> None:
        timeout = patience(timeout)
        deadline = time.monotonic() + timeout
        with self.changed:
            while not condition():
                if not self.changed.wait(max(0.0, min(0.05, deadline - time.monotonic()))):
                    if time.monotonic() >= deadline:
                        raise AssertionError(f"origin: no {what} within {timeout} s")

    def connection(self, index: int = -1, timeout: float = TIMEOUT) -> Connection:
        self.wait_for(lambda: len(self.connections) > (index if index >= 0 else 0),
                      f"connection {index}", timeout)
        return self.connections[index]

    def finished(self, index: int = -1, timeout: float = TIMEOUT) -> Connection:
        """The connection, once the gateway has ended it."""
        connection = self.connection(index, timeout)
        self.wait_for(lambda: connection.done, "end of the connection", timeout)
        return connection

    def close(self) -> None:
        # Closing alone would leave the port open for as long as the thread waits in accept.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in list(self.connections):
            connection.close()

    def __enter__(self) -> "RawOrigin":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock, self.timeout)
            connection.peer = peer[:2]
            connection.done = False
            if self.silent:
                self._count(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _count(self, connection: Connection) -> None:
        with self.changed:
            self.connections.append(connection)
            self.changed.notify_all()

    @staticmethod
    def _speaks(connection: Connection) -> bool:
        try:
            return bool(connection.sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _serve(self, connection: Connection) -> None:
        counts = self.silent
        if not self.silent and not self._speaks(connection):
            connection.close()
            return
        try:
            if self.tls:
                try:
                    connection.sock = self.tls.wrap_socket(connection.sock, server_side=True)
                except (OSError, ValueError):
                    if not counts:
                        self._count(connection)
                    raise
                connection.sni = getattr(self._sni, "name", None)
                if not self.silent and not connection.more():
                    connection.close()
                    return
            if not counts:
                self._count(connection)
            self.script(connection)
        except (Ended, OSError, ValueError) as error:
            connection.error = error
        finally:
            connection.close()
            with self.changed:
                connection.done = True
                self.changed.notify_all()

    def _remember_sni(self, _socket, name, _context) -> None:
        self._sni.name = name
