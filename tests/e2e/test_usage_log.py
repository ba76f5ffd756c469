"""What logs and session records say of usage: DCDN's offline lines, sizes in the JSON lines, start, interim and stop."""

import calendar
import re
import time

import frames
import origin
import usage
import wire
from frames import BINARY, CLOSE, from_client, frame
from harness import Weir, WeirTest, domain, wait_until

# time, client, proxy, milliseconds, referer, request, code, request bytes, response bytes, hit, agent, type
DCDN = re.compile(
    r'\[(?P<time>\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (?P<client>\S+) (?P<proxy>\S+) '
    r'(?P<took>\d+) "(?P<referer>[^"]*)" "(?P<method>[A-Z]+) (?P<url>[^" ]+)" (?P<code>\d{3}) (?P<request>\d+) '
    r'(?P<response>\d+) (?P<hit>\S+) "(?P<agent>[^"]*)" "(?P<type>[^"]*)"')
FIELDS = b"Referer: https://page.test/a?secret=1\r\nUser-Agent: agent \"7\"\r\n"


class Talker(WeirTest):
    log_format = "json"

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin())
        weir = Weir([domain("log.test", cls.origin.port), domain("off.test", websocket={"enabled": False})],
                    usage=usage.FLUSH)
        weir.node["log"]["access"]["format"] = cls.log_format
        weir.write([domain("log.test", cls.origin.port), domain("off.test", websocket={"enabled": False})])
        return weir

    def talk(self, path: str) -> "tuple[int, int, int]":
        """Bytes that the client has sent and got in all, and those behind the head."""
        request = wire.upgrade_request("log.test", path, extra=FIELDS)
        with wire.connect(self.weir.port) as session:
            session.send(request)
            head = session.read_head()
            up = from_client(BINARY, bytes(1000)) + from_client(CLOSE, frames.close_payload(1000))
            session.send(up)
            body = session.read_rest()
        self.assertEqual(body, frame(BINARY, bytes(1000)) + frame(CLOSE, frames.close_payload(1000)))
        return len(request) + len(up), len(head.raw) + len(body), len(body)


class DcdnLogTest(Talker):
    log_format = "dcdn"

    def line(self, path: str) -> "re.Match":
        def found():
            text = self.weir.access_path.read_text() if self.weir.access_path.exists() else ""
            return [line for line in text.split("\n")[:-1] if path in line]

        wait_until(found, f"a line of {path}")
        (line,) = found()
        match = DCDN.fullmatch(line)
        self.assertIsNotNone(match, line)
        return match

    def test_a_session_is_one_line_with_its_bytes(self):
        request, response, _ = self.talk("/chat/room?token=secret")
        got = self.line("/chat/room")
        self.assertEqual((int(got["request"]), int(got["response"]), got["code"]), (request, response, "101"))
        self.assertEqual((got["client"], got["proxy"], got["hit"], got["type"]), ("127.0.0.1", "-", "MISS", "-"))
        self.assertEqual((got["method"], got["url"]), ("GET", "http://log.test/chat/room"))
        self.assertEqual((got["referer"], got["agent"]), ("https://page.test/a", "agent \\x227\\x22"))
        moment = calendar.timegm(time.strptime(got["time"], "%d/%b/%Y:%H:%M:%S +0000"))
        self.assertLess(abs(moment - time.time()), 10)
        self.assertNotIn("secret", got[0])

    def test_a_refusal_is_one_line_with_its_bytes(self):
        request = wire.upgrade_request("off.test", "/refused")
        head, body, _ = wire.exchange(self.weir.port, request)
        got = self.line("/refused")
        self.assertEqual((int(got["request"]), int(got["response"])), (len(request), len(head.raw) + len(body)))
        self.assertEqual(got["code"], "403")

    def test_nobody_forges_a_line(self):
        # The path may hold what closes a field, and bytes that are no ASCII.
        with wire.connect(self.weir.port) as session:
            session.send(wire.upgrade_request("log.test", '/forged"%0a[1/Jan/2030:00:00:00', extra=(
                b'User-Agent: "\\ \xff "MISS"\r\n')))
            session.read_head()
        self.assertEqual(self.line("/forged")["client"], "127.0.0.1")


