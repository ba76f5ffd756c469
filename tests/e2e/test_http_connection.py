"""Plain requests on one connection after the other: what follows, what waits, what closes, byte by byte."""

import signal
import subprocess
import tempfile
import threading

import origin
import wire
from hand_clock import HandClock
from harness import Weir, WeirTest, domain, wait_until
from patience import patience


def serve(connection: origin.Connection) -> None:
    """Answers each request with its method, target and the size of its body, until it is told to close."""
    connection.requests = []
    while True:
        head = connection.read_head()
        body = connection.read_body(head)
        connection.requests.append((head, body))
        method, target, _ = head.start.split(" ")
        text = f"{method} {target} {len(body)}".encode()
        shown = b"" if method == "HEAD" else text
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + shown)


def request(line: str, host: str = "a.test", *fields: str, body: bytes = b"") -> bytes:
    lines = [f"{line} HTTP/1.1", f"Host: {host}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http_domain(name: str, port: int, **http) -> dict:
    return domain(name, port, http={"enabled": True, **http})


class ConnectionTest(WeirTest):
    parallel = 4

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(serve))
        return Weir([http_domain("a.test", cls.origin.port),
                     http_domain("small.test", cls.origin.port, max_body="1KiB"),
                     domain("off.test", cls.origin.port)], tls=False)

    def client(self):
        return self.use(wire.connect(self.weir.port))

    def heard(self, client, status: int = 200) -> bytes:
        head = client.read_head()
        self.assertEqual(head.status, status, head.raw)
        return client.read_body(head)

    def test_100_pipelined_requests_are_answered_in_order(self):
        client = self.client()
        client.send(b"".join(request(f"GET /{number}") for number in range(100)))
        for number in range(100):
            self.assertEqual(self.heard(client), f"GET /{number} 0".encode())

    def test_a_post_and_a_get_in_one_segment(self):
        client = self.client()
        client.send(request("POST /post", "a.test", "Content-Length: 5", body=b"12345") + request("GET /get"))
        self.assertEqual(self.heard(client), b"POST /post 5")
        self.assertEqual(self.heard(client), b"GET /get 0")

    def test_a_chunked_body_and_a_request_behind_it_cut_anywhere(self):
        whole = request("POST /post", "a.test", "Transfer-Encoding: chunked",
                        body=b"3;a=b\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n") + request("GET /get")
        for cut in range(1, len(whole), 7):
            client = self.client()
            client.send(whole[:cut])
            client.send(whole[cut:])
            self.assertEqual(self.heard(client), b"POST /post 3")
            self.assertEqual(self.heard(client), b"GET /get 0")

    def test_an_upgrade_and_an_exchange_do_not_share_a_fate(self):
        client = self.client()
        client.send(request("GET /one"))
        self.assertEqual(self.heard(client), b"GET /one 0")
        client.send(wire.upgrade_request("none.test"))
        self.assertEqual(client.read_head().get("Connection"), "close")
        client.read_rest()
        self.assertEqual(client.end, "fin")

    def test_refusals_keep_the_connection_where_the_request_had_no_body(self):
        client = self.client()
        for status, asked in [(404, request("GET /", "none.test")), (200, request("GET /x")),
                              (404, request("GET /", "none.test", "Content-Length: 0")),
                              (200, request("GET /y"))]:
            client.send(asked)
            self.heard(client, status)
        client.send(request("POST /", "none.test", "Content-Length: 1"))
        head = client.read_head()
        self.assertEqual((head.status, head.get("Connection")), (404, "close"))

    def test_without_http_a_plain_request_is_426_and_closes(self):
        head, _, end = wire.exchange(self.weir.port, request("GET /", "off.test"))
        self.assertEqual((head.status, end), (426, "fin"))

    def test_a_head_request_has_no_body_and_the_next_answer_follows(self):
        client = self.client()
        client.send(request("HEAD /head") + request("GET /get"))
        head = client.read_head()
        self.assertEqual(head.get("Content-Length"), str(len("HEAD /head 0")))
        self.assertEqual(self.heard(client), b"GET /get 0")

    def test_options_asterisk_is_answered_here(self):
        client = self.client()
        client.send(request("OPTIONS *"))
        self.assertEqual(self.heard(client), b"")
        self.assertFalse([connection for connection in self.origin.connections if b"OPTIONS" in connection.seen])
        client.send(request("GET *"))
        self.assertEqual(client.read_head().status, 400)

    # -- HTTP/1.0 ----------------------------------------------------------------------------------

    def curl(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["curl", "-sS", "--resolve", f"a.test:{self.weir.port}:127.0.0.1",
                               "--resolve", f"small.test:{self.weir.port}:127.0.0.1", *arguments],
                              capture_output=True, timeout=patience(), check=False)

    def test_curl_speaks_http_1_0(self):
        got = self.curl("-0", "-i", f"http://a.test:{self.weir.port}/old")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertIn(b"\r\nConnection: close\r\n", got.stdout)
        self.assertTrue(got.stdout.endswith(b"GET /old 0"))

    def test_http_1_0_is_kept_when_it_asks(self):
        client = self.client()
        for _ in range(2):
            client.send(b"GET /old HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
            head = client.read_head()
            self.assertEqual(head.get("Connection"), "keep-alive")
            client.read_body(head)
        client.send(b"POST /old HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertEqual(client.read_head().status, 400)

    # -- Expect ------------------------------------------------------------------------------------

    def test_curl_uploads_with_expect(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * 3_000_000)
            file.flush()
            got = self.curl("-v", "-H", "Expect: 100-continue", "-T", file.name,
                            f"http://a.test:{self.weir.port}/up")
            self.assertEqual(got.stdout, b"PUT /up 3000000", got.stderr)
            self.assertIn(b"HTTP/1.1 100 Continue", got.stderr)
            refused = self.curl("-v", "-H", "Expect: 100-continue", "-T", file.name,
                                f"http://small.test:{self.weir.port}/up")
            self.assertIn(b"HTTP/1.1 413 ", refused.stderr)
            self.assertNotIn(b"100 Continue", refused.stderr)

    def test_expectations(self):
        for fields, status in [(("Expect: 100-continue",), 200), (("Expect: 100-CONTINUE",), 200),
                               (("Content-Length: 0", "Expect: 100-continue"), 200),
                               (("Expect: tea",), 417), (("Expect: 100-continue, tea",), 417),
                               (("Expect: 100-continue", "Expect: 100-continue"), (400, 417))]:
            client = self.client()
            client.send(request("GET /", "a.test", *fields))
            head = client.read_head()
            self.assertIn(head.status, status if isinstance(status, tuple) else (status,), fields)
            if head.status != 200:
                self.assertEqual(head.get("Connection"), "close")

    def test_the_origin_never_hears_expect(self):
        client = self.client()
        client.send(request("POST /quiet", "a.test", "Content-Length: 2", "Expect: 100-continue"))
        self.assertEqual(client.read_head().status, 100)
        client.send(b"ok")
        self.assertEqual(self.heard(client), b"POST /quiet 2")
        heads = [head for connection in self.origin.connections
                 for head, _ in getattr(connection, "requests", []) if " /quiet " in head.start]
        self.assertEqual([head.get("Expect") for head in heads], [None])

    # -- answers that come early -------------------------------------------------------------------

    def test_a_413_is_seen_by_a_client_that_still_uploads(self):
        client = self.client()
        client.send(request("POST /", "small.test", "Content-Length: 40000000"))
        for _ in range(400):
            client.send(b"x" * 100_000)
        head = client.read_head()
        self.assertEqual((head.status, head.get("Connection")), (413, "close"))
        client.read_rest()
        self.assertEqual(client.end, "fin")

    def test_a_chunked_body_that_grows_too_large_is_413(self):
        client = self.client()
        client.send(request("POST /", "small.test", "Transfer-Encoding: chunked", body=b"400\r\n" + b"x" * 1024 + b"\r\n"))
        client.send(b"1\r\nx\r\n0\r\n\r\n")
        self.assertEqual(client.read_head().status, 413)


class ClocksTest(WeirTest):
    """Times are passed by hand."""

    def start(self, **http):
        self.origin = self.use(origin.RawOrigin(serve))
        return self.run_one([http_domain("a.test", self.origin.port, **http)], clock=HandClock())

    def asked(self, weir):
        client = self.use(wire.connect(weir.port))
        client.send(request("GET /"))
        client.read_body(client.read_head())
        return client

    def test_slowloris_on_the_second_request_is_408(self):
        weir = self.start()
        client = self.asked(weir)
        weir.pass_time(60)
        client.send(b"GET /slow HTTP/1.1\r\n")
        for number in range(9):
            weir.pass_time(1)
            client.send(b"X-%d: y\r\n" % number)
        weir.pass_time(2.1)  # the first byte may have been read a second late
        head = client.read_head()
        self.assertEqual((head.status, head.get("Connection")), (408, "close"))
        weir.wait_access(return_code=408, cause="request_timeout")

    def test_an_idle_connection_is_closed_in_silence(self):
        weir = self.start()
        client = self.asked(weir)
        weir.pass_time(74)
        client.send(request("GET /again"))
        client.read_body(client.read_head())
        weir.pass_time(76)
        self.assertEqual(client.read_rest(), b"")
        self.assertEqual(client.end, "fin")

    def test_a_body_that_stops_is_408(self):
        weir = self.start()
        client = self.use(wire.connect(weir.port))
        client.send(request("POST /", "a.test", "Content-Length: 9", body=b"abc"))
        self.origin.connection()
        wait_until(lambda: b"abc" in self.origin.connection().seen, "the body at the origin")
        weir.pass_time(31)
        head = client.read_head()
        self.assertEqual(head.status, 408)
        self.assertEqual(client.read_body(head), b"no byte of the request body came within http.body_timeout\n")


class LoadTest(WeirTest):
    """Reloads and a drain while clients ask without a pause."""

    class Asker(threading.Thread):
        """Asks on one connection, and on a new one when it is told that the old one closes."""

        def __init__(self, port: int):
            super().__init__(daemon=True)
            self.port = port
            self.stopping = threading.Event()
            self.answered = 0
            self.errors = []

        def run(self) -> None:
            while not self.stopping.is_set():
                try:
                    client = wire.connect(self.port)
                except OSError as error:
                    if not self.stopping.wait(0.5):
                        self.errors.append(f"connect: {error}")
                    return
                with client:
                    self.ask_on(client)

        def ask_on(self, client: wire.Wire) -> None:
            while not self.stopping.is_set():
                try:
                    client.send(request("GET /load"))
                    head = client.read_head()
                    body = client.read_body(head)
                except (OSError, wire.Ended) as error:
                    self.errors.append(repr(error))
                    return
                if head.status != 200 or body != b"GET /load 0":
                    self.errors.append(head.start)
                self.answered += 1
                if "close" in head.all("Connection"):
                    return

    def start(self, **options):
        self.origin = self.use(origin.RawOrigin(serve))
        weir = self.run_one([http_domain("a.test", self.origin.port)], **options)
        askers = [self.Asker(weir.port) for _ in range(8)]
        for asker in askers:
            asker.start()
        return weir, askers

    def finish(self, askers):
        for asker in askers:
            asker.stopping.set()
        for asker in askers:
            asker.join(patience())
            self.assertEqual(asker.errors, [])
            self.assertGreater(asker.answered, 0)

    def test_reloads_under_load_cost_no_request(self):
        weir, askers = self.start()
        wait_until(lambda: all(asker.answered > 0 for asker in askers), "answers")
        for number in range(20):
            weir.write([http_domain("a.test", self.origin.port, max_body=f"{number + 1}MiB")])
            since = len(weir.lines)
            weir.signal(signal.SIGHUP)
            weir.wait_log(r"reloaded", since=since)
        self.finish(askers)

    def test_a_drain_under_load_answers_what_was_asked_and_closes(self):
        weir, askers = self.start(drain={"timeout": 5})
        wait_until(lambda: all(asker.answered > 10 for asker in askers), "answers")
        weir.signal(signal.SIGTERM)
        for asker in askers:
            asker.stopping.set()
        self.finish(askers)
        self.assertEqual(weir.wait_exit(), 0)

    def test_a_drain_lets_idle_connections_go_and_exits(self):
        weir, askers = self.start(drain={"timeout": 4})
        wait_until(lambda: all(asker.answered > 0 for asker in askers), "answers")
        self.finish(askers)
        idle = [self.use(wire.connect(weir.port)) for _ in range(20)]
        for client in idle:
            client.send(request("GET /"))
            client.read_body(client.read_head())
        weir.signal(signal.SIGTERM)
        for client in idle:
            self.assertEqual(client.read_rest(), b"")
            self.assertEqual(client.end, "fin")
            client.close()
        self.assertEqual(weir.wait_exit(), 0)


class PlacesTest(WeirTest):
    def test_an_idle_connection_never_costs_a_newcomer_its_place(self):
        served = self.use(origin.RawOrigin(serve))
        weir = self.run_one([http_domain("a.test", served.port)], workers=1,
                            limits={"max_connections": 10})
        clients = []
        for _ in range(40):
            client = self.use(wire.connect(weir.port))
            client.send(request("GET /"))
            head = client.read_head()
            self.assertEqual(head.status, 200)
            client.read_body(head)
            clients.append(client)
        self.assertEqual(clients[0].read_rest(), b"")
        self.assertEqual(clients[0].end, "fin")
        self.assertEqual(weir.metric("weir_client_connections_rejected_total", reason="overload"), 0)
