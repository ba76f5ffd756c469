"""Kills Weir under load, again and again on one state_dir, and compares what is in its ledger with what peers received.

The comparison is sharp because each session moves bytes one way only: at its death Weir has nothing unread on the side
that receives, so the kernel delivers all that it had taken and then a FIN. What a peer has read up to there is what the
kernel took."""

import os
import random
import resource
import signal
import socket
import threading
import time
from typing import Dict, List, NamedTuple

import frames
import origin
import usage
import wire
from harness import Weir, domain, wait_until

LARGEST = 100_000
SESSIONS = 3  # of each kind


class Kill(NamedTuple):
    """What one death has cost. Negative would be an overcount."""

    down: int  # bytes that clients of the kind "down" had and the ledger has not
    up: int    # the same of origins
    slow: int  # the same of clients that read slowly, so that output is queued
    moved: int  # all bytes that the peers received
    how: str
    early: bool  # before it was ready


class Load:
    """The sessions of one life."""

    def __init__(self, run: "CrashRun"):
        self.run = run
        self.received: Dict[str, int] = dict.fromkeys(run.kinds, 0)  # by clients
        self.sent = 0
        self.threads: List[threading.Thread] = []
        for kind in run.kinds:
            for _ in range(SESSIONS):
                thread = threading.Thread(target=self._session, args=(kind,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def _session(self, kind: str) -> None:
        try:
            session = wire.open_session(self.run.weir.port, f"{kind}.test",
                                        receive_buffer=8192 if kind == "slow" else 0)
        except (OSError, wire.Ended, AssertionError):
            return
        with session:
            if kind == "up":
                self._upload(session)
            else:
                self._download(session, kind)

    def _upload(self, session: wire.Wire) -> None:
        try:
            for data in random_frames(masked=True):
                session.send(data)
                with self.run.lock:
                    self.sent += len(data)
        except OSError:
            pass

    def _download(self, session: wire.Wire, kind: str) -> None:
        count, size = len(session.buffer), 4096 if kind == "slow" else 1 << 20
        while data := recv(session.sock, size):
            count += len(data)
            if kind == "slow" and self.run.weir.process is not None:
                time.sleep(0.001)
        with self.run.lock:
            self.received[kind] += count

    def wait_over(self) -> None:
        for thread in self.threads:
            thread.join(wire.TIMEOUT)
            assert not thread.is_alive(), "a session that did not end with its gateway"


def recv(sock: socket.socket, size: int) -> bytes:
    try:
        return sock.recv(size)
    except OSError:
        return b""


def random_frames(masked: bool, pauses: bool = True):
    choice = random.Random(random.getrandbits(64))
    payload = os.urandom(LARGEST)
    while True:
        size = int(LARGEST ** choice.random())
        make = frames.from_client if masked else frames.frame
        yield make(choice.choice((frames.TEXT, frames.BINARY)), payload[:size])
        if pauses and choice.random() < 0.5:
            time.sleep(choice.random() * 0.003)


class CrashRun:
    """`kinds`: which sessions there are. Ends with close()."""

    def __init__(self, kinds=("down", "up", "slow"), workers: int = 2):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        self.kinds = kinds
        self.lock = threading.Lock()
        self.arrived = 0  # at origins of uploads
        self.sink = origin.RawOrigin(self._take)
        self.source = origin.RawOrigin(self._give)
        self.weir = Weir([domain(f"{kind}.test", (self.sink if kind == "up" else self.source).port)
                          for kind in kinds], workers=workers, usage=usage.FLUSH,
                         environment={"ASAN_OPTIONS": "handle_segv=0"})
        self.known = self._ledger()
        self.kills: List[Kill] = []

    def close(self) -> None:
        try:
            self.weir.stop()
        finally:
            self.sink.close()
            self.source.close()

    def _take(self, connection: origin.Connection) -> None:
        connection.upgrade()
        count = len(connection.buffer)
        while data := recv(connection.sock, 1 << 20):
            count += len(data)
        with self.lock:
            self.arrived += count

    @staticmethod
    def _give(connection: origin.Connection) -> None:
        connection.upgrade()
        slow = (connection.head.get("Host") or "").startswith("slow.")
        for data in random_frames(masked=False, pauses=not slow):
            connection.send(data)

    def _ledger(self) -> Dict[str, int]:
        ledger = usage.Ledger(self.weir)
        if not ledger.path.exists():
            return dict.fromkeys((f"{kind}.{field}" for kind in self.kinds for field in usage.STREAM), 0)
        return {f"{kind}.{field}": number for kind in self.kinds
                for field, number in ledger.domain(f"{kind}.test", usage.STREAM).items()}

    def kill(self, early: bool = False) -> Kill:
        """One life, its death, and the start that brings its meters into the ledger."""
        self.weir.start()
        self.check_recovered()
        self.arrived = 0
        load = Load(self)
        time.sleep(random.uniform(0.03, 0.25))
        how = random.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV))
        self.weir.crash(how)
        load.wait_over()
        wait_until(lambda: all(one.done for server in (self.sink, self.source) for one in server.connections),
                   "the end of all connections at the origins")
        if early:
            # Killed again while it recovers what the first one left: that must change nothing.
            self.weir.start(wait=False)
            time.sleep(random.uniform(0, 0.1))
            self.weir.crash()
        return self._account(load, how.name, early)

    def _account(self, load: Load, how: str, early: bool) -> Kill:
        self.weir.start()
        now = self._ledger()
        new = {name: number - self.known[name] for name, number in now.items()}
        self.known = now
        self.weir.crash()
        wanting = {kind: load.received[kind] - new[f"{kind}.client_bytes_out"]
                   for kind in self.kinds if kind != "up"}
        if "up" in self.kinds:
            wanting["up"] = self.arrived - new["up.origin_bytes_out"]
            assert self.arrived <= new["up.client_bytes_in"] + LARGEST * 2 * SESSIONS
            assert new["up.client_bytes_in"] <= load.sent + LARGEST * 2 * SESSIONS
        kill = Kill(wanting.get("down", 0), wanting.get("up", 0), wanting.get("slow", 0),
                    sum(load.received.values()) + self.arrived, how, early)
        self.kills.append(kill)
        return kill

    def check_recovered(self) -> None:
        """A start without any traffic before it changes nothing."""
        now = self._ledger()
        assert now == self.known, usage.differences(self.known, now)
