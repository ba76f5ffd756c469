"""Credentials for origins (edge.md T9): Tomcat's Basic and Digest, and a scripted server for what Tomcat cannot."""

import base64
import hashlib
import re
import threading

import certificates
import frames
import origin
import peers
import wire
from harness import Weir, WeirTest, domain

PLAIN = ("plain", "correct-horse")
LATIN = ("latin", "grüne-straße")
WIDE = ("wide", "密码-€")
WRONG = "wrong-horse"


def basic(user: str, password: str, charset: str = "utf-8") -> str:
    return base64.b64encode(f"{user}:{password}".encode(charset)).decode()


# In whatever form: none of these may be found where people look.
SECRETS = [password for _, password in (PLAIN, LATIN, WIDE)] + [
    WRONG, basic(*PLAIN), basic(*WIDE), basic(*LATIN), basic(*LATIN, "latin-1"), basic(PLAIN[0], WRONG)]


class AuthTest(WeirTest):
    def tearDown(self) -> None:
        """After each test, because whichever path it has taken, that one must not tell."""
        told = "\n".join(self.weir.lines) + self.weir.access_path.read_text(errors="replace")
        told += self.weir.admin("/metrics")[1]
        for secret in SECRETS:
            self.assertNotIn(secret, told)
        self.assertNotRegex(told, r"response=\W*[0-9a-f]{32}")

    def refused(self, host: str, path: str, words: str) -> None:
        """A 502 that shows nothing of the origin's challenge."""
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host, path))
        self.assertEqual(head.status, 502, body)
        self.assertTrue(wire.is_one_line(body), body)
        self.assertIsNone(head.get("WWW-Authenticate"))
        record = self.weir.wait_access(event="refused", domain=host, uri=path)
        self.assertEqual((record["close_cause"], record["return_code"]), ("origin_auth", 502))
        self.assertRegex(record["error_detail"], words)
        self.assertGreaterEqual(
            self.weir.metric("weir_origin_failures_total", domain=host, cause="origin_auth"), 1)


def entry(name: str, port: int, user=None, tls: bool = False, **auth) -> dict:
    scheme = "https" if tls else "http"
    settings = {"protocol": scheme, "ports": {scheme: port}, "servers": [{"address": "127.0.0.1"}]}
    if tls:
        settings.update(sni="good.test", tls={"ca": f"file:{certificates.authority().certificate}"})
    if user:
        settings["auth"] = {"username": user[0], "password": user[1], "allow_basic_plaintext": True, **auth}
    return domain(name, origin=settings)


