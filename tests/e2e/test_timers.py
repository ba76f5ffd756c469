"""Time (edge.md 1.2 and T1 to T5b), with Weir's clock in the test's hand: an hour takes a millisecond, and no machine
is too slow for a bound. The peers keep their own time."""

import certificates
import frames
import origin
import peers
import wire
from frames import BINARY, CLOSE, PING, PONG, TEXT, from_client
from hand_clock import HandClock
from harness import Weir, WeirTest, domain

HOUR = 3600


def to_the_close(session):
    """Reads up to the Close; None when the connection ends without one."""
    try:
        return session.read_until_frame(CLOSE)
    except wire.Ended:
        return None


class TimersTest(WeirTest):
    @classmethod
    def configure(cls):
        leaf = certificates.leaf("*.test")
        cls.tomcat = cls.keep(peers.Tomcat(leaf))
        cls.hold = cls.keep(origin.RawOrigin(origin.hold))
        cls.echo = cls.keep(origin.RawOrigin(origin.echo))
        # The default of connection_timeout is 60 s, of close_timeout 30 s.
        timed = lambda **settings: {"connection_timeout": 60, **settings}
        long = lambda **settings: {"connection_timeout": "30d", **settings}
        return Weir([
            domain("tomcat.test", cls.tomcat.http, websocket=timed()),
            domain("hold.test", cls.hold.port, websocket=timed()),
            domain("echo.test", cls.echo.port, websocket=timed()),
            domain("builtin.test", websocket=timed()),
            domain("read-client.test", cls.hold.port, websocket=long(read_idle={"client": 20, "origin": "off"})),
            domain("read-origin.test", cls.hold.port, websocket=long(read_idle={"client": "off", "origin": 20})),
            domain("write-client.test", cls.hold.port, websocket=long(write_idle={"client": 20, "origin": "off"})),
            domain("ping.test", cls.hold.port, websocket=long(keepalive={"interval": 30, "timeout": 10})),
            domain("life.test", cls.echo.port, websocket=long(max_lifetime={"after": "4h", "jitter": "10%"})),
            domain("request.test", cls.echo.port, websocket=long(), origin={"request_timeout": 1}),
        ], clock=HandClock())

    def open(self, host, path="/", **options):
        return self.use(wire.open_session(self.weir.port, host, path, **options))

    def peer(self, path, raw=None):
        """The origin's end of the session with that path."""
        raw = raw or self.hold

        def find():
            return [each for each in raw.connections if each.head and each.head.start.split(" ")[1] == path]

        raw.wait_for(lambda: bool(find()), path)
        return find()[0]

    def quiet(self, *sessions):
        """What is due has happened when time has passed: it would be here."""
        for session in sessions:
            self.assertTrue(session.silent_for(0.02))

    def taken(self, session, data):
        """Sends it, and returns when Weir has read it."""
        session.send(data)
        self.weir.pass_time(0)

    def closes(self, session, cause, path):
        got = to_the_close(session)
        self.assertEqual(got.code, 1001)
        session.close()
        record = self.weir.wait_access(event="close", uri=path)
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("gateway", cause))
        return got, record

    def test_a_client_that_beats_faster_than_the_timeout_lives(self):
        session = self.open("tomcat.test", "/echo?read=600000")
        for _ in range(20):
            self.weir.pass_time(40)
            session.send(from_client(TEXT, b"beat"))
            self.assertEqual(session.read_frame().payload, b"beat")

    def test_b_client_that_beats_slower_than_the_timeout_is_closed_with_1001(self):
        session = self.open("hold.test", "/b")
        self.taken(session, from_client(TEXT, b"beat"))
        self.weir.pass_time(60.9)  # with the second of grace
        self.quiet(session)
        self.weir.pass_time(0.2)
        got, record = self.closes(session, "idle_timeout", "/b")
        self.assertRegex(got.reason, "^idle timeout 60s")
        self.assertEqual(record["close_code"], 1001)

    def test_b_origin_gets_the_1001_too_masked(self):
        self.open("hold.test", "/b-origin")
        seen = self.peer("/b-origin")
        self.weir.pass_time(61.1)
        self.hold.wait_for(lambda: len(seen.seen) > len(seen.head.raw) + 2, "the Close")
        self.weir.pass_time(30.1)
        self.hold.wait_for(lambda: seen.done, "the end")
        seen.buffer[:] = seen.seen[len(seen.head.raw):]
        got = seen.read_frame()
        self.assertEqual((got.opcode, got.masked, got.code), (CLOSE, True, 1001))
        self.assertRegex(got.reason, "^idle timeout")

    def test_c_origins_own_idle_close_is_forwarded_verbatim(self):
        # Tomcat's own clock runs, and it sweeps every 10 s; Weir's stands.
        session = self.open("tomcat.test", "/echo?read=2000")
        got = to_the_close(session)
        self.assertEqual(got.code, 1001)
        self.assertRegex(got.reason, "read idle timeout")

    def test_d_client_that_beats_exactly_at_the_timeout_lives(self):
        session = self.open("echo.test")
        for _ in range(20):
            self.weir.pass_time(60)
            session.send(from_client(TEXT, b"beat"))
            self.assertEqual(session.read_frame().payload, b"beat")

    def test_e_pings_alone_keep_a_session_alive(self):
        session = self.open("hold.test")
        for _ in range(10):
            self.taken(session, from_client(PING, b"p"))
            self.weir.pass_time(60)
            self.quiet(session)

    def test_f_half_a_frame_then_silence_is_cut_without_a_stray_close(self):
        payload = bytes(range(256)) * 4096
        half = from_client(BINARY, payload)[: 1 << 19]
        session = self.open("hold.test", "/f")
        seen = self.peer("/f")
        session.send(half)
        self.hold.wait_for(lambda: len(seen.seen) == len(seen.head.raw) + len(half), "the half")
        self.weir.pass_time(60.9)
        self.quiet(session)
        self.weir.pass_time(0.2)
        got = to_the_close(session)
        if got:  # towards the client no frame was open
            self.assertEqual(got.code, 1001)
        self.hold.wait_for(lambda: seen.done, "cut")
        self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), half)

    def test_silence_of_the_client_does_not_matter_while_the_origin_talks(self):
        session = self.open("hold.test", "/talks")
        seen = self.peer("/talks")
        for _ in range(10):
            seen.send(frames.frame(TEXT, b"tick"))
            self.assertEqual(session.read_frame().payload, b"tick")
            self.weir.pass_time(59)
        self.quiet(session)

    def test_builtin_echo_is_idle_closed_too(self):
        session = self.open("builtin.test", "/builtin")
        self.weir.pass_time(60.9)
        self.quiet(session)
        self.weir.pass_time(0.2)
        self.closes(session, "idle_timeout", "/builtin")

    def test_forty_sessions_are_all_closed_within_the_window(self):
        sessions = [self.open("hold.test") for _ in range(40)]
        self.weir.pass_time(60.9)
        self.quiet(*sessions)
        self.weir.pass_time(0.2)
        for session in sessions:
            self.assertEqual(to_the_close(session).code, 1001)

    def test_read_idle_of_the_client_closes_although_the_origin_talks(self):
        session = self.open("read-client.test", "/ric")
        seen = self.peer("/ric")
        for _ in range(2):
            self.weir.pass_time(10)
            seen.send(frames.frame(TEXT, b"tick"))
            self.assertEqual(session.read_frame().payload, b"tick")
        self.weir.pass_time(0.9)
        self.quiet(session)
        self.weir.pass_time(0.2)
        self.closes(session, "client_idle", "/ric")

    def test_read_idle_of_the_origin_closes_although_the_client_talks(self):
        session = self.open("read-origin.test", "/rio")
        self.weir.pass_time(10)
        self.taken(session, from_client(TEXT, b"x"))
        self.weir.pass_time(10.9)
        self.quiet(session)
        self.weir.pass_time(0.2)
        self.closes(session, "origin_idle", "/rio")

    def test_write_idle_of_the_client_closes_although_the_client_talks(self):
        session = self.open("write-client.test", "/wic")
        self.weir.pass_time(10)
        self.taken(session, from_client(TEXT, b"x"))
        self.weir.pass_time(10.9)
        self.quiet(session)
        self.weir.pass_time(0.2)
        self.closes(session, "client_idle", "/wic")

    def test_edge_pings_are_answered_by_the_client_and_never_forwarded(self):
        session = self.open("ping.test", "/ping")
        for _ in range(4):
            self.weir.pass_time(30.1)
            got = session.read_frame()
            self.assertEqual(got.opcode, PING)
            self.taken(session, from_client(PONG, got.payload))
        self.quiet(session)
        close = from_client(CLOSE, frames.close_payload(1000))
        session.send(close)
        seen = self.peer("/ping")
        self.hold.wait_for(lambda: len(seen.seen) > len(seen.head.raw), "the Close")
        self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), close)

    def test_edge_ping_without_a_pong_ends_the_session(self):
        session = self.open("ping.test", "/nopong")
        self.weir.pass_time(30.1)
        self.assertEqual(session.read_frame().opcode, PING)
        self.weir.pass_time(9.9)
        self.quiet(session)
        self.weir.pass_time(0.2)
        to_the_close(session)
        session.close()
        self.assertEqual(self.weir.wait_access(event="close", uri="/nopong")["close_cause"], "pong_timeout")

    def test_max_lifetime_ends_a_busy_session_with_1001(self):
        session = self.open("life.test", "/life")
        self.weir.pass_time(3.6 * HOUR - 1)  # no jitter makes it shorter than that
        session.send(from_client(TEXT, b"busy"))
        self.assertEqual(session.read_frame().payload, b"busy")
        self.weir.pass_time(0.4 * HOUR + 2)
        self.closes(session, "max_lifetime", "/life")

    def test_request_timeout_has_no_effect_after_the_101(self):
        session = self.open("request.test")
        self.weir.pass_time(HOUR)
        session.send(from_client(TEXT, b"alive"))
        self.assertEqual(session.read_frame().payload, b"alive")

    def test_close_timeout_cuts_a_peer_that_does_not_answer_our_close(self):
        session = self.open("hold.test")
        self.weir.pass_time(61.1)
        self.assertEqual(to_the_close(session).code, 1001)
        self.weir.pass_time(29.5)
        self.quiet(session)
        self.weir.pass_time(0.6)
        session.read_rest()

    def test_close_that_is_answered_ends_at_once(self):
        session = self.open("builtin.test")
        self.weir.pass_time(61.1)
        session.send(from_client(CLOSE, to_the_close(session).payload))
        session.read_rest()  # the clock stands


