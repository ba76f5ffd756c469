"""Upgrade smuggling (hardening U1 to U5): one request, no early bytes, only a judged 101 opens a tunnel."""

import frames
import origin
import wire
from harness import Weir, WeirTest, domain

PIPELINED = b"GET /deny HTTP/1.1\r\nHost: inside\r\n\r\n"
SWITCH = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"

REFUSALS = {
    "200": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "426": b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
    "unframed 200": b"HTTP/1.1 200 OK\r\n\r\n",
}

# Nine ways for a request to be no WebSocket upgrade: what it changes, and the answer.
REQUEST_DEFECTS = {
    "method POST": (lambda r: r.replace(b"GET ", b"POST ", 1), {400, 405}),
    "HTTP/1.0": (lambda r: r.replace(b"HTTP/1.1", b"HTTP/1.0", 1), {400}),
    "no Upgrade": (lambda r: r.replace(b"Upgrade: websocket\r\n", b"", 1), {400, 426}),
    "Upgrade: foo": (lambda r: r.replace(b": websocket", b": foo", 1), {400, 426}),
    "no Connection": (lambda r: r.replace(b"Connection: Upgrade\r\n", b"", 1), {400}),
    "no key": (lambda r: r.replace(b"Sec-WebSocket-Key: " + wire.KEY.encode() + b"\r\n", b""), {400}),
    "short key": (lambda r: r.replace(wire.KEY.encode(), b"c2hvcnQ="), {400}),
    "version 777": (lambda r: r.replace(b"Version: 13", b"Version: 777"), {426}),
    "a body": (lambda r: r.replace(b"\r\n\r\n", b"\r\nContent-Length: 10\r\n\r\n0123456789"), {400}),
}

# Six ways for an answer to be no valid switch.
RESPONSE_DEFECTS = {
    "status 200": lambda good: good.replace(b"101 Switching Protocols", b"200 OK"),
    "no Upgrade": lambda good: good.replace(b"Upgrade: websocket\r\n", b"", 1),
    "Upgrade: foo": lambda good: good.replace(b": websocket", b": foo", 1),
    "no Connection": lambda good: good.replace(b"Connection: Upgrade\r\n", b""),
    "no Accept": lambda good: good.split(b"Sec-WebSocket-Accept")[0] + b"\r\n",
    "wrong Accept": lambda good: good.replace(b"Accept: ", b"Accept: x"),
}


def spoil(defect):
    """A script whose 101 has the defect, followed by bytes that no client may ever see."""

    def script(connection):
        connection.head = connection.read_head()
        good = defect(origin.good_101(connection.head))
        if b" 200 OK" in good:  # its body must have an end
            good = good.replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nContent-Length: 0\r\n")
        connection.send(good + frames.frame(frames.TEXT, b"SECRET"))
        connection.read_rest()

    return script


