"""Origins behind a forward proxy (edge.md T10): CONNECT for http and https, Basic with tinyproxy, Digest with squid."""

import base64
import socket
import threading
import unittest

import certificates
import daemons
import frames
import origin
import peers
import proxies
import wire
from harness import Weir, WeirTest, domain, wait_until

USERS = {"alice": "correct-horse"}
BASIC = base64.b64encode(b"alice:correct-horse").decode()


class Recorder:
    """A proxy that answers as it is told, for each connection in turn, and shows what it was asked."""

    def __init__(self, *answers: bytes):
        self.answers = list(answers)
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self.listener.accept()
            except OSError:
                return
            number = len(self.requests)
            head = wire.Wire(taken).read_head()
            self.requests.append(head)
            self.open.append(taken)
            answer = self.answers[min(number, len(self.answers) - 1)]
            if answer:
                taken.sendall(answer)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.open:
            one.close()


def behind(name: str, proxy, port: int, tls: bool = False, user: str = "", password: str = "", **more) -> dict:
    way = {"url": f"http://127.0.0.1:{proxy.port}", **more.pop("settings", {})}
    if user:
        way.update(username=user, password=password)
    scheme = "https" if tls else "http"
    return domain(name, origin={
        "protocol": scheme, "ports": {scheme: port}, "servers": [{"address": "127.0.0.1"}], "health": "off",
        "forward_proxy": way,
        **({"tls": {"ca": f"file:{certificates.authority().certificate}"}} if tls else {}), **more})


class ForwardProxyTest(WeirTest):
    @classmethod
    def configure(cls):
        if proxies.missing():
            raise unittest.SkipTest(f"not installed: {proxies.missing()}")
        cls.plain = cls.keep(origin.RawOrigin())
        cls.secret = cls.keep(origin.RawOrigin(tls=certificates.leaf("good.test").server_context()))
        cls.open_proxy = cls.keep(proxies.Tinyproxy())
        cls.tinyproxy = cls.keep(proxies.Tinyproxy(USERS))
        cls.squid = cls.keep(proxies.Squid(USERS))
        domains = []
        for kind, proxy in (("tinyproxy", cls.tinyproxy), ("squid", cls.squid)):
            for tls in (False, True):
                scheme = "https" if tls else "http"
                port = (cls.secret if tls else cls.plain).port
                names = f"{kind}-{scheme}.test"
                sni = {"sni": "good.test"} if tls else {}
                domains += [behind(f"right-{names}", proxy, port, tls, "alice", USERS["alice"], **sni),
                            behind(f"wrong-{names}", proxy, port, tls, "alice", "wrong", **sni),
                            behind(f"none-{names}", proxy, port, tls, **sni)]
        domains += [
            behind("open.test", cls.open_proxy, cls.plain.port),
            behind("open-https.test", cls.open_proxy, cls.secret.port, True, sni="good.test"),
            behind("wrong-name.test", cls.open_proxy, cls.secret.port, True, sni="elsewhere.test"),
            behind("closed.test", cls.open_proxy, daemons.free_port()),
            behind("realm.test", cls.squid, cls.plain.port, False, "alice", USERS["alice"],
                   settings={"realm": "another"}),
            behind("direct.test", cls.squid, cls.plain.port, settings={"no_proxy": ["127.0.0.0/8"]}),
            behind("warm.test", cls.squid, cls.plain.port, False, "alice", USERS["alice"], warm=1),
        ]
        return Weir(domains, workers=1)

    def echo(self, host: str) -> None:
        with wire.open_session(self.weir.port, host) as client:
            client.send(frames.from_client(frames.TEXT, b"hello"))
            self.assertEqual(client.read_frame().payload, b"hello")

    def refused(self, host: str, status: int = 502, cause: str = "proxy_connect") -> dict:
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host))
        self.assertEqual(head.status, status, body)
        record = self.weir.wait_access(event="refused", domain=host)
        self.assertEqual(record["close_cause"], cause)
        self.assertNotIn("correct-horse", str(record))
        return record

    def test_tunnels_without_credentials(self):
        for host in ("open.test", "open-https.test"):
            with self.subTest(host):
                self.echo(host)

    def test_right_credentials_open_a_tunnel_twice(self):
        for kind in ("tinyproxy", "squid"):
            for scheme in ("http", "https"):
                with self.subTest(f"{kind} {scheme}"):
                    self.echo(f"right-{kind}-{scheme}.test")
                    self.echo(f"right-{kind}-{scheme}.test")

    def test_wrong_credentials_are_502(self):
        for kind in ("tinyproxy", "squid"):
            for scheme in ("http", "https"):
                with self.subTest(f"{kind} {scheme}"):
                    record = self.refused(f"wrong-{kind}-{scheme}.test")
                    self.assertIn("does not accept our credentials", record["error"])

    def test_no_credentials_are_502(self):
        for kind in ("tinyproxy", "squid"):
            for scheme in ("http", "https"):
                with self.subTest(f"{kind} {scheme}"):
                    self.assertIn("asks for credentials", self.refused(f"none-{kind}-{scheme}.test")["error"])

    def test_another_realm_is_not_answered(self):
        self.refused("realm.test")

    def test_origin_that_refuses_the_proxy_is_502(self):
        self.refused("closed.test")

    def test_certificate_is_judged_inside_the_tunnel(self):
        self.refused("wrong-name.test", cause="origin_tls")

    def test_no_proxy_goes_to_the_origin_itself(self):
        self.echo("direct.test")

    def test_warm_tunnels_are_taken(self):
        self.echo("warm.test")
        wait_until(lambda: self.weir.metric("weir_origin_warm_idle") == 1, "a warm tunnel")
        self.echo("warm.test")
        self.assertGreaterEqual(self.weir.metric("weir_origin_warm_total", result="taken"), 1)


