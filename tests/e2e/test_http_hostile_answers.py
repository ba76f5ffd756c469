"""Answers that attack (http-exchange.md E3, E4, V5 and 11): refused, or cut, or passed without what stands behind them; and nobody
else ever sees a byte of them, on the same pool or the same connection."""

import json
import socket
import struct
from typing import List, NamedTuple

import certificates
import origin
import smuggling
import wire
from harness import Weir, WeirTest, domain
from test_http_smuggling import Answers

OK = b"HTTP/1.1 200 OK\r\n"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"


class Hostile(NamedTuple):
    name: str
    method: str
    wire: bytes
    becomes: str  # refused: 502; cut: refused, or visibly not whole; whole: the status, and this body
    status: int = 502
    body: bytes = b""
    end: str = "open"  # what the origin does behind it: open, fin, reset


# Heads that are none, or that two readers could frame differently.
BAD_FIELDS = [
    b"Content-Length: 2\r\nContent-Length: 2", b"Content-Length: 2\r\nContent-Length: 60", b"Content-Length: 60\r\ncontent-length: 2",
    b"Content-Length: 2, 2", b"Content-Length: 2,60", b"Content-Length: +2", b"Content-Length: -2", b"Content-Length: 0x2",
    b"Content-Length:", b"Content-Length: 2 2", b"Content-Length: two", b"Content-Length: 9223372036854775808",
    b"Content-Length: 2\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 2",
    b"Transfer-Encoding: gzip", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:",
    b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked;q=1",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\x0b", b"Content-Length : 2",
    b"Transfer-Encoding : chunked", b" Content-Length: 2", b"X: y\r\n Content-Length: 2", b"X: y\nContent-Length: 2",
    b"X: y\rContent-Length: 2", b"X: a\x00b\r\nContent-Length: 2", b"X: \x1b[31m\r\nContent-Length: 2", b": x\r\nContent-Length: 2",
    b"X\r\nContent-Length: 2", b"X Y: z\r\nContent-Length: 2", b"Location: /a\r\n\rSet-Cookie: b=c\r\nContent-Length: 2",
    b"X: " + b"y" * 100_000 + b"\r\nContent-Length: 2", b"X: y\r\n" * 5_000 + b"Content-Length: 2",
]
BAD_LINES = [
    b"HTTP/2.0 200 OK", b"HTTP/1.2 200 OK", b"HTTP/0.9 200 OK", b"http/1.1 200 OK", b"HTTP/1.1 099 X", b"HTTP/1.1 600 X",
    b"HTTP/1.1 2x0 X", b"HTTP/1.1 0200 X", b"HTTP/1.1  200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1", b"ICY 200 OK", b"200 OK",
    b"\r\nHTTP/1.1 200 OK", b"\x15\x03\x03\x00\x02\x02\x28", b"SSH-2.0-OpenSSH_9.2", b"<html>", b"HTTP/1.1 200 O\x00K",
    b"HTTP/1.1 200 OK\nX: y", b"HTTP/1.1\t200 OK",
]
SWITCH = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
BAD_WHOLE = [
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n" + SWITCH + b"\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", b"HTTP/1.1 101 X\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 9 + OK + b"Content-Length: 2\r\n\r\nok",
    b"HTTP/1.1 102 Processing\r\n\r\n" * 100, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, b"HTTP/1.1 199 X\r\n\r\n" * 9,
    b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 X\r\n\r\n",
]


def refused() -> List[Hostile]:
    made = []
    for method in ("GET", "HEAD", "POST"):
        for field in BAD_FIELDS:
            made.append(Hostile(f"{method} {field[:60]}", method, OK + field + b"\r\n\r\nok" + POISON, "refused"))
        for line in BAD_LINES:
            made.append(Hostile(f"{method} {line}", method, line + b"\r\nContent-Length: 2\r\n\r\nok" + POISON, "refused"))
        for answer in BAD_WHOLE:
            made.append(Hostile(f"{method} {answer[:60]}", method, answer + POISON, "refused"))
        for part in (b"", b"HTTP/1.1", OK, OK + b"Content-Length: 2\r\n"):
            made.append(Hostile(f"{method} {part} and the end", method, part, "refused", end="fin"))
    return made


