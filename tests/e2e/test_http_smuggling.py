"""No two readers see different requests (http-exchange.md 3 and 11): what Weir passes on, what it logs and what real origins have
read is the same, request for request, and the next client on the same pool gets its own answer.

A run tries each origin with a part of the cases; WEIR_SMUGGLING=all tries each with all of them."""

import hashlib
import json
import os
import threading
from typing import List, Optional, Tuple

import recorders
import smuggling
import wire
from harness import Weir, WeirTest, domain

CLIENTS = 4
PART = 7  # one case in so many
ALL = os.environ.get("WEIR_SMUGGLING") == "all"


class Answers:
    """Takes the answers of one connection apart, as strictly as a client should."""

    def __init__(self, end: wire.Wire):
        self.end = end

    def body(self, head: wire.Head, method: str) -> bytes:
        if method == "HEAD" or head.status in (204, 304):
            return b""
        if head.get("Transfer-Encoding"):
            return self.chunks()
        length = head.get("Content-Length")
        return self.end.read_exact(int(length)) if length is not None else self.end.read_rest()

    def line(self) -> bytes:
        while b"\r\n" not in self.end.buffer:
            if not self.end.more():
                raise wire.Ended("in the middle of a chunk line")
        line, _, rest = bytes(self.end.buffer).partition(b"\r\n")
        self.end.buffer[:] = rest
        return line

    def chunks(self) -> bytes:
        body = b""
        while True:
            size = int(self.line(), 16)
            body += self.end.read_exact(size)
            if self.line() != b"":
                raise AssertionError("a chunk without its end")
            if size == 0:
                return body

    def next(self, method: str) -> Tuple[wire.Head, bytes]:
        head = self.end.read_head()
        while head.status in (100, 102, 103):
            head = self.end.read_head()
        return head, self.body(head, method)


def record_of(request: smuggling.Request) -> Tuple[str, str, int, str]:
    return request.method, request.target, len(request.body), hashlib.sha256(request.body).hexdigest()


def as_record(line: dict) -> Tuple[str, str, int, str]:
    return line["method"], line["target"], line["length"], line["sha256"]


class Client(threading.Thread):
    """Tries its share of the cases one after the other, and between them asks as an innocent client does."""

    def __init__(self, port: int, host: str, cases: List[smuggling.Case]):
        super().__init__(daemon=True)
        self.port, self.host, self.cases = port, host, cases
        self.faults: List[str] = []
        self.innocent: Optional[wire.Wire] = None
        self.asked = 0

    def run(self) -> None:
        for case in self.cases:
            try:
                self.attack(case)
                self.ask()
            except BaseException as error:  # told by the test, with the case
                self.faults.append(f"{case.name}: {type(error).__name__} {error}")
                self.innocent = None
                if len(self.faults) > 20:
                    return

    def attack(self, case: smuggling.Case) -> None:
        with wire.connect(self.port) as end:
            try:
                end.send(case.wire)
            except OSError:
                pass  # refused before all of it was sent
            answers = Answers(end)
            for request in case.passes:
                head, body = answers.next(request.method)
                if head.status != 200:
                    raise AssertionError(f"{request.method} {request.target}: {head.start} {body[:200]!r}")
                if request.method != "HEAD" and as_record(json.loads(body)) != record_of(request):
                    raise AssertionError(f"{request.target} got the answer {body!r}")
            if case.refused:
                head, body = answers.next("GET")
                if head.status not in (400, 405, 417, 501, 505) or not wire.is_one_line(body):
                    raise AssertionError(f"not refused: {head.start} {body[:200]!r}")
            rest = end.read_rest()
            if rest:
                raise AssertionError(f"more than was asked for: {rest[:200]!r}")

    def ask(self) -> None:
        if self.innocent is None:
            self.innocent = wire.connect(self.port)
        self.asked += 1
        target = f"/innocent{self.ident}-{self.asked}"
        self.innocent.send(smuggling.head("GET", target, self.host))
        head, body = Answers(self.innocent).next("GET")
        if head.status != 200 or json.loads(body)["target"] != target:
            raise AssertionError(f"{target} got {head.start} {body[:200]!r}")
        if (head.get("Connection") or "").lower() == "close":
            self.innocent.close()
            self.innocent = None


class HttpSmugglingTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.origins = {name: cls.keep(kind()) for name, kind in recorders.KINDS.items()}
        return Weir([domain(f"{name}.test", recorder.port, http={"enabled": True})
                     for name, recorder in cls.origins.items()], workers=1)

    def requests_of(self, name: str) -> dict:
        """By the first part of the path: what the origin has read."""
        found: dict = {}
        for line in self.origins[name].records():
            found.setdefault(line["target"].split("/")[1], []).append(as_record(line))
        return found

    def logged_of(self, host: str) -> dict:
        """By the first part of the path: what Weir says an origin has answered."""
        found: dict = {}
        for line in self.weir.access_log():
            if line.get("event") == "exchange" and line.get("domain") == host and line.get("return_code") == 200:
                found.setdefault(line["uri"].split("/")[1], []).append((line["method"], line["uri"]))
        return found

    def try_all(self, name: str, first: int) -> None:
        host = f"{name}.test"
        chosen = list(enumerate(smuggling.cases()))[first::1 if ALL else PART]
        cases = {f"c{number}": smuggling.build(case, make, f"/c{number}", host) for number, (case, make) in chosen}
        everything = list(cases.values())
        clients = [Client(self.weir.port, host, everything[share::CLIENTS]) for share in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        faults = [fault for client in clients for fault in client.faults]
        self.assertEqual(faults, [], "\n".join(faults[:20]))
        read = self.requests_of(name)
        expected = sum(len(case.passes) for case in everything) + sum(client.asked for client in clients)
        self.weir.wait_records(expected, event="exchange", domain=host, return_code=200)
        logged = self.logged_of(host)
        for tag, case in cases.items():
            self.assertEqual(read.get(tag, []), [record_of(request) for request in case.passes], case.name)
            self.assertEqual(logged.get(tag, []), [request[:2] for request in case.passes], case.name)

    def test_node(self):
        self.try_all("node", 0)

    def test_go(self):
        self.try_all("go", 1)

    def test_tomcat(self):
        self.try_all("tomcat", 2)

    def test_gunicorn(self):
        self.try_all("gunicorn", 3)

    def test_nginx(self):
        self.try_all("nginx", 4)

    def test_apache(self):
        self.try_all("apache", 5)