class CredentialsTest(WeirTest):
    """Who sees which credentials."""

    def test_those_for_the_proxy_stay_outside_of_the_tunnel_and_those_for_the_origin_inside(self):
        challenge = (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
                     b"Content-Length: 0\r\n\r\n")
        recorder = self.use(Recorder(challenge, b"HTTP/1.1 200 Connection established\r\n\r\n"))
        weir = self.run_one([behind("a.test", recorder, 8080, False, "alice", USERS["alice"],
                                    request_timeout=1)])
        wire.exchange(weir.port, wire.upgrade_request("a.test", extra=b"Authorization: Basic b3JpZ2luOg==\r\n"))
        first, second = recorder.requests[:2]
        self.assertEqual(first.start, "CONNECT 127.0.0.1:8080 HTTP/1.1")
        self.assertIsNone(first.get("Proxy-Authorization"))
        self.assertEqual(second.get("Proxy-Authorization"), f"Basic {BASIC}")
        for head in (first, second):
            self.assertIsNone(head.get("Authorization"))
        recorder.open[1].settimeout(wire.TIMEOUT)
        inside = recorder.open[1].recv(65536)
        self.assertIn(b"Authorization: Basic b3JpZ2luOg==", inside)
        self.assertNotIn(b"Proxy-Authorization", inside)
        self.assertNotIn(BASIC.encode(), inside)

    def test_proxy_that_never_answers_is_504_after_io_timeout(self):
        recorder = self.use(Recorder(b""))
        weir = self.run_one([behind("a.test", recorder, 8080, io_timeout="500ms")])
        head, _, _ = wire.exchange(weir.port, wire.upgrade_request("a.test"))
        self.assertEqual(head.status, 504)
        self.assertEqual(weir.wait_access(event="refused")["close_cause"], "proxy_connect")


def answer_checks(connection) -> None:
    connection.head = connection.read_head()
    if connection.head.get("Upgrade"):
        connection.send(origin.good_101(connection.head))
        connection.echo()
    else:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


