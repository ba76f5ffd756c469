"""Hosts, origins and addresses in every spelling: routed, compared, refused."""

import pathlib
import shutil
import signal
import tempfile

import certificates
import origin
import wire
from frames import TEXT, from_client
from harness import WeirTest, domain, run_weir, wait_until


def status_of(port: int, host: str, page: str = "", tls=None, sni=None) -> int:
    extra = f"Origin: {page}\r\n".encode() if page else b""
    with wire.connect(port, tls, sni=sni) as client:
        client.send(wire.upgrade_request(host, extra=extra))
        return client.read_head().status


class HostTest(WeirTest):
    def check(self, text: str, *options: str):
        """What `weir check` says of a domain file, and its exit code."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "weir.yaml").write_text(
            f"listeners: [{{ name: web, ports: [8080] }}]\nstate_dir: state\ndomains: [{{ {text} }}]\n")
        done = run_weir("check", "-c", str(folder / "weir.yaml"), *options)
        return done.returncode, done.stdout + done.stderr

    def test_fy2_an_address_is_one_host_in_every_spelling(self):
        weir = self.run_one([domain("[0:0:0:0:0:0:0:1]"), domain("Chat.Test.")])
        for host in ("[::1]", "[0:0:0:0:0:0:0:1]", "[0::1]:81", "chat.test", "CHAT.test.", "chat.test:9"):
            self.assertEqual(status_of(weir.port, host), 101, host)
        self.assertEqual(status_of(weir.port, "[::2]"), 404)
        # Usage stays under the name as it is written.
        self.assertEqual(
            weir.metric("weir_handshakes_total", domain="[0:0:0:0:0:0:0:1]", code="101"), 3)
        self.assertEqual(weir.metric("weir_handshakes_total", domain="chat.test", code="101"), 3)

    def test_fy2_a_host_in_two_spellings_belongs_to_two_domains_only_by_mistake(self):
        code, said = self.check(
            'names: ["[::1]", a.test], origin: { builtin: echo } }, '
            '{ names: ["[0:0::1]", A.test.], origin: { builtin: echo }')
        self.assertEqual(code, 2)
        self.assertEqual(said.count("belongs already to the domain at"), 2, said)

    def test_fy2_a_server_name_is_compared_as_a_host_is(self):
        leaf = certificates.leaf("a.test")
        weir = self.run_one([domain("a.test", tls=leaf.yaml)], tls=True)
        context = certificates.client_context()
        context.check_hostname = False  # the name in the certificate has no dot
        for sni in ("a.test", "A.TEST", "a.test."):
            self.assertEqual(status_of(weir.tls_port, "A.test.", tls=context, sni=sni), 101, sni)

    def test_fy33_same_host_is_the_host_of_an_http_page(self):
        weir = self.run_one([domain("d.test"), domain("[::1]")])
        for page in ("http://d.test", "https://D.test:8443", "https://d.test.", "HTTP://d.test"):
            self.assertEqual(status_of(weir.port, "d.test", page), 101, page)
        self.assertEqual(status_of(weir.port, "[::1]", "http://[0:0::1]:3000"), 101)
        for page in ("javascript://d.test", "://d.test", "//d.test", "d.test", "ws://d.test",
                     "https://d.test/", "https://u@d.test", "https://d.test.evil", "null",
                     "https://e.test", "https://d.test\r\nOrigin: https://d.test"):
            self.assertEqual(status_of(weir.port, "d.test", page), 403, page)
        refused = weir.wait_access(close_cause="origin_not_allowed",
                                   error_detail="https://e.test is not a page of this host, and "
                                                "access.origins is same_host")
        self.assertEqual(refused["return_code"], 403)

    def test_fy33_listed_origins_are_compared_whole_in_one_spelling(self):
        listed = ["https://x.test:443", "http://[0:0::1]:3000", "capacitor://localhost"]
        weir = self.run_one([domain("d.test", access={"origins": listed})])
        for page in ("https://x.test", "https://X.test:443", "http://[::1]:3000", "capacitor://localhost"):
            self.assertEqual(status_of(weir.port, "d.test", page), 101, page)
        for page in ("http://x.test", "https://x.test:8443", "http://[::1]", "https://d.test"):
            self.assertEqual(status_of(weir.port, "d.test", page), 403, page)

    def test_fy8_what_only_looks_like_an_address_is_refused_at_check(self):
        for address, meant in (("10.0.0.300:80", "300 is above 255"),
                               ("1.2.3.4.5:80", "5 numbers instead of 4"),
                               ("010.0.0.1:80", 'did you mean "10.0.0.1"?'),
                               ("::1:3000", 'write "[::1]:3000" if it ends in a port'),
                               ("0x7f.1:80", 'did you mean "127.0.0.1"?'),
                               ("2130706433:80", 'did you mean "127.0.0.1"?'),
                               ("10.0.0.1:70000", "is out of range")):
            with self.subTest(address=address):
                code, said = self.check(
                    f'domain: a.test, origin: {{ servers: [{{ address: "{address}" }}] }}')
                self.assertEqual(code, 2)
                self.assertIn(meant, said)
                self.assertIn("1 error", said)

    def test_fy9_an_absolute_name_is_reached_and_named_without_its_dot(self):
        leaf = certificates.leaf("localhost")
        with origin.RawOrigin(tls=leaf.server_context()) as server:
            weir = self.run_one([domain("a.test", origin={
                "servers": [{"address": f"localhost.:{server.port}"}], "protocol": "https",
                "host_header": "origin",
                "tls": {"ca": f"file:{certificates.authority().certificate}"}})])
            session = self.use(wire.open_session(weir.port, "a.test"))
            session.send(from_client(TEXT, b"hello"))
            self.assertEqual(session.read_until_frame(TEXT).payload, b"hello")
            asked = next(one for one in server.connections if one.head)
            self.assertEqual(asked.head.get("Host"), f"localhost:{server.port}")
            self.assertEqual(asked.sni, "localhost")


class NoDomainsTest(WeirTest):
    def reload(self, weir) -> bool:
        before = weir.metric("weir_config_reloads_total")
        weir.signal(signal.SIGHUP)
        wait_until(lambda: weir.metric("weir_config_reloads_total") > before, lambda: weir.tail())
        return weir.metric("weir_config_last_reload_successful") == 1

    def test_fx20_a_reload_takes_no_domains_away_for_want_of_files(self):
        weir = self.run_one([domain("a.test")])
        session = self.use(wire.open_session(weir.port, "a.test"))
        domains = weir.folder / "domains"
        kept = weir.folder / "kept"
        domains.rename(kept)
        self.assertFalse(self.reload(weir))
        weir.wait_log(r'no file matches "domains/\*\.yaml", and a reload takes no domains away')
        self.assertEqual(status_of(weir.port, "a.test"), 101)
        done = run_weir("reload", "-c", str(weir.config_path))
        self.assertEqual(done.returncode, 2)
        self.assertIn("write domains: [] if none is meant", done.stderr)
        # Empty files and none at all are no other case.
        domains.mkdir()
        self.assertFalse(self.reload(weir))
        (domains / "a.yaml").write_text("# nothing\n")
        self.assertFalse(self.reload(weir))
        (domains / "a.yaml").unlink()
        domains.rmdir()
        kept.rename(domains)
        self.assertTrue(self.reload(weir))
        session.send(from_client(TEXT, b"alive"))
        self.assertEqual(session.read_until_frame(TEXT).payload, b"alive")

    def test_fx20_none_is_accepted_where_the_file_says_so(self):
        weir = self.run_one([domain("a.test")])
        text = weir.config_path.read_text()
        weir.config_path.write_text(text.replace("domains: domains/*.yaml", "domains: []").replace(
            'domains: "domains/*.yaml"', "domains: []"))
        self.assertIn("domains: []", weir.config_path.read_text())
        self.assertTrue(self.reload(weir))
        self.assertEqual(status_of(weir.port, "a.test"), 404)

    def test_fx20_a_start_without_domains_is_a_warning(self):
        weir = self.run_one([])
        weir.wait_log(r"W_NO_DOMAINS: no file matches")
        self.assertTrue(self.reload(weir))
        (weir.folder / "domains" / "a.yaml").write_text(
            "domain: a.test\nwebsocket: { enabled: true }\norigin: { builtin: echo }\n")
        self.assertTrue(self.reload(weir))
        self.assertEqual(status_of(weir.port, "a.test"), 101)
