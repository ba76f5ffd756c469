"""The relay judges frames and passes ends on (edge.md 4.5; hardening F1)."""

import struct

import frames
import origin
import wire
from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, frame, from_client
from harness import Weir, WeirTest, domain

# Each breaks RFC 6455; written once, and sent by either side with its own masking.
VIOLATIONS = {
    "RSV1 without extension": dict(opcode=TEXT, payload=b"x", rsv=4),
    "RSV2": dict(opcode=TEXT, payload=b"x", rsv=2),
    "RSV3": dict(opcode=TEXT, payload=b"x", rsv=1),
    "RSV1 on a control frame": dict(opcode=PING, payload=b"x", rsv=4),
    "opcode 3": dict(opcode=3, payload=b"x"),
    "opcode 7": dict(opcode=7, payload=b"x"),
    "opcode 11": dict(opcode=11, payload=b"x"),
    "opcode 15": dict(opcode=15, payload=b"x"),
    "ping of 126 bytes": dict(opcode=PING, payload=bytes(126)),
    "close of 126 bytes": dict(opcode=CLOSE, payload=close_payload(1000, "r" * 124)),
    "fragmented ping": dict(opcode=PING, payload=b"x", fin=False),
    "continuation of nothing": dict(opcode=CONTINUATION, payload=b"x"),
    "16-bit length for 5": dict(opcode=TEXT, payload=b"12345", form=16),
    "64-bit length for 5": dict(opcode=TEXT, payload=b"12345", form=64),
    "64-bit length for 65535": dict(opcode=BINARY, payload=bytes(65535), form=64),
    "close body of one byte": dict(opcode=CLOSE, payload=b"\x03"),
    "close code 0": dict(opcode=CLOSE, payload=close_payload(0)),
    "close code 999": dict(opcode=CLOSE, payload=close_payload(999)),
    "close code 1004": dict(opcode=CLOSE, payload=close_payload(1004)),
    "close code 1005": dict(opcode=CLOSE, payload=close_payload(1005)),
    "close code 1006": dict(opcode=CLOSE, payload=close_payload(1006)),
    "close code 1015": dict(opcode=CLOSE, payload=close_payload(1015)),
    "close code 2999": dict(opcode=CLOSE, payload=close_payload(2999)),
    "close code 5000": dict(opcode=CLOSE, payload=close_payload(5000)),
}

HUGE = struct.pack("!Q", 1 << 63)


def violating(mask):
    """All violations as bytes of one side; the wrong mask and the impossible length depend on the side."""
    wires = {name: frame(mask=mask, **parts) for name, parts in VIOLATIONS.items()}
    wires["length 2^63"] = b"\x82" + (b"\xff" if mask else b"\x7f") + HUGE + (mask or b"")
    wires["wrong mask"] = frame(TEXT, b"x", mask=None if mask else frames.MASK)
    wires["new message inside a message"] = (frame(TEXT, b"a", fin=False, mask=mask)
                                             + frame(TEXT, b"b", mask=mask))
    return wires


