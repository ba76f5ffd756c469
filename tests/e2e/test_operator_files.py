"""The files that an operator names: what is wrong with one is told at once, where it stands and how to mend it."""

import os
import re
import subprocess

import certificates
import wire
from harness import BINARY, Weir, WeirTest, domain, run_weir

# RFC 9325 §4.2: forward secrecy and AEAD.
SUITES = {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
          "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    return done.stdout


class OperatorFilesTest(WeirTest):
    def setUp(self):
        super().setUp()
        self.leaf = certificates.leaf("a.test", "rsa")
        self.folder = certificates.folder()

    def file(self, name, content=b""):
        path = self.folder / f"{self.id().rsplit('.', 1)[1]}-{name}"
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return path

    def described(self, *domains, **node):
        """A configuration that no process runs."""
        weir = Weir(list(domains), tls=any("tls" in each for each in domains), **node)
        self.addCleanup(weir.stop)
        return weir

    def check(self, certificate, key, *options):
        weir = self.described(domain("a.test", tls={"certificate": f"file:{certificate}", "key": f"file:{key}"}))
        done = run_weir("check", *options, "-c", str(weir.config_path))
        return done.returncode, done.stderr

    def refused(self, certificate, key, *words):
        status, said = self.check(certificate, key)
        self.assertEqual(status, 2, said)
        for word in words:
            self.assertIn(word, said)
        # Where the key stands, and in whose domain.
        self.assertRegex(said, r"(?m)^\S+/domains/00\.yaml:\d+:\d+: (domains\[0\]\.)?tls\.(certificate|key): domain a\.test: ")
        return said

    def warned(self, certificate, key, code, *words):
        status, said = self.check(certificate, key)
        self.assertEqual(status, 0, said)
        self.assertIn(code, said)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(self.check(certificate, key, "--strict")[0], 2)

    # -- FX4 -------------------------------------------------------------------------------------

    def encrypted(self):
        path = self.file("encrypted.key")
        openssl("pkey", "-in", self.leaf.key, "-aes256", "-passout", "pass:secret", "-out", path)
        return path

    def test_fx4_an_encrypted_key_is_refused_at_once_and_nobody_is_asked(self):
        key = self.encrypted()
        weir = self.described(domain("a.test", tls={"certificate": f"file:{self.leaf.certificate}",
                                                    "key": f"file:{key}"}))
        # An open pipe is what a terminal is to it: something that it could wait for.
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        self.addCleanup(os.close, reading)
        for command in ("check", "run"):
            with self.subTest(command):
                done = subprocess.run([str(BINARY), command, "-c", str(weir.config_path)],
                                      stdin=reading, capture_output=True, text=True, timeout=wire.TIMEOUT)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("is encrypted: decrypt it, for example with openssl pkey", done.stderr)
                self.assertNotIn("pass phrase", done.stderr.lower())

    def test_fx4_a_reload_with_an_encrypted_key_keeps_what_is_in_force(self):
        weir = self.run_one([domain("a.test", tls=self.leaf.yaml)], tls=True)
        weir.write([domain("a.test", tls={"certificate": f"file:{self.leaf.certificate}",
                                          "key": f"file:{self.encrypted()}"})])
        done = run_weir("reload", "-c", str(weir.config_path))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is encrypted", done.stderr + done.stdout)
        self.assertEqual(weir.admin("/healthz")[0], 200)
        self.assertEqual(weir.metric("weir_config_generation"), 1)
        weir.signal(15)
        self.assertEqual(weir.wait_exit(), 0)

    def test_fx4_no_file_of_the_configuration_is_waited_for(self):
        fifo = self.folder / "operator.fifo"
        if not fifo.exists():
            os.mkfifo(fifo)
        tls = self.leaf.yaml
        for path in (fifo, "/dev/zero", "/dev/tty", self.folder):
            for name, entry in {
                "certificate": domain("a.test", tls={**tls, "certificate": f"file:{path}"}),
                "key": domain("a.test", tls={**tls, "key": f"file:{path}"}),
                "ca": domain("a.test", 1, origin={"protocol": "https", "tls": {"ca": f"file:{path}"}}),
                "client": domain("a.test", 1, origin={"protocol": "https", "tls": {
                    "client_certificate": f"file:{path}", "client_key": f"file:{path}"}}),
                "secret": domain("a.test", 1, origin={"auth": {"username": "u", "password": f"file:{path}"}}),
            }.items():
                with self.subTest(path=str(path), file=name):
                    weir = self.described(entry)
                    done = run_weir("check", "-c", str(weir.config_path))
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn(str(path), done.stderr)
            with self.subTest(path=str(path), file="domain file"):
                weir = self.described(domain("a.test"))
                (weir.folder / "domains" / "01.yaml").symlink_to(path)
                done = run_weir("check", "-c", str(weir.config_path))
                self.assertEqual(done.returncode, 2, done.stderr)
            with self.subTest(path=str(path), file="node file"):
                self.assertEqual(run_weir("check", "-c", str(path)).returncode, 2)

    # -- FY6 -------------------------------------------------------------------------------------

    def test_fy6_certificates_in_the_wrong_order(self):
        authority = certificates.authority().certificate
        chain = self.file("chain.pem", authority.read_bytes() + self.leaf.certificate.read_bytes())
        self.refused(chain, self.leaf.key, "first comes", "Weir test authority", "expected", "a.test")

    def test_fy6_formats_that_are_not_pem_are_called_by_name_with_the_command(self):
        der = self.file("leaf.der")
        openssl("x509", "-in", self.leaf.certificate, "-outform", "der", "-out", der)
        self.refused(der, self.leaf.key, "DER", "openssl x509 -inform der")
        bag = self.file("leaf.p12")
        openssl("pkcs12", "-export", "-in", self.leaf.certificate, "-inkey", self.leaf.key, "-passout", "pass:", "-out", bag)
        self.refused(bag, self.leaf.key, "PKCS", "openssl pkcs12")
        self.refused(self.folder, self.leaf.key, "folder")

    def test_fy6_weak_keys_and_signatures(self):
        for name, options in {"1024 bits": ("-newkey", "rsa:1024"), "SHA1": ("-newkey", "rsa:2048", "-sha1")}.items():
            with self.subTest(name):
                key, certificate = self.file(f"{name}.key"), self.file(f"{name}.pem")
                request = self.file(f"{name}.csr")
                openssl("req", "-new", "-nodes", *options, "-keyout", key, "-out", request, "-subj", "/CN=a.test")
                authority = certificates.authority()
                digest = ["-sha1"] if name == "SHA1" else []
                openssl("x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key,
                        "-CAcreateserial", "-CAserial", self.file(f"{name}.srl", b"01"), *digest, "-out", certificate)
                self.refused(certificate, key, name)

    # -- FY7 -------------------------------------------------------------------------------------

    def test_fy7_what_clients_will_refuse_is_warned_of(self):
        odd = certificates.odd_leaf("operator-cn", "a.test", "")
        self.warned(odd.certificate, odd.key, "W_CERTIFICATE_NAME", "subjectAltName")
        alone = certificates.leaf("a.test")
        self.warned(alone.certificate, alone.key, "W_CERTIFICATE_CHAIN", "Weir test authority")
        old = certificates.leaf("a.test", days=-1)
        self.warned(old.certificate, old.key, "W_CERTIFICATE_EXPIRED")

    def test_fy7_a_wildcard_of_names_covers_more_than_that_of_a_certificate(self):
        leaf = certificates.leaf("*.wild.test")
        weir = self.described(domain("*.wild.test", tls=leaf.yaml))
        done = run_weir("check", "-c", str(weir.config_path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("W_CERTIFICATE_WILDCARD", done.stderr)

    # -- FY20 ------------------------------------------------------------------------------------

    def test_fy20_an_error_about_two_keys_points_at_the_key_and_names_the_domain(self):
        for key, value, line in (("kind", "cdn", r"kind: *cdn"), ("http2", "true", "http2"),
                                 ("acceleration", "{ dynamic: false }", "acceleration")):
            with self.subTest(key):
                weir = self.described(domain("a.test"))
                path = weir.folder / "domains" / "00.yaml"
                path.write_text(f"domain: a.test\nwebsocket:\n  enabled: true\norigin: {{ builtin: echo }}\n{key}: {value}\n")
                done = run_weir("check", "-c", str(weir.config_path))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, rf"00\.yaml:5:\d+: .*{key}")
                self.assertIn("a.test", done.stderr)

    def test_fy20_errors_come_behind_the_warnings(self):
        alone = certificates.leaf("a.test")
        weir = self.described(domain("a.test", tls=alone.yaml), domain("b.test", tls={**alone.yaml, "key": "file:/nowhere"}))
        done = run_weir("check", "-c", str(weir.config_path))
        self.assertEqual(done.returncode, 2)
        lines = [line for line in done.stderr.splitlines() if re.match(r"\S+:\d+:\d+: ", line)]
        self.assertIn("W_", lines[0])
        self.assertNotIn("W_", lines[-1])


class SuitesTest(WeirTest):
    @classmethod
    def configure(cls):
        return Weir([domain("ec.test", tls=certificates.leaf("ec.test").yaml),
                     domain("rsa.test", tls=certificates.leaf("rsa.test", "rsa").yaml)], tls=True)

    def negotiated(self, name, *options):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.weir.tls_port}", "-servername", name,
                               *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=wire.TIMEOUT)
        found = re.search(r"Cipher is (\S+)", done.stdout)
        return found.group(1) if found and done.returncode == 0 else None

    def test_fy13_tls_1_2_has_six_suites_and_no_others(self):
        offered = [each for each in openssl("ciphers", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").strip().split(":")
                   if not each.startswith("TLS_")]
        self.assertGreater(len(offered), 27)
        taken = {self.negotiated(name, "-tls1_2", "-cipher", f"{each}:@SECLEVEL=0") for each in offered
                 for name in ("ec.test", "rsa.test")}
        self.assertEqual(taken - {None, "(NONE)"}, SUITES)

    def test_fy13_older_versions_are_refused(self):
        for version in ("-tls1", "-tls1_1"):
            self.assertIn(self.negotiated("rsa.test", version, "-cipher", "ALL:@SECLEVEL=0"), (None, "(NONE)"))
        self.assertIsNotNone(self.negotiated("rsa.test", "-tls1_3"))

    def test_fy13_who_prefers_chacha20_gets_it(self):
        both = "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256"
        self.assertEqual(self.negotiated("rsa.test", "-tls1_2", "-cipher", both), "ECDHE-RSA-CHACHA20-POLY1305")
        both = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384"
        self.assertEqual(self.negotiated("rsa.test", "-tls1_2", "-cipher", both), "ECDHE-RSA-AES256-GCM-SHA384")
