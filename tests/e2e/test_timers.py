"""Time (edge.md 1.2 and T1 to T5b). All tests run at once, because each mostly waits."""

import threading
import time

import certificates
import frames
import origin
import peers
import wire
from frames import BINARY, CLOSE, PING, PONG, TEXT, from_client
from harness import Weir, WeirTest, domain


def until_closed(session, begin, step=None, interval=1.0, limit=40.0):
    """Reads until a Close or the end; sends `step` at the interval. Returns (frame or None, seconds)."""
    stop = threading.Event()

    def beat():
        while not stop.wait(interval):
            try:
                session.send(step)
            except OSError:
                return

    if step:
        threading.Thread(target=beat, daemon=True).start()
    session.sock.settimeout(limit)
    try:
        while True:
            got = session.read_frame()
            if got.opcode == CLOSE:
                return got, time.monotonic() - begin
    except wire.Ended:
        return None, time.monotonic() - begin
    finally:
        stop.set()


class TimersTest(WeirTest):
    parallel = 32

    @classmethod
    def configure(cls):
        def talking(connection):
            """Says something every second and listens."""
            connection.upgrade()
            threading.Thread(target=connection.read_rest, daemon=True).start()
            while not connection.end:
                connection.send(frames.frame(TEXT, b"tick"))
                time.sleep(1)

        leaf = certificates.leaf("*.test")
        cls.tomcat = cls.keep(peers.Tomcat(leaf))
        cls.hold = cls.keep(origin.RawOrigin(origin.hold, timeout=100))
        cls.echo = cls.keep(origin.RawOrigin(origin.echo, timeout=100))
        cls.talking = cls.keep(origin.RawOrigin(talking, timeout=100))
        timed = lambda seconds, **more: {"connection_timeout": seconds, "close_timeout": 1, **more}
        return Weir([
            domain("tomcat3.test", cls.tomcat.http, websocket=timed(3)),
            domain("tomcat30.test", cls.tomcat.http, websocket=timed(30, close_timeout=30)),
            domain("hold3.test", cls.hold.port, websocket=timed(3)),
            domain("echo3.test", cls.echo.port, websocket=timed(3)),
            domain("talking.test", cls.talking.port, websocket=timed(3)),
            domain("builtin3.test", websocket=timed(3)),
            domain("read-client.test", cls.talking.port,
                   websocket=timed(30, read_idle={"client": 2, "origin": "off"})),
            domain("read-origin.test", cls.hold.port,
                   websocket=timed(30, read_idle={"client": "off", "origin": 2})),
            domain("write-client.test", cls.hold.port,
                   websocket=timed(30, write_idle={"client": 2, "origin": "off"})),
            domain("ping.test", cls.hold.port,
                   websocket=timed(30, keepalive={"interval": 1, "timeout": "1500ms"})),
            domain("life.test", cls.echo.port,
                   websocket=timed(30, max_lifetime={"after": 3, "jitter": "10%"})),
            domain("request.test", cls.echo.port, websocket=timed(30), origin={"request_timeout": 1}),
            domain("close.test", cls.hold.port, websocket=timed(2, close_timeout=2)),
        ])

    def open(self, host, path="/", **options):
        # Before the request: this thread may be late to see the 101, which starts the timers.
        begin = time.monotonic()
        return self.use(wire.open_session(self.weir.port, host, path, **options)), begin

    def idle_within(self, seconds, low, high):
        self.assertGreaterEqual(seconds, low - 0.05)
        self.assertLessEqual(seconds, high + 0.3)

    def test_a_client_that_beats_faster_than_the_timeout_lives(self):
        # A=2, B=3, C=20.
        session, begin = self.open("tomcat3.test", "/echo?read=20000")
        while time.monotonic() - begin < 30:
            session.send(from_client(TEXT, b"beat"))
            self.assertEqual(session.read_frame().payload, b"beat")
            time.sleep(2)

    def test_b_client_that_beats_slower_than_the_timeout_is_closed_with_1001(self):
        # A=5, B=3.
        session, begin = self.open("hold3.test", "/b")
        got, seconds = until_closed(session, begin, from_client(TEXT, b"late"), 5.5)
        self.idle_within(seconds, 4, 5)
        self.assertEqual(got.code, 1001)
        self.assertRegex(got.reason, "^idle timeout")
        record = self.weir.wait_access(event="close", uri="/b")
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("gateway", "idle_timeout"))
        self.assertEqual(record["close_code"], 1001)

    def test_b_origin_gets_the_1001_too_masked(self):
        raw = self.use(origin.RawOrigin(origin.hold))
        weir = self.run_one([domain("b.test", raw.port, websocket={"connection_timeout": 1,
                                                                 "close_timeout": 1})])
        with wire.open_session(weir.port, "b.test") as session:
            self.closed(session, 1001)
        seen = raw.finished()
        seen.buffer[:] = seen.seen[len(seen.head.raw):]
        got = seen.read_frame()
        self.assertEqual((got.opcode, got.masked, got.code), (CLOSE, True, 1001))
        self.assertRegex(got.reason, "^idle timeout")

    def test_c_origins_own_idle_close_is_forwarded_verbatim(self):
        # C=2 s, swept by Tomcat every 10 s; B=30.
        session, begin = self.open("tomcat30.test", "/echo?read=2000")
        got, seconds = until_closed(session, begin)
        self.assertLessEqual(seconds, 13)
        self.assertEqual(got.code, 1001)
        self.assertRegex(got.reason, "read idle timeout")

    def test_d_client_that_beats_exactly_at_the_timeout_lives(self):
        # A=B=3 for 60 s.
        session, begin = self.open("echo3.test")
        beats = 0
        while beats < 20:
            beats += 1
            time.sleep(max(0.0, begin + 3 * beats - time.monotonic()))
            session.send(from_client(TEXT, b"beat"))
            self.assertEqual(session.read_frame().payload, b"beat")

    def test_e_pings_alone_keep_a_session_alive(self):
        session, begin = self.open("hold3.test")
        while time.monotonic() - begin < 12:
            session.send(from_client(PING, b"p"))
            self.assertTrue(session.silent_for(2))

    def test_f_half_a_frame_then_silence_is_cut_without_a_stray_close(self):
        payload = bytes(range(256)) * 4096
        half = from_client(BINARY, payload)[: 1 << 19]
        session, begin = self.open("hold3.test", "/f")
        seen = self.hold.connection(self.index_of(self.hold, "/f"))
        session.send(half)
        got, seconds = until_closed(session, begin)
        self.idle_within(seconds, 4, 5.5)
        if got:  # towards the client no frame was open
            self.assertEqual(got.code, 1001)
        self.hold.wait_for(lambda: seen.done, "cut", 5)
        self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), half)

    def index_of(self, raw, path):
        def find():
            return [number for number, each in enumerate(raw.connections)
                    if each.head and each.head.start.split(" ")[1] == path]

        raw.wait_for(lambda: bool(find()), path)
        return find()[0]

    def test_silence_of_the_client_does_not_matter_while_the_origin_talks(self):
        session, begin = self.open("talking.test")
        got, seconds = until_closed_or(session, begin, 9)
        self.assertIsNone(got)
        self.assertGreaterEqual(seconds, 9)

    def test_builtin_echo_is_idle_closed_too(self):
        session, begin = self.open("builtin3.test")
        got, seconds = until_closed(session, begin)
        self.idle_within(seconds, 4, 5)
        self.assertEqual(got.code, 1001)

    def test_forty_sessions_are_all_closed_within_the_window(self):
        sessions = [self.open("hold3.test") for _ in range(40)]
        for session, begin in sessions:
            got, seconds = until_closed(session, begin)
            self.assertEqual(got.code, 1001)
            self.assertGreaterEqual(seconds, 3.95)
        self.assertLessEqual(time.monotonic() - sessions[-1][1], 5.5)

    def test_read_idle_of_the_client_closes_although_the_origin_talks(self):
        session, begin = self.open("read-client.test", "/ric")
        got, seconds = until_closed(session, begin)
        self.idle_within(seconds, 2, 4)
        self.assertEqual(got.code, 1001)
        self.assertEqual(self.weir.wait_access(event="close", uri="/ric")["close_cause"], "client_idle")

    def test_read_idle_of_the_origin_closes_although_the_client_talks(self):
        session, begin = self.open("read-origin.test", "/rio")
        got, seconds = until_closed(session, begin, from_client(TEXT, b"x"), 0.5)
        self.idle_within(seconds, 2, 4)
        self.assertEqual(got.code, 1001)
        self.assertEqual(self.weir.wait_access(event="close", uri="/rio")["close_cause"], "origin_idle")

    def test_write_idle_of_the_client_closes_although_the_client_talks(self):
        session, begin = self.open("write-client.test", "/wic")
        got, seconds = until_closed(session, begin, from_client(TEXT, b"x"), 0.5)
        self.idle_within(seconds, 2, 4)
        self.assertEqual(got.code, 1001)

    def test_edge_pings_are_answered_by_the_client_and_never_forwarded(self):
        session, begin = self.open("ping.test", "/ping")
        for _ in range(4):
            got = session.read_frame()
            self.assertEqual(got.opcode, PING)
            session.send(from_client(PONG, got.payload))
        self.assertGreaterEqual(time.monotonic() - begin, 3)
        session.send(from_client(CLOSE, frames.close_payload(1000)))
        seen = self.hold.connection(self.index_of(self.hold, "/ping"))
        self.hold.wait_for(lambda: len(seen.seen) > len(seen.head.raw), "the Close")
        first = frames.from_client(CLOSE, frames.close_payload(1000))
        self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), first)

    def test_edge_ping_without_a_pong_closes_the_session(self):
        session, begin = self.open("ping.test", "/nopong")
        got, seconds = until_closed(session, begin)
        self.idle_within(seconds, 2.4, 4.5)
        self.assertIsNotNone(got)
        self.assertEqual(self.weir.wait_access(event="close", uri="/nopong")["close_cause"],
                         "pong_timeout")

    def test_max_lifetime_ends_a_busy_session_with_1001(self):
        session, begin = self.open("life.test", "/life")
        got, seconds = until_closed(session, begin, from_client(TEXT, b"x"), 0.5)
        self.idle_within(seconds, 2.65, 4.2)
        self.assertEqual(got.code, 1001)
        self.assertEqual(self.weir.wait_access(event="close", uri="/life")["close_cause"], "max_lifetime")

    def test_request_timeout_has_no_effect_after_the_101(self):
        session, _ = self.open("request.test")
        self.assertTrue(session.silent_for(4))
        session.send(from_client(TEXT, b"alive"))
        self.assertEqual(session.read_frame().payload, b"alive")

    def test_close_timeout_cuts_a_peer_that_does_not_answer_our_close(self):
        # The idle Close comes at 3 to 4 s; nobody answers it; both are cut 2 s later.
        session, begin = self.open("close.test")
        got, seconds = until_closed(session, begin)
        self.assertEqual(got.code, 1001)
        closed = begin + seconds
        session.read_rest()
        self.assertGreaterEqual(time.monotonic() - closed, 1.8)
        self.assertLessEqual(time.monotonic() - closed, 3.5)

    def test_close_that_is_answered_ends_at_once(self):
        session, begin = self.open("builtin3.test")
        got, _ = until_closed(session, begin)
        answered = time.monotonic()
        session.send(from_client(CLOSE, got.payload))
        session.read_rest()
        self.assertLess(time.monotonic() - answered, 0.9)

    def test_T4_connections_stalled_after_each_part_of_a_head_are_closed_in_time(self):
        weir = self.run_one([domain("a.test")], limits={"header_timeout": "1s"})
        request = wire.upgrade_request("a.test")
        begin = time.monotonic()
        stalled = [self.use(wire.connect(weir.port)) for _ in range(0, len(request), 2)]
        for number, client in enumerate(stalled):
            client.send(request[: number * 2])
        for client in stalled:
            client.read_rest()
        self.assertLess(time.monotonic() - begin, 3)

    def test_D1_one_byte_at_a_time_does_not_extend_the_deadline(self):
        weir = self.run_one([domain("a.test")], limits={"header_timeout": "2s"})
        with wire.connect(weir.port) as client:
            begin = time.monotonic()
            try:
                for byte in wire.upgrade_request("a.test"):
                    client.send(bytes([byte]))
                    if not client.silent_for(0.3):
                        break
            except OSError:
                pass
            self.assertLess(time.monotonic() - begin, 3.5)

    def test_D4_connections_stalled_inside_a_tls_hello_are_closed_in_time(self):
        weir = self.run_one([domain("a.test", tls=certificates.leaf("a.test").yaml)], tls=True,
                            limits={"header_timeout": "1s"})
        hello = bytes.fromhex("16030100c8010000c40303") + bytes(194)
        begin = time.monotonic()
        stalled = [self.use(wire.connect(weir.tls_port)) for _ in range(0, 60)]
        for number, client in enumerate(stalled):
            client.send(hello[:number])
        for client in stalled:
            client.read_rest()
        self.assertLess(time.monotonic() - begin, 3)


def until_closed_or(session, begin, seconds):
    """Reads for the time, or until a Close comes."""
    while time.monotonic() - begin < seconds:
        got = session.read_frame()
        if got.opcode == CLOSE:
            return got, time.monotonic() - begin
    return None, time.monotonic() - begin
