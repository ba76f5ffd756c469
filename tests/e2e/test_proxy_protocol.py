"""PROXY headers of load balancers in front of the edge (hardening X1)."""

import pathlib
import socket
import struct

import certificates
import origin
import wire
from frames import TEXT, from_client
from harness import Weir, WeirTest, domain, wait_until

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus" / "proxy_header"

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
        self.assertIn("bad PROXY header", record["error"])

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


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


IPV6 = (socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
        + struct.pack("!HH", 4711, 443))
IPV4 = version_2()[len(SIGNATURE) + 4:]
OWN = "127.0.0.1"

# Headers, and whose address they mean.
GOOD = {
    "v1-ipv4": (V1, "203.0.113.7"),
    "v1-ipv6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7"),
    "v1-longest": (b"PROXY TCP6 " + b" ".join([b"ffff:f:ffff:ffff:ffff:ffff:ffff:ffff"] * 2) + b" 65535 65535\r\n",
                   "ffff:f:ffff:ffff:ffff:ffff:ffff:ffff"),
    "v1-unknown": (b"PROXY UNKNOWN\r\n", OWN),
    "v1-unknown-and-more": (b"PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n", OWN),
    "v2-ipv4": (version_2(), "203.0.113.7"),
    "v2-ipv6": (version_2(family=0x21, body=IPV6), "2001:db8::7"),
    "v2-local": (version_2(command=0x20, family=0, body=b""), OWN),
    "v2-local-with-addresses": (version_2(command=0x20), OWN),
    "v2-local-of-an-odd-family": (version_2(command=0x20, family=0x77, body=b"\1\2\3"), OWN),
    "v2-unspecified": (version_2(family=0, body=b"\0" * 7), OWN),
    "v2-unix": (version_2(family=0x31, body=b"/" * 216), OWN),
    "v2-datagram": (version_2(family=0x12), OWN),
    "v2-tlvs": (version_2(body=IPV4 + tlv(4, b"") + tlv(1, b"h2") + tlv(2, b"chat.test") + tlv(0xee, b"x" * 100)),
                "203.0.113.7"),
    "v2-ipv6-tlvs": (version_2(family=0x21, body=IPV6 + tlv(0x20, b"\1\0\0\0\0" + tlv(0x21, b"TLSv1.3"))),
                     "2001:db8::7"),
}

# What whoever must have a header may not send in its place.
BAD = {
    "missing": b"",
    "v1-lower-case": b"proxy TCP4 203.0.113.7 198.51.100.1 4711 443\r\n",
    "v1-bad-address": b"PROXY TCP4 203.0.113.777 198.51.100.1 4711 443\r\n",
    "v1-leading-zero": b"PROXY TCP4 203.0.113.07 198.51.100.1 4711 443\r\n",
    "v1-ipv6-as-tcp4": b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n",
    "v1-bad-port": b"PROXY TCP4 203.0.113.7 198.51.100.1 65536 443\r\n",
    "v1-two-spaces": b"PROXY  TCP4 203.0.113.7 198.51.100.1 4711 443\r\n",
    "v1-no-port": b"PROXY TCP4 203.0.113.7 198.51.100.1 4711\r\n",
    "v1-lone-lf": b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\n",
    "v1-too-long": b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
    "v1-endless": b"PROXY UNKNOWN " + b"x" * 100_000,
    "v2-version-1": version_2(command=0x11),
    "v2-command-2": version_2(command=0x22),
    "v2-family-4": version_2(family=0x41),
    "v2-transport-3": version_2(family=0x13),
    "v2-too-short-for-ipv4": version_2(body=IPV4[:-1]),
    "v2-too-short-for-ipv6": version_2(family=0x21, body=IPV4),
    "v2-too-short-for-unix": version_2(family=0x31, body=b"/" * 215),
    "v2-tlv-head-cut": version_2(body=IPV4 + b"\1\0"),
    "v2-tlv-too-long": version_2(body=IPV4 + b"\1\0\5abcd"),
    "v2-checksum-wrong": version_2(body=IPV4 + tlv(3, b"\0\0\0\0")),
    "v2-of-64k": version_2(body=bytes(65535)),
    "v2-signature-broken": SIGNATURE[:-1] + b"X" + version_2()[12:],
}