class JsonLogTest(Talker):
    def test_close_lines_carry_sizes_and_time(self):
        request, response, body = self.talk("/sizes")
        record = self.weir.wait_access(event="close", uri="/sizes")
        self.assertEqual((record["request_size"], record["response_size"], record["body_bytes_sent"]),
                         (request, response, body))
        self.assertEqual(record["request_time"], record["duration_ms"])

    def test_refused_lines_carry_sizes_and_time(self):
        request = wire.upgrade_request("off.test", "/none")
        head, body, _ = wire.exchange(self.weir.port, request)
        record = self.weir.wait_access(event="refused", uri="/none")
        self.assertEqual((record["request_size"], record["response_size"], record["body_bytes_sent"]),
                         (len(request), len(head.raw) + len(body), 0))
        self.assertIsInstance(record["request_time"], int)


class RecordsTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin())
        return Weir([domain(name, cls.origin.port) for name in ("life.test", "killed.test")],
                    usage={**usage.FLUSH, "interim_interval": "10s"})

    parallel = 1

    def record(self, name: str):
        rows = usage.Ledger(self.weir).sessions(name)
        return rows[0] if len(rows) == 1 else None

    def say(self, session: wire.Wire, size: int) -> "tuple[int, int]":
        session.send(from_client(BINARY, bytes(size)))
        session.read_frame()
        return len(from_client(BINARY, bytes(size))), len(frame(BINARY, bytes(size)))

    def wait_kind(self, name: str, kind: str, timeout: float = 8):
        wait_until(lambda: (self.record(name) or {"kind": None})["kind"] == kind, f"a record of kind {kind}", timeout)
        return self.record(name)

    def test_start_interim_and_stop_and_what_stands_after_a_kill(self):
        life = self.use(wire.open_session(self.weir.port, "life.test"))
        killed = self.use(wire.open_session(self.weir.port, "killed.test"))
        opened = self.weir.wait_access(event="open", domain="life.test")
        start = self.wait_kind("life.test", "start")
        self.assertEqual((start["sequence"], start["client_bytes_out"], start["client_tls"]), (0, 0, 0))
        self.assertEqual((start["client"], start["origin"]), ("127.0.0.1", f"127.0.0.1:{self.origin.port}"))
        self.assertEqual(start["session"].hex(), opened["session_id"])
        moved = self.say(life, 5000)
        self.say(killed, 7000)

        interim = self.wait_kind("life.test", "interim", timeout=14)
        self.assertEqual((interim["client_bytes_in"], interim["client_bytes_out"]), moved)
        self.assertGreater(interim["sequence"], 0)
        self.assertGreaterEqual(interim["duration_ms"], 8_900)  # 10 s less a jitter of a tenth
        last = self.wait_kind("killed.test", "interim", timeout=4)
        more = self.say(life, 100)
        life.send(from_client(CLOSE, frames.close_payload(1000)))
        life.read_until_frame(CLOSE)
        stop = self.wait_kind("life.test", "stop")
        close = len(from_client(CLOSE, frames.close_payload(1000))), len(frame(CLOSE, frames.close_payload(1000)))
        self.assertEqual((stop["client_bytes_in"], stop["client_bytes_out"]),
                         tuple(map(sum, zip(moved, more, close))))
        self.assertGreater(stop["sequence"], interim["sequence"])
        self.assertEqual((stop["end_by"], stop["end_cause"], stop["end_code"]), ("client", "client_close", 1000))

        before = usage.Ledger(self.weir).domain("killed.test", usage.STREAM)
        self.say(killed, 100)
        self.weir.crash()
        self.weir.start()
        stands = self.record("killed.test")
        self.assertEqual(tuple(stands), tuple(last))
        # The sums do not need the record: they have what moved after it, too.
        after = usage.Ledger(self.weir).domain("killed.test", usage.STREAM)
        self.assertEqual(after["client_bytes_in"] - before["client_bytes_in"], len(from_client(BINARY, bytes(100))))
        done = usage.verify(self.weir)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("no stop record", done.stdout)