class SmugglingTest(WeirTest):
    settings: dict = {}  # of each domain

    @classmethod
    def configure(cls):
        cls.refusing = {name: cls.keep(origin.RawOrigin(origin.answer(data, end="Content" not in str(data))))
                        for name, data in REFUSALS.items()}
        cls.spoiling = {name: cls.keep(origin.RawOrigin(spoil(defect)))
                        for name, defect in RESPONSE_DEFECTS.items()}
        cls.statuses = {status: cls.keep(origin.RawOrigin(origin.answer(
            f"HTTP/1.1 {status} Whatever\r\n".encode() + SWITCH + b"Sec-WebSocket-Accept: "
            + frames.accept_for(wire.KEY).encode() + b"\r\n\r\n", end=status >= 200)))
            for status in (100, 102, 103, 200, 204, 304, 426, 500)}
        cls.good = cls.keep(origin.RawOrigin(origin.echo))
        # Host names have no spaces, so each origin's name is its number.
        cls.hosts = {}
        domains = []
        for group in (cls.refusing, cls.spoiling, cls.statuses, {"good": cls.good}):
            for name, raw in group.items():
                cls.hosts[name] = f"d{len(domains)}.test"
                domains.append(domain(cls.hosts[name], raw.port, origin={"request_timeout": 1}, **cls.settings))
        return Weir(domains)

    def check_no_tunnel(self, raw, client, allowed):
        """Whatever the answer was: nothing more goes to the origin, and both sides are closed."""
        head = client.read_head()
        self.assertIn(head.status, allowed)
        try:
            client.send(b"RAW BYTES\r\n\r\n")
        except OSError:
            pass
        rest = client.read_rest()
        seen = raw.finished()
        self.assertEqual(bytes(seen.seen).count(b"HTTP/1.1\r\n"), 1, bytes(seen.seen))
        self.assertTrue(seen.seen.endswith(b"\r\n\r\n"), bytes(seen.seen))
        self.assertNotIn(b"RAW BYTES", seen.seen)
        self.assertNotIn(b"/deny", seen.seen)
        self.assertNotIn(b"SECRET", rest)

    def test_U1_pipelined_request_never_reaches_an_origin_that_refuses(self):
        for name, raw in self.refusing.items():
            with self.subTest(answer=name), wire.connect(self.weir.port) as client:
                client.send(wire.upgrade_request(self.hosts[name]) + PIPELINED)
                self.check_no_tunnel(raw, client, {200, 403, 426})

    def test_U2_only_status_101_switches(self):
        for status, raw in self.statuses.items():
            with self.subTest(status=status), wire.connect(self.weir.port) as client:
                client.send(wire.upgrade_request(self.hosts[status]) + PIPELINED)
                # Interim answers are followed by nothing, which is a timeout; the others pass.
                self.check_no_tunnel(raw, client, {status} if status >= 200 else {502, 504})

    def test_U3_raw_bytes_after_a_failed_upgrade_reach_nobody(self):
        raw = self.use(origin.RawOrigin(origin.answer(REFUSALS["403"])))
        weir = self.run_one([domain("u3.test", raw.port, **self.settings)])
        with wire.connect(weir.port) as client:
            client.send(wire.upgrade_request("u3.test"))
            self.check_no_tunnel(raw, client, {403})

    def test_U4_only_websocket_is_tunnelled(self):
        for upgrade in ("foo", "h2c", "websocket, h2c", "h2c, websocket", "websocket/13", "web socket",
                        "websocketx", "ANY", "TLS/1.0", "websocket,websocket", ""):
            with self.subTest(upgrade=upgrade):
                before = self.good.accepted
                request = wire.upgrade_request(self.hosts["good"], change={"Upgrade": upgrade})
                head, body, _ = wire.exchange(self.weir.port, request + PIPELINED)
                self.assertIn(head.status, {400, 426})
                self.assertTrue(wire.is_one_line(body), body)
                self.assertEqual(self.good.accepted, before)

    def test_U4_the_word_websocket_is_taken_in_any_case(self):
        for upgrade in ("WebSocket", "WEBSOCKET", "websocket"):
            with self.subTest(upgrade=upgrade), wire.connect(self.weir.port) as client:
                client.send(wire.upgrade_request(self.hosts["good"], change={"Upgrade": upgrade}))
                self.assertEqual(client.read_head().status, 101)

    def test_U5_request_defects_are_refused_before_any_origin_is_asked(self):
        for response, raw in self.spoiling.items():
            for defect, (change, statuses) in REQUEST_DEFECTS.items():
                with self.subTest(request=defect, response=response):
                    before = raw.accepted
                    request = change(wire.upgrade_request(self.hosts[response]))
                    head, body, _ = wire.exchange(self.weir.port, request + PIPELINED)
                    self.assertIn(head.status, statuses)
                    self.assertTrue(wire.is_one_line(body), body)
                    self.assertEqual(raw.accepted, before)

    def test_U5_response_defects_are_502_and_open_no_tunnel(self):
        for response, raw in self.spoiling.items():
            with self.subTest(response=response), wire.connect(self.weir.port) as client:
                client.send(wire.upgrade_request(self.hosts[response]) + PIPELINED)
                self.check_no_tunnel(raw, client, {200} if response == "status 200" else {502})

    def test_U5_request_defects_are_refused_with_a_good_origin_too(self):
        for defect, (change, statuses) in REQUEST_DEFECTS.items():
            with self.subTest(request=defect):
                before = self.good.accepted
                request = change(wire.upgrade_request(self.hosts["good"]))
                head, _, _ = wire.exchange(self.weir.port, request + PIPELINED)
                self.assertIn(head.status, statuses)
                self.assertEqual(self.good.accepted, before)