class ViolationTest(WeirTest):
    parallel = 2

    @classmethod
    def configure(cls):
        def offend(connection):
            """Sends the violation that the path names, and then records what comes."""
            head = connection.read_head()
            number = int(head.start.split(" ")[1].strip("/"))
            connection.send(origin.good_101(head) + frame(TEXT, b"before") + cls.offences[number])
            connection.read_rest()

        cls.offences = list(violating(None).values())
        cls.offender = cls.keep(origin.RawOrigin(offend))
        cls.victim = cls.keep(origin.RawOrigin(origin.hold))
        return Weir([domain("offender.test", cls.offender.port, websocket={"close_timeout": "200ms"}),
                     domain("victim.test", cls.victim.port, websocket={"close_timeout": "200ms"})])

    def test_client_that_violates_gets_1002_and_its_origin_a_close(self):
        for name, bad in violating(frames.MASK).items():
            with self.subTest(name):
                before = self.victim.accepted
                with wire.open_session(self.weir.port, "victim.test") as session:
                    session.send(from_client(TEXT, b"before") + bad)
                    got = session.read_frame()
                    self.assertEqual((got.opcode, got.code), (CLOSE, 1002), got)
                    self.assertFalse(got.masked)
                seen = self.victim.finished(before)
                seen.buffer[:] = seen.seen[len(seen.head.raw):]
                self.assertEqual(seen.read_frame().payload, b"before")
                got = seen.read_frame()
                while got.opcode != CLOSE:  # the good beginning of a bad message may have gone on
                    got = seen.read_frame()
                self.assertTrue(got.masked)
                self.assertIn(got.code, (1001, 1002, 1011))

    def test_origin_that_violates_gets_1002_and_its_client_a_close(self):
        for number, name in enumerate(violating(None)):
            with self.subTest(name):
                before = self.offender.accepted
                with wire.open_session(self.weir.port, "offender.test", f"/{number}") as session:
                    self.assertEqual(session.read_frame().payload, b"before")
                    got = session.read_until_frame(CLOSE)
                    self.assertIn(got.code, (1001, 1002, 1011, 1014))
                    session.send(from_client(CLOSE, got.payload))
                    session.read_rest()
                seen = self.offender.finished(before)
                self.assertEqual([f.code for f in self.frames_of(seen) if f.opcode == CLOSE], [1002])

    def frames_of(self, seen):
        head_end = bytes(seen.seen).index(b"\r\n\r\n") + 4
        seen.buffer[:] = seen.seen[head_end:]
        found = []
        while seen.buffer:
            found.append(seen.read_frame())
        return found

    def test_violation_stands_in_log_and_metric(self):
        with wire.open_session(self.weir.port, "victim.test", "/logged") as session:
            session.send(from_client(3, b""))
            session.read_until_frame(CLOSE)
        record = self.weir.wait_access(event="close", uri="/logged")
        self.assertEqual(record["close_cause"], "protocol_error")
        self.assertEqual((record["close_initiator"], record["close_code"]), ("client", 1002))
        self.assertGreaterEqual(
            self.weir.metric("weir_protocol_errors_total", domain="victim.test", side="client"), 1)


class RelayTest(WeirTest):
    parallel = 2

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(origin.echo))
        return Weir([domain("relay.test", cls.origin.port)])

    def test_lengths_at_all_forms_pass_unchanged(self):
        with wire.open_session(self.weir.port, "relay.test") as session:
            for length in (0, 1, 125, 126, 127, 65535, 65536, 1 << 20):
                payload = bytes(range(256)) * (length // 256) + bytes(length % 256)
                session.send(from_client(BINARY, payload))
                self.assertEqual(session.read_frame(), frames.Frame(True, 0, BINARY, False, payload))

    def test_bytes_are_relayed_as_they_are(self):
        sent = (from_client(TEXT, b"a", fin=False) + from_client(PING, b"p")
                + from_client(CONTINUATION, b"", fin=False) + from_client(CONTINUATION, b"b")
                + from_client(PONG, b"unasked") + from_client(BINARY, bytes(300))
                + from_client(CLOSE, close_payload(3000, "über")))
        before = self.origin.accepted
        with wire.open_session(self.weir.port, "relay.test", "/exact") as session:
            session.send(sent)
            session.read_until_frame(CLOSE)
        seen = self.origin.finished(before)
        self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), sent)

    def test_every_cut_of_the_stream_gives_the_same_bytes(self):
        sent = from_client(TEXT, b"hello") + from_client(BINARY, bytes(130)) + from_client(PING, b"x")
        for cut in range(1, len(sent), 3):
            with wire.open_session(self.weir.port, "relay.test") as session:
                session.send(sent[:cut])
                session.silent_for(0.002)
                session.send(sent[cut:])
                self.assertEqual([session.read_frame().payload for _ in range(3)],
                                 [b"hello", bytes(130), b"x"])

    def test_builtin_echo_refuses_what_it_cannot_hold_with_1009(self):
        weir = self.run_one([domain("builtin.test")])
        with wire.open_session(weir.port, "builtin.test") as session:
            session.send(frames.header(BINARY, 1 << 40, masked=True) + frames.MASK + bytes(1000))
            self.closed(session, 1009)

    def test_a_hundred_thousand_tiny_fragments_cost_no_memory(self):
        raw = self.use(origin.RawOrigin(origin.hold))
        weir = self.run_one([domain("f.test", raw.port)])
        with wire.open_session(weir.port, "f.test") as session:
            session.send(from_client(TEXT, b"x", fin=False))
            before = weir.rss()
            session.send(from_client(CONTINUATION, b"x", fin=False) * 100_000)
            session.send(from_client(CONTINUATION, b"x"))
            seen = raw.connection()
            raw.wait_for(lambda: len(seen.seen) > 700_000, "fragments", 15)
            self.assert_memory(weir, before, 1 << 20)


