"""ws and wss clients over follow, http and https to real origins (edge.md 1.3)."""

import certificates
import origin
import peers
import wire
from harness import Weir, WeirTest, domain

MODES = ("follow", "http", "https")


class CombinationsTest(WeirTest):
    @classmethod
    def configure(cls):
        leaf = certificates.leaf("origin.test", also=[
            f"{name}-{mode}.test" for name in ("node", "tomcat", "raw") for mode in MODES
        ] + ["sni-name.test"])
        cls.ca = certificates.authority().certificate
        cls.servers = {"node": cls.keep(peers.node_server(leaf)), "tomcat": cls.keep(peers.Tomcat(leaf))}
        cls.plain = cls.keep(origin.RawOrigin())
        secure_leaf = leaf.server_context()
        cls.secure = cls.keep(origin.RawOrigin(tls=secure_leaf))
        domains = []
        for mode in MODES:
            for name, server in cls.servers.items():
                domains.append(cls.entry(f"{name}-{mode}.test", mode, server.http, server.https))
            domains.append(cls.entry(f"raw-{mode}.test", mode, cls.plain.port, cls.secure.port))
        domains.append(cls.entry("only-plain.test", "follow", cls.plain.port, cls.free_port()))
        domains.append(cls.entry("only-secure.test", "https", cls.free_port(), cls.secure.port))
        domains.append(cls.entry("fixed.test", "https", 1, cls.secure.port,
                                 host_header="origin-name.test", sni="sni-name.test"))
        return Weir(domains, tls=True)

    @classmethod
    def entry(cls, name, mode, http, https, **more):
        return domain(name, tls=certificates.leaf(name).yaml, access={"origins": "any"}, origin={
            "protocol": mode, "ports": {"http": http, "https": https},
            "servers": [{"address": "127.0.0.1"}], "tls": {"ca": f"file:{cls.ca}"}, **more})

    @classmethod
    def free_port(cls):
        """A port that nothing listens on."""
        closed = origin.RawOrigin()
        closed.close()
        return closed.port

    def check_clients(self, scheme, mode):
        port = self.weir.tls_port if scheme == "wss" else self.weir.port
        tls = certificates.client_context() if scheme == "wss" else None
        for server, path in (("node", "/"), ("tomcat", "/echo")):
            url = f"{scheme}://{server}-{mode}.test:{port}{path}"
            with self.subTest(client="npm ws", origin=server):
                got = peers.node_client(url, ["hello", {"size": 70000}, {"ping": "p"},
                                              {"close": [4001, "bye"]}], self.ca)
                self.assertEqual((got["messages"], got["binary"]), (["hello"], [70000]), got)
                self.assertEqual((got["code"], got["reason"], got["pongs"]), (4001, "bye", 1))
            with self.subTest(client="python websockets", origin=server):
                got = peers.python_client(url, ["hello", b"x" * 70000], tls, (4001, "bye"))
                self.assertEqual(got["messages"], ["hello", b"x" * 70000])
                self.assertEqual((got["code"], got["reason"]), (4001, "bye"))

    def test_ws_follow_reaches_the_plain_port_of_node_and_tomcat(self):
        self.check_clients("ws", "follow")

    def test_ws_http_reaches_the_plain_port_of_node_and_tomcat(self):
        self.check_clients("ws", "http")

    def test_ws_https_reaches_the_tls_port_of_node_and_tomcat(self):
        self.check_clients("ws", "https")

    def test_wss_follow_reaches_the_tls_port_of_node_and_tomcat(self):
        self.check_clients("wss", "follow")

    def test_wss_http_reaches_the_plain_port_of_node_and_tomcat(self):
        self.check_clients("wss", "http")

    def test_wss_https_reaches_the_tls_port_of_node_and_tomcat(self):
        self.check_clients("wss", "https")

    def test_each_combination_uses_the_scheme_that_the_mode_says(self):
        expected = {("ws", "follow"): False, ("ws", "http"): False, ("ws", "https"): True,
                    ("wss", "follow"): True, ("wss", "http"): False, ("wss", "https"): True}
        for (scheme, mode), encrypted in expected.items():
            with self.subTest(scheme=scheme, mode=mode):
                host = f"node-{mode}.test"
                port = self.weir.tls_port if scheme == "wss" else self.weir.port
                got = peers.node_client(f"{scheme}://{host}:{port}/", ["#info"], self.ca)
                self.assertIn(f'"tls":{str(encrypted).lower()}', got["messages"][0])

    def test_origin_sees_the_clients_host_as_host_and_server_name(self):
        session = wire.open_session(self.weir.port, "raw-https.test")
        session.close()
        seen = self.secure.finished()
        self.assertEqual((seen.sni, seen.head.get("Host")), ("raw-https.test", "raw-https.test"))

    def test_origin_sees_a_fixed_host_and_server_name_when_configured(self):
        # The certificate names sni-name.test alone of the two: what was sent as server name is checked.
        before = self.secure.accepted
        session = wire.open_session(self.weir.port, "fixed.test")
        session.close()
        seen = self.secure.finished(before)
        self.assertEqual((seen.sni, seen.head.get("Host")), ("sni-name.test", "origin-name.test"))

    def test_wss_over_follow_to_an_origin_without_tls_is_502(self):
        before = self.plain.accepted
        tls = certificates.client_context()
        head, body, _ = wire.exchange(self.weir.tls_port, wire.upgrade_request("only-plain.test"),
                                      tls, "only-plain.test")
        self.assertEqual(head.status, 502)
        self.assertTrue(wire.is_one_line(body), body)
        self.assertEqual(self.plain.accepted, before, "it fell back from https to http")

    def test_fields_to_the_origin_tell_the_client_and_the_edge(self):
        forged = (b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Client-Scheme: https\r\n"
                  b"Forwarded: for=1.2.3.4\r\nX-Kept: yes\r\nX-Gone: no\r\nProxy-Connection: close\r\n"
                  b"Keep-Alive: 1\r\nTE: trailers\r\nX-Real-IP: 1.2.3.4\r\n")
        request = wire.upgrade_request("raw-http.test", "/p?q=1", extra=forged,
                                       change={"Connection": "keep-alive, Upgrade, X-Gone"})
        before = self.plain.accepted
        with wire.connect(self.weir.port) as client:
            client.send(request)
            self.assertEqual(client.read_head().status, 101)
        head = self.plain.finished(before).head
        self.assertEqual(head.start, "GET /p?q=1 HTTP/1.1")
        self.assertEqual(head.all("X-Forwarded-For"), ["127.0.0.1"])
        self.assertEqual(head.all("X-Forwarded-Proto"), ["http"])
        self.assertEqual(head.all("X-Forwarded-Host"), ["raw-http.test"])
        self.assertEqual(head.get("X-Kept"), "yes")
        for name in ("X-Gone", "Keep-Alive", "TE", "Proxy-Connection", "Forwarded", "X-Real-IP"):
            self.assertIsNone(head.get(name), name)
        self.assertIsNotNone(head.get("Via"))
        self.assertEqual([value.lower() for value in head.all("Connection")], ["upgrade"])
        self.assertEqual([value.lower() for value in head.all("Upgrade")], ["websocket"])
        self.assertEqual(head.all("Sec-WebSocket-Version"), ["13"])

    def test_connection_cannot_remove_security_fields(self):
        request = wire.upgrade_request(
            "raw-http.test", extra=b"Cookie: a=b\r\nAuthorization: Basic eDp5\r\n",
            change={"Connection": "Upgrade, X-Forwarded-For, Via, Cookie, Authorization, Host"})
        before = self.plain.accepted
        with wire.connect(self.weir.port) as client:
            client.send(request)
            self.assertEqual(client.read_head().status, 101)
        head = self.plain.finished(before).head
        for name in ("X-Forwarded-For", "Via", "Cookie", "Authorization", "Host"):
            self.assertIsNotNone(head.get(name), name)

    def test_request_that_came_through_us_already_is_508(self):
        before = self.plain.accepted
        with wire.open_session(self.weir.port, "raw-http.test"):
            via = self.plain.connection(before)
            self.plain.wait_for(lambda: via.head is not None, "head")
        before = self.plain.accepted
        request = wire.upgrade_request("raw-http.test", extra=f"Via: {via.head.get('Via')}\r\n".encode())
        self.assertEqual(wire.exchange(self.weir.port, request)[0].status, 508)
        self.assertEqual(self.plain.accepted, before)

    def test_one_client_connection_is_one_origin_connection(self):
        before = self.plain.accepted
        sessions = [wire.open_session(self.weir.port, "raw-http.test") for _ in range(5)]
        for session in sessions:
            session.close()
        self.plain.finished(before + 4)
        self.assertEqual(self.plain.accepted, before + 5)

    def test_subprotocol_is_the_origins_choice_among_the_clients_list(self):
        for server, path in (("node", "/"), ("tomcat", "/echo")):
            with self.subTest(origin=server):
                got = peers.node_client(f"ws://{server}-http.test:{self.weir.port}{path}", ["x"],
                                        protocols=["foo", "v2.bin", "chat"])
                self.assertEqual(got["protocol"], "v2.bin")

    def test_compression_is_negotiated_and_works_end_to_end(self):
        for server, path in (("node", "/"), ("tomcat", "/echo")):
            with self.subTest(origin=server):
                url = f"ws://{server}-http.test:{self.weir.port}{path}"
                got = peers.node_client(url, ["hello " * 500, {"size": 500000}, "again"], deflate=True)
                self.assertIn("permessage-deflate", got["extensions"])
                self.assertEqual(got["messages"], ["hello " * 500, "again"], got)
                self.assertEqual((got["binary"], got["code"]), ([500000], 1000))

    def test_origins_404_is_passed_on_with_its_body(self):
        got = peers.node_client(f"ws://tomcat-http.test:{self.weir.port}/nope")
        self.assertEqual(got["status"], 404)
        self.assertIn("Tomcat", got["body"])
        record = self.weir.wait_access(event="refused", domain="tomcat-http.test", return_code=404)
        self.assertEqual(record["close_cause"], "origin_refused_upgrade")

    def test_servlet_sees_the_fields_of_the_upgrade(self):
        got = peers.node_client(f"ws://tomcat-http.test:{self.weir.port}/headers",
                                headers={"X-Kept": "yes"})
        self.assertEqual(got["status"], 200)
        self.assertIn("x-kept: yes", got["body"].lower())
        self.assertIn("x-forwarded-for: 127.0.0.1", got["body"].lower())
