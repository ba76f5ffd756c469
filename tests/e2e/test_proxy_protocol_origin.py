"""PROXY headers that origins get: of clients, of checks, and with HAProxy and nginx as peers on both sides."""

import ipaddress
import os
import socket
import struct

import balancers
import certificates
import origin
import wire
from frames import TEXT, from_client
from harness import Weir, WeirTest, domain, wait_until

V1 = b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n"
V1_IPV6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def announced(connection):
    """Takes a header and nothing more from the socket, so that TLS may follow; as it would stand in version 1."""
    header = connection.sock.recv(1, socket.MSG_WAITALL)
    if header == b"P":
        while not header.endswith(b"\n"):
            header += connection.sock.recv(1)
        return header.decode().rstrip("\r\n")
    header += connection.sock.recv(15, socket.MSG_WAITALL)
    assert header.startswith(SIGNATURE), header
    command, family, size = struct.unpack("!BBH", header[12:])
    body = connection.sock.recv(size, socket.MSG_WAITALL) if size else b""
    if command == 0x20:
        return f"LOCAL {family} {size}"
    assert command == 0x21 and family in (0x11, 0x21), (command, family)
    length, kind = (4, socket.AF_INET) if family == 0x11 else (16, socket.AF_INET6)
    assert size == 2 * length + 4, size
    source, destination = (socket.inet_ntop(kind, body[at:at + length]) for at in (0, length))
    ports = struct.unpack("!HH", body[2 * length:])
    return f"PROXY {'TCP4' if length == 4 else 'TCP6'} {source} {destination} {ports[0]} {ports[1]}"


class ToOriginTest(WeirTest):
    """`origin.proxy_protocol`: what origins get, by clients of both families, with and without TLS."""

    parallel = 3

    @classmethod
    def configure(cls):
        cls.leaf = certificates.leaf("origin.test")
        cls.contexts = {False: None, True: cls.leaf.server_context()}
        cls.origins = {(tls, version): cls.keep(origin.RawOrigin(cls.script(tls)))
                       for tls in (False, True) for version in ("v1", "v2")}
        domains = [cls.entry(f"{version}-{'https' if tls else 'http'}.test", raw.port, tls, version)
                   for (tls, version), raw in cls.origins.items()]
        listeners = [
            {"name": "four", "address": "127.0.0.1", "ports": [0]},
            {"name": "six", "address": "::1", "ports": [0]},
            {"name": "lb", "address": "127.0.0.1", "ports": [0], "proxy_protocol": {"trusted": ["127.0.0.1"]}}]
        return Weir(domains, listeners=listeners)

    @classmethod
    def script(cls, tls):
        def script(connection):
            connection.announced = announced(connection)
            if tls:
                connection.sock = cls.contexts[True].wrap_socket(connection.sock, server_side=True)
            connection.upgrade()
            connection.echo()

        return script

    @classmethod
    def entry(cls, name, port, tls, version, **more):
        return domain(name, origin={
            "protocol": "https" if tls else "http", "servers": [{"address": f"127.0.0.1:{port}"}],
            "sni": "origin.test", "tls": {"ca": f"file:{certificates.authority().certificate}"},
            "proxy_protocol": version, **more})

    def check(self, listener, address, front, wanted):
        """`wanted`: what the header says of a client with this socket."""
        port = self.weir.ports(listener)[0]
        for (tls, version), raw in self.origins.items():
            name = f"{version}-{'https' if tls else 'http'}.test"
            path = f"/{listener}/{version}/{tls}"
            with self.subTest(path), wire.connect(port, address=address) as client:
                client.send(front + wire.upgrade_request(name, path))
                self.assertEqual(client.read_head().status, 101)
                client.send(from_client(TEXT, b"hello"))
                self.assertEqual(client.read_frame().payload, b"hello")
                found = next(one for one in raw.connections if one.head and path in one.head.start)
                self.assertEqual(found.announced, wanted(client.sock.getsockname(), port))

    def test_ipv4_clients_are_announced(self):
        self.check("four", "127.0.0.1", b"",
                   lambda own, port: f"PROXY TCP4 127.0.0.1 127.0.0.1 {own[1]} {port}")

    def test_ipv6_clients_are_announced(self):
        self.check("six", "::1", b"", lambda own, port: f"PROXY TCP6 ::1 ::1 {own[1]} {port}")

    def test_who_was_announced_to_us_is_announced(self):
        self.check("lb", "127.0.0.1", V1,
                   lambda own, port: f"PROXY TCP4 203.0.113.7 127.0.0.1 4711 {port}")

    def test_two_families_are_announced_as_one(self):
        raw = self.use(origin.RawOrigin(self.script(False)))
        weir = self.run_one([self.entry("a.test", raw.port, False, "v1")], listeners=[
            {"name": "web", "address": "127.0.0.1", "ports": [0], "proxy_protocol": {"trusted": ["127.0.0.1"]}}])
        with wire.connect(weir.port) as client:
            client.send(V1_IPV6 + wire.upgrade_request("a.test"))
            self.assertEqual(client.read_head().status, 101)
        words = next(one.announced for one in raw.connections if " TCP" in one.announced).split(" ")
        # An IPv4 address within IPv6 may be written in two ways (RFC 4291 §2.2).
        words[3] = str(ipaddress.IPv6Address(words[3]).ipv4_mapped)
        self.assertEqual(words, f"PROXY TCP6 2001:db8::7 127.0.0.1 4711 {weir.port}".split(" "))

    def test_checks_have_a_header_that_names_nobody(self):
        said = {}
        domains = []
        for tls in (False, True):
            for version in ("v1", "v2"):
                for kind in ("tcp", "http", "websocket"):
                    raw = self.use(origin.RawOrigin(self.script(tls)))
                    name = f"{kind}-{version}-{tls}.test".lower()
                    said[name] = (raw, version)
                    health = {"type": kind, "interval": "500ms"}
                    if kind == "http":
                        health["expect"] = ["100-599"]
                    domains.append(self.entry(name, raw.port, tls, version, health=health))
        weir = self.run_one(domains)
        for name, (raw, version) in said.items():
            with self.subTest(name):
                raw.wait_for(lambda raw=raw: sum(hasattr(one, "announced") for one in raw.connections) >= 2, "checks")
                found = {one.announced for one in list(raw.connections) if hasattr(one, "announced")}
                self.assertEqual(found, {"PROXY UNKNOWN" if version == "v1" else "LOCAL 0 0"})
                self.assertEqual(weir.metric("weir_origin_up", domain=name), 1)


