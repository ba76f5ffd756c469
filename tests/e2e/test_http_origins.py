"""Origins of plain requests as they are installed: Tomcat, Node, Go, gunicorn, nginx, Apache, and one of HTTP/1.0."""

import http.server
import os
import threading

import certificates
import frames
import http_origins
import peers
import plain
import wire
from harness import Weir, WeirTest

LARGE = os.urandom(3 * 1024 * 1024)
PAGES = {"node": http_origins.node_pages, "go": http_origins.go_pages, "gunicorn": http_origins.Gunicorn}
FILES = {"nginx": http_origins.Nginx, "apache": http_origins.Apache}


def port_of(server) -> int:
    return getattr(server, "http", None) or server.port


def pieces(body: bytes, size: int = 70_000):
    for at in range(0, len(body), size):
        yield body[at:at + size]


class OriginsTest(WeirTest):
    """All of them behind one Weir, each by its own name."""

    parallel = 4

    @classmethod
    def configure(cls) -> Weir:
        cls.servers = {name: cls.keep(make()) for name, make in {**PAGES, **FILES}.items()}
        return Weir([plain.http_domain(f"{name}.test", port_of(server)) for name, server in cls.servers.items()])

    def on(self, name: str) -> plain.Connection:
        return self.use(plain.Connection(self.weir.port, f"{name}.test"))

    def each(self, *kinds):
        for name in [name for kind in kinds for name in kind]:
            with self.subTest(name):
                yield name, self.on(name)

    def test_many_requests_on_one_connection_of_the_client(self):
        for name, client in self.each(PAGES, FILES):
            for _ in range(20):
                answer = client.ask("GET", "/hello")
                self.assertEqual((answer.status, answer.body), (200, f"hello from {name}\n".encode()))

    def test_head_and_what_is_not_there(self):
        for name, client in self.each(PAGES, FILES):
            head = client.ask("HEAD", "/hello")
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertIn(head.get("Content-Length"), (None, str(len(f"hello from {name}\n"))))
            self.assertEqual(client.ask("GET", "/nowhere").status, 404)
            self.assertEqual(client.ask("GET", "/hello").body, f"hello from {name}\n".encode())

    def test_bodies_by_length_and_in_chunks_arrive_whole(self):
        for _, client in self.each(PAGES):
            for method in ("POST", "PUT"):
                self.assertEqual(client.ask(method, "/sum", LARGE).body.decode(), plain.sum_of(LARGE))
                self.assertEqual(client.ask(method, "/sum", pieces(LARGE), chunked=True).body.decode(), plain.sum_of(LARGE))
            self.assertEqual(client.ask("POST", "/sum", b"").body.decode(), plain.sum_of(b""))

    def test_an_answer_in_chunks(self):
        for _, client in self.each(PAGES):
            answer = client.ask("GET", "/chunks")
            self.assertEqual((answer.body, answer.get("Transfer-Encoding")), (b"0 1 2 3 4 ", "chunked"))
            self.assertEqual(client.ask("GET", "/hello").status, 200)

    def test_an_early_413_reaches_the_client_that_still_sends(self):
        for name, _ in self.each(PAGES, FILES):
            path = {"nginx": "/take", "apache": "/hello"}.get(name, "/small")
            with wire.connect(self.weir.port) as client:
                client.send(f"POST {path} HTTP/1.1\r\nHost: {name}.test\r\nContent-Length: 1000000000\r\n\r\n".encode())
                sender = threading.Thread(target=self.send_until_it_ends, args=(client,), daemon=True)
                sender.start()
                self.assertEqual(client.read_head().status, 413)
                client.close()
                sender.join()

    @staticmethod
    def send_until_it_ends(client: wire.Wire) -> None:
        try:
            for _ in range(1000):
                client.send(b"x" * 1_000_000)
        except OSError:
            pass

    def test_ranges_conditions_and_a_large_file(self):
        for name, client in self.each(FILES):
            file = self.servers[name].large()
            whole = client.ask("GET", "/large")
            self.assertEqual(whole.body, file)
            part = client.ask("GET", "/large", Range="bytes=1000-1999")
            self.assertEqual((part.status, part.body), (206, file[1000:2000]))
            self.assertEqual(part.get("Content-Range"), f"bytes 1000-1999/{len(file)}")
            same = client.ask("GET", "/large", If_None_Match=whole.get("ETag"))
            self.assertEqual((same.status, same.body), (304, b""))
            self.assertEqual(client.ask("GET", "/hello").status, 200)

    def test_the_origin_is_told_who_asks_and_how(self):
        for name, client in self.each(PAGES):
            fields = client.ask("GET", "/fields", X_Forwarded_For="6.6.6.6", X_Own="mine").body.decode().lower()
            for told in ("127.0.0.1", '"http"', f"{name}.test", "mine"):
                self.assertIn(told, fields)
            self.assertNotIn("6.6.6.6", fields)

    def test_pipelined_requests_are_answered_in_order(self):
        for name in (*PAGES, *FILES):
            with self.subTest(name), wire.connect(self.weir.port) as client:
                paths = ["/hello", "/nowhere"] * 10
                client.send("".join(f"GET {path} HTTP/1.1\r\nHost: {name}.test\r\n\r\n" for path in paths).encode())
                got = []
                for _ in paths:
                    head = client.read_head()
                    got.append(head.status)
                    if head.get("Content-Length"):
                        client.read_exact(int(head.get("Content-Length")))
                    else:
                        self.read_chunks(client)
                self.assertEqual(got, [200, 404] * 10)

    @staticmethod
    def read_chunks(client: wire.Wire) -> None:
        while True:
            while b"\r\n" not in client.buffer:
                client.more()
            size = int(client.read_exact(client.buffer.index(b"\r\n") + 2), 16)
            client.read_exact(size + 2)
            if size == 0:
                return


