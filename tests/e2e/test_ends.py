"""Ends with manners (operations.md EN1 and EN3): what a Close waits for, what an offender still gets, how far it had come."""

import select
import signal
import socket
import threading

import certificates
import frames
import origin
import usage
import wire
from frames import BINARY, CLOSE, TEXT, frame, from_client
from harness import Weir, WeirTest, domain, wait_until

BIG = 16 << 20
HALF = frame(BINARY, bytes(BIG))[: BIG // 2]


class HalfThrough:
    """An origin that sends half of a large frame, and the rest when it is told to."""

    def __init__(self, test):
        self.go_on = threading.Event()
        test.addCleanup(self.go_on.set)
        self.raw = test.use(origin.RawOrigin(self.script, timeout=60))

    def script(self, connection):
        connection.upgrade()
        connection.send(HALF)
        self.go_on.wait(60)
        connection.send(bytes(BIG + 10 - len(HALF)))
        connection.echo()


class HalfFrameTest(WeirTest):
    parallel = 4

    def open(self, weir, name="a.test"):
        session = self.use(wire.open_session(weir.port, name))
        session.read_exact(10)
        return session

    def all_then_close(self, origin_side, session, code, read=0):
        """The rest of the frame, then the Close, which is answered."""
        origin_side.go_on.set()
        session.read_exact(BIG - read)
        got = session.read_frame()
        self.assertEqual((got.opcode, got.code), (CLOSE, code))
        session.send(from_client(CLOSE, got.payload))
        session.read_rest()

    def ended(self, weir, cause, name="a.test"):
        record = weir.wait_access(event="close", domain=name)
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("gateway", cause))
        self.assertEqual((record["close_stage"], record["term"]), ("closed", "WD"))
        self.assertEqual(record["payload_out"], BIG)

    def deferred(self, weir, cause, result):
        return weir.metric("weir_closes_deferred_total", cause=cause, result=result)

    def test_fx11_max_lifetime_waits_for_the_end_of_a_frame(self):
        side = HalfThrough(self)
        weir = self.run_one([domain("a.test", side.raw.port,
                                    websocket={"max_lifetime": {"after": 1, "jitter": "0%"}})])
        session = self.open(weir)
        read = len(session.read_exact(len(HALF) - 10))
        # The origin is told at once: towards it nothing is half relayed.
        wait_until(lambda: self.readable(side.raw.connection()), "the origin's Close")
        self.all_then_close(side, session, 1001, read)
        self.ended(weir, "max_lifetime")
        self.assertEqual(self.deferred(weir, "max_lifetime", "given"), 1)

    @staticmethod
    def readable(seen):
        """Whether something waits for the origin, whose script does not read yet."""
        return bool(select.select([seen.sock], [], [], 0)[0])

    def test_fx11_a_domain_that_is_switched_off_waits_for_the_end_of_a_frame(self):
        side = HalfThrough(self)
        weir = self.run_one([domain("a.test", side.raw.port)])
        session = self.open(weir)
        weir.write([domain("a.test", side.raw.port, websocket={"enabled": False, "on_disable": "drain"})])
        weir.signal(signal.SIGHUP)
        wait_until(lambda: self.readable(side.raw.connection()), "the origin's Close")
        self.all_then_close(side, session, 1001)
        self.ended(weir, "domain_disabled")
        self.assertEqual(self.deferred(weir, "domain_disabled", "given"), 1)

    def test_fx11_a_budget_that_is_used_up_waits_for_the_end_of_a_frame(self):
        side = HalfThrough(self)
        weir = self.run_one([domain("a.test", side.raw.port, usage={"budget": {"traffic": "1MB", "close": True}})],
                            usage=usage.FLUSH)
        session = self.open(weir)
        read = len(session.read_exact(len(HALF) - 10))
        wait_until(lambda: self.readable(side.raw.connection()), "the origin's Close")
        self.all_then_close(side, session, 1008, read)
        self.ended(weir, "quota")

    def test_fx11_a_drain_waits_for_the_end_of_a_frame(self):
        side = HalfThrough(self)
        weir = self.run_one([domain("a.test", side.raw.port, websocket={"close_timeout": "100ms"})],
                            drain={"timeout": 60})
        session = self.open(weir)
        weir.signal(signal.SIGTERM)
        wait_until(lambda: self.readable(side.raw.connection()), "the origin's Close")
        self.all_then_close(side, session, 1012)
        self.assertEqual(weir.wait_exit(), 0)
        record = weir.wait_access(event="close")
        self.assertEqual((record["close_cause"], record["payload_out"]), ("drain", BIG))

    def test_fx11_a_frame_that_never_ends_is_cut_in_time(self):
        side = HalfThrough(self)
        weir = self.run_one([domain("a.test", side.raw.port, websocket={
            "max_lifetime": {"after": 1, "jitter": "0%"}, "close_timeout": 1})])
        session = self.open(weir)
        session.read_rest()
        self.assertEqual(bytes(session.seen[len(session.head.raw):]), HALF)
        record = weir.wait_access(event="close")
        self.assertEqual((record["close_cause"], record["close_stage_client"]), ("max_lifetime", "open"))
        self.assertEqual(self.deferred(weir, "max_lifetime", "cut"), 1)

    def test_fx11_a_drain_cuts_a_frame_that_never_ends_a_second_before_its_own_end(self):
        side = HalfThrough(self)
        weir = self.run_one([domain("a.test", side.raw.port, websocket={"close_timeout": 60})],
                            drain={"timeout": 3})
        session = self.open(weir)
        weir.signal(signal.SIGTERM)
        session.read_rest()
        self.assertEqual(bytes(session.seen[len(session.head.raw):]), HALF)
        self.assertEqual(weir.wait_exit(), 0)
        self.assertEqual(weir.wait_access(event="close")["term"], "WO")

    def test_fx11_floods_in_both_directions_all_get_their_close_when_drained(self):
        def flood(connection):
            connection.upgrade()
            reader = threading.Thread(target=connection.read_rest, daemon=True)
            reader.start()
            self.pour(connection, frame(BINARY, bytes(100_000)))
            reader.join()

        raw = self.use(origin.RawOrigin(flood, timeout=60))
        weir = self.run_one([domain("a.test", raw.port)], drain={"timeout": 60})
        sessions = [self.use(wire.open_session(weir.port, "a.test")) for _ in range(4)]
        codes = []

        def read(session):
            got = session.read_until_frame(CLOSE)
            codes.append(got.code)
            session.send(from_client(CLOSE, got.payload))

        threads = [threading.Thread(target=read, args=(session,)) for session in sessions]
        for session in sessions:
            threads.append(threading.Thread(
                target=self.pour, args=(session, from_client(BINARY, bytes(70_000))), daemon=True))
        for thread in threads:
            thread.start()
        wait_until(lambda: weir.metric("weir_client_bytes_out_total", domain="a.test") > 4 << 20, "the floods")
        weir.signal(signal.SIGTERM)
        for thread in threads[:4]:
            thread.join(60)
        self.assertEqual(codes, [1012] * 4)

    @staticmethod
    def pour(connection, piece):
        """Whole frames until the connection is gone, or nothing more is taken."""
        try:
            while True:
                connection.send(piece)
        except OSError:
            pass


