"""Peers that vanish without a word (hardening, edge.md T1 and T4): when that is noticed, and what it is called."""

import threading
import time

import certificates
import frames
import origin
import usage
import wire
from frames import CLOSE, PING, TEXT, frame, from_client
from harness import WeirTest, domain, wait_until
from network import Machine, in_own_network

GONE = r"no byte taken for 2s, \d+ (bytes|KiB) queued, nothing heard from the peer"


def talk(connection):
    """Says something small ten times a second, and listens."""
    connection.upgrade()
    threading.Thread(target=connection.read_rest, daemon=True).start()
    try:
        while not connection.end:
            connection.send(frame(TEXT, b"tick"))
            time.sleep(0.1)
    except OSError:
        pass


class VanishTest(WeirTest):
    parallel = 8

    def open(self, weir, machine, host, tls=False):
        sock = machine.connect(weir.tls_port if tls else weir.port)
        if tls:
            sock = certificates.client_context().wrap_socket(sock, server_hostname=host)
        session = self.use(wire.Wire(sock))
        session.send(wire.upgrade_request(host))
        self.assertEqual(session.read_head().status, 101)
        return session

    def closing_frame(self, seen):
        """What the origin was told at the end."""
        seen.buffer[:] = seen.seen[len(seen.head.raw):]
        return seen.read_until_frame(CLOSE)

    def client_vanishes(self, tls):
        machine = Machine("10.77.0.2")
        raw = self.use(origin.RawOrigin(talk))
        leaf = certificates.leaf("a.test")
        weir = self.run_one([domain("a.test", raw.port, tls=leaf.yaml,
                                    websocket={"send_stall_timeout": 2, "close_timeout": 1})], tls=True)
        self.open(weir, machine, "a.test", tls).read_frame()
        machine.vanish()
        record = weir.wait_access(event="close")
        self.assertEqual((record["close_initiator"], record["close_cause"], record["close_stage_client"]),
                         ("gateway", "slow_consumer", "open"))
        self.assertRegex(record["close_reason"], f"^client: {GONE}$")
        told = self.closing_frame(raw.finished())
        self.assertEqual((told.code, told.reason), (1001, "client does not read"))

    @in_own_network
    def test_fx9_a_client_that_vanishes_while_the_origin_talks_is_a_slow_consumer(self):
        self.client_vanishes(tls=False)

    @in_own_network
    def test_fx9_over_tls_too(self):
        self.client_vanishes(tls=True)

    @in_own_network
    def test_fx9_an_origin_that_vanishes_while_the_client_talks_is_a_slow_consumer(self):
        machine = Machine("10.77.0.3")
        raw = self.use(origin.RawOrigin(origin.hold, address=machine.address))
        weir = self.run_one([domain("a.test", raw.port, origin={"servers": [{"address": machine.address}]},
                                    websocket={"send_stall_timeout": 2, "close_timeout": 1})])
        session = self.use(wire.open_session(weir.port, "a.test"))
        machine.vanish()
        session.sock.settimeout(0.1)
        wait_until(lambda: self.said(session), "the Close")
        got = session.read_frame()
        self.assertEqual((got.opcode, got.code, got.reason), (CLOSE, 1011, "origin does not read"))
        record = weir.wait_access(event="close")
        self.assertEqual(record["close_cause"], "slow_consumer")
        self.assertRegex(record["close_reason"], f"^origin: {GONE}$")

    def said(self, session):
        """Sends something small; true once something has come."""
        session.send(from_client(TEXT, b"tick"))
        try:
            session.more()
        except TimeoutError:
            pass
        return bool(session.buffer)

    @in_own_network
    def test_fx9_with_send_stall_timeout_off_the_kernel_is_left_alone(self):
        machine = Machine("10.77.0.4")
        raw = self.use(origin.RawOrigin(talk))
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "send_stall_timeout": "off", "close_timeout": 1, "max_lifetime": {"after": 6, "jitter": "0%"}})])
        self.open(weir, machine, "a.test").read_frame()
        machine.vanish()
        self.assertEqual(weir.wait_access(event="close")["close_cause"], "max_lifetime")

    @in_own_network
    def test_fx9_a_client_that_only_listens_and_vanishes_is_found_by_a_ping_and_cut_at_once(self):
        machine = Machine("10.77.0.5")
        raw = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 60, "close_timeout": 60, "keepalive": {"interval": 1, "timeout": "1s"}})])
        self.open(weir, machine, "a.test")
        machine.vanish()
        record = weir.wait_access(event="close")
        self.assertEqual((record["close_cause"], record["close_reason"]), ("pong_timeout", "no pong within 1s"))
        self.assertEqual((record["close_stage"], record["close_stage_origin"]), ("closing", "closed"))