class TomcatTest(AuthTest):
    """Each user at /basic, /wide (Basic in UTF-8) and /digest; the realms have these names."""

    parallel = 4

    @classmethod
    def configure(cls) -> Weir:
        cls.tomcat = cls.keep(peers.Tomcat(certificates.leaf("good.test")))
        port = cls.tomcat.http
        return Weir([
            entry("plain.test", port, PLAIN),
            entry("digest.test", port, PLAIN),
            entry("latin.test", port, LATIN),
            entry("wide.test", port, WIDE),
            entry("wrong.test", port, (PLAIN[0], WRONG)),
            entry("realm.test", port, PLAIN, realm=" digest "),
            entry("other-realm.test", port, PLAIN, realm="Digest"),
            entry("only-basic.test", port, PLAIN, schemes=["basic"]),
            entry("no-plaintext.test", port, PLAIN, allow_basic_plaintext=False),
            entry("tls.test", cls.tomcat.https, PLAIN, tls=True, allow_basic_plaintext=False),
            entry("none.test", port),
        ], workers=1)

    def info(self, host: str, path: str, extra: bytes = b"") -> str:
        """Opens a session, sees an echo, and returns what Tomcat's handshake had as its fields."""
        with wire.open_session(self.weir.port, host, path, extra=extra) as client:
            client.send(frames.from_client(frames.TEXT, "schöne Grüße".encode()))
            self.assertEqual(client.read_frame().payload.decode(), "schöne Grüße")
            client.send(frames.from_client(frames.TEXT, b"#info"))
            return client.read_frame().payload.decode()

    def test_basic(self):
        self.assertIn(f"Basic {basic(*PLAIN)}", self.info("plain.test", "/basic/echo"))

    def test_basic_over_tls_needs_no_permission(self):
        self.assertIn(f"Basic {basic(*PLAIN)}", self.info("tls.test", "/basic/echo"))

    def test_basic_in_clear_text_needs_permission(self):
        self.refused("no-plaintext.test", "/basic/echo", "not allowed over plain HTTP")

    def test_password_that_is_not_ascii(self):
        self.assertIn(basic(*LATIN, "latin-1"), self.info("latin.test", "/basic/echo"))
        self.assertIn(basic(*LATIN), self.info("latin.test", "/wide/echo"))
        self.assertIn(basic(*WIDE), self.info("wide.test", "/wide/echo"))

    def test_password_that_the_charset_does_not_have_is_not_sent(self):
        self.refused("wide.test", "/basic/echo", "ISO-8859-1|Latin|charset")

    def test_wrong_password(self):
        for path in ("/basic/echo", "/wide/echo", "/digest/echo"):
            with self.subTest(path):
                self.refused("wrong.test", path, "not accepted")

    def test_digest_uses_its_nonce_for_one_session_after_the_other(self):
        seen = []
        for number in range(1, 6):
            fields = self.info("digest.test", f"/digest/echo?number={number}")
            self.assertIn(f'uri="/digest/echo?number={number}"', fields)
            self.assertIn("algorithm=SHA-256", fields)  # the stronger one of two challenges
            seen.append((re.search(r'[ ,]nonce="([^"]+)"', fields).group(1),
                         re.search(r"nc=(\w{8})", fields).group(1)))
        self.assertEqual(seen, [(seen[0][0], f"{number:08x}") for number in range(1, 6)])

    def test_realm(self):
        self.assertIn('realm="digest"', self.info("realm.test", "/digest/echo"))
        self.refused("realm.test", "/basic/echo", "another realm")
        self.refused("other-realm.test", "/digest/echo", "another realm")

    def test_scheme_that_is_not_allowed(self):
        self.info("only-basic.test", "/basic/echo")
        self.refused("only-basic.test", "/digest/echo", "digest is not supported or not allowed")

    def test_without_credentials_of_ours_the_clients_own_pass(self):
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request("none.test", "/basic/echo"))
        self.assertEqual(head.status, 401)
        self.assertEqual(head.get("WWW-Authenticate"), 'Basic realm="basic"')
        self.assertIn(b"Unauthorized", body)
        answer = f"Authorization: Basic {basic(*PLAIN)}\r\n".encode()
        self.assertIn(basic(*PLAIN), self.info("none.test", "/basic/echo", answer))
        record = self.weir.wait_access(event="refused", domain="none.test")
        self.assertEqual(record["close_cause"], "origin_refused_upgrade")

    def test_credentials_of_the_client_give_way_to_ours(self):
        fields = self.info("plain.test", "/basic/echo", b"Authorization: Basic Y2xpZW50OmNsaWVudA==\r\n")
        self.assertNotIn("Y2xpZW50", fields)
        self.assertIn(basic(*PLAIN), fields)


