"""TLS towards origins (hardening T3, T5, T6): verified by default, and nothing but TLS is read from the socket."""

import shutil
import signal
import ssl

import certificates
import daemons
import frames
import origin
import wire
from harness import Weir, WeirTest, domain, wait_until

DEFECTS = {
    "wrong-name": (lambda: certificates.leaf("elsewhere.test"), "(?i)name|mismatch"),
    "expired": (lambda: certificates.leaf("expired.test", days=-1), "(?i)expired"),
    "self-signed": (lambda: certificates.leaf("self-signed.test", issuer="self"), "(?i)self.?signed"),
    "other-authority": (lambda: certificates.leaf("other-authority.test", issuer="other"),
                        "(?i)issuer|authority|self.?signed"),
}


# Which names of a certificate count (T5): label, common name, subjectAltName, the Host that is asked for, the fault.
ODD = [
    ("other-name", "stranger", "otherName:1.3.6.1.5.5.7.8.9;UTF8:a.test", "other-name.test", "mismatch"),
    ("other-kinds", "stranger", "email:a@kinds.test,URI:https://kinds.test,RID:1.2.3", "kinds.test", "mismatch"),
    ("other-and-dns", "stranger", "otherName:1.3.6.1.5.5.7.8.9;UTF8:a,DNS:both.test", "both.test", None),
    ("empty", "stranger", "DER:30:00", "empty.test", "mismatch"),
    ("nobody", "", "", "nobody.test", "mismatch"),
    ("common-name", "common.test", "", "common.test", None),
    ("common-beside-dns", "beside.test", "DNS:stranger.test", "beside.test", "mismatch"),
    ("wildcard", "stranger", "DNS:*.wild.test", "a.wild.test", None),
    ("wildcard-two", "stranger", "DNS:*.two.test", "a.b.two.test", "mismatch"),
    ("wildcard-none", "stranger", "DNS:*.bare.test", "bare.test", "mismatch"),
    ("wildcard-part", "stranger", "DNS:a*.part.test", "ab.part.test", "mismatch"),
    ("letter-case", "stranger", "DNS:CASE.Test", "case.test", None),
]


class TlsTest(WeirTest):
    def refused(self, host, status=502, cause="origin_tls"):
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host))
        self.assertEqual(head.status, status, body)
        self.assertTrue(wire.is_one_line(body), body)
        record = self.weir.wait_access(event="refused", domain=host)
        self.assertEqual((record["return_code"], record["close_cause"]), (status, cause))
        self.assertGreaterEqual(self.weir.metric(
            "weir_origin_failures_total", domain=host, origin="127.0.0.1", cause=cause), 1)
        return f"{record['error']} {record.get('error_detail')}"

    def echo(self, host, weir=None):
        """Both ways, with more than a TLS record holds."""
        message = b"x" * 100_000
        with wire.open_session((weir or self.weir).port, host) as client:
            client.send(frames.from_client(frames.BINARY, message))
            self.assertEqual(client.read_frame().payload, message)


class OriginTlsTest(TlsTest):
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
        pin = certificates.pin(certificates.leaf("good.test"))
        wrong = certificates.pin(certificates.leaf("elsewhere.test"))
        authority = certificates.pin(certificates.authority())
        for name, pins, verify in (("pinned", [wrong, pin], True), ("pinned-authority", [authority], True),
                                   ("wrong-pin", [wrong], True), ("pinned-alone", [pin], False),
                                   ("wrong-pin-alone", [wrong], False)):
            domains.append(cls.entry(f"{name}.test", cls.good.port, verify, tls={"pins": pins}, sni="good.test"))
        return Weir(domains, workers=1)

    @classmethod
    def entry(cls, name, port, verify=True, ca=None, **more):
        return domain(name, origin={
            "protocol": "https", "ports": {"https": port}, "servers": [{"address": "127.0.0.1"}],
            **more, "tls": {"verify": verify, "ca": ca or cls.ca, **more.get("tls", {})}})

    def test_good_certificate_is_accepted(self):
        wire.open_session(self.weir.port, "good.test").close()

    def test_T6_bad_certificates_are_502_with_the_reason_in_the_log(self):
        for name, (_, words) in DEFECTS.items():
            with self.subTest(name):
                self.assertRegex(self.refused(f"{name}.test"), words)
                self.assertEqual(bytes(self.origins[name].finished().seen), b"")

    def test_T6_verify_off_accepts_them(self):
        for name in DEFECTS:
            with self.subTest(name):
                wire.open_session(self.weir.port, f"unverified-{name}.test").close()

    def test_authority_unknown_to_the_system_is_refused_by_default(self):
        self.assertIn("not trusted", self.refused("system.test"))

    def test_T3_clear_text_before_the_handshake_is_502_and_nothing_of_it_passes(self):
        with wire.connect(self.weir.port) as client:
            client.send(wire.upgrade_request("clear.test"))
            self.assertEqual(client.read_head().status, 502)
            client.read_rest()
            self.assertNotIn(b"SECRET", client.seen)
        # A ClientHello, or nothing at all, but never the request.
        self.assertNotIn(b"GET ", self.clear.finished().seen)

    def test_origin_that_never_answers_the_hello_is_504_after_io_timeout(self):
        self.refused("silent.test", 504, "origin_timeout")

    def test_pins(self):
        self.echo("pinned.test")
        self.echo("pinned-authority.test")
        self.assertIn("none of the pinned keys", self.refused("wrong-pin.test"))

    def test_pins_count_without_verification(self):
        self.echo("pinned-alone.test")
        self.assertIn("none of the pinned keys", self.refused("wrong-pin-alone.test"))


