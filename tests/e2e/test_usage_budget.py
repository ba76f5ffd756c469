"""Budgets of a domain: a warning, then a refusal, until somebody raises them or a new day begins."""

import calendar
import time

import frames
import origin
import usage
import wire
from frames import BINARY, CLOSE, PING, PONG, from_client, frame
from harness import Weir, WeirTest, domain, run_weir, wait_until

PIECE = 100_000
SOFT = r"warning usage: domain {} has used \d+ % of its traffic budget"
HARD = r"warning usage: domain {} has used up its traffic budget"


class BudgetTest(WeirTest):
    parallel = 2

    def setUp(self):
        super().setUp()
        self.origin = self.use(origin.RawOrigin())

    def entry(self, name: str, traffic: str = "1MB", **budget) -> dict:
        return domain(name, self.origin.port, usage={"budget": {"traffic": traffic, **budget}})

    def make(self, *entries: dict, **options) -> Weir:
        return self.run_one(list(entries), usage=usage.FLUSH, **options)

    def spend(self, session: wire.Wire, pieces: int) -> None:
        """So many times 100 kB to the client, and from it."""
        for _ in range(pieces):
            session.send(from_client(BINARY, bytes(PIECE)))
            self.assertEqual(len(session.read_frame().payload), PIECE)

    def standing(self, weir: Weir, name: str) -> float:
        return weir.metric("weir_usage_budget_state", domain=name)

    def wait_standing(self, weir: Weir, name: str, wanted: int) -> None:
        wait_until(lambda: self.standing(weir, name) == wanted, lambda: f"standing {wanted}:\n{weir.tail()}")

    def ask(self, weir: Weir, name: str) -> wire.Head:
        return wire.exchange(weir.port, wire.upgrade_request(name))[0]

    def used_up(self, weir: Weir, name: str) -> wire.Wire:
        session = self.use(wire.open_session(weir.port, name))
        self.spend(session, 11)
        self.wait_standing(weir, name, 2)
        return session

    def test_soft_limit_warns_and_the_hard_one_refuses_with_429(self):
        weir = self.make(self.entry("limit.test"), self.entry("other.test"))
        session = self.use(wire.open_session(weir.port, "limit.test"))
        self.spend(session, 7)
        self.assertEqual(self.standing(weir, "limit.test"), 0)
        self.spend(session, 2)
        weir.wait_log(SOFT.format("limit.test"))
        self.wait_standing(weir, "limit.test", 1)
        self.use(wire.open_session(weir.port, "limit.test"))  # a warning refuses nobody
        self.spend(session, 2)
        weir.wait_log(HARD.format("limit.test"))
        self.wait_standing(weir, "limit.test", 2)
        request = wire.upgrade_request("limit.test")
        head, body, _ = wire.exchange(weir.port, request)
        self.assertEqual(head.status, 429)
        self.assertTrue(wire.is_one_line(body))
        record = weir.wait_access(event="refused", domain="limit.test")
        self.assertEqual((record["close_cause"], record["return_code"]), ("quota", 429))
        self.assertEqual((record["request_size"], record["response_size"]),
                         (len(request), len(head.raw) + len(body)))
        self.assertEqual(weir.metric("weir_handshakes_total", domain="limit.test", code="429"), 1)
        wait_until(lambda: usage.totals(weir, "limit.test").get("answers.429") == 1, "the answer in the ledger")
        self.assertEqual(usage.totals(weir, "limit.test")["refused.quota"], 1)
        self.spend(session, 1)  # open sessions go on
        self.assertEqual((self.standing(weir, "other.test"), self.ask(weir, "other.test").status), (0, 101))
        lines = [line for line in weir.lines if "usage: domain" in line]
        self.assertEqual(len(lines), 2, lines)

    def test_close_ends_open_sessions_with_1008(self):
        weir = self.make(self.entry("close.test", close=True))
        idle = self.use(wire.open_session(weir.port, "close.test"))
        session = self.use(wire.open_session(weir.port, "close.test"))
        self.spend(session, 11)
        for one in (idle, session):
            self.closed(one, 1008)
            one.send(from_client(CLOSE, frames.close_payload(1008)))
        for record in weir.wait_records(2, event="close", domain="close.test"):
            self.assertEqual((record["close_cause"], record["close_initiator"]), ("quota", "gateway"))
        self.assertEqual(self.ask(weir, "close.test").status, 429)

    def test_a_used_up_budget_survives_a_crash_from_the_first_request_on(self):
        weir = self.make(self.entry("crash.test"))
        self.used_up(weir, "crash.test")
        weir.crash()
        weir.start()
        self.assertEqual(self.ask(weir, "crash.test").status, 429)
        self.assertEqual(self.standing(weir, "crash.test"), 2)

    def test_a_reload_that_raises_the_budget_lets_in_again(self):
        weir = self.make(self.entry("raise.test"))
        session = self.used_up(weir, "raise.test")
        weir.write([self.entry("raise.test", "10MB")])
        done = run_weir("reload", "-c", str(weir.config_path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_standing(weir, "raise.test", 0)
        self.assertEqual(self.ask(weir, "raise.test").status, 101)
        weir.write([self.entry("raise.test", "1MB", close=True)])
        self.assertEqual(run_weir("reload", "-c", str(weir.config_path)).returncode, 0)
        self.closed(session, 1008)
        self.assertEqual(self.ask(weir, "raise.test").status, 429)

    def test_messages_and_connection_seconds_are_budgets_too(self):
        entry = domain("count.test", self.origin.port, usage={"budget": {"messages": 10}})
        timed = domain("time.test", self.origin.port, usage={"budget": {"connection_seconds": 1}})
        weir = self.make(entry, timed)
        session = self.use(wire.open_session(weir.port, "count.test"))
        self.use(wire.open_session(weir.port, "time.test"))
        for _ in range(5):
            session.send(from_client(BINARY, b"x"))
            session.read_frame()
        self.wait_standing(weir, "count.test", 2)
        self.wait_standing(weir, "time.test", 2)
        session.send(from_client(PING))
        self.assertEqual(session.read_frame().opcode, PONG)

    def test_both_directions_count_where_they_are_billed(self):
        both = self.entry("both.test")
        both["usage"]["direction"] = "both"
        weir = self.make(both)
        session = self.use(wire.open_session(weir.port, "both.test"))
        self.spend(session, 4)
        self.wait_standing(weir, "both.test", 1)
        self.spend(session, 1)
        self.wait_standing(weir, "both.test", 2)
        session.send(from_client(CLOSE))
        self.assertEqual(session.read_frame().opcode, CLOSE)


class PeriodTest(WeirTest):
    """Midnight and the end of a month, by a clock that the test moves."""

    @classmethod
    def configure(cls):
        cls.clock = cls.keep(usage.Clock())
        cls.clock.move(cls.seconds_to("2031-12-31T23:30:00Z"))
        cls.origin = cls.keep(origin.RawOrigin())
        return Weir([domain(f"{period}.test", cls.origin.port,
                            usage={"budget": {"traffic": "1MB", "period": period}})
                     for period in ("day", "month")], usage=usage.FLUSH, environment=cls.clock.environment)

    @staticmethod
    def seconds_to(moment: str) -> float:
        return calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) - time.time()

    def status(self, name: str) -> int:
        return wire.exchange(self.weir.port, wire.upgrade_request(name))[0].status

    def test_the_next_period_lets_in_again(self):
        sessions = {}
        for name in ("day.test", "month.test"):
            session = sessions[name] = self.use(wire.open_session(self.weir.port, name))
            for _ in range(11):
                session.send(from_client(BINARY, bytes(PIECE)))
                self.assertEqual(len(session.read_frame().payload), PIECE)
            wait_until(lambda: self.weir.metric("weir_usage_budget_state", domain=name) == 2, "standing 2")
            self.assertEqual(self.status(name), 429)
        # A second before midnight nothing has changed; behind it both periods are new, by the clock alone.
        self.clock.move(self.seconds_to("2031-12-31T23:59:57Z"))
        self.weir.wait_log("usage: the wall clock was set")
        self.assertEqual((self.status("day.test"), self.status("month.test")), (429, 429))
        for name in ("day.test", "month.test"):
            wait_until(lambda: self.status(name) == 101, "a new period")
        # The session went on through midnight: what it moves belongs to the new periods.
        for name, session in sessions.items():
            for _ in range(11):
                session.send(from_client(BINARY, bytes(PIECE)))
                session.read_frame()
            wait_until(lambda: self.weir.metric("weir_usage_budget_state", domain=name) == 2, "standing 2")
        self.clock.move(self.seconds_to("2032-01-02T00:01:00Z"))
        wait_until(lambda: self.status("day.test") == 101, "the second of January")
        self.assertEqual(self.status("month.test"), 429)
        sums = usage.series(self.weir, "--interval", "86400", "--from", "2031-12-31", "--to", "2032-01-02")
        piece = 11 * len(frame(BINARY, bytes(PIECE)))
        for name in ("day.test", "month.test"):
            self.assertEqual([one["client_bytes_out"] for one in sums[name]["intervals"]], [piece, piece])