class DeadTest(WeirTest):
    parallel = 8

    def test_fx19_a_reader_that_has_stopped_is_told_from_one_that_is_gone(self):
        def pour(connection):
            connection.upgrade()
            threading.Thread(target=connection.read_rest, daemon=True).start()
            try:
                while True:
                    connection.send(frame(frames.BINARY, bytes(64 * 1024)))
            except OSError:
                pass

        raw = self.use(origin.RawOrigin(pour))
        weir = self.run_one([domain("a.test", raw.port,
                                    websocket={"send_stall_timeout": 2, "close_timeout": 1})])
        with wire.open_session(weir.port, "a.test", receive_buffer=16384):
            record = weir.wait_access(event="close")
        self.assertEqual(record["close_cause"], "slow_consumer")
        self.assertRegex(record["close_reason"],
                         r"^client: no byte taken for 2s, \d+ KiB queued, the peer answers$")

    def test_fx13_a_client_on_a_slow_line_answers_a_ping_behind_megabytes(self):
        payload = bytes(range(256)) * 256

        def tell_much(connection):
            connection.upgrade()
            for _ in range(64):
                connection.send(frame(frames.BINARY, payload))
            connection.echo()

        raw = self.use(origin.RawOrigin(tell_much, timeout=60))
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 60, "keepalive": {"interval": 1, "timeout": "1s"}})])
        session = self.use(wire.open_session(weir.port, "a.test", receive_buffer=32768))
        pings = data = 0
        for _ in range(1 << 20):
            got = session.read_frame()
            if got.opcode == PING:
                pings += 1
                session.send(from_client(frames.PONG, got.payload))
                if data == 64:
                    break
            else:
                self.assertEqual(got.payload, payload)
                data += 1
                time.sleep(0.1)  # a line of 640 KB/s: all of it takes three times the timeout
        self.assertGreaterEqual(pings, 1)
        self.assertEqual([r for r in weir.access_log() if r["event"] == "close"], [])

    def test_fx17_a_client_that_answers_no_ping_ends_with_its_timeout(self):
        raw = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 60, "close_timeout": 60, "keepalive": {"interval": 1, "timeout": "1500ms"}})],
            usage=usage.FLUSH)
        session = self.use(wire.open_session(weir.port, "a.test"))
        session.send(from_client(TEXT, b"x"))
        self.assertEqual(session.read_until_frame(CLOSE).code, 1001)
        record = weir.wait_access(event="close")
        self.assertEqual(record["close_cause"], "pong_timeout")
        self.assertLess(record["duration_ms"], 30_000)
        self.assertGreaterEqual(record["longest_client_silence_ms"], 2_000)
        self.assertLessEqual(record["longest_client_silence_ms"], record["duration_ms"])
        self.assertGreaterEqual(record["longest_origin_silence_ms"], 2_000)

    def test_fx17_the_time_until_the_answer_to_a_close_is_not_billed(self):
        raw = self.use(origin.RawOrigin(origin.hold, timeout=60))
        weir = self.run_one([domain("a.test", raw.port, websocket={
            "connection_timeout": 1, "close_timeout": 4})], usage=usage.FLUSH)
        session = self.use(wire.open_session(weir.port, "a.test"))
        self.assertEqual(session.read_until_frame(CLOSE).code, 1001)
        record = weir.wait_access(event="close")
        self.assertEqual((record["close_cause"], record["close_stage"], record["term"]),
                         ("idle_timeout", "closing", "WC"))
        wait_until(lambda: usage.totals(weir, "a.test").get("closed.idle_timeout") == 1, "the end in the ledger")
        billed = usage.totals(weir, "a.test")["connection_milliseconds"]
        self.assertGreaterEqual(billed, 2_000)
        # close_timeout lies between the two.
        self.assertGreaterEqual(record["duration_ms"] - billed, 3_900)
        self.assertEqual(usage.verify(weir).returncode, 0)

    def test_fy22_the_reason_says_which_idle_timeout_it_was(self):
        raw = self.use(origin.RawOrigin(origin.hold, timeout=60))
        limits = {"read": {"read_idle": {"client": 1, "origin": "off"}},
                  "write": {"write_idle": {"client": "off", "origin": "1s"}}}
        weir = self.run_one([domain(f"{name}.test", raw.port, websocket={"close_timeout": "200ms", **limit})
                             for name, limit in limits.items()])
        for name, cause in (("read", "client_idle"), ("write", "origin_idle")):
            session = self.use(wire.open_session(weir.port, f"{name}.test"))
            got = session.read_until_frame(CLOSE)
            self.assertEqual((got.code, got.reason), (1001, f"{name} idle timeout 1s"))
            record = weir.wait_access(event="close", domain=f"{name}.test")
            self.assertEqual((record["close_cause"], record["close_reason"]), (cause, got.reason))