class NameTest(TlsTest):
    @classmethod
    def configure(cls):
        domains = []
        for label, common_name, names, host, _ in ODD:
            domains.append(cls.entry(host, certificates.odd_leaf(label, common_name, names)))
        # Asked for as an address, because that is what the server is configured as.
        for label, names in (("ip", "IP:127.0.0.1"), ("other-ip", "IP:127.0.0.2"), ("ip-as-name", "DNS:127.0.0.1")):
            leaf = certificates.odd_leaf(label, "127.0.0.1", names)
            domains.append(cls.entry(f"{label}.test", leaf, host_header="origin"))
        return Weir(domains, workers=1)

    @classmethod
    def entry(cls, host, leaf, **more):
        raw = cls.keep(origin.RawOrigin(tls=leaf.server_context()))
        return domain(host, origin={
            "protocol": "https", "ports": {"https": raw.port}, "servers": [{"address": "127.0.0.1"}],
            "tls": {"ca": f"file:{certificates.authority().certificate}"}, **more})

    def test_T5_which_names_of_a_certificate_count(self):
        for label, _, _, host, words in ODD:
            with self.subTest(label):
                if words is None:
                    self.echo(host)
                else:
                    self.assertIn(words, self.refused(host))

    def test_T5_address(self):
        self.echo("ip.test")
        self.assertIn("IP address mismatch", self.refused("other-ip.test"))
        self.assertIn("IP address mismatch", self.refused("ip-as-name.test"))