class CorpusTest(WeirTest):
    """X1: all that a header can be, at a listener where it is required."""

    parallel = 4

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(origin.echo))
        return Weir([domain("chat.test", cls.origin.port)], limits={"header_timeout": "2s"}, listeners=[
            {"name": "web", "address": "127.0.0.1", "ports": [0], "proxy_protocol": {"trusted": ["127.0.0.0/8"]}}])

    def session(self, path, pieces):
        with wire.connect(self.weir.port) as peer:
            for piece in pieces:
                peer.send(piece)
            self.assertEqual(peer.read_head().status, 101, path)
            peer.send(from_client(TEXT, b"hello"))
            self.assertEqual(peer.read_frame().payload, b"hello")

    def test_good_ones_tell_the_address_however_they_are_cut(self):
        for name, (header, _) in GOOD.items():
            with self.subTest(name):
                self.session(f"/{name}", [header + wire.upgrade_request("chat.test", f"/{name}")])
                slow = header + wire.upgrade_request("chat.test", f"/{name}-slow")
                cut = len(header) + 4
                self.session(f"/{name}-slow", [slow[at:at + 1] for at in range(cut)] + [slow[cut:]])
        for name, (_, address) in GOOD.items():
            for path in (f"/{name}", f"/{name}-slow"):
                with self.subTest(path):
                    record = self.weir.wait_access(event="open", uri=path)
                    self.assertEqual(record["client_ip"], address, path)
                    self.assertEqual(record.get("proxy_ip"), None if address == OWN else OWN, path)

    def test_bad_ones_are_cut_and_reach_nobody(self):
        before = self.weir.metric("weir_client_connections_rejected_total", cause="proxy_header")
        for name, header in BAD.items():
            with self.subTest(name), wire.connect(self.weir.port) as peer:
                try:
                    peer.send(header + wire.upgrade_request("chat.test", f"/bad-{name}"))
                except OSError:
                    pass  # it was cut before all was sent
                self.assertEqual(peer.read_rest(), b"", name)
        wait_until(lambda: self.weir.metric("weir_client_connections_rejected_total", cause="proxy_header") - before
                   >= len(BAD), "all of them in the metric")
        self.assertFalse([one for one in self.origin.connections if one.head and "/bad-" in one.head.start])

    def test_what_the_fuzz_target_begins_with_harms_nobody(self):
        for path in sorted(CORPUS.iterdir()):
            with self.subTest(path.name), wire.connect(self.weir.port) as peer:
                try:
                    peer.send(path.read_bytes() + b"\r\n\r\n")
                    peer.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                peer.read_rest()
        self.session("/after", [GOOD["v2-ipv4"][0] + wire.upgrade_request("chat.test", "/after")])

    def test_who_sends_it_too_slowly_is_cut(self):
        with wire.connect(self.weir.port) as peer:
            peer.send(V1[:10])
            for octet in V1[10:14]:
                self.assertTrue(peer.silent_for(0.1))
                peer.send(bytes([octet]))
            # The time runs from the connection on, not from octet to octet.
            self.assertEqual(peer.read_rest(), b"")


class BalanceTest(WeirTest):
    def test_hash_goes_by_the_address_of_the_header(self):
        raws = [self.use(origin.RawOrigin()) for _ in range(3)]
        weir = self.run_one([domain("a.test", origin={
            "protocol": "http", "balance": "hash", "servers": [{"address": f"127.0.0.1:{raw.port}"} for raw in raws]})],
            listeners=[{"name": "web", "address": "127.0.0.1", "ports": [0],
                        "proxy_protocol": {"trusted": ["127.0.0.1"]}}])

        paths = [f"/{turn}/{number}" for turn in range(2) for number in range(20)]
        for path in paths:
            address = f"203.0.113.{path.split('/')[2]}"
            with wire.connect(weir.port) as peer:
                peer.send(f"PROXY TCP4 {address} 198.51.100.1 4711 443\r\n".encode()
                          + wire.upgrade_request("a.test", path))
                self.assertEqual(peer.read_head().status, 101)
        servers = {one["uri"]: one["origin_addr"] for one in weir.wait_records(len(paths), event="open")}
        self.assertEqual([servers[path] for path in paths[:20]], [servers[path] for path in paths[20:]])
        self.assertEqual(len(set(servers.values())), 3)
