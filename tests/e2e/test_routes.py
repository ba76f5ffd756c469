"""Paths of one domain that go to different pools, and what is answered without any: redirects, fixed answers, hsts."""

import signal
import subprocess

import certificates
import origin
import wire
from harness import Weir, WeirTest, domain, wait_until
from patience import patience


def named(name: str):
    """An origin that answers each request with its own name and the target that it was asked for."""

    def serve(connection: origin.Connection) -> None:
        connection.targets = []
        while True:
            head = connection.read_head()
            connection.read_body(head)
            method, target, _ = head.start.split(" ")
            connection.targets.append(target)
            text = f"{name} {method} {target}".encode()
            shown = b"" if method == "HEAD" else text
            connection.send(b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\n"
                            b"Content-Length: %d\r\n\r\n" % len(text) + shown)

    return serve


def request(line: str, host: str = "a.test", *fields: str, body: bytes = b"") -> bytes:
    lines = [f"{line} HTTP/1.1", f"Host: {host}", "Connection: close", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def server(port: int) -> dict:
    return {"servers": [{"address": f"127.0.0.1:{port}"}], "protocol": "http"}


# Each is read as another route's path by a server of one kind or another.
AMBIGUOUS = ["/socket.io/..%2fapi", "/socket.io/..%2Fapi", "/socket.io/%2e%2e/api", "/socket.io/.%2e/api",
             "/socket.io/../api", "/socket.io/..;/api", "/socket.io/..;x=1/api", "/socket.io/..\\api",
             "/socket.io/..%5capi", "/socket.io/..%252fapi", "/socket.io/%252e%252e/api", "/%73ocket.io/",
             "/%2573ocket.io/", "//socket.io/", "/./socket.io/", "/x/../socket.io/", "/x/%2e%2e/socket.io/",
             "/socket.io%2f", "/socket.io;/x", "/socket.io\\x", "/socket%2eio/", "/;/socket.io/", "/%2fsocket.io/",
             "/%5csocket.io/", "/ap%69", "/api;v=1", "/api%2fx", "/api\\x", "/api/..", "/api/../x", "/api/%2e%2e/x",
             "/x%00", "/api%00", "/socket.io/%00", "/x%2500"]
UNAMBIGUOUS = ["/", "/a//b", "/webroot;jsessionid=1/decision", "/a/../b", "/apis", "/API", "/a%2fb?x=/api/",
               "/socket.io", "/%C3%A9", "/%", "/a;b=/api"]


class RoutesTest(WeirTest):
    parallel = 4

    @classmethod
    def configure(cls):
        cls.page, cls.chat, cls.api = (cls.keep(origin.RawOrigin(named(name))) for name in ("page", "chat", "api"))
        cls.own = certificates.leaf("a.test")
        routes = [
            {"path": "/socket.io/", "origin": server(cls.chat.port), "websocket": {"enabled": False}},
            {"path": "/api", "origin": server(cls.api.port)},
            {"path": "/old/", "redirect": {"to": "/new/"}},
            {"path": "/up", "respond": {"body": "ok\n"}},
        ]
        return Weir([domain("a.test", origin=server(cls.page.port), http={"enabled": True}, routes=routes,
                            tls=cls.own.yaml),
                     domain("only.test", origin={"health": "off"}, http={"enabled": True},
                            routes=[{"path": "/api", "origin": server(cls.api.port)}]),
                     domain("secure.test", cls.page.port, tls=certificates.leaf("secure.test").yaml,
                            http={"enabled": True, "redirect_https": {},
                                  "hsts": {"max_age": "365d", "include_subdomains": True}})], tls=True)

    def ask(self, asked: bytes, **options):
        return wire.exchange(self.weir.port, asked, **options)

    def test_q1_q2_three_pools_with_one_server_each(self):
        for target, answer in [("/", "page"), ("/socket.io", "page"), ("/socket.io/", "chat"),
                               ("/socket.io/?EIO=4&t=a%20b", "chat"), ("/api", "api"), ("/api/v1?x", "api"),
                               ("/apis", "page"), ("/Api", "page")]:
            with self.subTest(target):
                head, body, _ = self.ask(request(f"GET {target}"))
                self.assertEqual((head.status, body), (200, f"{answer} GET {target}".encode()))

    def test_q1_without_an_origin_of_its_own_a_domain_is_404_elsewhere(self):
        self.assertEqual(self.ask(request("GET /api/x", "only.test"))[0].status, 200)
        self.assertEqual(self.ask(request("GET /", "only.test"))[0].status, 404)

    def test_q3_no_ambiguous_path_reaches_another_pool(self):
        for target in AMBIGUOUS:
            with self.subTest(target):
                head, body, _ = self.ask(request(f"GET {target}"))
                self.assertEqual((head.status, body), (400, b"this path can be read in more than one way\n"))
        for target in UNAMBIGUOUS:
            with self.subTest(target):
                head, body, _ = self.ask(request(f"GET {target}"))
                self.assertEqual((head.status, body), (200, f"page GET {target}".encode()))

    def test_q5_redirect_and_respond_ask_no_origin(self):
        head, _, _ = self.ask(request("GET /old/x?y=z"))
        self.assertEqual((head.status, head.get("Location")), (308, "/new/x?y=z"))
        head, _, _ = self.ask(request("GET /old//evil.test"))
        self.assertEqual(head.get("Location"), "/new/evil.test")
        head, body, _ = self.ask(request("GET /up"))
        self.assertEqual((head.status, body), (200, b"ok\n"))
        head, body, _ = self.ask(request("HEAD /up"))
        self.assertEqual((head.status, head.get("Content-Length"), body), (200, "3", b""))
        head, _, _ = self.ask(request("POST /up", "a.test", "Content-Length: 0"))
        self.assertEqual((head.status, head.get("Allow")), (405, "GET, HEAD"))

    def test_f9_a_route_without_websocket_says_so_at_once(self):
        for path, status in [("/socket.io/?transport=websocket", 403), ("/old/", 403)]:
            with self.subTest(path):
                head, _, _ = self.ask(wire.upgrade_request("a.test", path))
                self.assertEqual(head.status, status)

    def test_q4_redirect_https_keeps_the_path_as_it_is(self):
        head, _, _ = self.ask(request("GET //evil.test/%2e?a=b", "secure.test"))
        self.assertEqual((head.status, head.get("Location")), (308, "https://secure.test//evil.test/%2e?a=b"))
        self.assertIsNone(head.get("Strict-Transport-Security"))
        head, _, _ = self.ask(request("GET /.well-known/acme-challenge/x", "secure.test"))
        self.assertEqual(head.status, 200)

    def test_q5_hsts_is_ours_over_tls_alone(self):
        tls = certificates.client_context()
        for asked in (request("GET /", "secure.test"), request("TRACE /", "secure.test")):
            head, _, _ = wire.exchange(self.weir.tls_port, asked, tls=tls, sni="secure.test")
            if head.status == 405:
                continue
            self.assertEqual(head.all("Strict-Transport-Security"), ["max-age=31536000; includeSubDomains"])
        head, _, _ = wire.exchange(self.weir.tls_port, request("GET /", "a.test"), tls=tls, sni="a.test")
        self.assertEqual(head.all("Strict-Transport-Security"), ["max-age=1"])


class RedirectTest(WeirTest):
    def test_q4_curl_follows_to_https_and_a_post_stays_one(self):
        page = self.use(origin.RawOrigin(named("page")))
        leaf = certificates.leaf("secure.test")
        # The redirect names the port of the listener, which is known once it has been opened.
        weir = self.run_one([domain("secure.test", page.port, http={"enabled": True}, tls=leaf.yaml)], tls=True)
        weir.write([domain("secure.test", page.port, tls=leaf.yaml,
                           http={"enabled": True, "redirect_https": {"port": weir.tls_port}})])
        self.reload(weir)
        done = subprocess.run(
            ["curl", "-sS", "-L", "-d", "body", "--cacert", str(certificates.authority().certificate),
             "--resolve", f"secure.test:{weir.port}:127.0.0.1", "--resolve", f"secure.test:{weir.tls_port}:127.0.0.1",
             f"http://secure.test:{weir.port}/form?x=y"],
            capture_output=True, timeout=patience(30), check=False)
        self.assertEqual(done.stdout, b"page POST /form?x=y", done.stderr)

    def reload(self, weir: Weir) -> None:
        before = weir.metric("weir_config_reloads_total", result="success")
        weir.signal(signal.SIGHUP)
        wait_until(lambda: weir.metric("weir_config_reloads_total", result="success") > before, weir.tail)
