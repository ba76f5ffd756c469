"""The request is judged before a byte goes to the origin (hardening P, H; edge.md 4.4)."""

import frames
import origin
import wire
from harness import Weir, WeirTest, domain, wait_until

HOST = "a.test"
GOOD = wire.upgrade_request(HOST)


def with_field(line: bytes) -> bytes:
    return wire.upgrade_request(HOST, extra=line + b"\r\n")


def without(name: str) -> bytes:
    return wire.upgrade_request(HOST, change={name: None})


def replaced(old: bytes, new: bytes) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def with_host(value: bytes) -> bytes:
    return replaced(b"Host: a.test", b"Host: " + value)


# What llhttp lets through (hardening row 15), and what else a gate must not accept.
BAD_SYNTAX = {
    "host missing": without("Host"),
    "host empty": with_host(b""),
    "host twice": with_field(b"Host: a.test"),
    "folded field": with_field(b"X-A: b\r\n c"),
    "space before colon": with_field(b"X-A : b"),
    "host with space before colon": replaced(b"Host:", b"Host :"),
    "empty field name": with_field(b": b"),
    "field without colon": with_field(b"X-A"),
    "space in field name": with_field(b"X A: b"),
    "leading space in first field": replaced(b"\r\nHost", b"\r\n Host"),
    "bare LF request line": GOOD.replace(b"\r\n", b"\n", 1),
    "bare LF field": with_field(b"X-A: b\nX-B: c"),
    "bare LF everywhere": GOOD.replace(b"\r\n", b"\n"),
    "bare CR in value": with_field(b"X-A: b\rX-B: c"),
    "CR CR LF": with_field(b"X-A: b\r"),
    "NUL in value": with_field(b"X-A: b\0c"),
    "NUL in name": with_field(b"X\0A: b"),
    "control character in value": with_field(b"X-A: b\x01c"),
    "asterisk target": replaced(b"GET /", b"GET *"),
    "authority target": replaced(b"GET /", b"GET a.test:80"),
    "empty target": replaced(b"GET / ", b"GET  "),
    "relative target": replaced(b"GET /", b"GET path"),
    "non-ASCII target": replaced(b"GET /", b"GET /\xc3\xa4"),
    "tab in request line": replaced(b"GET /", b"GET\t/"),
    "two spaces in request line": replaced(b"GET /", b"GET  /"),
    "lower-case version": replaced(b"HTTP/1.1", b"http/1.1"),
    "absolute target for another host": replaced(b"GET /", b"GET http://b.test/"),
    "transfer-encoding chunked": with_field(b"Transfer-Encoding: chunked"),
    "transfer-encoding empty": with_field(b"Transfer-Encoding: "),
    "transfer-encoding and content-length": with_field(b"Transfer-Encoding: chunked\r\nContent-Length: 0"),
    "content-length above zero": with_field(b"Content-Length: 10"),
    "content-length empty": with_field(b"Content-Length: "),
    "content-length signed": with_field(b"Content-Length: +0"),
    "content-length list": with_field(b"Content-Length: 0, 1"),
    "content-length twice": with_field(b"Content-Length: 0\r\nContent-Length: 1"),
    "content-length overflow": with_field(b"Content-Length: 18446744073709551617"),
}

# Hosts that must not choose a domain (hardening H2).
BAD_HOSTS = (b"a.test,b.test", b"a.test b.test", b"user@a.test", b"a.test/path", b"a.test?x", b"a.test#x",
             b"a.test:", b"a.test:0", b"a.test:65536", b"a.test:x", b"a.test:80:80", b"a%2etest",
             b"[::1", b"::1", b"a..test", b".a.test", b"http://a.test", b"a.test\\", b"a_b!.test",
             b"a" * 254 + b".test", b"[a.test]", b"\xc3\xa4.test")