class Guard:
    """Gives out challenges and judges the answers by RFC 7616, with arithmetic of its own."""

    def __init__(self, challenges, user=PLAIN, algorithm="MD5", qop=True, charset="utf-8", nonces=("n1",)):
        self.challenges = challenges
        self.user, self.algorithm, self.qop, self.charset = user, algorithm, qop, charset
        self.nonces = list(nonces)
        self.lock = threading.Lock()
        self.answers = []
        self.faults = []
        self.raw = origin.RawOrigin(self.script)
        self.port = self.raw.port

    def close(self) -> None:
        self.raw.close()

    def script(self, connection) -> None:
        connection.head = connection.read_head()
        answer = connection.head.get("Authorization")
        with self.lock:
            accepted, stale = self.judge(connection.head.start.split(" ")[1], answer)
        if accepted:
            connection.send(origin.good_101(connection.head))
            connection.echo()
            return
        lines = [line.format(nonce=self.nonces[0], stale=", stale=true" if stale else "")
                 for line in self.challenges]
        fields = "".join(f"WWW-Authenticate: {line}\r\n" for line in lines)
        connection.send(f"HTTP/1.1 401 Unauthorized\r\n{fields}Content-Length: 0\r\n\r\n".encode())
        connection.read_rest()

    def judge(self, uri: str, answer) -> "tuple[bool, bool]":
        """Whether it is accepted, and if not, whether only the nonce is old."""
        if answer is None:
            return False, False
        self.answers.append(answer)
        if answer.startswith("Basic "):
            return answer == "Basic " + basic(*self.user, self.charset), False
        given = {name: quoted or plain for name, quoted, plain in
                 re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', answer)}
        if given.get("uri") != uri or given.get("response") != self.expected(given, uri):
            self.faults.append(answer)
            return False, False
        return given["nonce"] == self.nonces[0], True

    def expected(self, given: dict, uri: str) -> str:
        def hashed(text: str, charset: str = "utf-8") -> str:
            kind = hashlib.sha256 if self.algorithm.startswith("SHA-256") else hashlib.md5
            return kind(text.encode(charset)).hexdigest()

        secret = hashed(f"{self.user[0]}:{given['realm']}:{self.user[1]}", self.charset)
        if self.algorithm.endswith("-sess"):
            secret = hashed(f"{secret}:{given['nonce']}:{given['cnonce']}")
        middle = f"{given['nc']}:{given['cnonce']}:auth:" if self.qop else ""
        return hashed(f"{secret}:{given['nonce']}:{middle}{hashed('GET:' + uri)}")


def digest(rest: str = "", realm: str = "guard") -> str:
    return f'Digest realm="{realm}", nonce="{{nonce}}"{rest}{{stale}}'


QOP = ', qop="auth,auth-int", opaque="xyz"'
CASES = {
    "md5": dict(challenges=[digest(QOP)]),
    "md5-sess": dict(challenges=[digest(QOP + ", algorithm=MD5-sess")], algorithm="MD5-sess"),
    "sha-256": dict(challenges=[digest(QOP + ", algorithm=SHA-256")], algorithm="SHA-256"),
    "sha-256-sess": dict(challenges=[digest(QOP + ", algorithm=SHA-256-sess")], algorithm="SHA-256-sess"),
    "no-qop": dict(challenges=[digest()], qop=False),
    "negotiate-first": dict(challenges=["Negotiate", digest(QOP)]),
    "all-in-one-field": dict(challenges=["Negotiate YWJj, Basic realm=\"guard\", " + digest(QOP)]),
    "strongest-last": dict(challenges=['Basic realm="guard"', digest(QOP), digest(QOP + ", algorithm=SHA-256")],
                           algorithm="SHA-256"),
    "quotes": dict(challenges=[digest(QOP, realm='the, "guard"'.replace('"', "'"))]),
    "digest-utf-8": dict(challenges=[digest(QOP + ", charset=UTF-8")], user=LATIN),
    "digest-latin-1": dict(challenges=[digest(QOP)], user=LATIN, charset="latin-1"),
    "basic-utf-8": dict(challenges=['Basic realm="guard", charset="utf-8"'], user=WIDE),
    "basic-latin-1": dict(challenges=['Basic realm="guard"'], user=LATIN, charset="latin-1"),
}
REFUSED = {
    "negotiate-only": (dict(challenges=["Negotiate", 'Bearer realm="guard"']),
                       "negotiate is not supported.*bearer is not supported"),
    "auth-int-only": (dict(challenges=[digest(', qop="auth-int"')]), "qop|auth-int"),
    "unknown-algorithm": (dict(challenges=[digest(QOP + ", algorithm=ROT13")]), "(?i)algorithm"),
    "no-challenge": (dict(challenges=[]), "without a challenge"),
    "malformed": (dict(challenges=['Digest realm="open']), "quoted value without an end"),
}


class ScriptedTest(AuthTest):
    @classmethod
    def configure(cls) -> Weir:
        cls.guards = {name: cls.keep(Guard(**case)) for name, case in
                      {**CASES, **{name: case for name, (case, _) in REFUSED.items()}}.items()}
        cls.stale = cls.guards["stale"] = cls.keep(Guard([digest(QOP)]))
        return Weir([entry(f"{name}.test", guard.port, guard.user) for name, guard in cls.guards.items()],
                    workers=1)

    def session(self, name: str, path: str = "/a?b=c") -> None:
        with wire.open_session(self.weir.port, f"{name}.test", path) as client:
            client.send(frames.from_client(frames.TEXT, b"x"))
            self.assertEqual(client.read_frame().payload, b"x")

    def test_challenges_are_answered_once_for_all_sessions(self):
        for name in CASES:
            with self.subTest(name):
                for _ in range(3):
                    self.session(name)
                guard = self.guards[name]
                self.assertEqual((guard.faults, guard.raw.accepted, len(guard.answers)), ([], 4, 3))

    def test_qop_is_answered_with_auth_alone(self):
        self.session("md5")
        answer = self.guards["md5"].answers[-1]
        self.assertRegex(answer, r"qop=auth(,|$)")
        self.assertIn('opaque="xyz"', answer)

    def test_nonce_that_is_stale_is_replaced_within_the_session(self):
        self.session("stale")
        before = self.stale.raw.accepted
        self.stale.nonces.insert(0, "n2")
        self.session("stale")
        self.assertEqual(self.stale.raw.accepted - before, 2)
        self.session("stale")
        self.assertEqual(self.stale.raw.accepted - before, 3)
        self.assertEqual(self.stale.faults, [])
        self.assertIn("nc=00000002", self.stale.answers[-1])

    def test_challenges_that_nobody_can_answer_are_502(self):
        for name, (_, words) in REFUSED.items():
            with self.subTest(name):
                self.refused(f"{name}.test", "/", words)
                self.assertEqual(self.guards[name].answers, [])