class BehindTest(WeirTest):
    """What else goes through a proxy: credentials for Tomcat, and checks."""

    parallel = 4
    TOMCAT = {"username": "plain", "password": "correct-horse", "allow_basic_plaintext": True}

    @classmethod
    def configure(cls) -> Weir:
        cls.tomcat = cls.keep(peers.Tomcat(certificates.leaf("good.test")))
        cls.alive = cls.keep(origin.RawOrigin(answer_checks))
        cls.gone = origin.RawOrigin(answer_checks)
        cls.addClassCleanup(cls.gone.close)
        domains = []
        for kind, program in (("tinyproxy", proxies.Tinyproxy), ("squid", proxies.Squid)):
            proxy = cls.keep(program(USERS))

            def entry(name, port, tls=False, **more):
                return behind(f"{kind}-{name}.test", proxy, port, tls, "alice", USERS["alice"], **more)

            domains += [
                entry("http", cls.tomcat.http, auth=cls.TOMCAT),
                entry("https", cls.tomcat.https, True, auth=cls.TOMCAT, sni="good.test"),
                entry("wrong", cls.tomcat.http, auth={**cls.TOMCAT, "password": "battery-staple"})]
            for check in ("tcp", "http", "websocket"):
                health = {"type": check, "interval": "500ms", "fall": 1}
                domains += [entry(f"{check}-alive", cls.alive.port, health=health),
                            entry(f"{check}-gone", cls.gone.port, health=health)]
        return Weir(domains, workers=1)

    def tearDown(self) -> None:
        told = "\n".join(self.weir.lines) + self.weir.access_path.read_text() + self.weir.admin("/metrics")[1]
        for secret in ("correct-horse", "battery-staple", BASIC):
            self.assertNotIn(secret, told)

    def test_credentials_for_the_origin_go_through_and_those_for_the_proxy_do_not(self):
        for kind in ("tinyproxy", "squid"):
            for scheme in ("http", "https"):
                for path, words in (("/basic/echo", "Basic cGxhaW46"), ("/digest/echo", 'Digest username="plain"')):
                    with self.subTest(f"{kind} {scheme} {path}"):
                        with wire.open_session(self.weir.port, f"{kind}-{scheme}.test", path) as client:
                            client.send(frames.from_client(frames.TEXT, b"#info"))
                            fields = client.read_frame().payload.decode()
                        self.assertIn(words, fields)
                        self.assertNotIn("proxy-auth", fields.lower())
                        self.assertNotIn("alice", fields)
                        self.assertNotIn(BASIC, fields)

    def test_wrong_credentials_for_the_origin_are_not_blamed_on_the_proxy(self):
        for kind in ("tinyproxy", "squid"):
            for path in ("/basic/echo", "/digest/echo"):
                with self.subTest(f"{kind} {path}"):
                    head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(f"{kind}-wrong.test", path))
                    self.assertEqual(head.status, 502, body)
                    record = self.weir.wait_access(event="refused", domain=f"{kind}-wrong.test", uri=path)
                    self.assertEqual(record["close_cause"], "origin_auth")
                    self.assertIn("not accepted", record["error_detail"])

    def test_checks_look_through_the_proxy(self):
        def up(state: str) -> list:
            return [self.weir.metric("weir_origin_up", domain=f"{kind}-{check}-{state}.test")
                    for kind in ("tinyproxy", "squid") for check in ("tcp", "http", "websocket")]

        self.gone.wait_for(lambda: self.gone.accepted >= 6, "check of each kind through each proxy")
        self.alive.wait_for(lambda: self.alive.accepted >= 6, "check of each kind through each proxy")
        self.gone.close()
        wait_until(lambda: up("gone") == [0] * 6, lambda: f"down: {up('gone')}")
        self.assertEqual(up("alive"), [1] * 6)
        for connection in self.alive.connections:
            if connection.head:
                self.assertIsNone(connection.head.get("Proxy-Authorization"))
        self.weir.wait_log("squid-http-gone.test.*down|down.*squid-http-gone.test")
