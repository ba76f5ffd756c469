"""PROXY headers of load balancers in front of the edge (hardening X1)."""

import socket
import struct

import certificates
import origin
import wire
from frames import TEXT, from_client
from harness import Weir, WeirTest, domain

V1 = b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version_2(command=0x21, family=0x11, body=None):
    if body is None:
        body = (socket.inet_aton("203.0.113.7") + socket.inet_aton("198.51.100.1")
                + struct.pack("!HH", 4711, 443))
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(body)) + body


class ProxyProtocolTest(WeirTest):
    parallel = 2

    @classmethod
    def configure(cls):
        leaf = certificates.leaf("chat.test")
        listeners = [
            {"name": name, "address": "127.0.0.1", "ports": [0], "tls": tls,
             "proxy_protocol": {"trusted": [network]}}
            for name, tls, network in (("lb", False, "127.0.0.0/8"), ("lb-tls", True, "127.0.0.1"),
                                       ("others", False, "192.0.2.0/24"))]
        cls.origin = cls.keep(origin.RawOrigin(origin.echo))
        return Weir([domain("chat.test", cls.origin.port,
                            tls={"certificate": f"file:{leaf.certificate}", "key": f"file:{leaf.key}"})],
                    listeners=listeners, limits={"header_timeout": "2s"})

    def port(self, name):
        return self.weir.ports(name)[0]

    def rejected(self, listener):
        return self.weir.metric("weir_client_connections_rejected_total", listener=listener,
                                cause="proxy_header") or 0

    def said(self, name, data):
        """All that comes back."""
        with wire.connect(self.port(name)) as peer:
            peer.send(data)
            return peer.read_rest()

    def head_of(self, path):
        """The request for that path, as it has come to the origin."""
        def found():
            return next((one.head for one in list(self.origin.connections)
                         if one.head and one.head.start.startswith(f"GET {path} ")), None)
        self.origin.wait_for(lambda: found() is not None, path, 8)
        return found()

    def test_the_address_of_the_header_reaches_log_and_origin(self):
        for number, front in enumerate((V1, version_2())):
            with wire.connect(self.port("lb")) as peer:
                peer.send(front + wire.upgrade_request("chat.test", f"/real{number}") + from_client(TEXT, b"hello"))
                self.assertEqual(peer.read_head().status, 101)
                self.assertEqual(peer.read_frame().payload, b"hello")
            head = self.head_of(f"/real{number}")
            self.assertEqual(head.get("X-Forwarded-For"), "203.0.113.7")
            for event in ("open", "close"):
                record = self.weir.wait_access(event=event, uri=f"/real{number}")
                self.assertEqual((record["client_ip"], record["remote_port"], record["proxy_ip"]),
                                 ("203.0.113.7", 4711, "127.0.0.1"))

    def test_it_stands_before_tls(self):
        with wire.connect(self.port("lb-tls")) as peer:
            peer.send(version_2())
            tls = certificates.client_context().wrap_socket(peer.sock, server_hostname="chat.test")
            secure = wire.Wire(tls)
            secure.send(wire.upgrade_request("chat.test", "/tls"))
            self.assertEqual(secure.read_head().status, 101)
            secure.close()
        record = self.weir.wait_access(event="open", uri="/tls")
        self.assertEqual((record["client_ip"], record["scheme"]), ("203.0.113.7", "wss"))

    def test_local_and_unknown_leave_the_peers_own_address(self):
        for number, front in enumerate((version_2(command=0x20, family=0, body=b""), b"PROXY UNKNOWN\r\n",
                                        version_2(family=0, body=b""))):
            with wire.connect(self.port("lb")) as peer:
                peer.send(front + wire.upgrade_request("chat.test", f"/local{number}"))
                self.assertEqual(peer.read_head().status, 101)
            record = self.weir.wait_access(event="open", uri=f"/local{number}")
            self.assertEqual(record["client_ip"], "127.0.0.1")
            self.assertNotIn("proxy_ip", record)

    def test_a_trusted_peer_without_a_good_header_is_cut(self):
        request = wire.upgrade_request("chat.test")
        wrong = (request, b"PROXY TCP9 a b c d\r\n" + request, version_2(command=0x31) + request,
                 version_2(body=b"short") + request, SIGNATURE + b"\x21\x11\xff\xff" + bytes(2000))
        before = self.rejected("lb")
        for data in wrong:
            self.assertEqual(self.said("lb", data), b"")
        self.assertEqual(self.rejected("lb") - before, len(wrong))
        record = self.weir.wait_access(event="refused", close_cause="proxy_header", listener="lb")
        self.assertIn("no good PROXY header", record["error"])

    def test_who_stalls_in_a_header_is_cut_at_header_timeout(self):
        self.assertEqual(self.said("lb", V1[:20]), b"")
        self.weir.wait_access(event="refused", error="no PROXY header came within header_timeout")

    def test_others_are_served_without_a_header_and_refused_with_one(self):
        for front in (V1, version_2()):
            self.assertEqual(self.said("others", front + wire.upgrade_request("chat.test")), b"")
        self.assertEqual(self.rejected("others"), 2)
        with wire.open_session(self.port("others"), "chat.test", "/direct") as session:
            session.send(from_client(TEXT, b"hello"))
            self.assertEqual(session.read_frame().payload, b"hello")
        self.assertEqual(self.weir.wait_access(event="open", uri="/direct")["client_ip"], "127.0.0.1")