class CloseTest(WeirTest):
    @classmethod
    def configure(cls):
        def ending(connection):
            """Ends as the path says, as soon as a message has come."""
            how = connection.upgrade().start.split(" ")[1]
            connection.read_frame()
            if how == "/cut":
                return
            if how == "/reset":
                connection.reset()
            elif how == "/half":
                connection.send(frame(TEXT, b"0123456789")[:6])
            else:
                code = how.strip("/")
                payload = close_payload(int(code), "origin says") if code else b""
                connection.send(frame(CLOSE, payload))
                connection.answer = connection.read_frame()

        cls.echo = cls.keep(origin.RawOrigin(origin.echo))
        cls.ending = cls.keep(origin.RawOrigin(ending))
        return Weir([domain("echo.test", cls.echo.port), domain("ending.test", cls.ending.port)])

    def ended_by_origin(self, how):
        session = self.use(wire.open_session(self.weir.port, "ending.test", f"/{how}"))
        session.send(from_client(TEXT, b"go"))
        return session

    def test_clients_close_passes_unchanged_and_its_echo_comes_back(self):
        for code, reason in ((1000, ""), (1000, "done"), (4001, "bye"), (3000, "r" * 123), (1001, ""),
                             (1011, ""), (1012, ""), (1014, ""), (4999, "ü")):
            with self.subTest(code=code):
                before = self.echo.accepted
                with wire.open_session(self.weir.port, "echo.test") as session:
                    sent = from_client(CLOSE, close_payload(code, reason))
                    session.send(sent)
                    got = session.read_frame()
                    self.assertEqual((got.code, got.reason), (code, reason))
                    session.read_rest()
                seen = self.echo.finished(before)
                self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), sent)

    def test_empty_close_stays_empty(self):
        with wire.open_session(self.weir.port, "echo.test", "/empty") as session:
            session.send(from_client(CLOSE))
            self.assertEqual(session.read_frame(), frames.Frame(True, 0, CLOSE, False, b""))
            self.assertEqual(session.read_rest(), b"")
        record = self.weir.wait_access(event="close", uri="/empty")
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("client", "client_close"))

    def test_origins_close_passes_unchanged_and_the_answer_goes_back(self):
        for code in (1000, 1003, 1009, 1011, 4001):
            with self.subTest(code=code):
                session = self.ended_by_origin(code)
                got = session.read_frame()
                self.assertEqual((got.opcode, got.code, got.reason), (CLOSE, code, "origin says"))
                session.send(from_client(CLOSE, got.payload))
                self.assertEqual(session.read_rest(), b"")
                session.close()
                self.assertEqual(self.ending.finished().answer.code, code)
        record = self.weir.wait_access(event="close", uri="/4001")
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("origin", "origin_close"))
        self.assertEqual((record["close_code_origin"], record["close_reason"]), (4001, "origin says"))

    def test_origin_lost_without_close_is_1011_to_the_client(self):
        for how in ("cut", "reset"):
            with self.subTest(how):
                session = self.ended_by_origin(how)
                got = self.closed(session, 1011)
                session.send(from_client(CLOSE, got.payload))
                session.close()
                record = self.weir.wait_access(event="close", uri=f"/{how}")
                self.assertEqual((record["close_initiator"], record["close_cause"]),
                                 ("origin", "origin_abort"))

    def test_origin_lost_inside_a_frame_cuts_the_client_without_a_stray_close(self):
        session = self.ended_by_origin("half")
        self.assertEqual(session.read_rest(), frame(TEXT, b"0123456789")[:6])

    def test_client_lost_without_close_ends_the_origin_with_a_close(self):
        for how in ("fin", "reset"):
            with self.subTest(how):
                raw = self.use(origin.RawOrigin(origin.hold))
                weir = self.run_one([domain("lost.test", raw.port, websocket={"close_timeout": 1})])
                session = wire.open_session(weir.port, "lost.test")
                raw.connection()
                session.reset() if how == "reset" else session.close()
                seen = raw.finished()
                seen.buffer[:] = seen.seen[len(seen.head.raw):]
                got = seen.read_frame()
                self.assertEqual((got.opcode, got.masked), (CLOSE, True))
                self.assertIn(got.code, (1001, 1011))
                self.assertEqual(weir.wait_access(event="close")["close_cause"], "client_abort")

    def test_data_after_close_reaches_nobody(self):
        before = self.echo.accepted
        with wire.open_session(self.weir.port, "echo.test") as session:
            session.send(from_client(CLOSE, close_payload(1000)) + from_client(TEXT, b"LATE"))
            self.assertEqual(session.read_frame().code, 1000)
            session.read_rest()
        self.assertNotIn(frames.apply_mask(b"LATE", frames.MASK), self.echo.finished(before).seen)
