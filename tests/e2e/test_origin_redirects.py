"""Redirects of origins (edge.md T8, hardening X3) with Tomcat, and the Locations that no sane server sends."""

import base64
import urllib.parse

import certificates
import frames
import origin
import peers
import wire
from harness import Weir, WeirTest, domain

SECRET = base64.b64encode(b"plain:correct-horse").decode()


def entry(name: str, port: int, tls: bool = False, auth: bool = False, **settings) -> dict:
    scheme = "https" if tls else "http"
    https = {"https": settings.pop("https")} if "https" in settings else {}
    server = {"protocol": scheme, "ports": {scheme: port, **https}, "servers": [{"address": "127.0.0.1"}],
              "tls": {"ca": f"file:{certificates.authority().certificate}"}}
    if auth:
        server["auth"] = {"username": "plain", "password": "correct-horse", "allow_basic_plaintext": True}
    return domain(name, origin={**server, **settings})


def to(location: str, path: str = "/redir", code: int = 302) -> str:
    return f"{path}?code={code}&to={urllib.parse.quote(location, safe='')}"


class RedirectTest(WeirTest):
    def echo(self, host: str, path: str, extra: bytes = b"") -> str:
        """Opens a session at the end of all redirects; returns the fields that Tomcat got there."""
        with wire.open_session(self.weir.port, host, path, extra=extra) as client:
            client.send(frames.from_client(frames.TEXT, b"#info"))
            return client.read_frame().payload.decode()

    def passed(self, host: str, path: str, status: int = 302) -> wire.Head:
        """The answer is the client's."""
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host, path))
        self.assertEqual(head.status, status, body)
        return head

    def refused(self, host: str, path: str, words: str) -> None:
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host, path))
        self.assertEqual(head.status, 502, body)
        self.assertIsNone(head.get("Location"))
        self.assertIn(words, body.decode())
        record = self.weir.wait_access(event="refused", domain=host, uri=path.split("?")[0],
                                       error=body.decode().strip())
        self.assertEqual(record["close_cause"], "origin_redirect")


class TomcatTest(RedirectTest):
    parallel = 4

    @classmethod
    def configure(cls) -> Weir:
        cls.tomcat = cls.keep(peers.Tomcat(certificates.leaf("good.test")))
        cls.other = cls.keep(origin.RawOrigin())
        http, https = cls.tomcat.http, cls.tomcat.https
        return Weir([
            entry("good.test", http, https=https),
            entry("off.test", http, max_redirects=0),
            entry("three.test", http, max_redirects=3),
            entry("follow.test", http, https=https, protocol="follow", sni="good.test"),
            entry("secure.test", https, tls=True, sni="good.test"),
            entry("listed.test", http, redirect_hosts=["localhost", "*.listed.example"]),
            entry("auth.test", http, auth=True, redirect_hosts=["localhost"]),
        ], workers=1)

    def test_20_are_followed_and_21_are_not(self):
        self.echo("good.test", "/redir?n=1")
        self.echo("good.test", "/redir?n=20")
        self.refused("good.test", "/redir?n=21", "more than 20 times")

    def test_limit_is_settable(self):
        self.echo("three.test", "/redir?n=3")
        self.refused("three.test", "/redir?n=4", "more than 3 times")

    def test_0_passes_them_to_the_client(self):
        self.assertEqual(self.passed("off.test", "/redir?n=1").get("Location"), "/echo")
        record = self.weir.wait_access(event="refused", domain="off.test")
        self.assertEqual(record["close_cause"], "origin_refused_upgrade")

    def test_codes(self):
        for code in (300, 301, 302, 303, 307, 308):
            with self.subTest(code):
                self.echo("good.test", f"/redir?code={code}")
        for code in (304, 305, 306):
            with self.subTest(code):
                self.passed("good.test", f"/redir?code={code}", code)

    def test_without_location(self):
        for code in (301, 302, 303, 307, 308):
            with self.subTest(code):
                self.refused("good.test", f"/redir?none&code={code}", "without a Location")
        self.passed("good.test", "/redir?none&code=300", 300)

    def test_forms_of_location(self):
        for location in ("/echo", "echo", "./echo", "x/../echo", "//good.test/echo", "http://good.test/echo",
                         "ws://good.test/echo", "HTTP://GOOD.TEST/echo", "/echo#fragment", "?n=2&code=307"):
            with self.subTest(location):
                self.echo("good.test", to(location))

    def test_query_of_the_location_is_asked_for(self):
        with wire.open_session(self.weir.port, "good.test", to("/echo?buffer=100")) as client:
            client.send(frames.from_client(frames.TEXT, b"x" * 101))
            self.assertEqual(client.read_until_frame(frames.CLOSE).code, 1009)

    def test_circles(self):
        self.refused("good.test", "/redir?round", "in circles")
        self.refused("good.test", to("http://good.test/redir?round"), "in circles")

    def test_foreign_host_is_the_clients_business(self):
        for location in (f"http://localhost:{self.other.port}/",
                         "http://elsewhere.test/", "http://good.test.elsewhere.test/", "//elsewhere.test/",
                         f"http://good.test@localhost:{self.other.port}/"):
            with self.subTest(location):
                head, _, _ = wire.exchange(self.weir.port, wire.upgrade_request("good.test", to(location)))
                self.assertIn(head.status, (302, 502))
                if "@" not in location:
                    self.assertEqual((head.status, head.get("Location")), (302, location))
        self.assertEqual(self.other.accepted, 0)

    def test_fy25_an_address_of_the_origin_does_not_reach_the_client(self):
        for location in (f"http://127.0.0.1:{self.other.port}/x?y", f"//127.0.0.1:{self.other.port}/x?y"):
            with self.subTest(location):
                told = self.passed("good.test", to(location)).get("Location")
                self.assertEqual(told.removeprefix("http:"), "//good.test/x?y")
        self.assertEqual(self.passed("off.test", to(f"http://127.0.0.1:{self.tomcat.http}/x")).get("Location"),
                         "http://off.test/x")
        self.assertEqual(self.other.accepted, 0)

    def test_host_of_the_list_is_followed(self):
        fields = self.echo("listed.test", to(f"http://localhost:{self.tomcat.http}/echo"))
        self.assertIn(f"host=[localhost:{self.tomcat.http}]", fields)
        self.passed("listed.test", to("http://listed.example/"))

    def test_server_of_the_origin_is_followed_at_its_port_alone(self):
        fields = self.echo("auth.test", to(f"http://127.0.0.1:{self.tomcat.http}/echo", "/basic/redir"))
        self.assertIn(f"host=[127.0.0.1:{self.tomcat.http}]", fields)
        self.assertNotIn("authorization", fields)
        self.passed("auth.test", to(f"http://127.0.0.1:{self.other.port}/"))

    def test_places_that_are_none(self):
        for location in ("ftp://good.test/", "http:///x", "http://good.test:99999/", "javascript:alert(1)",
                         "http:echo", "/a b", "http://[::1/"):
            with self.subTest(location):
                self.refused("good.test", to(location), "leads nowhere")

    def test_https_to_http_is_refused(self):
        for location in ("http://secure.test/echo", "ws://secure.test/echo"):
            with self.subTest(location):
                self.refused("secure.test", to(location), "from https to http")
        self.echo("secure.test", to("https://secure.test/echo"))
        self.echo("secure.test", to("wss://secure.test/echo"))

    def test_http_to_https_is_followed(self):
        for name in ("follow.test", "good.test"):
            with self.subTest(name):
                self.echo(name, to(f"https://{name}:{self.tomcat.https}/echo"))

    def test_credentials_stay_with_the_host_they_were_given_for(self):
        """There they are known already, and still do not travel, nor does what the client has sent."""
        self.assertIn(SECRET, self.echo("auth.test", "/basic/echo"))
        self.assertIn(SECRET, self.echo("auth.test", to("/basic/echo", "/basic/redir")))
        away = to(f"http://localhost:{self.tomcat.http}/echo", "/basic/redir")
        fields = self.echo("auth.test", away, b"Cookie: sid=secret\r\nAuthorization: Basic Y2xpZW50\r\n")
        self.assertIn(f"host=[localhost:{self.tomcat.http}]", fields)
        for word in ("authorization", "cookie", "secret"):
            self.assertNotIn(word, fields.lower())


