"""Usage, from both ends: what must have been counted, by arithmetic over the bytes that passed, and what Weir says was."""

import csv
import errno
import io
import json
import pathlib
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
from typing import Dict, Iterable, List, Optional

import frames
from harness import Weir, run_weir, wait_until

HERE = pathlib.Path(__file__).resolve().parent
BUCKET = 300
# What a session's frames say of themselves, by who sent them.
KINDS = ("text_messages", "binary_messages", "data_frames", "close_frames", "ping_frames",
         "pong_frames", "units_2k", "units_32k")
STREAM = ("client_bytes_in", "client_bytes_out", "origin_bytes_in", "origin_bytes_out")
PAYLOAD = ("client_payload_in", "client_payload_out", "origin_payload_in", "origin_payload_out")
HANDSHAKE = ("client_handshake_in", "client_handshake_out", "origin_handshake_in",
             "origin_handshake_out")
EXACT = STREAM + PAYLOAD + tuple(f"{kind}_{way}" for kind in KINDS for way in ("in", "out"))
# Quick enough that no test waits long for the ledger.
FLUSH = {"flush_interval": "100ms"}


# -- arithmetic ---------------------------------------------------------------------------------


def tally(stream: bytes) -> Dict[str, int]:
    """Of the bytes that one peer sent after the handshake (RFC 6455 §5.2)."""
    counts = dict.fromkeys(("bytes", "payload") + KINDS, 0)
    counts["bytes"] = len(stream)
    at = message = 0
    kind = "binary_messages"
    while at + 2 <= len(stream):
        fin, opcode = stream[at] & 0x80, stream[at] & 15
        size, width = stream[at + 1] & 0x7F, 0
        if size >= 126:
            width = 2 if size == 126 else 8
            size = int.from_bytes(stream[at + 2:at + 2 + width], "big")
        begin = at + 2 + width + (4 if stream[at + 1] & 0x80 else 0)
        at = begin + size
        if opcode >= frames.CLOSE:
            counts[{frames.CLOSE: "close_frames", frames.PING: "ping_frames",
                    frames.PONG: "pong_frames"}[opcode]] += 1
            continue
        counts["data_frames"] += 1
        counts["payload"] += max(0, min(at, len(stream)) - begin)
        if opcode != frames.CONTINUATION:
            kind, message = ("text_messages" if opcode == frames.TEXT else "binary_messages"), 0
        message += size
        if fin and at <= len(stream):
            counts[kind] += 1
            counts["units_2k"] += max(1, -(-message // 2048))
            counts["units_32k"] += max(1, -(-message // 32768))
    return counts


def expected(client_up: bytes, client_down: bytes, origin_up: bytes, origin_down: bytes) -> Dict[str, int]:
    """The figures of a session by what passed on its four ways; frames of Weir's own left out by the caller."""
    ways = {"client_in": tally(client_up), "client_out": tally(client_down),
            "origin_in": tally(origin_down), "origin_out": tally(origin_up)}
    figures = {}
    for way, counts in ways.items():
        side, direction = way.split("_")
        figures[f"{side}_bytes_{direction}"] = counts["bytes"]
        figures[f"{side}_payload_{direction}"] = counts["payload"]
    for kind in KINDS:
        figures[f"{kind}_in"] = ways["client_in"][kind]
        figures[f"{kind}_out"] = ways["origin_in"][kind]
    return figures


def add(into: Dict[str, int], more: Dict[str, int]) -> Dict[str, int]:
    for name, number in more.items():
        into[name] = into.get(name, 0) + number
    return into


def after_head(data: bytes) -> bytes:
    return bytes(data[len(head_of(data)):])


def head_of(data: bytes) -> bytes:
    return bytes(data[:data.index(b"\r\n\r\n") + 4])


# -- a wire tap ---------------------------------------------------------------------------------


class Tapped:
    """One connection through a tap: all bytes of both ways."""

    def __init__(self):
        self.up = bytearray()  # from whoever connected
        self.down = bytearray()
        self.ends = 0

    @property
    def over(self) -> bool:
        return self.ends == 2


class Tap:
    """A TCP relay that records every byte and passes FIN and RST on."""

    def __init__(self, port: int):
        self.target = port
        self.connections: List[Tapped] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    @property
    def latest(self) -> Tapped:
        """The last one on which somebody said something: a health check does not."""
        return [one for one in self.connections if one.up][-1]

    def wait_over(self) -> None:
        wait_until(lambda: all(one.over for one in self.connections), "the end of tapped connections")

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for sock in (near, far):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tapped = Tapped()
            self.connections.append(tapped)
            for source, sink, record in ((near, far, tapped.up), (far, near, tapped.down)):
                threading.Thread(target=self._pump, args=(source, sink, record, tapped), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, record: bytearray, tapped: Tapped) -> None:
        try:
            while data := source.recv(65536):
                record += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except ConnectionResetError:
            reset(sink)
        except OSError:
            pass
        tapped.ends += 1
        if tapped.over:
            source.close()
            sink.close()


def reset(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RD)
        sock.close()
    except OSError:
        pass


# -- what Weir says ------------------------------------------------------------------------------


def flat(series: dict) -> Dict[str, int]:
    """A `total` or interval of the JSON report with its groups (closed, answers, ...) as dotted names."""
    numbers = {name: value for name, value in series.items() if isinstance(value, int)}
    for group in ("closed", "refused", "answers", "http_answers"):
        numbers.update({f"{group}.{name}": count for name, count in series.get(group, {}).items()})
    return numbers


def report(weir: Weir, *options: str, format: str = "json") -> str:
    done = run_weir("usage", "-c", str(weir.config_path), "--format", format, *options,
                    env=weir.command_environment)
    if done.returncode:
        raise AssertionError(f"weir usage ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def series(weir: Weir, *options: str) -> Dict[str, dict]:
    return {one["domain"]: one for one in json.loads(report(weir, *options))["domains"]}


def totals(weir: Weir, domain: str, *options: str) -> Dict[str, int]:
    return flat(series(weir, "--domain", domain, *options)[domain]["total"])


def from_csv(text: str) -> Dict[str, Dict[str, int]]:
    """The sums by domain of a CSV report."""
    sums: Dict[str, Dict[str, int]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        numbers = {name: int(value) for name, value in row.items() if value.isdigit()}
        add(sums.setdefault(row["domain"], {}), numbers)
    return sums


class Ledger:
    """The file itself, as anybody may read it while Weir writes."""

    def __init__(self, weir: Weir):
        self.path = weir.folder / "state" / "usage.db"

    def rows(self, sql: str, *values) -> List[sqlite3.Row]:
        if not self.path.exists():
            return []
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
        try:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError:
            return []  # it has just been begun, or is about to be set aside
        finally:
            connection.close()

    def sum(self, names: Iterable[str], where: str = "1", *values, table: str = "usage_row") -> Dict[str, int]:
        names = list(names)
        wanted = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in names)
        rows = self.rows(f"SELECT {wanted} FROM {table} WHERE {where}", *values)
        return dict(rows[0]) if rows else dict.fromkeys(names, 0)

    def domain(self, domain: str, names: Iterable[str] = EXACT) -> Dict[str, int]:
        return self.sum(names, "domain = ?", domain)

    def buckets(self, domain: str, name: str) -> Dict[int, int]:
        """By the begin of each bucket that has any of it."""
        rows = self.rows(f"SELECT bucket, sum({name}) AS number FROM usage_row WHERE domain = ? "
                         "GROUP BY bucket", domain)
        return {row["bucket"]: row["number"] for row in rows if row["number"]}

    def sessions(self, domain: str) -> List[sqlite3.Row]:
        return self.rows("SELECT * FROM session WHERE domain = ?", domain)


def wait_ledger(weir: Weir, domain: str, wanted: Dict[str, int], timeout: float = 0) -> None:
    """Until the ledger says exactly this."""
    ledger = Ledger(weir)
    wait_until(lambda: ledger.domain(domain, wanted) == wanted,
               lambda: f"ledger of {domain}: {differences(wanted, ledger.domain(domain, wanted))}", timeout)


def differences(wanted: Dict[str, int], found: Dict[str, int]) -> str:
    lines = [f"{name}: wanted {number}, found {found.get(name, 0)}" for name, number in wanted.items()
             if found.get(name, 0) != number]
    return "; ".join(lines) or "none"


def verify(weir: Weir) -> subprocess.CompletedProcess:
    return run_weir("usage", "verify", "-c", str(weir.config_path), env=weir.command_environment)


# -- faults --------------------------------------------------------------------------------------


def preload(name: str, folder: pathlib.Path) -> pathlib.Path:
    """Compiles faults/NAME.cc for LD_PRELOAD."""
    library = folder / f"{name}.so"
    subprocess.run(["g++", "-std=c++20", "-O1", "-shared", "-fPIC", "-o", str(library),
                    str(HERE / "faults" / f"{name}.cc"), "-ldl"], check=True, capture_output=True)
    return library


class Fault:
    """A preloaded library and the file through which a test steers it."""

    source = ""
    variable = ""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-e2e-fault-")
        self.control = pathlib.Path(self.folder.name) / "control"
        self.control.write_bytes(bytes(64))
        built = preload(self.source, pathlib.Path(self.folder.name))
        self.environment = {
            "LD_PRELOAD": str(built), self.variable: str(self.control),
            # A sanitizer wants to be first in line otherwise.
            "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def close(self) -> None:
        self.folder.cleanup()


class Clock(Fault):
    """Moves the wall clock of a process. The monotonic one goes on as it is."""

    source = "clock"
    variable = "WEIR_TEST_CLOCK"

    def move(self, seconds: float) -> None:
        """By so much against the real time."""
        with open(self.control, "r+b") as file:
            file.write(struct.pack("=q", round(seconds * 1e9)))


class Disk(Fault):
    """Lets a process find the disk full, broken, stuck or read-only below one folder."""

    source = "disk"
    variable = "WEIR_TEST_DISK"

    def _set(self, write: int = 0, sync: int = 0, opening: int = 0, syncs: int = -1, hold: int = 0,
             hold_reads: int = 0) -> None:
        with open(self.control, "r+b") as file:
            file.write(struct.pack("=4i", write, sync, opening, syncs))
            file.seek(24)
            file.write(struct.pack("=2i", hold, hold_reads))

    def full(self) -> None:
        self._set(write=errno.ENOSPC)

    def broken(self) -> None:
        self._set(write=errno.EIO, sync=errno.EIO)

    def no_sync(self, times: int) -> None:
        self._set(sync=errno.EIO, syncs=times)

    def hold(self) -> None:
        """No write and no sync comes to its end before it is well again."""
        self._set(hold=1)

    def hold_reads(self) -> None:
        """No file is opened for reading before it is well again."""
        self._set(hold_reads=1)

    @property
    def held_reads(self) -> int:
        """How many of them wait."""
        return struct.unpack_from("=i", self.control.read_bytes(), 32)[0]

    def read_only(self) -> None:
        self._set(write=errno.EROFS, opening=errno.EROFS)

    def well(self) -> None:
        self._set()

    @property
    def syncs_left(self) -> int:
        """How many are still to fail."""
        return struct.unpack_from("=i", self.control.read_bytes(), 12)[0]

    @property
    def failures(self) -> int:
        return struct.unpack_from("=q", self.control.read_bytes(), 16)[0]