BAD_UPGRADES = {
    "connection missing": (without("Connection"), 400),
    "connection without upgrade": (replaced(b"Connection: Upgrade", b"Connection: keep-alive"), 400),
    "key missing": (without("Sec-WebSocket-Key"), 400),
    "key of 15 bytes": (wire.upgrade_request(HOST, key="AAAAAAAAAAAAAAAAAAAA"), 400),
    "key of 17 bytes": (wire.upgrade_request(HOST, key="AAAAAAAAAAAAAAAAAAAAAAA="), 400),
    "key not base64": (wire.upgrade_request(HOST, key="!!!!!!!!!!!!!!!!!!!!!!=="), 400),
    "key twice": (with_field(b"Sec-WebSocket-Key: " + wire.KEY.encode()), 400),
    "version missing": (without("Sec-WebSocket-Version"), 426),
    "version 8": (wire.upgrade_request(HOST, change={"Sec-WebSocket-Version": "8"}), 426),
    "version list": (wire.upgrade_request(HOST, change={"Sec-WebSocket-Version": "13, 8"}), 426),
    "method POST": (GOOD.replace(b"GET", b"POST", 1), 400),
    "HTTP/1.0": (replaced(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "expect": (with_field(b"Expect: cake"), 417),
    "origin of another site": (with_field(b"Origin: http://evil.test"), 403),
    "origin that only contains the host": (with_field(b"Origin: http://a.test.evil.test"), 403),
}


class RequestTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(origin.echo))
        off = {"domain": "off.test", "websocket": {"enabled": False},
               "origin": {"protocol": "http", "ports": {"http": cls.origin.port},
                          "servers": [{"address": "127.0.0.1"}]}}
        return Weir([domain(HOST, cls.origin.port), off,
                     domain("any.test", cls.origin.port, access={"origins": "any"}),
                     domain("*.wild.test", cls.origin.port), domain("exact.wild.test")],
                    limits={"header_timeout": "1s", "max_head": "16KiB", "max_headers": 100})

    def refused(self, request, *statuses, one_line=True):
        """The request gets this status and one line, and no origin hears of it."""
        before = self.origin.accepted
        head, body, _ = wire.exchange(self.weir.port, request)
        self.assertIn(head.status, statuses, body)
        if one_line:
            self.assertTrue(wire.is_one_line(body), body)
        self.assertEqual(self.origin.accepted, before, "the origin was contacted")
        return head, body

    def accepted(self, request):
        with wire.connect(self.weir.port) as client:
            client.send(request)
            self.assertEqual(client.read_head().status, 101, bytes(client.buffer))

    def test_bad_syntax_is_400_and_reaches_no_origin(self):
        for name, request in BAD_SYNTAX.items():
            with self.subTest(name):
                self.refused(request, 400)

    def test_bad_hosts_are_refused_and_reach_no_origin(self):
        for host in BAD_HOSTS:
            with self.subTest(host=host):
                self.refused(with_host(host), 400, 404)

    def test_bad_upgrades_are_refused_and_reach_no_origin(self):
        for name, (request, status) in BAD_UPGRADES.items():
            with self.subTest(name):
                self.refused(request, status)

    def test_426_names_the_version_that_is_spoken(self):
        head, _ = self.refused(BAD_UPGRADES["version 8"][0], 426)
        self.assertEqual(head.all("Sec-WebSocket-Version"), ["13"])

    def test_plain_get_is_426(self):
        head, _ = self.refused(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 426)
        self.assertEqual([value.lower() for value in head.all("Upgrade")], ["websocket"])

    def test_http2_preface_is_400(self):
        self.refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505)

    def test_tls_hello_on_the_plain_port_is_refused(self):
        self.refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32), 400)

    def test_unknown_domain_is_404(self):
        self.refused(wire.upgrade_request("unknown.test"), 404)

    def test_each_refused_request_has_an_id_of_its_own(self):
        for _ in range(2):
            self.refused(wire.upgrade_request("nobody.test"), 404)
        records = self.weir.wait_records(2, event="refused", host="nobody.test")
        self.assertEqual(len({record["session_id"] for record in records} - {"0" * 32}), 2)

    def test_switch_off_is_403_with_zero_origin_accepts(self):
        self.refused(wire.upgrade_request("off.test"), 403)
        record = self.weir.wait_access(event="refused", domain="off.test")
        self.assertEqual((record["return_code"], record["close_cause"]), (403, "websocket_disabled"))
        self.assertEqual(self.weir.metric("weir_handshakes_total", domain="off.test", code="403"), 1)

    def test_refusal_says_the_same_in_body_and_log(self):
        _, body = self.refused(
            wire.upgrade_request(HOST, key="c2FtZXdvcmRz", change={"User-Agent": "same-words"}), 400)
        record = self.weir.wait_access(event="refused", user_agent="same-words")
        self.assertIn(body.decode().strip(), str(record.get("error")))

    def test_101st_field_is_431_and_the_100th_is_not(self):
        self.accepted(wire.upgrade_request(HOST, extra=b"X: y\r\n" * 95))
        self.refused(wire.upgrade_request(HOST, extra=b"X: y\r\n" * 96), 431)

    def test_head_above_the_limit_is_431_and_below_is_not(self):
        self.accepted(with_field(b"X: " + b"y" * 15_000))
        self.refused(with_field(b"X: " + b"y" * 17_000), 431)
        self.refused(GOOD[:-2] + b"X: " + b"y" * 1_000_000, 431)

    def test_long_target_is_414(self):
        self.accepted(wire.upgrade_request(HOST, "/" + "p" * 8000))
        self.refused(wire.upgrade_request(HOST, "/" + "p" * 9000), 414)

    def test_slow_head_is_408_at_the_deadline(self):
        for sent in (b"G", GOOD[:20], GOOD[:-1]):
            with self.subTest(sent=sent[-10:]), wire.connect(self.weir.port) as client:
                client.send(sent)
                self.assertEqual(client.read_head().status, 408)
                self.assertTrue(wire.is_one_line(client.read_rest()))

    def test_silent_connection_is_closed_at_the_deadline(self):
        with wire.connect(self.weir.port) as client:
            client.read_rest()

    def test_good_forms_of_the_handshake_are_accepted(self):
        for name, request in {
            "connection list": replaced(b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
            "two connection fields": with_field(b"Connection: keep-alive"),
            "upgrade case": replaced(b": websocket", b": WebSocket"),
            "host with port": with_host(b"a.test:8080"),
            "host case": with_host(b"A.TEST"),
            "absolute target": replaced(b"GET /", b"GET http://a.test/"),
            "content-length 0": with_field(b"Content-Length: 0"),
            "no space after colon": replaced(b"Host: a", b"Host:a"),
            "empty line first": b"\r\n" + GOOD,
            "own origin": with_field(b"Origin: http://a.test"),
            "any origin where allowed": wire.upgrade_request("any.test", extra=b"Origin: http://b\r\n"),
            "wildcard": wire.upgrade_request("x.wild.test"),
            "high bytes in a value": with_field(b"X-A: \xc3\xa4"),
            "h2c is not asked for": with_field(b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
        }.items():
            with self.subTest(name):
                self.accepted(request)

    def test_exact_name_beats_the_wildcard(self):
        before = self.origin.accepted
        with wire.open_session(self.weir.port, "exact.wild.test") as session:
            session.send(frames.from_client(frames.TEXT, b"builtin"))
            self.assertEqual(session.read_frame().payload, b"builtin")
        self.assertEqual(self.origin.accepted, before)

    def test_log_lines_stay_whole_whatever_the_client_sends(self):
        agents = {"esc": b"\x1b[31mred", "quote": b'"},{"event":"forged"', "long": b"u" * 12_000,
                  "high": b"\xff\xfe\xc3\x28", "separator": b"\xe2\x80\xa8"}
        before = len(self.weir.access_log())
        for value in agents.values():
            with wire.connect(self.weir.port) as client:
                client.send(wire.upgrade_request("unknown.test", extra=b"User-Agent: " + value + b"\r\n"))
                self.assertIn(client.read_head().status, (400, 404))
        self.weir.wait_records(1, event="refused")
        wait_until(lambda: len(self.weir.access_log()) >= before + len(agents), "a line for each")
        self.assertLess(max(map(len, self.weir.access_path.read_bytes().split(b"\n"))), 16_384)
        self.assertNotIn("forged", [record["event"] for record in self.weir.access_log()])

    def test_secrets_stay_out_of_the_logs(self):
        secret = "hunter2secret"
        request = wire.upgrade_request(
            HOST, f"/p?token={secret}&sig={secret}", extra=f"Cookie: id={secret}\r\nAuthorization: "
            f"Bearer {secret}\r\nSec-WebSocket-Protocol: {secret}\r\n".encode())
        with wire.connect(self.weir.port) as client:
            client.send(request)
            self.assertEqual(client.read_head().status, 101)
        self.weir.wait_access(event="close", uri="/p")
        self.assertNotIn(secret, self.weir.access_path.read_text())
        self.assertNotIn(secret, "\n".join(self.weir.lines))
        self.assertNotIn(secret, self.weir.admin("/metrics")[1])


class GluedBytesTest(WeirTest):
    """Bytes that come before their time are kept, in order (H7)."""

    COUNT = 200

    @classmethod
    def configure(cls):
        def greet(connection):
            connection.head = connection.read_head()
            greeting = b"".join(frames.frame(frames.TEXT, b"%d" % n) for n in range(cls.COUNT))
            connection.send(origin.good_101(connection.head) + greeting)
            connection.echo()

        def slow(connection):
            connection.head = connection.read_head()
            connection.early = not connection.silent_for(0.3)
            connection.send(origin.good_101(connection.head))
            connection.echo()

        cls.greeting = cls.keep(origin.RawOrigin(greet))
        cls.slow = cls.keep(origin.RawOrigin(slow))
        return Weir([domain("greet.test", cls.greeting.port), domain("slow.test", cls.slow.port)])

    def test_origin_frames_glued_to_the_101_arrive_in_order(self):
        with wire.open_session(self.weir.port, "greet.test") as session:
            got = [session.read_frame().payload for _ in range(self.COUNT)]
        self.assertEqual(got, [b"%d" % number for number in range(self.COUNT)])

    def test_client_frames_glued_to_the_request_wait_for_the_101_and_arrive_in_order(self):
        glued = b"".join(frames.from_client(frames.TEXT, b"%d" % n) for n in range(self.COUNT))
        with wire.open_session(self.weir.port, "slow.test", glued=glued) as session:
            got = [session.read_frame().payload for _ in range(self.COUNT)]
        self.assertEqual(got, [b"%d" % number for number in range(self.COUNT)])
        self.assertFalse(self.slow.finished().early, "bytes went to the origin before its 101")

    def test_part_of_a_frame_glued_to_the_request_is_completed_later(self):
        whole = frames.from_client(frames.TEXT, b"split")
        for cut in range(1, len(whole)):
            with wire.open_session(self.weir.port, "slow.test", glued=whole[:cut]) as session:
                session.send(whole[cut:])
                self.assertEqual(session.read_frame().payload, b"split")

    def test_too_much_before_the_101_is_not_buffered_without_end(self):
        hanging = self.use(origin.RawOrigin(origin.answer(b"")))
        weir = self.run_one([domain("hang.test", hanging.port, origin={"request_timeout": 3})])
        before = weir.rss()
        with wire.connect(weir.port, timeout=2) as client:
            client.send(wire.upgrade_request("hang.test"))
            sent = 0
            try:
                while sent < 64 << 20:
                    sent += client.sock.send(bytes(1 << 18))
            except OSError:
                pass  # it stopped reading, or refused: both keep its memory
            self.assert_memory(weir, before, 4 << 20)