class PortTest(RedirectTest):
    """An origin that redirects wherever its client wants, beside which other things run on the same machine."""

    @classmethod
    def configure(cls) -> Weir:
        def lead(connection):
            connection.head = connection.read_head()
            where = urllib.parse.unquote(connection.head.start.split("to=")[1].split(" ")[0])
            connection.send(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())

        cls.origins = [cls.keep(origin.RawOrigin(lead)) for _ in range(3)]
        cls.secret = cls.keep(origin.RawOrigin())
        with origin.RawOrigin() as gone:
            cls.closed = gone.port
        servers = [{"address": f"127.0.0.1:{raw.port}"} for raw in cls.origins]
        auth = {"username": "plain", "password": "correct-horse", "allow_basic_plaintext": True}
        return Weir([domain("a.test", origin={"protocol": "http", "servers": servers, "auth": auth,
                                              "ejection": {"failures": 3, "time": "1h"}}),
                     domain("listed.test", origin={"protocol": "http", "servers": servers[:1],
                                                   "redirect_hosts": ["localhost", "127.0.0.2"]})], workers=1)

    def test_fx21_own_host_opens_no_other_port(self):
        admin = self.weir.ports("admin")[0]
        for location in (f"http://a.test:{admin}/metrics", f"http://a.test:{self.secret.port}/",
                         f"ws://A.TEST:{self.secret.port}/", f"//a.test:{self.secret.port}/",
                         f"https://a.test:{self.secret.port}/"):
            with self.subTest(location):
                self.assertEqual(self.passed("a.test", to(location)).get("Location"), location)
        self.assertEqual(self.secret.accepted, 0)

    def test_fx21_the_clients_own_host_field_opens_none_either(self):
        host = f"a.test:{self.secret.port}"
        self.assertEqual(self.passed(host, to(f"https://{host}/")).get("Location"), f"https://{host}/")
        self.assertEqual(self.secret.accepted, 0)

    def test_fx21_40_redirects_to_a_closed_port_put_nobody_out(self):
        for _ in range(40):
            self.passed("a.test", to(f"http://a.test:{self.closed}/"))
        for raw in self.origins:
            one = f"127.0.0.1:{raw.port}"
            self.assertEqual(self.weir.metric("weir_origin_ejected", domain="a.test", origin=one), 0)
            self.assertEqual(self.weir.metric("weir_origin_up", domain="a.test", origin=one), 1)

    def test_fy32_a_listed_host_is_no_way_to_a_listener_of_our_own(self):
        for port in (self.weir.ports("admin")[0], self.weir.port):
            with self.subTest(port):
                self.refused("listed.test", to(f"http://localhost:{port}/metrics"), "redirects to this gateway itself")
        # What else listens there is what the operator has listed.
        wire.open_session(self.weir.port, "listed.test", to(f"http://localhost:{self.secret.port}/")).close()
