"""A peer that does not read stops the other from being read, and costs little (hardening D2, D3; edge.md 4.5, T1)."""

import json
import socket
import subprocess
import threading
import time

import certificates
import frames
import origin
import peers
import wire
from frames import BINARY, TEXT, frame, from_client
from hand_clock import HandClock
from harness import WeirTest, domain, wait_until
from patience import patience

MESSAGE = from_client(BINARY, bytes(64 * 1024))


def flood(session, limit=64 << 20, patience=1.5):
    """Sends until the limit, or until nothing more is taken for a while. Returns how much was taken."""
    session.sock.settimeout(patience)
    sent = 0
    try:
        while sent < limit:
            sent += session.sock.send(MESSAGE[sent % len(MESSAGE):])
    except (TimeoutError, socket.timeout):
        pass
    finally:
        session.sock.settimeout(wire.TIMEOUT)
    return sent


class BackpressureTest(WeirTest):
    parallel = 6

    def prepare(self, script, receive_buffer=16384, **websocket):
        raw = self.use(origin.RawOrigin(script, receive_buffer=receive_buffer))
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 60, "send_stall_timeout": 60, "close_timeout": 1, **websocket})])
        # The first session pays for what every later one shares.
        wire.open_session(weir.port, "a.test").close()
        weir.wait_access(event="close")
        return weir, raw

    def test_D3_origin_that_never_reads_stops_the_client_and_memory_stays(self):
        resume = threading.Event()
        self.addCleanup(resume.set)

        def stopped(connection):
            connection.upgrade()
            resume.wait(30)
            connection.read_rest()

        weir, raw = self.prepare(stopped)
        raw.connections.clear()
        before = weir.rss()
        session = self.use(wire.open_session(weir.port, "a.test"))
        sent = flood(session)
        self.assertLess(sent, 32 << 20, "all was taken although the origin does not read")
        self.assert_memory(weir, before, 1 << 20)
        resume.set()
        seen = raw.connection()
        raw.wait_for(lambda: len(seen.seen) == len(seen.head.raw) + sent, "all that was sent", 15)

    def stopped(self, connection):
        """Upgrades, and reads nothing before the end of the test."""
        over = threading.Event()
        self.addCleanup(over.set)
        connection.upgrade()
        over.wait()

    def test_D3_a_hundred_such_sessions_stay_below_the_cap(self):
        weir, _ = self.prepare(self.stopped)
        before = weir.rss()
        sessions = [self.use(wire.open_session(weir.port, "a.test")) for _ in range(100)]
        for session in sessions:
            session.sock.setblocking(False)
        idle = time.monotonic() + 1.5
        while time.monotonic() < idle:
            for session in sessions:
                try:
                    for _ in range(8):
                        session.sock.send(MESSAGE)
                        idle = max(idle, time.monotonic() + 0.3)
                except (BlockingIOError, OSError):
                    continue
        self.assert_memory(weir, before, 100 * 136 * 1024 + (4 << 20))

    def test_reader_that_stops_stops_the_origin_and_memory_stays(self):
        sent = []

        def pour(connection):
            connection.upgrade()
            connection.sock.settimeout(1.5)
            data = frame(BINARY, bytes(64 * 1024))
            total = 0
            try:
                while total < 64 << 20:
                    total += connection.sock.send(data[total % len(data):])
            except (TimeoutError, socket.timeout):
                pass
            sent.append(total)
            connection.sock.settimeout(30)
            connection.read_rest()

        raw = self.use(origin.RawOrigin(pour))
        weir = self.run_one([domain("a.test", raw.port)])
        before = weir.rss()
        session = self.use(wire.open_session(weir.port, "a.test", receive_buffer=16384))
        wait_until(lambda: bool(sent), "the origin to be stopped", 30)
        self.assertLess(sent[0], 32 << 20)
        self.assert_memory(weir, before, 2 << 20)
        left = sent[0]
        while left:
            left -= len(session.read_exact(min(left, 1 << 16)))

    def test_buffered_amount_of_npm_ws_rises_and_falls_back_to_zero(self):
        resume = threading.Event()
        self.addCleanup(resume.set)

        def stopped(connection):
            connection.upgrade()
            resume.wait(30)
            connection.read_rest()

        weir, _ = self.prepare(stopped)
        job = {"url": f"ws://a.test:{weir.port}/", "bytes": 64 << 20}
        client = subprocess.Popen(["node", str(peers.NODE / "pressure.mjs"), json.dumps(job)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        self.assertEqual(client.stdout.readline().strip(), "open")

        def buffered():
            client.stdin.write("\n")
            client.stdin.flush()
            return int(client.stdout.readline())

        time.sleep(1)  # what the kernel takes, it has taken
        first = buffered()
        self.assertGreater(first, 16 << 20)
        resume.set()
        wait_until(lambda: buffered() == 0, "bufferedAmount 0", 15)
        client.stdin.close()

    def test_T1_client_that_stops_reading_is_cut_after_the_stall_and_the_origin_gets_1001(self):
        def pour(connection):
            connection.upgrade()
            threading.Thread(target=connection.read_rest, daemon=True).start()
            try:
                while True:
                    connection.send(frame(BINARY, bytes(64 * 1024)))
            except OSError:
                pass

        raw = self.use(origin.RawOrigin(pour))
        # The kernel goes by the same limit, and by its own clock.
        stall = round(2 * patience())
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 100 * stall, "send_stall_timeout": stall, "close_timeout": 1})], clock=HandClock())
        with wire.open_session(weir.port, "a.test", receive_buffer=16384):
            wait_until(lambda: weir.metric("weir_client_bytes_out_total", domain="a.test") > 0, "the flood")
            steps = 0

            def cut():
                nonlocal steps
                steps += 1
                weir.clock.move(stall / 8)
                return weir.access_log() and weir.access_log()[-1]["event"] == "close"

            wait_until(cut, "the stall to be noticed")
            record = weir.access_log()[-1]
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("gateway", "slow_consumer"))
        self.assertGreaterEqual(record["duration_ms"], stall * 1000)
        self.assertGreaterEqual(steps, 8)
        seen = raw.finished()
        tail = bytes(seen.seen[len(seen.head.raw):])
        if tail:  # at a frame boundary there was a Close to send
            seen.buffer[:] = tail
            self.assertEqual(seen.read_frame().code, 1001)

    def test_T1_origin_that_stops_reading_is_cut_after_the_stall_and_the_client_gets_1011(self):
        weir, _ = self.prepare(self.stopped, send_stall_timeout=2)
        session = self.use(wire.open_session(weir.port, "a.test", "/stall"))
        flood(session, patience=1)
        got = session.read_until_frame(frames.CLOSE)
        self.assertEqual(got.code, 1011)
        record = weir.wait_access(event="close", uri="/stall")
        self.assertEqual(record["close_cause"], "slow_consumer")

    def test_T1_reader_that_trickles_is_not_cut(self):
        raw = self.use(origin.RawOrigin(self.endless))
        stall = round(2 * patience())
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 100 * stall, "send_stall_timeout": stall})], clock=HandClock())
        session = self.use(wire.open_session(weir.port, "a.test", receive_buffer=65536))
        for _ in range(72):
            session.read_exact(16 * 1024)
            weir.pass_time(stall / 16)
        self.assertEqual([r for r in weir.access_log() if r["event"] == "close" and r["domain"] == "a.test"], [])

    @staticmethod
    def endless(connection):
        connection.upgrade()
        try:
            while True:
                connection.send(frame(BINARY, bytes(64 * 1024)))
        except OSError:
            pass

    def test_tomcats_flood_is_relayed_whole_to_a_slow_reader(self):
        tomcat = self.use(peers.Tomcat(certificates.leaf("*.test")))
        weir = self.run_one([domain("a.test", tomcat.http)])
        before = weir.rss()
        session = self.use(wire.open_session(weir.port, "a.test", "/flood", receive_buffer=32768))
        for number in range(300):
            got = session.read_frame()
            self.assertEqual((got.opcode, len(got.payload)), (BINARY, 65536))
            if number % 50 == 0:
                time.sleep(0.2)
        self.assert_memory(weir, before, 2 << 20)

    def test_both_directions_at_full_speed_lose_and_reorder_nothing(self):
        weir, _ = self.prepare(origin.echo, receive_buffer=0)
        session = self.use(wire.open_session(weir.port, "a.test"))
        count = 400
        sender = threading.Thread(target=lambda: [
            session.send(from_client(BINARY, number.to_bytes(4, "big") * 4096)) for number in range(count)])
        sender.start()
        for number in range(count):
            self.assertEqual(session.read_frame().payload, number.to_bytes(4, "big") * 4096)
        sender.join()
        session.send(from_client(TEXT, b"end"))
        self.assertEqual(session.read_frame().payload, b"end")

    def test_all_before_the_close_reaches_a_reader_that_is_slow(self):
        payload = bytes(range(256)) * 256

        def tell_and_leave(connection):
            connection.upgrade()
            for _ in range(128):
                connection.send(frame(BINARY, payload))
            connection.send(frame(frames.CLOSE, frames.close_payload(1000, "all said")))

        raw = self.use(origin.RawOrigin(tell_and_leave))
        weir = self.run_one([domain("a.test", raw.port)])
        session = self.use(wire.open_session(weir.port, "a.test", receive_buffer=16384))
        time.sleep(0.5)  # it leaves before anything is read
        for number in range(128):
            if number % 16 == 0:
                time.sleep(0.05)
            self.assertEqual(session.read_frame().payload, payload)
        got = session.read_frame()
        self.assertEqual((got.code, got.reason), (1000, "all said"))