def cut() -> List[Hostile]:
    made = []
    for wire_ in smuggling.BROKEN_CHUNKS:
        made.append(Hostile(f"broken chunks {wire_[:60]}", "GET", OK + b"Transfer-Encoding: chunked\r\n\r\n" + wire_ + POISON, "cut"))
    whole = b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"
    for size in range(len(whole)):
        made.append(Hostile(f"chunks that end after {size}", "GET", OK + b"Transfer-Encoding: chunked\r\n\r\n" + whole[:size], "cut",
                            end="fin"))
    for end in ("fin", "reset"):
        made.append(Hostile(f"4 of 10 octets, {end}", "GET", OK + b"Content-Length: 10\r\n\r\nfour", "cut", end=end))
    made.append(Hostile("an unframed body, reset", "GET", OK + b"\r\nsome", "cut", end="reset"))
    return made


def whole() -> List[Hostile]:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    return [
        Hostile("length, bytes behind", "GET", OK + b"Content-Length: 2\r\n\r\nok" + POISON, "whole", 200, b"ok"),
        Hostile("POST, bytes behind", "POST", OK + b"Content-Length: 2\r\n\r\nok" + POISON, "whole", 200, b"ok"),
        Hostile("length 0, bytes behind", "GET", OK + b"Content-Length: 0\r\n\r\n" + POISON, "whole", 200),
        Hostile("chunks, bytes behind", "GET", OK + chunked + b"2\r\nok\r\n0\r\n\r\n" + POISON, "whole", 200, b"ok"),
        Hostile("two answers", "GET", (OK + b"Content-Length: 2\r\n\r\nok") * 2 + POISON, "whole", 200, b"ok"),
        Hostile("close, bytes behind", "GET", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok" + POISON, "whole", 200, b"ok"),
        Hostile("an extension and trailers", "GET", OK + chunked + b"2;POISON=1\r\nok\r\n0\r\nX: POISON\r\n\r\n", "whole", 200, b"ok"),
        Hostile("HEAD with a body", "HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(POISON) + POISON, "whole", 200),
        Hostile("HEAD with chunks", "HEAD", OK + chunked + b"6\r\nPOISON\r\n0\r\n\r\n", "whole", 200),
        Hostile("HEAD, unframed", "HEAD", OK + b"\r\n" + POISON, "whole", 200),
        Hostile("204 with a body", "GET", b"HTTP/1.1 204 X\r\nContent-Length: %d\r\n\r\n" % len(POISON) + POISON, "whole", 204),
        Hostile("204 with chunks", "GET", b"HTTP/1.1 204 X\r\n" + chunked + b"6\r\nPOISON\r\n0\r\n\r\n", "whole", 204),
        Hostile("304 with a body", "GET", b"HTTP/1.1 304 X\r\nContent-Length: %d\r\n\r\n" % len(POISON) + POISON, "whole", 304),
        Hostile("103 and 200 glued", "GET", b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok" + POISON, "whole",
                200, b"ok"),
        Hostile("100 and 200 glued", "GET", b"HTTP/1.1 100 X\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", "whole", 200, b"ok"),
        Hostile("8 interim ones", "GET", b"HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n" * 8 + OK + b"Content-Length: 2\r\n\r\nok", "whole", 200,
                b"ok"),
        Hostile("100 with a body", "GET", b"HTTP/1.1 100 X\r\nContent-Length: 2\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", "whole",
                200, b"ok"),
        Hostile("HTTP/1.0 by length", "GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" + POISON, "whole", 200, b"ok"),
        Hostile("until the end", "GET", OK + b"\r\nok", "whole", 200, b"ok", end="fin"),
        Hostile("fields of one hop", "GET", OK + SWITCH + b"Keep-Alive: x\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok", "whole", 200, b"ok"),
    ]


ANSWERS = refused() + cut() + whole()


def read_request(connection: origin.Connection) -> wire.Head:
    head = connection.read_head()
    connection.read_exact(int(head.get("Content-Length") or 0))
    return head


def play(connection: origin.Connection) -> None:
    """To /hNUMBER that answer, to all else one that names the path."""
    while True:
        head = read_request(connection)
        path = head.start.split(" ")[1]
        if not path.startswith("/h"):
            body = json.dumps({"path": path}).encode()
            connection.send(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            continue
        hostile = ANSWERS[int(path[2:])]
        connection.send(hostile.wire)
        if hostile.end == "fin":
            connection.sock.shutdown(socket.SHUT_WR)
        if hostile.end == "reset":
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sock.close()
            return


class HttpHostileAnswersTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(play))
        # An origin is not ejected for what it does here.
        return Weir([domain("hostile.test", cls.origin.port, http={"enabled": True},
                            origin={"ejection": "off"})], workers=1)

    def setUp(self):
        super().setUp()
        self.innocent = self.use(wire.connect(self.weir.port))

    def own(self, client: wire.Wire, path: str) -> None:
        """That path's own answer, and nothing else."""
        client.send(smuggling.head("GET", path, "hostile.test"))
        head, body = Answers(client).next("GET")
        self.assertEqual((head.status, json.loads(body)), (200, {"path": path}))

    def check_refused(self, client: wire.Wire, hostile: Hostile) -> bool:
        head, body = Answers(client).next(hostile.method)
        self.assertEqual(head.status, 502, body)
        self.assertTrue(hostile.method == "HEAD" or wire.is_one_line(body), body)
        return (head.get("Connection") or "").lower() != "close"

    def check_cut(self, client: wire.Wire, hostile: Hostile) -> bool:
        head = client.read_head()
        if head.status == 502:
            return False
        try:
            body = Answers(client).body(head, hostile.method)
        except (wire.Ended, ConnectionError):
            return False
        self.fail(f"{hostile.name}: {head.start} looks whole, with {body!r}")

    def check_whole(self, client: wire.Wire, hostile: Hostile) -> bool:
        head, body = Answers(client).next(hostile.method)
        self.assertEqual((head.status, body), (hostile.status, hostile.body))
        for name in ("Upgrade", "Keep-Alive", "Trailer"):
            self.assertIsNone(head.get(name))
        self.assertFalse(hostile.status == 204 and head.get("Content-Length"))
        return (head.get("Connection") or "").lower() != "close"

    def attack(self, number: int) -> None:
        hostile = ANSWERS[number]
        check = {"refused": self.check_refused, "cut": self.check_cut, "whole": self.check_whole}[hostile.becomes]
        with wire.connect(self.weir.port) as client:
            body = b"Content-Length: 4" if hostile.method == "POST" else b"X: y"
            client.send(smuggling.head(hostile.method, f"/h{number}", "hostile.test", body)
                        + (b"body" if hostile.method == "POST" else b""))
            if check(client, hostile):
                self.own(client, f"/own{number}")
            self.assertNotIn(b"POISON", client.seen)
        self.own(self.innocent, f"/innocent{number}")

    def attack_all(self, kind: str, least: int) -> None:
        chosen = [number for number, hostile in enumerate(ANSWERS) if hostile.becomes == kind]
        self.assertGreaterEqual(len(chosen), least)
        for number in chosen:
            with self.subTest(answer=ANSWERS[number].name):
                self.attack(number)

    def test_E3_a_head_that_is_none_is_502(self):
        self.attack_all("refused", 150)

    def test_E3_a_body_that_is_not_whole_looks_so(self):
        self.attack_all("cut", 50)

    def test_V5_bytes_behind_an_answer_reach_nobody(self):
        self.attack_all("whole", 20)

    def test_E3_tls_that_ends_without_close_notify_is_a_cut(self):
        def script(connection):
            read_request(connection)
            connection.send(OK + b"\r\nsome")
            connection.sock.shutdown(socket.SHUT_RDWR)  # of TCP: TLS is not asked
        raw = self.use(origin.RawOrigin(script, tls=certificates.leaf("cut.test").server_context()))
        weir = self.run_one([domain("cut.test", http={"enabled": True}, origin={
            "servers": [{"address": "127.0.0.1"}], "protocol": "https", "ports": {"https": raw.port},
            "tls": {"ca": f"file:{certificates.authority().certificate}"}})])
        with wire.connect(weir.port) as client:
            client.send(smuggling.head("GET", "/", "cut.test"))
            head = client.read_head()
            with self.assertRaises(wire.Ended):
                Answers(client).body(head, "GET")
