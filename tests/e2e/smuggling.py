"""Requests that two readers might take apart differently, each with what must come of it: which requests reach the origin, with
which bodies, and whether a refusal then ends the connection."""

import random
from typing import Callable, Iterator, List, NamedTuple, Tuple


class Request(NamedTuple):
    method: str
    target: str
    body: bytes = b""


class Case(NamedTuple):
    name: str
    wire: bytes
    passes: List[Request]  # in this order, each with an answer of its own
    refused: bool  # what follows those is refused; else the last of them closes the connection


# What one attempt puts on the wire, and what must come of it. `tag` begins every path, `host` is the domain.
Made = Tuple[bytes, List[Request], bool]
Maker = Callable[[str, str], Made]

BODY = b"hello, body"


def head(method: str, target: str, host: str, *lines: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    first = method.encode() + b" " + target.encode() + b" " + version + b"\r\nHost: " + host.encode() + b"\r\n"
    return first + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def smuggled(tag: str, host: str) -> bytes:
    """What an attacker wants the origin to see as a request of its own."""
    return head("GET", tag + "/smuggled", host, b"X-Secret: 1")


def chunks(body: bytes, size: int = 1 << 20) -> bytes:
    parts = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def refused(method: str, lines: List[bytes], payload: Callable[[str, str], bytes]) -> Maker:
    def make(tag: str, host: str) -> Made:
        return head(method, tag + "/attack", host, *lines) + payload(tag, host), [], True
    return make


def passed(method: str, lines: List[bytes], framed: bytes, body: bytes) -> Maker:
    def make(tag: str, host: str) -> Made:
        return head(method, tag + "/attack", host, *lines) + framed, [Request(method, tag + "/attack", body)], False
    return make


def raw(wire: Callable[[str, str], bytes]) -> Maker:
    return lambda tag, host: (wire(tag, host), [], True)


# -- the families: a name and a maker each ------------------------------------------------------------------------------------

CHUNKED = b"Transfer-Encoding: chunked"

# No reader may take these for chunked, and none for nothing.
WRONG_ENCODINGS = [
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx", b"Transfer-Encoding: chunke",
    b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity, chunked", b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: chunked; a=b", b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: 'chunked'", b"Transfer-Encoding: chunked\x0b", b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: \x0cchunked", b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding: \x00chunked",
    b"Transfer-Encoding: ch\xc3\xbcnked", b"Transfer-Encoding: \xa0chunked", b"Transfer-Encoding: chunked\x85",
    b"Transfer-Encoding: cow", b"Transfer-Encoding:", b"Transfer-Encoding: \t", b"Transfer-Encoding: chunked chunked",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked",
    b"\tTransfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding:\r\n\tchunked",
    b"X: y\r\n Transfer-Encoding: chunked", b"X: y\nTransfer-Encoding: chunked", b"X: y\rTransfer-Encoding: chunked",
    b"X: y\n\rTransfer-Encoding: chunked", b"\nTransfer-Encoding: chunked", b"\rTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\nX: y", b"Transfer-Encoding: chunked\rX: y", b"Transfer-Encoding\x00: chunked",
    b"Transfer-Encoding\x0b: chunked", b"Transfer_Encoding: chunked", b"TRANSFER_ENCODING: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\ntransfer-encoding: x",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", b"Transfer-Encoding:\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding; chunked", b"Transfer-Encoding=chunked", b"Transfer-Encoding", b": chunked",
    b"Transfer-Encoding\xe2\x80\x8b: chunked", b"Transfer-Encoding\xc2\xa0: chunked",
]

WRONG_LENGTHS = [
    b"Content-Length: +11", b"Content-Length: -11", b"Content-Length: 0x0b", b"Content-Length: 11 11",
    b"Content-Length: 11, 11", b"Content-Length: 11,", b"Content-Length: ,11", b"Content-Length: 0, 11",
    b"Content-Length: 11.0", b"Content-Length: 1e1", b"Content-Length: 11;", b"Content-Length: 11\x0b",
    b"Content-Length: \x0b11", b"Content-Length: 11\x00", b"Content-Length: \x0011", b"Content-Length:",
    b"Content-Length: \t", b"Content-Length: ab", b'Content-Length: "11"', b"Content-Length: 11a",
    b"Content-Length: \xef\xbc\x91\xef\xbc\x91", b"Content-Length: 9223372036854775808",
    b"Content-Length: 18446744073709551616", b"Content-Length: 18446744073709551627",
    b"Content-Length: 99999999999999999999999", b"Content-Length : 11", b"Content-Length\t: 11", b" Content-Length: 11",
    b"Content-Length:\r\n 11", b"Content-Length: 1\r\n 1", b"X: y\nContent-Length: 11", b"X: y\rContent-Length: 11",
    b"Content_Length: 11", b"content_length: 0", b"Content-Length: 11\r\nContent-Length: 11",
    b"Content-Length: 11\r\nContent-Length: 0", b"Content-Length: 0\r\ncontent-length: 11",
    b"Content-Length: 11\r\nContent_Length: 0", b"Content-Length\x00: 11", b"Content-Length: 11\nX: y",
    b"Content-Length: 11\rX: y", b"Content-Length",
]

GOOD_LENGTHS = [b"Content-Length: 11", b"content-length:11", b"CONTENT-LENGTH:  11  ", b"Content-Length: 0011"]

GOOD_CHUNKS = [  # all of BODY
    chunks(BODY), chunks(BODY, 1), chunks(BODY, 3), b"b\r\n" + BODY + b"\r\n0\r\n\r\n", b"B\r\n" + BODY + b"\r\n0\r\n\r\n",
    b"000000000000000b\r\n" + BODY + b"\r\n0000000000000000\r\n\r\n", b"b;a\r\n" + BODY + b"\r\n0;b\r\n\r\n",
    b"b;a=b;c=\"d\"\r\n" + BODY + b"\r\n0\r\n\r\n", b"b;" + b"x" * 255 + b"\r\n" + BODY + b"\r\n0\r\n\r\n",
    b"b; a = b\t\r\n" + BODY + b"\r\n0\r\n\r\n", b"b;\r\n" + BODY + b"\r\n0\r\n\r\n",
    b"b\r\n" + BODY + b"\r\n0\r\nX-Trailer: 1\r\n\r\n", b"b\r\n" + BODY + b"\r\n0\r\nX: 1\r\nY: 2\r\nX_Z: 3\r\n\r\n",
    b"b\r\n" + BODY + b"\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n",
    b"b;0\r\n" + BODY + b"\r\n00\r\n\r\n",
]

BROKEN_CHUNKS = [  # each may begin well
    b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n", b"5\t\r\nhello\r\n0\r\n\r\n", b"5 ;a\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n",
    b"5\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n", b"5\r\nhello!\r\n0\r\n\r\n", b"5\r\nhell\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\n",
    b"5\r\nhello\r\n0\n\r\n", b"5\r\nhello\r\n\r\n0\r\n\r\n", b"\r\n5\r\nhello\r\n0\r\n\r\n", b";a\r\nhello\r\n0\r\n\r\n",
    b"5g\r\nhello\r\n0\r\n\r\n", b"g\r\n", b"5,5\r\nhello\r\n0\r\n\r\n", b"00000000000000005\r\nhello\r\n0\r\n\r\n",
    b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"8000000000000005\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\nhello\r\n",
    b"5;" + b"x" * 256 + b"\r\nhello\r\n0\r\n\r\n", b"5;a\nhello\r\n0\r\n\r\n", b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    b"5;\x00\r\nhello\r\n0\r\n\r\n", b"5;\xff\r\nhello\r\n0\r\n\r\n", b"5;a\r\r\nhello\r\n0\r\n\r\n",
    b"5\x00\r\nhello\r\n0\r\n\r\n", b"\xef\xbc\x95\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX\r\n\r\n",
    b"5\r\nhello\r\n0\r\n: y\r\n\r\n", b"5\r\nhello\r\n0\r\nX : y\r\n\r\n", b"5\r\nhello\r\n0\r\n X: y\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\n\r\n", b"5\r\nhello\r\n0\r\nX: y\rZ: a\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX: \x00\r\n\r\n", b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\nHost: other\r\n\r\n",
    b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 33 + b"\r\n", b"5\r\nhello\r\n0\r\nX: " + b"y" * 8200 + b"\r\n\r\n",
    b"1;" + b"a" * 200 + b"\r\nx\r\n" + (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 100 + b"0\r\n\r\n",
]

WRONG_EXPECTATIONS = [
    b"Expect: cake", b"Expect: 100-continue, cake", b"Expect: 100-continue, 100-continue", b"Expect: 100-continue;x=1",
    b"Expect: y 100-continue", b"Expect: 200-ok", b"Expect: 100-continue\r\nExpect: 100-continue", b'Expect: "100-continue"',
    b"Expect: 100-continue\r\nexpect: cake", b"Expect: 100 continue", b"Expect: 100-continu\xc3\xa9",
]

HARMLESS_FIELDS = [
    b"X_Forwarded_For: 6.6.6.6", b"X-Forwarded_For: 6.6.6.6", b"x_real_ip: 6.6.6.6", b"Keep_Alive: 5", b"Proxy_Connection: x",
    b"api_key: 1", b"_: 1", b"Host_: other", b"X_Content_Length: 5", b"X-Transfer-Encoding: chunked", b"Transfer-Encodings: x",
    b"Content-Lengths: 5", b"Connection: X-Own\r\nX-Own: 1", b"Connection: Content-Length, Host, Transfer-Encoding",
    b"Keep-Alive: timeout=5", b"TE: trailers", b"Trailer: X", b"Proxy-Connection: close", b"Expect: 100-continue",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__", b"Upgrade: foo",
]

LINES = [  # in place of a request: no reader may find one in it
    b"GET %s/attack HTTP/1.1\nHost: %h\n\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\n\r\n",
    b"GET %s/attack HTTP/1.1\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/1.1\rHost: %h\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX: a\rb\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX: a\nb: c\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h\r\n\rX: a\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\r\n\nX: a\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX: \x00\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX: \x7f\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\r\n: x\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX Y: z\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nX: a\r\n b\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\n Host: %h\r\n\r\n", b"GET %s/attack HTTP/1.1\r\n\tX: y\r\nHost: %h\r\n\r\n",
    b"GET  %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET\t%s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"GET %s/attack\tHTTP/1.1\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/1.1 \r\nHost: %h\r\n\r\n",
    b"GET %s/a b HTTP/1.1\r\nHost: %h\r\n\r\n", b" GET %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"GET %s/attack\r\n\r\n", b"GET %s/attack\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/0.9\r\nHost: %h\r\n\r\n",
    b"GET %s/attack HTTP/1.2\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/2.0\r\nHost: %h\r\n\r\n",
    b"GET %s/attack http/1.1\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/1.10\r\nHost: %h\r\n\r\n",
    b"GET %s/attack HTTP/1,1\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/+1.1\r\nHost: %h\r\n\r\n",
    b"Get %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n", b"FLY %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"GE(T %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET\x00 %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"CONNECT %h:80 HTTP/1.1\r\nHost: %h\r\n\r\n", b"TRACE %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET * HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET %h:80 HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"GET %s/a#b HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET %s/\xc3\xa9 HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"GET http://other.test%s/attack HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET ftp://%h%s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
    b"GET http://u@%h%s/attack HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET http://%h HTTP/1.1\r\nHost: other.test\r\n\r\n",
    b"GET http://%h?x HTTP/1.1\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/1.1\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nHost: %h\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h\r\nhost: other.test\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost:\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h, other.test\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: u@%h\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h/x\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h?x\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost: %h:\r\n\r\n",
    b"GET %s/attack HTTP/1.1\r\nHost: %h:x\r\n\r\n", b"GET %s/attack HTTP/1.1\r\nHost : %h\r\n\r\n",
    b"POST %s/attack HTTP/1.0\r\nHost: %h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"\r\n\r\nGET %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n", b"\nGET %s/attack HTTP/1.1\r\nHost: %h\r\n\r\n",
]


def conflicts() -> Iterator[Tuple[str, Maker]]:
    """CL.TE and TE.CL."""
    for method in ("POST", "PUT", "GET", "DELETE"):
        for encoding in (CHUNKED, b"transfer-encoding:chunked", b"Transfer-Encoding: \tChunked "):
            for length in (0, 4, 6, 40, 9999):
                both = [b"Content-Length: %d" % length, encoding]
                for order in (both, both[::-1]):
                    yield (f"conflict {method} {order}", refused(
                        method, order, lambda tag, host: b"0\r\n\r\n" + smuggled(tag, host)))


def encodings() -> Iterator[Tuple[str, Maker]]:
    """TE.TE: spellings that one reader takes for chunked, and another does not."""
    for method in ("POST", "GET"):
        for line in WRONG_ENCODINGS:
            for lines in ([line], [b"Content-Length: 5", line], [line, b"Content-Length: 5"], [CHUNKED, line], [line, CHUNKED]):
                yield (f"encoding {method} {lines}", refused(
                    method, lines, lambda tag, host: b"0\r\n\r\n" + smuggled(tag, host)))


def lengths() -> Iterator[Tuple[str, Maker]]:
    for method in ("POST", "GET", "PUT"):
        for line in WRONG_LENGTHS:
            for tail in (BODY, b""):
                yield (f"length {method} {line} {len(tail)}", refused(
                    method, [line], lambda tag, host, tail=tail: tail + smuggled(tag, host)))
        for line in GOOD_LENGTHS:
            yield f"length {method} {line}", passed(method, [line], BODY, BODY)


def chunk_lines() -> Iterator[Tuple[str, Maker]]:
    for method in ("POST", "PUT", "DELETE"):
        for wire in GOOD_CHUNKS:
            yield f"chunks {method} {wire[:60]}", passed(method, [CHUNKED], wire, BODY)
        for wire in BROKEN_CHUNKS:
            for begin in (b"", b"3\r\nabc\r\n"):
                yield (f"broken chunks {method} {begin + wire[:60]}", refused(
                    method, [CHUNKED], lambda tag, host, wire=begin + wire: wire + smuggled(tag, host)))


def bodies() -> Iterator[Tuple[str, Maker]]:
    """CL.0 and 0.CL: a body that is a request, with methods whose body an origin might not expect."""
    def maker(method: str, chunked: bool, count: int) -> Maker:
        def make(tag: str, host: str) -> Made:
            body = smuggled(tag, host) * count
            line = CHUNKED if chunked else b"Content-Length: %d" % len(body)
            return (head(method, tag + "/attack", host, line) + (chunks(body, 7) if chunked else body),
                    [Request(method, tag + "/attack", body)], False)
        return make
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for chunked in (False, True):
            for count in (1, 2, 20):
                yield f"body {method} {chunked} {count}", maker(method, chunked, count)


def expectations() -> Iterator[Tuple[str, Maker]]:
    for line in WRONG_EXPECTATIONS:
        for more in ([b"Content-Length: 11"], [CHUNKED], []):
            yield (f"expectation {line} {more}", refused(
                "POST", [line] + more, lambda tag, host: BODY + smuggled(tag, host)))
    for spelling in (b"Expect: 100-continue", b"expect:100-Continue"):
        yield f"expectation {spelling}", passed("POST", [spelling, b"Content-Length: 11"], BODY, BODY)
        yield f"expectation {spelling} chunked", passed("POST", [spelling, CHUNKED], chunks(BODY), BODY)
        yield f"expectation {spelling} length 0", passed("POST", [spelling, b"Content-Length: 0"], b"", b"")


def fields() -> Iterator[Tuple[str, Maker]]:
    for method in ("GET", "POST"):
        for line in HARMLESS_FIELDS:
            yield f"field {method} {line}", passed(method, [line, b"Content-Length: 0"], b"", b"")
            yield f"field {method} {line} with a body", passed("PUT", [line, b"Content-Length: 11"], BODY, BODY)


def lines() -> Iterator[Tuple[str, Maker]]:
    for line in LINES:
        yield f"line {line}", raw(lambda tag, host, line=line: line.replace(b"%s", tag.encode()).replace(
            b"%h", host.encode()) + smuggled(tag, host))


def absolute() -> Iterator[Tuple[str, Maker]]:
    """The target in absolute-form goes on in origin-form."""
    for form in ("http://%s", "HTTP://%s", "https://%s", "http://%s:80", "https://%s:443"):
        def make(tag: str, host: str, form: str = form) -> Made:
            text = f"POST {form % host}{tag}/attack HTTP/1.1\r\nHost: {host}\r\nContent-Length: 11\r\n\r\n"
            return text.encode() + BODY, [Request("POST", tag + "/attack", BODY)], False
        yield f"absolute {form}", make


def good(tag: str, host: str, chance: random.Random, number: int) -> Tuple[bytes, Request]:
    target = f"{tag}/good{number}"
    body = bytes(chance.randrange(256) for _ in range(chance.choice((1, 10, 300))))
    kind = chance.randrange(4)
    if kind == 0:
        return head("GET", target, host), Request("GET", target)
    if kind == 1:
        return head("POST", target, host, b"Content-Length: %d" % len(body)) + body, Request("POST", target, body)
    if kind == 2:
        return (head("PUT", target, host, CHUNKED) + chunks(body, chance.choice((1, 7, 100))),
                Request("PUT", target, body))
    return b"\r\n" + head("DELETE", target, host), Request("DELETE", target)


def pipelines() -> Iterator[Tuple[str, Maker]]:
    for seed in range(300):
        def make(tag: str, host: str, seed: int = seed) -> Made:
            chance = random.Random(seed)
            made = [good(tag, host, chance, number) for number in range(chance.randrange(2, 9))]
            return b"".join(wire for wire, _ in made), [request for _, request in made], False
        yield f"pipeline {seed}", make


FAMILIES = (conflicts, encodings, lengths, chunk_lines, bodies, expectations, fields, lines, absolute, pipelines)


def places(name: str, make: Maker) -> Iterator[Tuple[str, Maker]]:
    """On the first request of a connection, on the second, and behind a body."""
    def behind(first: Callable[[str, str], Tuple[bytes, Request]]) -> Maker:
        def made(tag: str, host: str) -> Made:
            wire, passes, is_refused = make(tag, host)
            before, request = first(tag, host)
            return before + wire, [request] + passes, is_refused
        return made
    yield name + " first", make
    yield name + " second", behind(lambda tag, host: (head("GET", tag + "/before", host), Request("GET", tag + "/before")))
    yield name + " behind a body", behind(lambda tag, host: (
        head("POST", tag + "/before", host, CHUNKED) + chunks(BODY, 4), Request("POST", tag + "/before", BODY)))


def cases() -> List[Tuple[str, Maker]]:
    return [placed for family in FAMILIES for name, make in family() for placed in places(name, make)]


def build(name: str, make: Maker, tag: str, host: str) -> Case:
    """What is not refused is followed by a request that closes the connection, so that no case has to wait."""
    wire, passes, is_refused = make(tag, host)
    if not is_refused:
        wire += head("GET", tag + "/last", host, b"Connection: close")
        passes = passes + [Request("GET", tag + "/last")]
    return Case(name, wire, passes, is_refused)
