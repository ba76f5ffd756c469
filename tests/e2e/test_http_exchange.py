"""One plain request and its answer, byte by byte at both ends: streams, cuts, early answers, events, and whoever leaves."""

import socket
import threading

import certificates
import origin
import wire
from harness import WeirTest, domain, wait_until

EVENTS = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")


def request(method: str, path: str = "/", host: str = "a.test", *fields: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]).encode() + b"\r\n\r\n"


def http_domain(name: str, port: int, tls: bool = False, **http) -> dict:
    settings = {"protocol": "https", "ports": {"https": port}, "tls": {"verify": False}} if tls else None
    return domain(name, port, http={"enabled": True, **http}, origin=settings)


def chunk(octets: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(octets), octets)


class ExchangeTest(WeirTest):
    parallel = 4

    def start(self, script, tls=None, receive_buffer=0, **http):
        self.origin = self.use(origin.RawOrigin(script, tls=tls, receive_buffer=receive_buffer))
        return self.run_one([http_domain("a.test", self.origin.port, tls=tls is not None, **http)])

    def client(self, weir, **options):
        return self.use(wire.connect(weir.port, **options))

    # -- framing and cuts (E3) ---------------------------------------------------------------------

    def test_E3_an_origin_that_is_cut_at_any_byte_is_a_502_or_a_cut(self):
        head = b"HTTP/1.1 200 OK\r\nX-A: b\r\n"
        answers = {"length": head + b"Content-Length: 5\r\n\r\nhello",
                   "chunks": head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"}
        waiting = {}

        def script(connection):
            asked = connection.read_head()
            _, kind, cut = asked.start.split(" ")[1].split("/")
            connection.send(answers[kind][:int(cut)])
            # Behind what is unread this would be a reset.
            connection.sock.shutdown(socket.SHUT_WR)

        weir = self.start(script)
        for kind, answer in answers.items():
            for cut in range(1, len(answer)):
                client = self.client(weir)
                client.send(request("GET", f"/{kind}/{cut}"))
                waiting[kind, cut] = client
        for (kind, cut), client in waiting.items():
            got = client.read_head()
            if cut < answers[kind].index(b"\r\n\r\n") + 4:
                self.assertEqual(got.status, 502, (kind, cut))
                continue
            self.assertEqual(got.status, 200, (kind, cut))
            rest = client.read_rest()
            whole = b"hello" if kind == "length" else b"0\r\n\r\n"
            self.assertFalse(rest.endswith(whole), (kind, cut, rest))
            client.close()

    def test_E3_an_origin_of_http_1_0_ends_its_body_with_the_connection_and_the_client_hears_chunks(self):
        weir = self.start(origin.answer(b"HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nhello", end=True))
        client = self.client(weir)
        for _ in range(2):
            client.send(request("GET"))
            head = client.read_head()
            self.assertEqual(head.get("Transfer-Encoding"), "chunked")
            self.assertEqual(client.read_body(head), b"hello")
        self.assertEqual(self.origin.accepted, 2)

    def test_E3_tls_that_ends_without_its_word_is_a_cut(self):
        def script(connection):
            path = connection.read_head().start.split(" ")[1]
            connection.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
            if path == "/word":
                connection.sock = connection.sock.unwrap()
            connection.sock.shutdown(socket.SHUT_RDWR)

        weir = self.start(script, tls=certificates.leaf("a.test").server_context())
        for path, whole in [("/word", True), ("/none", False)]:
            client = self.client(weir)
            client.send(request("GET", path))
            head = client.read_head()
            self.assertEqual(head.status, 200)
            if whole:
                self.assertEqual(client.read_body(head), b"hello")
            else:
                self.assertFalse(client.read_rest().endswith(b"0\r\n\r\n"))

    # -- interim answers (E4) ----------------------------------------------------------------------

    def test_E4_early_hints_reach_the_client_ahead_of_the_answer(self):
        go_on = threading.Event()

        def script(connection):
            connection.read_head()
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            go_on.wait(wire.TIMEOUT)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        weir = self.start(script)
        client = self.client(weir)
        client.send(request("GET"))
        early = client.read_head()
        self.assertEqual((early.status, early.get("Link")), (103, "</a>"))
        go_on.set()
        head = client.read_head()
        self.assertEqual((head.status, client.read_body(head)), (200, b"ok"))

    # -- early answers (E5, E6) --------------------------------------------------------------------

    def test_E6_a_413_of_an_origin_that_closes_is_seen_by_a_client_that_still_uploads(self):
        def script(connection):
            connection.read_head()
            connection.read_exact(1_000_000)
            connection.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch")
            connection.close()

        weir = self.start(script)
        for _ in range(10):
            client = self.client(weir)
            client.send(request("PUT", "/", "a.test", "Content-Length: 1000000000"))
            try:
                for _ in range(400):
                    client.send(bytes(100_000))
            except OSError:
                pass  # what it has not taken is not wanted
            head = client.read_head()
            self.assertEqual((head.status, client.read_body(head)), (413, b"much"))

    def test_E5_an_early_answer_goes_on_while_the_body_does(self):
        def script(connection):
            connection.read_head()
            connection.send(EVENTS)
            for _ in range(3):
                connection.send(chunk(connection.read_exact(4)))
            connection.send(b"0\r\n\r\n")

        weir = self.start(script)
        client = self.client(weir)
        client.send(request("POST", "/", "a.test", "Content-Length: 12"))
        self.assertEqual(client.read_head().status, 200)
        for part in (b"abcd", b"efgh", b"ijkl"):
            client.send(part)
            self.assertEqual(client.read_line(), b"4")
            self.assertEqual(client.read_exact(6), part + b"\r\n")

    # -- back-pressure (E1) ------------------------------------------------------------------------

    def test_E1_both_directions_stand_still_and_memory_stays(self):
        resume = threading.Event()
        self.addCleanup(resume.set)
        poured = []

        def script(connection):
            connection.read_head()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            poured.append(pour(connection))
            resume.wait(wire.TIMEOUT)

        weir = self.start(script, receive_buffer=16384)
        self.client(weir).close()
        before = weir.rss()
        client = self.client(weir, receive_buffer=16384)
        client.send(request("PUT", "/", "a.test", "Content-Length: 1073741824"))
        sent = pour(client)
        wait_until(lambda: bool(poured), "the origin to be stopped")
        self.assertLess(sent, 32 << 20)
        self.assertLess(poured[0], 32 << 20)
        self.assert_memory(weir, before, 1 << 20)

    def test_E1_what_is_stopped_for_a_while_comes_whole(self):
        size = 24 << 20
        block = bytes(range(256)) * 256

        def script(connection):
            connection.read_head()
            received = 0
            while received < size:
                received += len(connection.read_exact(min(1 << 20, size - received)))
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(size // len(block)):
                connection.send(chunk(block))
            connection.send(b"0\r\n\r\n")

        weir = self.start(script, receive_buffer=16384)
        client = self.client(weir, receive_buffer=16384)
        client.send(request("PUT", "/", "a.test", "Transfer-Encoding: chunked"))
        for _ in range(size // len(block)):
            client.send(chunk(block))
        client.send(b"0\r\n\r\n")
        body = client.read_body(client.read_head())
        self.assertEqual(len(body), size)
        self.assertEqual(body, block * (size // len(block)))

    # -- events, and whoever leaves (E8) -----------------------------------------------------------

    def test_SSE_each_event_goes_out_as_it_comes(self):
        def script(connection):
            connection.read_head()
            connection.send(EVENTS)
            while True:
                connection.send(chunk(b"data: " + self.events.pop()))

        self.events = Mailbox()
        weir = self.start(script)
        client = self.client(weir)
        client.send(request("GET"))
        self.assertEqual(client.read_head().get("Content-Type"), "text/event-stream")
        for number in range(50):
            self.events.put(b"%03d\n\n" % number)
            self.assertEqual(client.read_line(), b"b")
            self.assertEqual(client.read_exact(13), b"data: %03d\n\n\r\n" % number)

    def test_E8_closed_tabs_reach_the_origin(self):
        def script(connection):
            head = connection.read_head()
            if head.start.startswith("GET /events"):
                connection.send(EVENTS)
            connection.read_rest()

        weir = self.start(script)
        clients = []
        for number in range(60):
            client = self.client(weir)
            client.send(request("GET", "/events" if number % 2 else "/poll"))
            clients.append(client)
        self.origin.wait_for(lambda: self.origin.accepted == 60, "60 requests")
        for client in clients[1::2]:
            client.read_head()
        for number, client in enumerate(clients):
            if number % 3 == 0:
                client.reset()
            else:
                client.close()
        self.origin.wait_for(lambda: all(one.done for one in self.origin.connections), "60 ends")

    def test_E8_a_client_that_is_lost_while_its_body_stands_still_reaches_the_origin(self):
        gone = threading.Event()
        self.addCleanup(gone.set)

        def script(connection):
            connection.read_head()
            gone.wait(wire.TIMEOUT)
            connection.read_rest()

        weir = self.start(script, receive_buffer=16384, send_stall_timeout="1h")
        client = self.client(weir)
        client.send(request("PUT", "/", "a.test", "Content-Length: 1073741824"))
        pour(client)
        # An end would have to wait behind what nobody reads.
        client.reset()
        wait_until(lambda: weir.metric("weir_client_connections_active") == 0, "the client to be gone")
        gone.set()
        self.origin.finished()


class Mailbox:
    """What one thread leaves for another, in order."""

    def __init__(self):
        self.changed = threading.Condition()
        self.items = []

    def put(self, item: bytes) -> None:
        with self.changed:
            self.items.append(item)
            self.changed.notify()

    def pop(self) -> bytes:
        with self.changed:
            self.changed.wait_for(lambda: self.items, wire.TIMEOUT)
            return self.items.pop(0)


def pour(end: wire.Wire, limit: int = 64 << 20) -> int:
    """Sends until nothing more is taken for a while; how much was."""
    end.sock.settimeout(1.5)
    sent = 0
    try:
        while sent < limit:
            sent += end.sock.send(bytes(1 << 16))
    except (TimeoutError, socket.timeout):
        pass
    finally:
        end.sock.settimeout(wire.TIMEOUT)
    return sent