class SlowHeadsTest(WeirTest):
    """limits.header_timeout, whose default is 10 s."""

    @classmethod
    def configure(cls):
        return Weir([domain("a.test", tls=certificates.leaf("a.test").yaml)], tls=True, clock=HandClock())

    def stalled(self, port, parts):
        clients = [self.use(wire.connect(port)) for _ in parts]
        for client, part in zip(clients, parts):
            client.send(part)
        self.weir.pass_time(0)
        return clients

    def are_closed_in_time(self, clients):
        self.weir.pass_time(9.9)
        for client in clients:
            self.assertTrue(client.silent_for(0.02))
        self.weir.pass_time(0.2)
        for client in clients:
            client.read_rest()

    def test_T4_connections_stalled_after_each_part_of_a_head_are_closed_in_time(self):
        request = wire.upgrade_request("a.test")
        self.are_closed_in_time(self.stalled(self.weir.port, [request[:size] for size in range(0, len(request), 2)]))

    def test_D1_one_byte_at_a_time_does_not_extend_the_deadline(self):
        client, = self.stalled(self.weir.port, [b""])
        for number, byte in enumerate(wire.upgrade_request("a.test")[:99]):
            self.assertTrue(client.silent_for(0.01), f"after {number} bytes")
            client.send(bytes([byte]))
            self.weir.pass_time(0.1)
        self.weir.pass_time(0.2)
        client.read_rest()

    def test_D4_connections_stalled_inside_a_tls_hello_are_closed_in_time(self):
        hello = bytes.fromhex("16030100c8010000c40303") + bytes(194)
        self.are_closed_in_time(self.stalled(self.weir.tls_port, [hello[:size] for size in range(60)]))