class SmugglingWithHttpTest(SmugglingTest):
    """The same where plain requests are let through: an attempt at WebSocket is never passed on as one."""

    settings = {"http": {"enabled": True}}


class AnswerTest(WeirTest):
    """What else makes a 101 invalid (H5, H12, H13), and hostile answers (O1)."""

    parallel = 4

    def refused(self, script, status=502, extra=b"", **settings):
        raw = self.use(origin.RawOrigin(script))
        weir = self.run_one([domain("a.test", raw.port, origin=settings)])
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("a.test", extra=extra))
        self.assertEqual(head.status, status, body)
        raw.finished()
        record = weir.wait_access(event="refused")
        self.assertEqual(record["return_code"], status)
        return body, record

    def with_101(self, extra):
        def script(connection):
            connection.upgrade(extra)
            connection.read_rest()

        return script

    def test_subprotocol_that_was_not_offered_is_502(self):
        self.refused(self.with_101(b"Sec-WebSocket-Protocol: other\r\n"),
                     extra=b"Sec-WebSocket-Protocol: chat\r\n")

    def test_extension_that_was_not_offered_is_502(self):
        self.refused(self.with_101(b"Sec-WebSocket-Extensions: permessage-deflate\r\n"))

    def test_impossible_window_bits_are_502(self):
        self.refused(self.with_101(
            b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n"),
            extra=b"Sec-WebSocket-Extensions: permessage-deflate\r\n")

    def test_doubled_accept_is_502(self):
        self.refused(self.with_101(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))

    def test_answer_that_is_not_http_is_502(self):
        self.refused(origin.answer(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))

    def test_answer_head_without_end_is_502(self):
        self.refused(origin.answer(b"HTTP/1.1 101 X\r\n" + b"A: b\r\n" * 20000))

    def test_origin_that_ends_before_its_answer_is_502(self):
        self.refused(lambda connection: connection.read_head())

    def test_origin_that_never_answers_is_504(self):
        body, record = self.refused(origin.answer(b""), status=504, request_timeout=1)
        self.assertIn("request", (body.decode() + str(record)).lower())

    def test_origin_that_refuses_the_connection_is_502(self):
        closed = origin.RawOrigin()
        closed.close()
        weir = self.run_one([domain("a.test", closed.port)])
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("a.test"))
        self.assertEqual(head.status, 502)
        self.assertTrue(wire.is_one_line(body), body)

    def test_second_server_answers_when_the_first_refuses_the_connection(self):
        closed, good = origin.RawOrigin(), self.use(origin.RawOrigin())
        closed.close()
        weir = self.run_one([domain("a.test", origin={"protocol": "http", "servers": [
            {"address": f"127.0.0.1:{closed.port}"}, {"address": f"127.0.0.1:{good.port}"}]})])
        wire.open_session(weir.port, "a.test").close()
        self.assertEqual(good.accepted, 1)

    def test_tomcats_empty_reason_phrase_is_accepted_and_ours_is_complete(self):
        def script(connection):
            connection.head = connection.read_head()
            connection.send(origin.good_101(connection.head).replace(b" Switching Protocols", b" ")
                            .replace(b"Connection: Upgrade", b"Connection: upgrade, keep-alive"))
            connection.echo()

        raw = self.use(origin.RawOrigin(script))
        weir = self.run_one([domain("a.test", raw.port)])
        with wire.open_session(weir.port, "a.test") as session:
            self.assertEqual(session.head.start, "HTTP/1.1 101 Switching Protocols")
            self.assertEqual(len(session.head.all("Upgrade")), 1)
            self.assertEqual(len(session.head.all("Connection")), 1)
            self.assertEqual(session.head.all("Sec-WebSocket-Accept"), [frames.accept_for(wire.KEY)])

    def test_refusal_body_is_capped(self):
        body = b"x" * (1 << 20)
        raw = self.use(origin.RawOrigin(origin.answer(
            b"HTTP/1.1 403 No\r\nContent-Length: 1048576\r\n\r\n" + body)))
        weir = self.run_one([domain("a.test", raw.port)])
        head, got, _ = wire.exchange(weir.port, wire.upgrade_request("a.test"))
        self.assertIn(head.status, (403, 502))
        self.assertLessEqual(len(got), 70_000)
