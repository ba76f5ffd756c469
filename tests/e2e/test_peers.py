"""The peers among themselves, without Weir: what the other tests take for granted."""

import unittest

import certificates
import frames
import origin
import peers
import wire


class PeersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        leaf = certificates.leaf("origin.test")
        cls.node = peers.node_server(leaf)
        cls.addClassCleanup(cls.node.close)
        cls.tomcat = peers.Tomcat(leaf)
        cls.addClassCleanup(cls.tomcat.close)
        cls.ca = certificates.authority().certificate

    def test_raw_client_and_raw_origin_exchange_frames(self):
        with origin.RawOrigin() as raw, wire.open_session(raw.port, "origin.test") as session:
            session.send(frames.from_client(frames.TEXT, b"hello"))
            self.assertEqual(session.read_frame().payload, b"hello")
            session.send(frames.from_client(frames.CLOSE, frames.close_payload(4001, "bye")))
            got = session.read_frame()
            self.assertEqual((got.code, got.reason), (4001, "bye"))
            self.assertEqual(raw.finished().error, None)

    def test_raw_tls_origin_sees_the_server_name(self):
        tls = certificates.leaf("origin.test").server_context()
        with origin.RawOrigin(tls=tls) as raw:
            session = wire.open_session(raw.port, "origin.test", tls=certificates.client_context())
            session.close()
            self.assertEqual(raw.finished().sni, "origin.test")

    def test_npm_client_reaches_node_and_tomcat_plain_and_tls(self):
        for server, path in ((self.node, "/"), (self.tomcat, "/echo")):
            for scheme, port in (("ws", server.http), ("wss", server.https)):
                got = peers.node_client(f"{scheme}://origin.test:{port}{path}", ca=self.ca,
                                        steps=["hello", {"size": 70000}, {"close": [4001, "bye"]}])
                self.assertEqual((got["messages"], got["binary"]), (["hello"], [70000]), got)
                self.assertEqual((got["code"], got["reason"]), (4001, "bye"))

    def test_python_client_reaches_node_and_tomcat_plain_and_tls(self):
        for server, path in ((self.node, "/"), (self.tomcat, "/echo")):
            for scheme, port in (("ws", server.http), ("wss", server.https)):
                tls = certificates.client_context() if scheme == "wss" else None
                got = peers.python_client(f"{scheme}://origin.test:{port}{path}",
                                          ["hello", b"x" * 70000], tls, (4001, "bye"))
                self.assertEqual(got["messages"], ["hello", b"x" * 70000])
                self.assertEqual((got["code"], got["reason"]), (4001, "bye"))

    def test_tomcat_closes_by_command_and_tells_the_fields_it_got(self):
        url = f"ws://origin.test:{self.tomcat.http}/echo"
        got = peers.node_client(url, ["#info", "#close 4001 bye"], headers={"x-test": "yes"})
        self.assertIn("x-test=[yes]", got["messages"][0])
        self.assertEqual((got["code"], got["reason"]), (4001, "bye"))
        missing = peers.node_client(f"ws://origin.test:{self.tomcat.http}/nope")
        self.assertEqual(missing["status"], 404)

    def test_tomcat_floods_and_dumps_fields(self):
        with wire.open_session(self.tomcat.http, "origin.test", "/flood") as session:
            self.assertEqual(len(session.read_frame().payload), 65536)
        head, body, _ = wire.exchange(
            self.tomcat.http, b"GET /headers HTTP/1.1\r\nHost: a\r\nX-B: c\r\nConnection: close\r\n\r\n")
        self.assertEqual(head.status, 200)
        self.assertIn(b"x-b: c", body)
