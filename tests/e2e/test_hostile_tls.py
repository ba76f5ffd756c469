"""Origins and forward proxies that attack where TLS is due (hardening O1, T3)."""

import os
import socket
import struct

import certificates
import frames
import hostile
import origin
import wire
from frames import TEXT, frame
from harness import Weir
from hostile import BAD, LATE, drip, flood, reply, reply_and_end, reply_and_reset

def tls_record(kind: int, data: bytes, length=None) -> bytes:
    """A TLS record in the clear (RFC 8446 §5.1); its length may be a lie."""
    return struct.pack("!BHH", kind, 0x0303, len(data) if length is None else length) + data


CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
GOOD_101 = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            + frame(TEXT, b"SECRET"))


def hello_then(script):
    """Takes the ClientHello, or the beginning of it, first."""

    def with_hello(connection):
        connection.read_exact(5)
        script(connection)

    return with_hello


def tell(data: bytes):
    return hello_then(lambda connection: (connection.send(data), connection.read_rest()))


def tell_and_end(data: bytes):
    return hello_then(lambda connection: (
        connection.send(data), connection.sock.shutdown(socket.SHUT_WR), connection.read_rest()))


def tell_for_ever(begin: bytes, again: bytes):
    def script(connection):
        connection.send(begin)
        while True:
            connection.send(again * max(1, 16384 // len(again)))

    return hello_then(script)


def tell_slowly(data: bytes):
    def script(connection):
        connection.read_exact(5)
        connection.buffer.clear()
        for byte in data:
            if not connection.silent_for(0.05):
                return
            connection.send(bytes([byte]))

    return script


UNTRUE = (502, "origin_tls")

# Instead of a TLS handshake.
UNTRUE_TLS = {
    "clear-101": (lambda connection: (connection.send(GOOD_101), connection.read_rest()), UNTRUE),
    "clear-101-after-hello": (tell(GOOD_101), UNTRUE),
    "clear-drip": (tell_slowly(GOOD_101), UNTRUE),
    "clear-random": (lambda connection: tell_for_ever(b"\xff" + os.urandom(63), os.urandom(64))(connection), UNTRUE),
    "fatal-alert": (tell(tls_record(ALERT, b"\2\x28")), UNTRUE),
    "warning-alerts": (tell_for_ever(b"", tls_record(ALERT, b"\1\x5a")), UNTRUE),
    "empty-records": (tell_for_ever(b"", tls_record(HANDSHAKE, b"")), UNTRUE),
    "cipher-changes": (tell_for_ever(b"", tls_record(CHANGE_CIPHER_SPEC, b"\1")), UNTRUE),
    "data-before-keys": (tell_for_ever(b"", tls_record(APPLICATION_DATA, b"x" * 100)), UNTRUE),
    "record-of-64k": (tell(tls_record(HANDSHAKE, b"\2" + bytes(200), 0xffff)), UNTRUE),
    "hello-of-16m": (tell_for_ever(tls_record(HANDSHAKE, b"\2\xff\xff\xff" + bytes(1000)),
                                   tls_record(HANDSHAKE, bytes(16000))), UNTRUE),
    "hello-drip": (tell_slowly(tls_record(HANDSHAKE, b"\2\0\0\x64" + bytes(100))), LATE),
    "tls-silence": (tell(b""), LATE),
    "tls-ends": (tell_and_end(b""), UNTRUE),
    "tls-ends-in-a-record": (tell_and_end(tls_record(HANDSHAKE, b"\2\0", 100)), UNTRUE),
    "tls-resets": (hello_then(lambda connection: connection.reset()), UNTRUE),
}


def clear_after_tls(connection):
    """The request is answered beside the encryption."""
    connection.read_head()
    raw = connection.sock.detach()
    connection.sock = socket.socket(fileno=raw)
    connection.sock.sendall(GOOD_101)
    while connection.sock.recv(65536):
        pass


def says_goodbye(connection):
    connection.read_head()
    connection.sock = connection.sock.unwrap()


# Behind a TLS handshake that is good.
BEHIND_TLS = {
    "clear-behind-tls": (clear_after_tls, UNTRUE),
    "goodbye-behind-tls": (says_goodbye, BAD),
    "silence-behind-tls": (reply(b""), LATE),
    "flood-behind-tls": (flood(b"HTTP/1.1 101 ", b"a"), BAD),
}


class TlsTest(hostile.HostileTest):
    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        for name, (script, _) in UNTRUE_TLS.items():
            cls.attack(name, script, protocol="https")
        cls.leaf = certificates.leaf("hostile.test")
        for name, (script, _) in BEHIND_TLS.items():
            cls.attack(name, script, protocol="https")
            cls.origins[name].tls = cls.leaf.server_context()
        cls.attack("tickets", origin.echo, protocol="https")
        cls.origins["tickets"].tls = cls.leaf.server_context()
        cls.origins["tickets"].tls.num_tickets = 1000
        return Weir(cls.domains)

    def test_what_is_no_tls_is_502_or_504_in_time_and_nothing_of_it_passes(self):
        for name, answer in self.ask_all(UNTRUE_TLS):
            with self.subTest(name):
                self.check_refused(name, UNTRUE_TLS[name][1], answer)
                self.assertNotIn(b"GET ", self.origins[name].finished().seen)

    def test_what_comes_behind_the_tls_handshake_is_judged_as_in_the_clear(self):
        for name, answer in self.ask_all(BEHIND_TLS):
            with self.subTest(name):
                self.check_refused(name, BEHIND_TLS[name][1], answer)
                record = self.weir.wait_access(event="refused", domain=f"{name}.test")
                self.assertEqual(record["origin_scheme"], "https", name)

    def test_a_thousand_tickets_harm_no_session(self):
        before = self.weir.rss()
        for _ in range(3):
            with wire.open_session(self.weir.port, "tickets.test") as session:
                session.send(frames.from_client(TEXT, b"hello"))
                self.assertEqual(session.read_frame().payload, b"hello")
        self.assert_memory(self.weir, before, 4 << 20)


BAD_PROXY, LATE_PROXY = (502, "proxy_connect"), (504, "proxy_connect")
TUNNEL = b"HTTP/1.1 200 OK\r\n\r\n"

# What a forward proxy says to CONNECT, on the way to an https origin.
PROXIES = {
    "proxy-silence": (reply(b""), LATE_PROXY),
    "proxy-drip": (drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), LATE_PROXY),
    "proxy-endless-field": (flood(b"HTTP/1.1 200 OK\r\nX: ", b"a"), BAD_PROXY),
    "proxy-interim-flood": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), BAD_PROXY),
    "proxy-random": (lambda connection: flood(os.urandom(4096), os.urandom(4096))(connection), BAD_PROXY),
    "proxy-101": (flood(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", b"x"), BAD_PROXY),
    "proxy-ends": (reply_and_end(b""), BAD_PROXY),
    "proxy-resets": (reply_and_reset(b"HTTP/1.1 2"), BAD_PROXY),
    "proxy-asks-for-ever": (flood(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", b"x"), BAD_PROXY),
    "proxy-refuses-for-ever": (flood(b"HTTP/1.1 503 No\r\n\r\n", b"x"), BAD_PROXY),
    "proxy-glues-clear-text": (reply(TUNNEL + GOOD_101), UNTRUE),
    "proxy-tunnels-silence": (reply(TUNNEL), LATE),
}


class ProxyTest(hostile.HostileTest):
    @classmethod
    def configure(cls):
        cls.origins, cls.domains = {}, []
        for name, (script, _) in PROXIES.items():
            cls.attack(name, script, protocol="https")
            settings = cls.domains[-1]["origin"]
            settings["forward_proxy"] = {"url": f"http://{settings['servers'][0]['address']}"}
        return Weir(cls.domains)

    def test_a_forward_proxy_that_is_none_is_502_or_504_in_time(self):
        for name, answer in self.ask_all(PROXIES):
            with self.subTest(name):
                self.check_refused(name, PROXIES[name][1], answer)
