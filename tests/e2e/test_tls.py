"""TLS towards clients (hardening T1, T7, T8; edge.md A4)."""

import select
import socket
import ssl
import subprocess
import time

import certificates
import frames
import origin
import wire
from frames import TEXT, from_client
from harness import Weir, WeirTest, domain

# The object identifiers of the key's algorithm, as they stand in a certificate.
ALGORITHMS = {"rsa": bytes.fromhex("2a864886f70d010101"), "ec": bytes.fromhex("2a8648ce3d0201")}


def s_client(port, *options, request=b""):
    """What `openssl s_client` says, and what came back, as one text."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof", *options],
                          input=request, capture_output=True, timeout=wire.TIMEOUT)
    return (done.stdout + done.stderr).decode("latin-1")


def pump(session, data, expected):
    """Sends and receives by turns: a TLS socket must not be used by two threads."""
    deadline = time.monotonic() + wire.TIMEOUT
    session.sock.settimeout(0)
    sent = 0
    while (sent < len(data) or len(session.buffer) < expected) and time.monotonic() < deadline:
        try:
            if sent < len(data):
                sent += session.sock.send(data[sent:sent + 65536])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            session.buffer += session.sock.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            select.select([session.sock], [session.sock] if sent < len(data) else [], [], 0.1)
    session.sock.settimeout(wire.TIMEOUT)


class TlsTest(WeirTest):
    parallel = 2

    @classmethod
    def configure(cls):
        cls.hosts = {"a.test": "ec", "b.test": "rsa", "x.wild.test": "ec"}
        entries = [domain("a.test", tls=certificates.leaf("a.test").yaml),
                   domain("b.test", tls=certificates.leaf("b.test", "rsa").yaml),
                   domain("*.wild.test", tls=certificates.leaf("*.wild.test").yaml),
                   domain("new.test", tls={**certificates.leaf("new.test").yaml, "min_version": "1.3"}),
                   domain("plain.test"),
                   domain("relay.test", cls.keep(origin.RawOrigin()).port,
                          tls=certificates.leaf("relay.test").yaml)]
        return Weir(entries, tls=True, limits={"header_timeout": "3s"})

    def context(self, version=None):
        context = certificates.client_context()
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def status(self, sni, host, context=None):
        context = context or certificates.trusting_anything()
        with wire.connect(self.weir.tls_port, context, sni) as client:
            client.send(wire.upgrade_request(host))
            return client.read_head().status

    def test_server_name_chooses_the_certificate(self):
        for host, kind in self.hosts.items():
            with self.subTest(host), \
                    wire.open_session(self.weir.tls_port, host, tls=self.context()) as session:
                session.send(from_client(TEXT, b"hello"))
                self.assertEqual(session.read_frame().payload, b"hello")
                self.assertIn(ALGORITHMS[kind], session.sock.getpeercert(binary_form=True))

    def test_tls_1_2_and_1_3_are_spoken_and_1_1_is_not(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for host in ("a.test", "b.test"):
                wire.open_session(self.weir.tls_port, host, tls=self.context(version)).close()
        text = s_client(self.weir.tls_port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-servername", "a.test")
        self.assertRegex(text, "alert protocol version|no protocols available|unsupported protocol")

    def test_fy13_of_all_suites_of_tls_1_2_exactly_six_are_spoken(self):
        known = subprocess.run(["openssl", "ciphers", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
                               capture_output=True, text=True, check=True).stdout.strip().split(":")
        suites = [suite for suite in known if not suite.startswith("TLS_")]
        self.assertGreater(len(suites), 27)
        spoken = {suite for suite in suites if f"Cipher is {suite}" in s_client(
            self.weir.tls_port, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", "-no_ign_eof",
            "-servername", "a.test" if "ECDSA" in suite else "b.test")}
        self.assertEqual(spoken, {f"ECDHE-{kind}-{rest}" for kind in ("ECDSA", "RSA") for rest in (
            "AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305")})

    def test_min_version_holds_for_its_domain(self):
        wire.open_session(self.weir.tls_port, "new.test", tls=self.context()).close()
        with self.assertRaises(ssl.SSLError):
            wire.connect(self.weir.tls_port, self.context(ssl.TLSVersion.TLSv1_2), "new.test")

    def test_alpn_is_http_1_1_alone(self):
        port = self.weir.tls_port
        both = s_client(port, "-alpn", "h2,http/1.1", "-servername", "a.test", "-no_ign_eof")
        self.assertIn("ALPN protocol: http/1.1", both)
        only = s_client(port, "-alpn", "h2", "-servername", "a.test", "-no_ign_eof")
        self.assertIn("no application protocol", only)
        none = s_client(port, "-servername", "a.test", "-no_ign_eof")
        self.assertIn("No ALPN negotiated", none)

    def test_openssl_s_client_upgrades(self):
        request = wire.upgrade_request("a.test") + from_client(frames.CLOSE, frames.close_payload(1000))
        text = s_client(self.weir.tls_port, "-servername", "a.test", "-quiet", request=request)
        self.assertIn("HTTP/1.1 101 Switching Protocols\r\n", text)

    def test_T7_server_name_and_host_that_differ_are_421(self):
        for sni, host in (("a.test", "b.test"), ("b.test", "a.test"), ("a.test", "unknown.test"),
                          ("x.wild.test", "a.test"), ("a.test", "plain.test")):
            with self.subTest(sni=sni, host=host):
                self.assertEqual(self.status(sni, host), 421)

    def test_T7_without_server_name_only_the_default_domain_is_served(self):
        self.assertEqual(self.status(None, "b.test"), 421)
        self.assertEqual(self.status(None, "a.test"), 101)

    def test_T7_unknown_server_name_opens_nothing(self):
        try:
            self.assertEqual(self.status("unknown.test", "unknown.test"), 421)
        except ssl.SSLError as error:
            self.assertRegex(str(error), "(?i)unrecognized.name")

    def test_T8_odd_server_names_open_nothing(self):
        request = wire.upgrade_request("a.test")
        for name in ("a.test,b.test", "a.test/x", "a test", "*.test", "a" * 250):
            with self.subTest(name):
                text = s_client(self.weir.tls_port, "-servername", name, "-quiet", request=request)
                self.assertNotIn("101 Switching", text)
        wire.open_session(self.weir.tls_port, "a.test", tls=self.context()).close()

    def resumed(self, version, first, second):
        """Whether a ticket that `first` gave is taken by `second`."""
        context = self.context(version)
        with wire.open_session(self.weir.tls_port, first, tls=context) as session:
            session.send(from_client(TEXT, b"x"))
            session.read_frame()
            ticket = session.sock.session
        sock = context.wrap_socket(socket.create_connection(("127.0.0.1", self.weir.tls_port), 5),
                                   server_hostname=second, session=ticket)
        with wire.Wire(sock) as again:
            again.send(wire.upgrade_request(second))
            self.assertEqual(again.read_head().status, 101)
            return sock.session_reused

    def test_T1_tickets_resume_on_their_own_domain(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version.name):
                self.assertTrue(self.resumed(version, "a.test", "a.test"))

    def test_T1_ticket_of_one_domain_does_not_resume_on_another(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for first, second in (("a.test", "b.test"), ("b.test", "a.test"), ("a.test", "x.wild.test")):
                with self.subTest(version=version.name, first=first, second=second):
                    self.assertFalse(self.resumed(version, first, second))

    def test_plaintext_on_the_tls_port_gets_a_clear_close(self):
        with wire.connect(self.weir.tls_port) as client:
            client.send(wire.upgrade_request("a.test"))
            got = client.read_rest()
        self.assertTrue(got, f"closed without a word ({client.end})")
        self.assertTrue(got.startswith(b"HTTP/1.1 400 ") or got[0] == 0x15, got)

    def test_garbage_on_the_tls_port_ends_the_connection(self):
        for data in (bytes(100), b"\x16\x03\x01\xff\xff" + bytes(1000), b"\x16\x03\x01\x00\x00", b"\x80\x2e\x01"):
            with self.subTest(data=data[:8]), wire.connect(self.weir.tls_port) as client:
                client.send(data)
                client.read_rest()

    def test_close_notify_ends_the_connection_in_order(self):
        with wire.open_session(self.weir.tls_port, "a.test", tls=self.context()) as session:
            session.send(from_client(frames.CLOSE, frames.close_payload(1000)))
            self.assertEqual(session.read_frame().code, 1000)
            # A plain recv of b"" is close_notify; an end without it would be an SSLEOFError.
            self.assertEqual(session.sock.recv(1), b"")

    def test_record_names_version_cipher_and_server_name(self):
        wire.open_session(self.weir.tls_port, "a.test", "/tls", tls=self.context()).close()
        record = self.weir.wait_access(event="open", uri="/tls")
        self.assertEqual((record["scheme"], record["sni"]), ("wss", "a.test"))
        self.assertIn("1.3", record["tls_version"])
        self.assertTrue(record["tls_cipher"])

    def test_large_messages_pass_in_both_directions(self):
        payload = bytes(range(256)) * 16384
        with wire.open_session(self.weir.tls_port, "relay.test", tls=self.context()) as session:
            pump(session, from_client(frames.BINARY, payload), len(payload))
            got = b""
            while len(got) < len(payload):
                got += session.read_frame().payload
            self.assertEqual(got, payload)
