"""A fleet's PostgreSQL: every row arrives, whatever becomes of the server, and a fleet's sums are those of its nodes."""

import json

import origin
import usage
import wire
from frames import BINARY, CLOSE, from_client, frame
from harness import Weir, WeirTest, domain, run_weir, wait_until
from postgres import Postgres

PASSWORD = "not-for-any-log"
FIELDS = usage.STREAM + ("client_payload_out", "sessions_ws", "binary_messages_in", "client_handshake_in")


class PostgresTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.server = cls.keep(Postgres())
        cls.server.query(f"CREATE ROLE fleet LOGIN PASSWORD '{PASSWORD}'")
        cls.server.query("GRANT CREATE ON SCHEMA public TO fleet")
        cls.origin = cls.keep(origin.RawOrigin())
        cls.second = cls.node("edge-2")
        cls.addClassCleanup(cls.second.stop)
        cls.second.start()
        return cls.node("edge-1")

    @classmethod
    def node(cls, name: str, password: str = PASSWORD, server: "Postgres | None" = None) -> Weir:
        weir = Weir([domain(host, cls.origin.port) for host in ("fleet.test", "away.test", "again.test")],
                    node=name, usage={**usage.FLUSH, "postgres": {"url": "file:" + "placeholder"}})
        secret = weir.folder / "database"
        secret.write_text((server or cls.server).url_of("fleet", password) + "\n")
        weir.node["usage"]["postgres"]["url"] = f"file:{secret}"
        weir.write([domain(host, cls.origin.port) for host in ("fleet.test", "away.test", "again.test")])
        return weir

    def exercise(self, weir: Weir, host: str, count: int = 10) -> None:
        with wire.open_session(weir.port, host) as session:
            for _ in range(count):
                session.send(from_client(BINARY, bytes(3000)))
                self.assertEqual(len(session.read_frame().payload), 3000)
            session.send(from_client(CLOSE))
            session.read_until_frame(CLOSE)

    def size(self, sessions: int, count: int = 10) -> "tuple[int, int]":
        up = from_client(BINARY, bytes(3000)) * count + from_client(CLOSE)
        down = frame(BINARY, bytes(3000)) * count + frame(CLOSE)
        return sessions * len(up), sessions * len(down)

    def wait_total(self, host: str, sessions: int, timeout: float = 10) -> None:
        wanted = self.size(sessions)
        wait_until(lambda: tuple(self.server.total(field, host) for field in usage.STREAM[:2]) == wanted,
                   lambda: f"{wanted} of {host}; there is {[self.server.total(field, host) for field in usage.STREAM]}",
                   timeout)

    def fleet(self, weir: Weir, host: str, *options: str) -> dict:
        done = run_weir("usage", "-c", str(weir.config_path), "--domain", host, "--format", "json",
                        "--from-postgres", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return usage.flat(json.loads(done.stdout)["domains"][0]["total"])

    def test_rows_of_a_fleet_arrive_and_add_up(self):
        for weir, sessions in ((self.weir, 2), (self.second, 3)):
            for _ in range(sessions):
                self.exercise(weir, "fleet.test")
        self.wait_total("fleet.test", 5)
        wait_until(lambda: self.fleet(self.weir, "fleet.test")["sessions_ws"] == 5, "all sessions")
        together = self.fleet(self.weir, "fleet.test")
        nodes = [usage.totals(weir, "fleet.test") for weir in (self.weir, self.second)]
        for field in FIELDS:
            self.assertEqual(together[field], sum(one[field] for one in nodes), field)
        self.assertEqual(self.server.query("SELECT DISTINCT node FROM weir_usage ORDER BY node"),
                         [["edge-1"], ["edge-2"]])
        wait_until(lambda: self.weir.metric("weir_usage_postgres_up") == 1, "up")
        self.assertGreater(self.weir.metric("weir_usage_postgres_rows_total"), 0)

    def test_a_server_that_was_away_under_traffic_misses_nothing(self):
        self.exercise(self.weir, "away.test")
        self.wait_total("away.test", 1)
        self.server.stop()
        for _ in range(3):
            self.exercise(self.weir, "away.test")
            wait_until(lambda: self.weir.metric("weir_usage_postgres_up") == 0, "down")
        self.assertGreater(self.weir.metric("weir_usage_postgres_errors_total"), 0)
        self.assertEqual(self.weir.metric("weir_usage_ledger_up"), 1)
        self.server.start()
        self.exercise(self.weir, "away.test")
        self.wait_total("away.test", 5, timeout=20)
        ledger = usage.Ledger(self.weir).domain("away.test", FIELDS)
        wait_until(lambda: {field: self.server.total(field, "away.test") for field in FIELDS} == ledger,
                   "the same figures in both")

    def test_a_node_that_is_killed_sends_its_rows_again_without_harm(self):
        weir = self.second
        for sessions in (1, 2, 3):
            self.exercise(weir, "again.test")
            # Killed any earlier, the write under way would be missing.
            wait_until(lambda: weir.metric("weir_client_bytes_out_total", domain="again.test") == self.size(1)[1],
                       "the last write in the figures")
            weir.crash()
            weir.start()
            self.wait_total("again.test", sessions, timeout=20)
        rows = self.server.query("SELECT count(DISTINCT boot) FROM weir_usage WHERE domain = 'again.test'")
        self.assertEqual(rows, [["3"]])

    def test_the_password_stands_in_no_log_and_no_answer(self):
        wrong = self.node("edge-3", password=PASSWORD + "-wrong")
        self.addCleanup(wrong.stop)
        wrong.start()
        wrong.wait_log("error.*usage.postgres: not connected")
        self.exercise(wrong, "fleet.test")
        told = "\n".join(wrong.lines + self.weir.lines + self.second.lines) + wrong.admin("/metrics")[1]
        done = run_weir("usage", "-c", str(wrong.config_path), "--from-postgres")
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(done.stderr.strip())
        printed = run_weir("check", "-c", str(wrong.config_path), "--print")
        self.assertNotIn(PASSWORD, told + done.stderr + done.stdout + printed.stdout + printed.stderr)