class NginxTest(TlsTest):
    """nginx as the https origin, which demands a client certificate; behind it one that sees what nginx has seen."""

    @classmethod
    def configure(cls):
        cls.raw = cls.keep(origin.RawOrigin())
        cls.nginx = cls.keep(daemons.Nginx(certificates.leaf("good.test"), certificates.authority("clients"),
                                           cls.raw.port))
        cls.client = certificates.leaf("client-one", issuer="clients")
        port, old = cls.nginx.port, cls.nginx.old_port
        cls.elsewhere = cls.keep(origin.RawOrigin(origin.answer(
            f"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode())))
        return Weir([
            cls.entry("good.test", port, cls.client),
            cls.entry("fixed.test", port, cls.client, sni="good.test"),
            cls.entry("without.test", port, sni="good.test"),
            cls.entry("stranger.test", port, certificates.leaf("stranger", issuer="other"), sni="good.test"),
            cls.entry("old.test", old, sni="good.test"),
            cls.entry("modern.test", old, sni="good.test", tls={"min_version": "1.3"}),
            domain("away.test", cls.elsewhere.port, origin={"redirect_hosts": ["good.test", "127.0.0.1"], "tls": {
                "verify": False, "client_certificate": f"file:{cls.client.certificate}",
                "client_key": f"file:{cls.client.key}"}}),
        ], workers=1)

    @classmethod
    def entry(cls, host, port, client=None, ca=None, **more):
        identity = {}
        if client:
            identity = {"client_certificate": f"file:{client.certificate}", "client_key": f"file:{client.key}"}
        return domain(host, origin={
            "protocol": "https", "ports": {"https": port}, "servers": [{"address": "127.0.0.1"}], **more,
            "tls": {"ca": f"file:{ca or certificates.authority().certificate}", **identity,
                    **more.get("tls", {})}})

    def seen(self, weir, host):
        """What nginx tells of a new session's connection."""
        self.echo(host, weir)
        head = self.raw.connections[-1].head
        return {name: head.get(f"X-Tls-{name}") for name in daemons.Nginx.TOLD}

    def test_client_certificate_name_and_protocol(self):
        for host in ("good.test", "fixed.test"):
            with self.subTest(host):
                seen = self.seen(self.weir, host)
                self.assertEqual((seen["Verified"], seen["Client"]), ("SUCCESS", "CN=client-one"))
                self.assertEqual((seen["Name"], seen["Alpn"], seen["Protocol"]), ("good.test", "http/1.1", "TLSv1.3"))

    def test_without_client_certificate_nginx_answers_400_and_that_is_passed_on(self):
        # nginx finishes the handshake first, so what comes is an answer like any other.
        for host, words in (("without.test", b"No required SSL certificate"),
                            ("stranger.test", b"SSL certificate error")):
            with self.subTest(host):
                head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host))
                self.assertEqual(head.status, 400)
                self.assertIn(words, body)
                record = self.weir.wait_access(event="refused", domain=host)
                self.assertEqual(record["close_cause"], "origin_refused_upgrade")

    def test_host_of_redirect_hosts_is_not_shown_the_client_certificate(self):
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request("away.test"))
        self.assertEqual(head.status, 400)
        self.assertIn(b"No required SSL certificate", body)

    def test_minimum_version(self):
        self.assertEqual(self.seen(self.weir, "old.test")["Protocol"], "TLSv1.2")
        self.assertIn("no TLS version in common", self.refused("modern.test"))

    def test_reload_reads_certificates_again(self):
        client, ca = certificates.Leaf("renewed-client"), certificates.Leaf("renewed-authority")
        self.renew(certificates.leaf("client-one", issuer="clients"), client)
        self.renew(certificates.authority(), ca)
        weir = self.run_one([self.entry("good.test", self.nginx.port, client, ca.certificate)], workers=1)
        first = self.seen(weir, "good.test")
        self.renew(certificates.leaf("client-two", issuer="clients"), client)
        self.assertEqual(self.seen(weir, "good.test")["Serial"], first["Serial"])  # nobody has said so yet
        self.reload(weir)
        second = self.seen(weir, "good.test")
        self.assertEqual((second["Client"], second["Verified"]), ("CN=client-two", "SUCCESS"))
        self.assertNotEqual(second["Serial"], first["Serial"])
        self.renew(certificates.authority("other"), ca)
        self.reload(weir)
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("good.test"))
        self.assertEqual((head.status, b"not trusted" in body), (502, True), body)

    @staticmethod
    def renew(leaf, place):
        shutil.copy(leaf.certificate, place.certificate)
        shutil.copy(leaf.key, place.key)

    @staticmethod
    def reload(weir):
        before = weir.metric("weir_config_reloads_total", result="success")
        weir.signal(signal.SIGHUP)
        wait_until(lambda: weir.metric("weir_config_reloads_total", result="success") > before, weir.tail)


class DemandTest(TlsTest):
    """Origins that end the handshake where nginx would still answer."""

    @classmethod
    def configure(cls):
        domains = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = certificates.leaf("good.test").server_context()
            context.maximum_version = version
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(certificates.authority("clients").certificate)
            raw = cls.keep(origin.RawOrigin(tls=context))
            for name, client in (("good", certificates.leaf("client-one", issuer="clients")), ("without", None),
                                 ("stranger", certificates.leaf("stranger", issuer="other"))):
                domains.append(NginxTest.entry(f"{name}-{version.name[-3:].replace('_', '-')}.test".lower(), raw.port,
                                               client, sni="good.test"))
        return Weir(domains, workers=1)

    def test_right_one(self):
        for version in ("1-2", "1-3"):
            with self.subTest(version):
                self.echo(f"good-{version}.test")

    def test_none_and_a_wrong_one_are_502_with_the_reason(self):
        # With TLS 1.3 it comes after the handshake.
        for version in ("1-2", "1-3"):
            for name in ("without", "stranger"):
                with self.subTest(f"{name} {version}"):
                    self.assertIn("client certificate", self.refused(f"{name}-{version}.test"))