class LastWordsTest(WeirTest):
    parallel = 8

    @classmethod
    def configure(cls):
        cls.echo = cls.keep(origin.RawOrigin())
        leaf = certificates.leaf("*.test")
        return Weir([domain("echo.test", cls.echo.port, tls=leaf.yaml), domain("builtin.test", tls=leaf.yaml)],
                    tls=True)

    def test_fy14_the_answer_to_a_valid_message_comes_before_the_close_for_a_violation(self):
        violations = {"reserved opcode": b"\x83\x80\0\0\0\0", "not masked": b"\x81\x01x",
                      "RSV": b"\xc1\x80\0\0\0\0", "stray continuation": from_client(frames.CONTINUATION, b"x"),
                      "fragmented ping": b"\x09\x80\0\0\0\0"}
        for host in ("echo.test", "builtin.test"):
            for tls in (None, certificates.trusting_anything()):
                for name, bad in violations.items():
                    with self.subTest(host=host, tls=bool(tls), violation=name):
                        port = self.weir.tls_port if tls else self.weir.port
                        with wire.open_session(port, host, tls=tls) as session:
                            session.send(from_client(TEXT, b"valid") + from_client(frames.PING, b"p") + bad)
                            got = session.read_frame()
                            self.assertEqual((got.opcode, got.payload), (TEXT, b"valid"))
                            got = session.read_frame()
                            self.assertEqual((got.opcode, got.payload), (frames.PONG, b"p"))
                            got = session.read_frame()
                            self.assertEqual((got.opcode, got.code), (CLOSE, 1002))
                            session.read_rest()
                            self.assertEqual(session.end, "fin")

    def test_fy14_an_origin_that_is_silent_holds_up_the_close_of_a_violation_for_a_second_at_most(self):
        raw = self.use(origin.RawOrigin(origin.hold, timeout=60))
        weir = self.run_one([domain("a.test", raw.port, websocket={"close_timeout": 60})])
        session = self.use(wire.open_session(weir.port, "a.test"))
        session.send(b"\x83\x80\0\0\0\0")
        self.assertEqual(session.read_frame().code, 1002)


class StageTest(WeirTest):
    def refused(self, weir, host):
        wire.exchange(weir.port, wire.upgrade_request(host))
        record = weir.wait_access(event="refused", **({"domain": host} if host != "none.test" else {}))
        return record["close_stage"], record["term"]

    def test_fx15_a_refusal_says_how_far_it_had_come(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            no = self.use(origin.RawOrigin(origin.answer(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")))
            silent = self.use(origin.RawOrigin(origin.answer(b"")))
            weir = self.run_one([domain("nobody.test", nobody.getsockname()[1]), domain("no.test", no.port),
                                 domain("silent.test", silent.port, origin={"request_timeout": 1})])
            self.assertEqual(self.refused(weir, "nobody.test"), ("connecting", "ON"))
            self.assertEqual(self.refused(weir, "no.test"), ("upgrading", "OU"))
            self.assertEqual(self.refused(weir, "silent.test"), ("upgrading", "OU"))
            wire.exchange(weir.port, wire.upgrade_request("none.test"))
            record = weir.wait_access(event="refused", close_cause="no_route")
            self.assertEqual((record["close_stage"], record["term"]), ("connecting", "CN"))

    def test_fx15_the_ledger_has_the_stage_of_each_end(self):
        weir = self.run_one([domain("a.test")], usage=usage.FLUSH)
        with wire.open_session(weir.port, "a.test") as session:
            session.send(from_client(CLOSE, frames.close_payload(1000)))
            session.read_rest()
        with wire.open_session(weir.port, "a.test") as session:
            session.reset()
        weir.wait_records(2, event="close")
        wait_until(lambda: self.stages(weir) == ["closed", "open"], lambda: f"stages, not {self.stages(weir)}")

    @staticmethod
    def stages(weir):
        return sorted(row["end_stage"] for row in usage.Ledger(weir).sessions("a.test") if row["kind"] == "stop")