class BalancerTest(WeirTest):
    """HAProxy and nginx on both sides."""

    parallel = 3

    def setUp(self):
        super().setUp()
        if not all(os.path.exists(path) for path in ("/usr/sbin/haproxy", "/usr/sbin/nginx")):
            self.skipTest("haproxy and nginx are not both there")

    def session(self, port, host, path, address="127.0.0.1"):
        """The session's wire, having echoed, and the client's own address and port."""
        client = self.use(wire.connect(port, address=address))
        client.send(wire.upgrade_request(host, path))
        self.assertEqual(client.read_head().status, 101, (host, path))
        client.send(from_client(TEXT, b"hello"))
        self.assertEqual(client.read_frame().payload, b"hello")
        return client, client.sock.getsockname()[:2]

    def check_origin(self, kind):
        raw = self.use(origin.RawOrigin())
        peer = self.use(kind(certificates.leaf("origin.test"), raw.port))
        health = {"type": "websocket", "interval": "500ms", "timeout": "2s", "fall": 1}
        ports = {False: peer.port, True: peer.tls_port}
        domains = [ToOriginTest.entry(f"{version}-{tls}.test".lower(), port, tls, version, health=health)
                   for tls, port in ports.items() for version in ("v1", "v2")]
        weir = self.run_one(domains, listeners=[{"name": "four", "address": "127.0.0.1", "ports": [0]},
                                                {"name": "six", "address": "::1", "ports": [0]}])
        for entry in domains:
            for listener, address in (("four", "127.0.0.1"), ("six", "::1")):
                path = f"/{entry['domain']}/{listener}"
                with self.subTest(path):
                    _, own = self.session(weir.ports(listener)[0], entry["domain"], path, address)
                    found = next(one for one in raw.connections if one.head and path in one.head.start)
                    self.assertEqual(found.head.get("X-Named"), f"{own[0]},{own[1]}")
        raw.wait_for(lambda: sum(bool(one.head and one.head.get("User-Agent") == "weir-health-check")
                                 for one in list(raw.connections)) >= 8, "checks of all four")
        self.assertEqual(weir.metric("weir_origin_up"), 4)

    def test_haproxy_as_origin_learns_who_the_client_is(self):
        self.check_origin(balancers.HaproxyOrigin)

    def test_nginx_as_origin_learns_who_the_client_is(self):
        self.check_origin(balancers.NginxOrigin)

    def test_haproxy_in_front_tells_who_the_client_is(self):
        raw = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", raw.port)], listeners=[
            {"name": "web", "address": "127.0.0.1", "ports": [0], "proxy_protocol": {"trusted": ["127.0.0.1"]}}])
        front = self.use(balancers.HaproxyFront(weir.port))
        for way, port in front.ports.items():
            for address in ("127.0.0.1", "::1"):
                path = f"/{way}/{'six' if ':' in address else 'four'}"
                with self.subTest(path):
                    _, own = self.session(port, "a.test", path, address)
                    record = weir.wait_access(event="open", uri=path)
                    self.assertEqual((record["client_ip"], record["remote_port"]), own)
                    self.assertEqual(record["proxy_ip"], "127.0.0.1")
                    found = next(one for one in raw.connections if one.head and path in one.head.start)
                    self.assertEqual(found.head.get("X-Forwarded-For"), own[0])
        # Its checks say LOCAL, or nothing, and go: that is no offence.
        wait_until(lambda: weir.metric("weir_client_connections_total", listener="web") >= 20, "checks")
        self.assertEqual(weir.metric("weir_client_connections_rejected_total", listener="web"), 0)
