"""TLS towards origins (hardening T3, T6): verified by default, and nothing but TLS is read from the socket."""

import frames
import certificates
import origin
import wire
from harness import Weir, WeirTest, domain

DEFECTS = {
    "wrong-name": (lambda: certificates.leaf("elsewhere.test"), "(?i)name|mismatch"),
    "expired": (lambda: certificates.leaf("expired.test", days=-1), "(?i)expired"),
    "self-signed": (lambda: certificates.leaf("self-signed.test", issuer="self"), "(?i)self.?signed"),
    "other-authority": (lambda: certificates.leaf("other-authority.test", issuer="other"),
                        "(?i)issuer|authority|self.?signed"),
}


class OriginTlsTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.ca = f"file:{certificates.authority().certificate}"
        cls.origins, domains = {}, []
        for name, (leaf, _) in DEFECTS.items():
            cls.origins[name] = cls.keep(origin.RawOrigin(tls=leaf().server_context()))
            domains.append(cls.entry(f"{name}.test", cls.origins[name].port))
            domains.append(cls.entry(f"unverified-{name}.test", cls.origins[name].port, verify=False))

        def clear(connection):
            """Speaks HTTP in the clear before any TLS (T3), with all that a real 101 would have."""
            connection.send(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + frames.accept_for(wire.KEY).encode() + b"\r\n\r\n"
                + frames.frame(frames.TEXT, b"SECRET"))
            connection.read_rest()

        def silent(connection):
            connection.read_rest()

        cls.clear = cls.keep(origin.RawOrigin(clear))
        cls.silent = cls.keep(origin.RawOrigin(silent))
        good = certificates.leaf("good.test").server_context()
        cls.good = cls.keep(origin.RawOrigin(tls=good))
        domains += [cls.entry("clear.test", cls.clear.port), cls.entry("good.test", cls.good.port),
                    cls.entry("silent.test", cls.silent.port, io_timeout="500ms"),
                    cls.entry("system.test", cls.good.port, ca="system")]
        return Weir(domains)

    @classmethod
    def entry(cls, name, port, verify=True, ca=None, **more):
        return domain(name, origin={
            "protocol": "https", "ports": {"https": port}, "servers": [{"address": "127.0.0.1"}],
            "tls": {"verify": verify, "ca": ca or cls.ca}, **more})

    def refused(self, host, status=502):
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host))
        self.assertEqual(head.status, status, body)
        self.assertTrue(wire.is_one_line(body), body)
        record = self.weir.wait_access(event="refused", domain=host)
        self.assertEqual(record["return_code"], status)
        return body, record

    def test_good_certificate_is_accepted(self):
        wire.open_session(self.weir.port, "good.test").close()

    def test_T6_bad_certificates_are_502_with_the_reason_in_the_log(self):
        for name, (_, words) in DEFECTS.items():
            with self.subTest(name):
                _, record = self.refused(f"{name}.test")
                self.assertEqual(record["close_cause"], "origin_tls")
                self.assertRegex(f"{record['error']} {record.get('error_detail')}", words)
                self.assertEqual(bytes(self.origins[name].finished().seen), b"")

    def test_T6_verify_off_accepts_them(self):
        for name in DEFECTS:
            with self.subTest(name):
                wire.open_session(self.weir.port, f"unverified-{name}.test").close()

    def test_authority_unknown_to_the_system_is_refused_by_default(self):
        self.assertEqual(self.refused("system.test")[1]["close_cause"], "origin_tls")

    def test_T3_clear_text_before_the_handshake_is_502_and_nothing_of_it_passes(self):
        with wire.connect(self.weir.port) as client:
            client.send(wire.upgrade_request("clear.test"))
            self.assertEqual(client.read_head().status, 502)
            client.read_rest()
            self.assertNotIn(b"SECRET", client.seen)
        # A ClientHello, or nothing at all, but never the request.
        self.assertNotIn(b"GET ", self.clear.finished().seen)

    def test_origin_that_never_answers_the_hello_is_504_after_io_timeout(self):
        self.refused("silent.test", 504)
