"""Ends of the process: SIGTERM and SIGINT drain, the second signal ends at once."""

import signal
import threading

import frames
import origin
import wire
from frames import CLOSE, from_client
from hand_clock import HandClock
from harness import WeirTest, domain, wait_until
from patience import NEVER, patience


class DrainTest(WeirTest):
    parallel = 4

    def prepare(self, sessions, timeout=3, rate="auto", clock=None, **websocket):
        self.origin = self.use(origin.RawOrigin(origin.hold))
        weir = self.run_one([domain("a.test", self.origin.port,
                                    websocket={"close_timeout": 1, **websocket})],
                            drain={"timeout": timeout, "close_rate": rate}, clock=clock)
        opened = [self.use(wire.open_session(weir.port, "a.test")) for _ in range(sessions)]
        return weir, opened

    def answer_close(self, session, codes):
        got = session.read_until_frame(CLOSE)
        codes.append(got.code)
        session.send(from_client(CLOSE, got.payload))
        session.read_rest()

    def drain(self, number):
        weir, sessions = self.prepare(20)
        codes = []
        threads = [threading.Thread(target=self.answer_close, args=(session, codes))
                   for session in sessions]
        for thread in threads:
            thread.start()
        weir.signal(number)
        for thread in threads:
            thread.join(patience())
        self.assertEqual(codes, [1012] * 20)
        self.assertEqual(weir.wait_exit(), 0)
        records = [record for record in weir.access_log() if record["event"] == "close"]
        self.assertEqual(len(records), 20)
        self.assertEqual({(record["close_initiator"], record["close_cause"]) for record in records},
                         {("gateway", "drain")})

    def test_sigterm_closes_every_session_with_1012_and_exits_0(self):
        self.drain(signal.SIGTERM)

    def test_sigint_closes_every_session_with_1012_and_exits_0(self):
        self.drain(signal.SIGINT)

    def test_origins_are_told_1012_too(self):
        weir, sessions = self.prepare(1, timeout=1)
        weir.signal(signal.SIGTERM)
        self.answer_close(sessions[0], [])
        seen = self.origin.finished()
        seen.buffer[:] = seen.seen[len(seen.head.raw):]
        got = seen.read_frame()
        self.assertEqual((got.opcode, got.masked, got.code), (CLOSE, True, 1012))

    def told_and_recorded(self, weir, sessions):
        codes = [session.read_until_frame(CLOSE).code for session in sessions]
        self.assertEqual(codes, [1012] * len(sessions))
        self.assertEqual(weir.wait_exit(), 0)
        records = [record for record in weir.access_log() if record["event"] == "close"]
        self.assertEqual([record["close_cause"] for record in records], ["drain"] * len(sessions))

    def test_second_signal_still_tells_every_session_and_records_its_end(self):
        weir, sessions = self.prepare(5, timeout=NEVER, rate=1)
        weir.signal(signal.SIGTERM)
        weir.wait_log("draining")
        weir.signal(signal.SIGTERM)
        self.told_and_recorded(weir, sessions)

    def test_whoever_is_left_at_the_end_of_the_drain_is_told_and_recorded(self):
        weir, sessions = self.prepare(5, timeout=1, rate=1)
        weir.signal(signal.SIGTERM)
        self.told_and_recorded(weir, sessions)

    def test_readyz_is_503_and_healthz_200_while_draining_and_nothing_new_is_accepted(self):
        weir, sessions = self.prepare(2, timeout=NEVER)
        self.assertEqual(weir.admin("/readyz")[0], 200)
        weir.signal(signal.SIGTERM)
        wait_until(lambda: weir.admin("/readyz")[0] == 503, "readyz 503")
        self.assertEqual(weir.admin("/healthz")[0], 200)
        self.assertEqual(weir.metric("weir_draining"), 1)
        with self.assertRaises((OSError, wire.Ended, AssertionError)):
            wire.open_session(weir.port, "a.test")
        for session in sessions:
            session.close()
        self.assertEqual(weir.wait_exit(), 0)

    def test_sessions_are_closed_at_the_rate_that_is_configured(self):
        rate = 4
        weir, sessions = self.prepare(8, timeout=60, rate=rate, clock=HandClock())
        codes = []
        threads = [threading.Thread(target=self.answer_close, args=(session, codes)) for session in sessions]
        for thread in threads:
            thread.start()
        weir.signal(signal.SIGTERM)
        wait_until(lambda: weir.admin("/readyz")[0] == 503, "readyz 503")
        seconds = 0.0

        def all_told():
            nonlocal seconds
            seconds += 0.05
            weir.clock.move(0.05)
            # With what is told at once, and one that the probe of the clock takes the place of.
            self.assertLessEqual(len(codes), rate * seconds + 2)
            return len(codes) == 8

        wait_until(all_told, "every session to be told")
        for thread in threads:
            thread.join(patience())
        weir.clock.move(60)
        self.assertEqual(weir.wait_exit(), 0)

    def test_peers_that_do_not_answer_do_not_hold_it_up(self):
        weir, _ = self.prepare(3, timeout=1, close_timeout="5m")
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait_exit(), 0)

    def test_second_signal_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                weir, _ = self.prepare(3, timeout=NEVER, close_timeout="5m")
                weir.signal(signal.SIGTERM)
                wait_until(lambda: weir.admin("/readyz")[0] == 503, "readyz 503")
                weir.signal(number)
                self.assertIn(weir.wait_exit(), (0, 1))

    def test_without_sessions_it_exits_promptly(self):
        weir, _ = self.prepare(0, timeout=NEVER)
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait_exit(), 0)

    def test_a_handshake_in_the_making_does_not_hold_it_up(self):
        weir, _ = self.prepare(0, timeout=1)
        with wire.connect(weir.port) as client:
            client.send(b"GET / HT")
            weir.signal(signal.SIGTERM)
            self.assertEqual(weir.wait_exit(), 0)

    def test_message_in_progress_is_not_broken_by_a_close(self):
        weir, sessions = self.prepare(1, timeout=2)
        seen = self.origin.connection()
        half = from_client(frames.BINARY, bytes(1000))
        sessions[0].send(half[:500])
        self.origin.wait_for(lambda: seen.head and len(seen.seen) >= len(seen.head.raw) + 500, "half")
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait_exit(), 0)
        self.origin.finished()
        self.assertEqual(bytes(seen.seen[len(seen.head.raw):]), half[:500])

    def test_fy16_during_the_delay_only_readyz_tells_of_it(self):
        raw = self.use(origin.RawOrigin(origin.echo))
        weir = self.run_one([domain("a.test", raw.port)], clock=HandClock(),
                            drain={"delay": "5s", "timeout": 2})
        weir.signal(signal.SIGTERM)
        wait_until(lambda: weir.admin("/readyz")[0] == 503, "readyz 503")
        self.assertEqual(weir.metric("weir_draining"), 1)
        session = self.use(wire.open_session(weir.port, "a.test"))
        weir.clock.move(5.1)
        self.closed(session, 1012, "the gateway is restarting")
        self.answer(session)

        def ended():
            weir.clock.move(0.1)
            return weir.process.poll() is not None

        wait_until(ended, "the end")
        self.assertEqual(weir.wait_exit(), 0)

    def answer(self, session):
        session.send(from_client(CLOSE, frames.close_payload(1012)))
        session.read_rest()

    def test_fy16_the_second_signal_ends_the_delay_and_tells_every_session(self):
        raw = self.use(origin.RawOrigin(origin.hold))
        weir = self.run_one([domain("a.test", raw.port)], drain={"delay": "5m", "timeout": NEVER})
        session = self.use(wire.open_session(weir.port, "a.test"))
        weir.signal(signal.SIGTERM)
        weir.wait_log("draining.* delay=300000ms")
        weir.signal(signal.SIGTERM)
        self.assertEqual(session.read_until_frame(CLOSE).code, 1012)
        self.assertEqual(weir.wait_exit(), 0)
        self.assertEqual(weir.wait_access(event="close")["close_cause"], "drain")

    def test_fy16_requests_in_flight_are_answered_and_never_reset(self):
        weir, _ = self.prepare(0, timeout=NEVER)
        whole = wire.upgrade_request("a.test")
        clients = [self.use(wire.connect(weir.port)) for _ in range(100)]
        for client in clients[:50]:
            client.send(whole[:30])
        weir.signal(signal.SIGTERM)
        for client in clients[:50]:
            client.send(whole[30:])
        for client in clients[50:]:
            client.send(whole)
        answers = set()
        for client in clients[:50]:
            answers.add(client.read_head().status)
        for client in clients[50:]:
            # Silent until the signal: it may have been sent away, by a FIN.
            try:
                answers.add(client.read_head().status)
            except wire.Ended as ended:
                self.assertNotIn("reset", str(ended).lower())
        self.assertLessEqual(answers, {101, 503})