class OldServer(http.server.BaseHTTPRequestHandler):
    """HTTP/1.0: its answers end with the connection."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(LARGE)

    def log_message(self, *_):
        pass


class OldOriginTest(WeirTest):
    def test_an_answer_that_ends_with_the_connection_ends_with_a_last_chunk(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OldServer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        weir = self.run_one([plain.http_domain("old.test", server.server_address[1])])
        with plain.Connection(weir.port, "old.test") as client:
            for _ in range(3):
                answer = client.ask("GET", "/")
                self.assertEqual((answer.body, answer.get("Transfer-Encoding")), (LARGE, "chunked"))


class TomcatTest(WeirTest):
    """Pages and WebSockets of one Tomcat on one port."""

    parallel = 4
    host = "bi.test"

    @classmethod
    def configure(cls) -> Weir:
        cls.tomcat = cls.keep(peers.Tomcat(certificates.leaf("bi.test")))
        return Weir([plain.http_domain(cls.host, cls.tomcat.http)])

    def client(self) -> plain.Connection:
        return self.use(plain.Connection(self.weir.port, self.host))

    def test_a_session_by_cookie_and_by_jsessionid_in_the_path(self):
        client = self.client()
        first = client.ask("GET", "/app/visits")
        node, visits, link = first.body.decode().split()
        self.assertEqual((node, visits), ("one", "1"))
        self.assertIn(";jsessionid=", link)
        self.assertEqual(client.ask("GET", f"/app/{link}").body.decode().split()[1], "2")
        cookie = first.get("Set-Cookie").split(";")[0]
        self.assertEqual(client.ask("GET", "/app/visits", Cookie=cookie).body.decode(), "one 3 visits")

    def test_uploads_by_length_in_chunks_and_as_a_form(self):
        client = self.client()
        self.assertEqual(client.ask("POST", "/app/upload", LARGE).body.decode(), plain.sum_of(LARGE))
        self.assertEqual(client.ask("PUT", "/app/upload", pieces(LARGE), chunked=True).body.decode(), plain.sum_of(LARGE))
        form = b"".join(b"--cut\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"f\"\r\n\r\n%s\r\n" % part
                        for part in ((b"a", LARGE), (b"b", b"small"))) + b"--cut--\r\n"
        answer = client.ask("POST", "/app/upload", form, Content_Type="multipart/form-data; boundary=cut")
        self.assertEqual(answer.body.decode(), f"a {plain.sum_of(LARGE)}\nb {plain.sum_of(b'small')}\n")

    def test_downloads_by_length_and_in_chunks(self):
        client = self.client()
        for query, framing in (("", "Content-Length"), ("&chunked=1", "Transfer-Encoding")):
            answer = client.ask("GET", f"/app/download?size=10000001{query}")
            self.assertEqual(answer.body, bytes(10_000_001))
            self.assertIsNotNone(answer.get(framing))

    def test_basic_and_digest_between_the_client_and_tomcat(self):
        for scheme in ("basic", "digest"):
            with self.subTest(scheme):
                said, body = plain.curl(self.weir.port, self.host, f"/{scheme}/headers", f"--{scheme}",
                                        "--user", "plain:correct-horse")
                self.assertEqual(said, "200")
                self.assertIn(b"authorization:", body.lower())
                wrong, _ = plain.curl(self.weir.port, self.host, f"/{scheme}/headers", f"--{scheme}", "--user", "plain:no")
                self.assertEqual(wrong, "401")

    def test_a_redirect_is_the_clients(self):
        answer = self.client().ask("POST", "/app/login", b"user=a", Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(answer.status, 302)
        self.assertEqual(answer.get("Location"), "http://bi.test/app/facts")

    def test_an_answer_from_another_thread_comes_in_pieces(self):
        with wire.connect(self.weir.port) as client:
            client.send(f"GET /app/async?ms=100 HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
            client.read_head()
            while b"first " not in client.buffer:
                self.assertTrue(client.more())
            self.assertNotIn(b"second", client.buffer, "the first piece waits for nothing")
            self.assertIn(b"second", client.read_rest())

    def test_a_websocket_beside_the_pages_on_the_same_port(self):
        self.assertEqual(self.client().ask("GET", "/app/visits").status, 200)
        with wire.open_session(self.weir.port, self.host, "/echo") as session:
            session.send(frames.from_client(frames.TEXT, b"both"))
            self.assertEqual(session.read_frame().payload, b"both")
            self.assertEqual(self.client().ask("GET", "/app/visits").status, 200)


if __name__ == "__main__":
    import unittest

    unittest.main()
