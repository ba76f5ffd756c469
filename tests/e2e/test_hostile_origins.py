"""Origins that attack (hardening O1, O2): each costs one answer in time with its cause in the log, and little else."""

import concurrent.futures
import os
import struct
import time

import frames
import origin
import wire
from frames import TEXT, frame
from harness import Weir, sanitized, wait_until
from hostile import (BAD, GRACE, LATE, LOST, TIMER, HostileTest, drip, flood, reply, reply_and_end, reply_and_reset,
                     spoilt, with_field)

AT_ONCE = int(os.environ.get("WEIR_HOSTILE_ORIGINS", "50"))

FOUND = b"HTTP/1.1 404 Not Found\r\n"
CHUNKED = FOUND + b"Transfer-Encoding: chunked\r\n\r\n"


# Before a valid 101: what the origin does, what the client is told, and the cause in the log.
REFUSED = {
    "silence": (reply(b""), LATE),
    "drip-of-a-head": (drip(b"HTTP/1.1 101 ", b"A"), LATE),
    "drip-of-fields": (drip(b"HTTP/1.1 101 Switching Protocols\r\n", b"A: b\r\n"), LATE),
    "drip-of-interim": (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), BAD),
    "endless-line": (flood(b"HTTP/1.1 101 ", b"a"), BAD),
    "endless-field": (flood(b"HTTP/1.1 101 Switching Protocols\r\nX: ", b"a"), BAD),
    "endless-fields": (flood(b"HTTP/1.1 101 Switching Protocols\r\n", b"A: b\r\n"), BAD),
    "endless-empty-lines": (flood(b"", b"\r\n"), BAD),
    "head-of-20k": (spoilt(lambda good: good.replace(b"\r\n\r\n", b"\r\nX: " + b"a" * 20_000 + b"\r\n\r\n")), BAD),
    "thousand-fields": (spoilt(lambda good: good.replace(b"\r\n\r\n", b"\r\n" + b"A: b\r\n" * 1000 + b"\r\n")), BAD),
    "random": (lambda connection: flood(os.urandom(4096), os.urandom(4096))(connection), BAD),
    "zeros": (flood(b"", bytes(4096)), BAD),
    "interim-flood": (flood(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), BAD),
    "http-0-9": (reply_and_end(b"<html>hello</html>\r\n"), BAD),
    "http-1-0-101": (spoilt(lambda good: good.replace(b"HTTP/1.1", b"HTTP/1.0")), BAD),
    "http-2": (reply(b"\0\0\x12\x04\0\0\0\0\0" + bytes(18)), BAD),
    "ends-at-once": (reply_and_end(b""), BAD),
    "ends-in-the-head": (reply_and_end(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso"), BAD),
    "resets-at-once": (reply_and_reset(b""), LOST),
    "wrong-accept": (spoilt(lambda good: good.replace(b"Accept: ", b"Accept: AAAA")), BAD),
    "no-accept": (spoilt(lambda good: good.replace(b"Sec-WebSocket-Accept", b"X-Nothing")), BAD),
    "two-accepts": (with_field(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), BAD),
    "wrong-upgrade": (spoilt(lambda good: good.replace(b": websocket", b": h2c")), BAD),
    "two-upgrades": (with_field(b"Upgrade: h2c"), BAD),
    "wrong-connection": (spoilt(lambda good: good.replace(b"Connection: Upgrade", b"Connection: close")), BAD),
    "extension-not-offered": (with_field(b"Sec-WebSocket-Extensions: x-not-offered"), BAD),
    "subprotocol-not-offered": (with_field(b"Sec-WebSocket-Protocol: not-offered"), BAD),
    "length-of-2-64": (reply(FOUND + b"Content-Length: 18446744073709551616\r\n\r\nabc"), BAD),
    "length-of-2-63": (flood(FOUND + b"Content-Length: 9223372036854775808\r\n\r\n", b"x"), BAD),
    "negative-length": (reply(FOUND + b"Content-Length: -1\r\n\r\nabc"), BAD),
    "two-lengths": (reply(FOUND + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), BAD),
    "length-and-chunks": (reply(FOUND + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BAD),
}

# Answers whose status is known, and whose body then is broken, cut short or without an end: they pass with what came.
UNFINISHED = {
    "drip-of-a-body": drip(FOUND + b"Content-Length: 1000\r\n\r\n", b"x"),
    "body-never-comes": reply(FOUND + b"Content-Length: 10\r\n\r\n"),
    "ends-in-the-body": reply_and_end(FOUND + b"Content-Length: 10\r\n\r\nabc"),
    "chunk-of-2-64": reply(CHUNKED + b"10000000000000000\r\nabc"),
    "chunk-of-2-63-that-ends": reply_and_end(CHUNKED + b"8000000000000000\r\nabc"),
    "chunk-of-2-63": reply(CHUNKED + b"8000000000000000\r\nabc"),
    "endless-chunk-extension": flood(CHUNKED + b"1;", b"x"),
    "endless-chunk-extensions": flood(CHUNKED, b"1;" + b"x" * 5000 + b"\r\nx\r\n"),
    "endless-trailer": flood(CHUNKED + b"0\r\nX: ", b"x"),
    "endless-trailers": flood(CHUNKED + b"0\r\n", b"A: b\r\n"),
    "chunk-of-letters": reply(CHUNKED + b"xyz\r\nabc"),
    "body-that-is-reset": reply_and_reset(FOUND + b"Content-Length: 10\r\n\r\nabc"),
}

# Answers that pass, cut at 64 KiB: what follows is nobody's.
KIB64 = 65536
CUT = {
    "endless-200": (flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), 200),
    "endless-404": (flood(FOUND + b"\r\n", b"x"), 404),
    "endless-503": (flood(b"HTTP/1.1 503 No\r\n\r\n", b"x"), 503),
    "chunk-of-2-63-flood": (flood(CHUNKED + b"7fffffffffffffff\r\n", b"x"), 404),
    "endless-chunks": (flood(CHUNKED, b"1\r\nx\r\n"), 404),
    "longer-than-64k": (reply(FOUND + b"Content-Length: 70000\r\n\r\n" + b"x" * 70_000), 404),
}


class AnswerTest(HostileTest):
    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        for name, (script, _) in (REFUSED | CUT).items():
            cls.attack(name, script)
        for name, script in UNFINISHED.items():
            cls.attack(name, script)
        return Weir(cls.domains)

    def test_an_origin_that_is_none_is_502_or_504_in_time(self):
        for name, answer in self.ask_all(REFUSED):
            with self.subTest(name):
                self.check_refused(name, REFUSED[name][1], answer)
        for name, (_, (_, cause)) in REFUSED.items():
            with self.subTest(metric=name):
                self.assertEqual(self.weir.metric(
                    "weir_origin_failures_total", domain=f"{name}.test", cause=cause), 1, name)

    def test_an_answer_without_end_is_cut_at_64_kib(self):
        for name, (head, body, took) in self.ask_all(CUT):
            with self.subTest(name):
                self.assertEqual(head.status, CUT[name][1], (name, body))
                self.assertEqual(body, b"x" * KIB64)
                self.assertEqual(head.get("Content-Length"), str(KIB64))
                self.assertLess(took, TIMER + GRACE)
                self.origins[name].finished()


    def test_fx7_an_answer_whose_body_does_not_end_is_passed_on(self):
        for name, (head, body, took) in self.ask_all(UNFINISHED):
            with self.subTest(name):
                self.assertEqual(head.status, 404, (name, body))
                self.assertEqual(head.get("Content-Length"), str(len(body)))
                self.assertLess(took, TIMER + GRACE)
                record = self.weir.wait_access(event="refused", domain=f"{name}.test")
                self.assertEqual((record["return_code"], record["close_cause"]), (404, "origin_refused_upgrade"))
                self.assertEqual(record["error"], "the origin answered 404, its body did not end")
                self.origins[name].finished()


class FallbackTest(HostileTest):
    """Each of them before an origin that works."""

    # No answer has begun to come, or it was cut short or is late: another server may be asked the same.
    ASKED_ELSEWHERE = [name for name, (_, wanted) in REFUSED.items() if wanted in (LATE, LOST) or "ends" in name]

    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        cls.good = cls.keep(origin.RawOrigin())
        scripts = {name: script for name, (script, *_) in (REFUSED | CUT).items()}
        for name, script in (scripts | UNFINISHED).items():
            cls.attack(name, script, retries={"budget": "100%"})
            servers = cls.domains[-1]["origin"]["servers"]
            servers[0]["priority"] = 10
            servers.append({"address": f"127.0.0.1:{cls.good.port}"})
        return Weir(cls.domains)

    def test_the_next_server_answers_where_asking_again_is_right(self):
        names = [*self.ASKED_ELSEWHERE, "endless-503"]
        for name, (head, _, took) in self.ask_all(names):
            with self.subTest(name):
                self.assertEqual(head.status, 101, name)
                self.assertLess(took, TIMER + GRACE)
                record = self.weir.wait_access(event="open", domain=f"{name}.test")
                self.assertEqual(record["retries"], 1, name)
                self.assertTrue(record["origin_setbacks"], name)

    def test_fx7_an_answer_whose_body_does_not_end_is_asked_for_nowhere_else(self):
        for name, (head, _, _) in self.ask_all(UNFINISHED):
            with self.subTest(name):
                self.assertEqual(head.status, 404, name)
                record = self.weir.wait_access(event="refused", domain=f"{name}.test")
                self.assertFalse(record.get("retries"), name)

    def test_an_answer_that_is_none_is_asked_for_nowhere_else(self):
        names = [name for name in REFUSED if name not in self.ASKED_ELSEWHERE]
        for name, answer in self.ask_all(names):
            with self.subTest(name):
                self.check_refused(name, REFUSED[name][1], answer)
                self.assertFalse([one for one in self.good.connections if one.head and one.head.get("Host") == f"{name}.test"])


def after_101(data: bytes, end):
    """A good 101 with these bytes in the same segment, and then that end."""

    def script(connection):
        connection.upgrade(glued=data)
        end(connection)

    return script


def keep_open(connection):
    connection.read_rest()


def reset(connection):
    connection.reset()


def close(_connection):
    pass


HELLO = frame(TEXT, b"hello")

# After a good 101: what the origin sends in the same segment, how it ends, what the client sees before the end, and
# the cause. A code of nothing: no Close can be written into the middle of a frame.
OPENED = {
    "reset-after-101": (b"", reset, b"", 1011, "origin_abort"),
    "end-after-101": (b"", close, b"", 1011, "origin_abort"),
    "frames-then-reset": (HELLO * 3, reset, HELLO * 3, 1011, "origin_abort"),
    "frames-then-end": (HELLO * 3, close, HELLO * 3, 1011, "origin_abort"),
    "half-a-frame-then-reset": (HELLO + HELLO[:4], reset, HELLO + HELLO[:4], None, "origin_abort"),
    "half-a-header-then-end": (HELLO + b"\x81", close, HELLO, 1011, "origin_abort"),
    "length-of-2-63": (HELLO + b"\x82\x7f" + struct.pack("!Q", 1 << 63) + b"x" * 100, keep_open, HELLO, 1011,
                       "protocol_error"),
    "length-of-2-64": (HELLO + b"\x82\x7f" + b"\xff" * 8 + b"x" * 100, keep_open, HELLO, 1011, "protocol_error"),
    "ping-of-2-63": (HELLO + b"\x89\x7f" + struct.pack("!Q", 1 << 63), keep_open, HELLO, 1011, "protocol_error"),
    "masked": (HELLO + frames.from_client(TEXT, b"x"), keep_open, HELLO, 1011, "protocol_error"),
    "second-101": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", keep_open, b"", 1011, "protocol_error"),
    "random-frames": (b"\x7f\xff" + bytes(range(256)), keep_open, b"", 1011, "protocol_error"),
}


class OpenTest(HostileTest):
    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        for name, (data, end, *_) in OPENED.items():
            cls.attack(name, after_101(data, end))
        return Weir([{**one, "websocket": {**one["websocket"], "close_timeout": "500ms"}} for one in cls.domains])

    def meet(self, name):
        """All bytes of the session, up to its Close, which is answered; and its code."""
        with wire.open_session(self.weir.port, f"{name}.test") as session:
            begin = len(session.seen) - len(session.buffer)
            code = None
            try:
                got = session.read_until_frame(frames.CLOSE)
                code = got.code
                end = len(session.seen) - len(session.buffer) - len(frame(frames.CLOSE, got.payload))
                session.send(frames.from_client(frames.CLOSE, got.payload))
                session.read_rest()
            except wire.Ended:
                end = len(session.seen)
            return bytes(session.seen[begin:end]), code

    def test_frames_before_the_offence_arrive_and_the_end_has_the_right_code(self):
        with concurrent.futures.ThreadPoolExecutor(len(OPENED)) as pool:
            met = dict(zip(OPENED, pool.map(self.meet, OPENED)))
        for name, (_, _, seen, code, cause) in OPENED.items():
            with self.subTest(name):
                self.assertEqual(met[name], (seen, code), name)
                found = self.weir.wait_access(event="close", domain=f"{name}.test")
                self.assertEqual((found["close_cause"], found["close_initiator"]), (cause, "origin"), name)
                self.origins[name].finished()


# What holds as much as it can for as long as it may.
HOLDING = {
    "nothing": reply(b""),
    "head": reply(b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"a" * 16_000),
    "body": reply(FOUND + b"Content-Length: 70000\r\n\r\n" + b"x" * (KIB64 - 1)),
    "interim": reply(b"HTTP/1.1 100 Continue\r\n\r\n" * 5 + b"HTTP/1.1 101 Switching Protocols\r\n"),
    "dribble": drip(FOUND + b"Content-Length: 70000\r\n\r\n" + b"x" * 60_000, b"x"),
}


class CrowdTest(HostileTest):
    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        for name, script in HOLDING.items():
            cls.attack(name, script)
        return Weir(cls.domains)

    def test_many_at_once_cost_little_memory_and_no_cpu(self):
        hosts = [name for _ in range(AT_ONCE // len(HOLDING)) for name in HOLDING]
        self.ask(hosts[0])  # what is made once for all is there
        rss, descriptors = self.weir.rss(), self.weir.descriptors()
        clients = [self.use(wire.connect(self.weir.port)) for _ in hosts]
        for client, name in zip(clients, hosts):
            client.send(wire.upgrade_request(f"{name}.test"))
        wait_until(lambda: sum(raw.accepted for raw in self.origins.values()) > len(hosts), "all of them")
        for raw in self.origins.values():
            raw.wait_for(lambda: all(one.head for one in list(raw.connections)), "their requests")
        cpu, begin = self.weir.cpu_seconds(), time.monotonic()
        # A body that is nearly full, its head, and what a connection itself has.
        peak = self.weir.rss()
        for client, name in zip(clients, hosts):
            self.assertEqual(client.read_head().status, 404 if name in ("body", "dribble") else 504)
            peak = max(peak, self.weir.rss())
        elapsed = time.monotonic() - begin
        self.assertLess(self.weir.cpu_seconds() - cpu, max(0.3, 0.3 * elapsed))
        if not sanitized():
            self.assertLess(peak - rss, len(hosts) * 160 * 1024)
        for client in clients:
            client.read_rest()
            client.close()
        wait_until(lambda: self.weir.descriptors() <= descriptors, "all descriptors given back")


def at_once(script):
    """For who comes without a request, such as a warm connection: the same, but before one."""

    def begin(connection):
        connection.read_head = lambda: None
        script(connection)

    return begin


class BackgroundTest(HostileTest):
    """What Weir begins by itself, checks and warm connections, meets the same origins."""

    CHECKED = {"silence": r"no answer within", "drip-of-a-head": r"no answer within", "endless-field": r"max_response_head",
               "random": r"HTTP/1.1", "interim-flood": r"interim", "wrong-accept": r"not valid",
               "resets-at-once": r"reset"}

    WARMED = {"flood": at_once(flood(b"", b"HTTP/1.1 200 OK\r\n\r\n")), "end": at_once(reply_and_end(b"")),
              "reset": at_once(reply_and_reset(b""))}

    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        check = {"type": "websocket", "interval": "500ms", "timeout": "4s", "fall": 1}
        for name in cls.CHECKED:
            cls.attack(name, REFUSED[name][0], health=check)
        for name, script in cls.WARMED.items():
            # A check could not be told from a warm connection.
            cls.attack(f"warm-{name}", script, warm=4, protocol="http", health="off")
        cls.begin = time.monotonic()
        return Weir(cls.domains)

    def test_checks_find_them_down_and_say_why(self):
        for name, why in self.CHECKED.items():
            with self.subTest(name):
                port = self.origins[name].port
                self.weir.wait_log(rf"127.0.0.1:{port} .*is down: .*{why}")
                self.assertEqual(self.weir.metric("weir_origin_up", domain=f"{name}.test"), 0)
                head, _, _ = wire.exchange(self.weir.port, wire.upgrade_request(f"{name}.test"))
                self.assertEqual(head.status, 502)
                record = self.weir.wait_access(event="refused", domain=f"{name}.test")
                self.assertEqual(record["close_cause"], "origin_down")

    def test_who_ends_or_floods_warm_connections_is_left_alone_for_a_while(self):
        # Four for each of two workers at a time, and a pause that doubles from a second on.
        for name in self.WARMED:
            raw = self.origins[f"warm-{name}"]
            raw.wait_for(lambda raw=raw: raw.accepted > 8, "a second try")
            self.assertLessEqual(raw.accepted, 8 * (2 + time.monotonic() - self.begin), name)
