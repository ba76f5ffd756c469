"""`weir doctor`: what each of its six steps says when all is well, and when that step is broken."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading

import certificates
import daemons
import frames
import network
import origin
import peers
import plain
import wire
from harness import BINARY, Weir, WeirTest, domain
from patience import patience

HOST = "chat.test"
ELSEWHERE = "skip  it is another machine's: weir doctor -c tells it there"
# The system's own resolv.conf, for one process alone.
OWN_RESOLV_CONF = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                   'mount --bind "$0" /etc/resolv.conf && exec "$@"']

OPEN_4 = b'0{"sid":"Ab-_9","upgrades":["websocket"],"pingInterval":25000}'
OPEN_3 = b'96:0{"sid":"Ab-_9","upgrades":["websocket"],"pingInterval":25000}2:40'


def plain_answer(status: str, body: bytes, fields: bytes = b"") -> bytes:
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode() + fields + b"\r\n" + body)


def engine(poll: bytes, probe: bytes = b"3probe", requests: list = None):
    """A script of an origin that answers each poll so, and each probe."""

    def script(connection: origin.Connection) -> None:
        head = connection.head = connection.read_head()
        if requests is not None:
            requests.append(head)
        if "transport=polling" in head.start:
            connection.send(poll)
            connection.read_rest()
            return
        connection.send(origin.good_101(head))
        while True:
            got = connection.read_frame()
            if got.opcode == frames.CLOSE:
                return
            if got.payload == b"2probe":
                connection.send(frames.frame(frames.TEXT, probe))

    return script


def page_or_session(page: bytes):
    """A script of an origin that answers plain requests so, and says yes to upgrades."""

    def script(connection: origin.Connection) -> None:
        connection.head = connection.read_head()
        connection.send(origin.good_101(connection.head) if connection.head.get("Upgrade") else page)
        connection.read_rest()

    return script


class DoctorTest(WeirTest):
    parallel = 6

    def doctor(self, *arguments: str, code: int, prefix=(), **environment: str) -> "list[str]":
        """Its lines, with what differs from run to run put into one form."""
        done = subprocess.run([*prefix, str(BINARY), "doctor", *arguments], capture_output=True, text=True,
                              timeout=patience(60), stdin=subprocess.DEVNULL, env={**os.environ, **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.complaint = done.stderr
        return done.stdout.splitlines()

    def examine(self, weir: Weir, *more: str, host: str = HOST, address: str = "127.0.0.1", **options):
        where = ["--address", address] if address else []
        return self.doctor("-c", str(weir.config_path), "--domain", host, *where, *more, **options)

    def by_url(self, port: int, *more: str, path: str = "/", scheme: str = "ws", **options):
        return self.doctor("--url", f"{scheme}://127.0.0.1:{port}{path}", *more, **options)

    def serve(self, domains, start: bool = True, listeners=None, **options) -> Weir:
        """On ports that the configuration names: the doctor has no other way to know them. `self.listening`: the first."""
        for _ in range(daemons.Daemon.ATTEMPTS):
            made = listeners() if listeners else [{"name": "web", "address": "127.0.0.1", "ports": [daemons.free_port()]}]
            weir = Weir(domains, listeners=made, **options)
            self.listening = made[0]["ports"][0]
            self.addCleanup(weir.stop)
            if not start:
                return weir
            with contextlib.suppress(AssertionError):
                return weir.start()
            weir.process = None
        raise AssertionError("no port was free")

    def assert_lines(self, lines, *expected: str) -> None:
        """Each a regular expression of a whole line."""
        self.assertEqual(len(lines), len(expected), lines)
        for line, pattern in zip(lines, expected):
            self.assertRegex(line, f"^{pattern}$")


class WholeTest(DoctorTest):
    def test_all_six_steps_pass_on_a_plain_listener(self):
        server = self.use(origin.RawOrigin())
        weir = self.serve([domain(HOST, server.port)])
        port, pid = self.listening, weir.process.pid
        lines = self.examine(weir, code=0)
        self.assert_lines(
            lines,
            r"1/6 connection  ok  101 in \d+ ms",
            rf"2/6 port  ok  127\.0\.0\.1:{port} accepts",
            rf"3/6 owner  ok  {port} is held by weir \({pid}\), this configuration",
            rf"4/6 proxy  ok  route /, 127\.0\.0\.1:{server.port}: 101",
            "5/6 https  skip  no TLS listener",
            r"6/6 firewall  ok  reachable by 127\.0\.0\.1",
            "all 6 steps passed")

    def test_all_six_steps_pass_over_tls_whose_authority_the_system_believes(self):
        leaf = certificates.leaf(HOST, days=61)
        server = self.use(origin.RawOrigin())
        weir = self.serve(
            [domain(HOST, server.port, tls=leaf.yaml)],
            listeners=lambda: [{"name": "web", "address": "127.0.0.1", "ports": [daemons.free_port()]},
                               {"name": "secure", "address": "0.0.0.0", "ports": [daemons.free_port()], "tls": True}])
        secure = weir.tls_port
        lines = self.examine(weir, "--path", "/ws?a=1", code=0,
                             SSL_CERT_FILE=str(certificates.authority().certificate))
        self.assert_lines(
            lines,
            r"1/6 connection  ok  101 in \d+ ms",
            rf"2/6 port  ok  127\.0\.0\.1:{secure} accepts, 127\.0\.0\.1:{self.listening} accepts",
            rf"3/6 owner  ok  {secure}, {self.listening} are held by weir \({weir.process.pid}\), this configuration",
            rf"4/6 proxy  ok  route /, 127\.0\.0\.1:{server.port}: 101",
            f"5/6 https  ok  CN {HOST}, 6[01] days left",
            r"6/6 firewall  ok  reachable by 127\.0\.0\.1",
            "all 6 steps passed")
        # One by Weir, and one past it, both with what the browser would send.
        self.assertEqual({one.head.start for one in server.connections}, {"GET /ws?a=1 HTTP/1.1"})
        self.assertEqual({one.head.get("X-Forwarded-Proto") for one in server.connections}, {"https"})

    def test_pages_and_socket_io_behind_weir(self):
        for version in (2, 4):
            server = self.use(peers.socket_io_server(version))
            weir = self.serve([plain.http_domain(HOST, server.http)])
            lines = self.examine(weir, "--socket-io", code=0)
            self.assertRegex(lines[0], rf"^1/6 connection  ok  101 in \d+ ms; socket\.io {version}: open, probe answered$")
            self.assertEqual(lines[3], f"4/6 proxy  ok  route /, 127.0.0.1:{server.http}: 200, 101")
        node = self.use(peers.node_server(certificates.leaf(HOST)))
        weir = self.serve([plain.http_domain(HOST, node.http)])
        self.assertEqual(self.examine(weir, code=0)[3], f"4/6 proxy  ok  route /, 127.0.0.1:{node.http}: 404, 101")

    def test_a_listener_of_another_family_is_no_way_in_to_an_address(self):
        def listeners():
            port = daemons.free_port()
            return [{"name": "web", "address": "127.0.0.1", "ports": [port]},
                    {"name": "web6", "address": "::1", "ports": [port]}]

        weir = self.serve([domain(HOST)], listeners=listeners)
        for address, place in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
            lines = self.examine(weir, code=0, address=address)
            self.assertEqual(lines[1], f"2/6 port  ok  {place}:{self.listening} accepts")
            self.assertEqual(lines[2], f"3/6 owner  ok  {self.listening} is held by weir ({weir.process.pid}), "
                                       "this configuration")

    def test_json_has_an_object_for_each_step_and_marks_the_first_cause(self):
        weir = self.serve([domain(HOST, daemons.free_port())])
        lines = [json.loads(line) for line in self.examine(weir, "--json", code=1)]
        self.assertEqual([(one["step"], one["name"]) for one in lines],
                         list(enumerate(["connection", "port", "owner", "proxy", "https", "firewall"], 1)))
        self.assertEqual([one["result"] for one in lines], ["FAIL", "ok", "ok", "FAIL", "skip", "ok"])
        self.assertEqual([one["step"] for one in lines if one.get("first_cause")], [4])

    def test_it_changes_nothing_and_works_with_weir_stopped(self):
        server = self.use(origin.RawOrigin())
        weir = self.serve([domain(HOST, server.port)], start=False)
        before = sorted(path for path in weir.folder.rglob("*"))
        port = self.listening
        self.assert_lines(
            self.examine(weir, code=1),
            "1/6 connection  FAIL  no 101: refused",
            rf"2/6 port  FAIL  127\.0\.0\.1:{port} refused",
            f"3/6 owner  FAIL  nobody listens on {port}",
            rf"4/6 proxy  ok  route /, 127\.0\.0\.1:{server.port}: 101",
            "5/6 https  skip  no TLS listener",
            "6/6 firewall  skip  nobody listens here either",
            r"first cause: step 2 \(port\)")
        self.assertEqual(sorted(path for path in weir.folder.rglob("*")), before)

    def test_what_is_no_question_for_it_is_exit_2(self):
        weir = self.serve([domain(HOST), domain("*.wild.test")], start=False)
        for arguments, said in (
                ((), "--domain NAME of the configuration, or --url"),
                (("--domain", "nobody.test"), "no domain has the name nobody.test"),
                (("--domain", "*.wild.test"), "--domain is a name that a client uses"),
                (("--domain", HOST, "--path", "ws"), "--path is a path of a URL"),
                (("--domain", HOST, "--socket-io", "/a?b"), "--socket-io is a path of a URL"),
                (("--domain", HOST, "--address", "chat.test"), "--address is an IP address"),
                (("--domain", HOST, "--url", "ws://a/"), "--url"),
                (("--url", "chat.test/ws"), "--url is one such as wss://"),
                (("--url", "ftp://chat.test/"), "--url is one such as wss://")):
            with self.subTest(arguments):
                self.assertEqual(self.doctor("-c", str(weir.config_path), *arguments, code=2), [])
                self.assertIn(said, self.complaint)
        weir.config_path.write_text("version: 1\nlistners: []\n")
        self.assertEqual(self.examine(weir, code=2), [])
        self.assertIn("did you mean", self.complaint)
        any_port = Weir([domain(HOST)])
        self.addCleanup(any_port.stop)
        self.assertEqual(self.examine(any_port, code=2), [])
        self.assertIn("with ports: [0] use --url", self.complaint)


class ConnectionTest(DoctorTest):
    """Step 1, asked of peers without a Weir in between: it is a client like any other."""

    def first(self, script, *more: str, code: int = 1) -> str:
        server = self.use(origin.RawOrigin(script))
        lines = self.by_url(server.port, *more, code=code)
        self.assertEqual(lines[2], f"3/6 owner  {ELSEWHERE}")
        self.assertEqual(lines[3], f"4/6 proxy  {ELSEWHERE}")
        self.assertEqual(lines[6], "first cause: step 1 (connection)" if code else "all 6 steps passed")
        return lines[0]

    def test_what_is_no_101(self):
        for answered, said in (
                (plain_answer("502 Bad Gateway", b"the origin refuses connections\n"),
                 '502 "the origin refuses connections"'),
                (plain_answer("404 Not Found", b""), "404"),
                (b"SSH-2.0-OpenSSH_9.2\r\n", r"no HTTP/1\.1 came: .*"),
                (b"", "the connection was closed without an answer"),
                (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
                 "it is not valid: Sec-WebSocket-Accept does not match the key")):
            with self.subTest(said):
                line = self.first(origin.answer(answered, end=not answered))
                self.assertRegex(line, f"^1/6 connection  FAIL  no 101: {said}$")

    def test_no_answer_in_ten_seconds(self):
        line = self.first(lambda connection: connection.read_rest())
        self.assertEqual(line, "1/6 connection  FAIL  no 101: no answer in 10 s")

    def test_socket_io_of_both_protocol_revisions(self):
        for poll, name in ((OPEN_4, "socket.io 4"), (OPEN_3, "socket.io 2")):
            with self.subTest(name):
                requests = []
                cookie = b"Set-Cookie: io=1; Path=/; HttpOnly\r\nSet-Cookie: weir_1=abc\r\n"
                line = self.first(engine(plain_answer("200 OK", poll, cookie), requests=requests), "--socket-io", code=0)
                self.assertRegex(line, rf"^1/6 connection  ok  101 in \d+ ms; {name}: open, probe answered$")
                last = requests[-1]
                revision = name[-1].replace("2", "3")
                self.assertRegex(last.start, rf"^GET /socket\.io/\?EIO={revision}&transport=websocket.*&sid=Ab-_9 ")
                self.assertEqual(last.get("Cookie"), "io=1; weir_1=abc", "as a browser brings them back")

    def test_socket_io_that_fails_on_its_way(self):
        no_upgrade = b'0{"sid":"a","upgrades":[],"pingInterval":25000}'
        for poll, probe, said in (
                (plain_answer("400 Bad Request", b'{"code":0}'), b"", "the poll was answered 400"),
                (plain_answer("200 OK", b"<html>"), b"", "the poll was answered 200, with no open packet"),
                (plain_answer("200 OK", no_upgrade), b"", "open, no upgrade to websocket offered"),
                (plain_answer("200 OK", OPEN_4), b"3other", "open, no probe")):
            with self.subTest(said):
                line = self.first(engine(poll, probe), "--socket-io", "/socket.io/")
                self.assertEqual(line, f"1/6 connection  FAIL  socket.io: {said}")

    def test_real_servers_of_socket_io_are_opened_and_left(self):
        for version in (2, 4):
            with self.subTest(version):
                server = self.use(peers.socket_io_server(version))
                lines = self.by_url(server.http, "--socket-io", code=0)
                self.assertRegex(lines[0], rf"^1/6 connection  ok  101 in \d+ ms; socket\.io {version}: "
                                           "open, probe answered$")


class PortTest(DoctorTest):
    def test_a_name_without_an_address(self):
        weir = self.serve([domain(HOST)])
        server = self.use(daemons.Dnsmasq(60, {"other.test": ["127.0.0.1"]}, for_resolv_conf=True))
        resolv_conf = weir.folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {server.address}\n")
        lines = self.examine(weir, code=1, address="", prefix=[*OWN_RESOLV_CONF, str(resolv_conf)])
        self.assert_lines(
            lines,
            f"1/6 connection  FAIL  no 101: {HOST} has no address",
            f"2/6 port  FAIL  {HOST} has no address",
            "3/6 owner  ok  .*",
            "4/6 proxy  ok  route /, answered here",
            "5/6 https  skip  no TLS listener",
            f"6/6 firewall  skip  {HOST} has no address",
            r"first cause: step 2 \(port\)")

    def test_a_name_is_looked_up_as_a_client_does(self):
        weir = self.serve([domain(HOST)])
        server = self.use(daemons.Dnsmasq(60, {HOST: ["127.0.0.1"]}, for_resolv_conf=True))
        resolv_conf = weir.folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {server.address}\n")
        lines = self.examine(weir, code=0, address="", prefix=[*OWN_RESOLV_CONF, str(resolv_conf)])
        self.assertEqual(lines[1], f"2/6 port  ok  127.0.0.1:{self.listening} accepts")

    def test_an_address_at_which_nobody_answers(self):
        """Whose queue is full: the kernel drops who comes, as a firewall does."""
        weir = self.serve([domain(HOST)])
        full = self.use(socket.socket())
        full.bind(("127.0.0.9", self.listening))
        full.listen(0)
        for _ in range(8):
            waiting = self.use(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(("127.0.0.9", self.listening))
        lines = self.examine(weir, code=1, address="127.0.0.9")
        port = self.listening
        self.assert_lines(
            lines,
            "1/6 connection  FAIL  no 101: no answer in 10 s",
            rf"2/6 port  FAIL  127\.0\.0\.9:{port} no answer in 10 s",
            "3/6 owner  ok  .*", "4/6 proxy  ok  .*", "5/6 https  skip  .*",
            rf"6/6 firewall  FAIL  127\.0\.0\.1:{port} accepts, 127\.0\.0\.9:{port} does not answer: a firewall or NAT",
            r"first cause: step 2 \(port\)")


class OwnerTest(DoctorTest):
    def test_somebody_else_holds_the_port(self):
        weir = self.serve([domain(HOST)], start=False)
        with socket.create_server(("127.0.0.1", self.listening)):
            lines = self.examine(weir, code=1)
            name = pathlib.Path("/proc/self/comm").read_text().strip()
            self.assertEqual(lines[2], f"3/6 owner  FAIL  {self.listening} is held by {name} ({os.getpid()})")

    def test_a_weir_of_another_configuration_holds_it(self):
        weir = self.serve([domain(HOST)])
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "weir.yaml"
            text = weir.config_path.read_text().replace(str(weir.folder / "state"), folder)
            other.write_text(text.replace("domains/", f"{weir.folder}/domains/"))
            lines = self.doctor("-c", str(other), "--domain", HOST, "--address", "127.0.0.1", code=1)
            self.assertEqual(lines[2], f"3/6 owner  FAIL  {self.listening} is held by weir ({weir.process.pid}), "
                                       "another configuration")
            self.assertEqual(lines[6], "first cause: step 3 (owner)")

    def test_which_port_of_first_available_won(self):
        def listeners():
            taken = self.use(socket.create_server(("127.0.0.1", 0)))
            ports = [taken.getsockname()[1], daemons.free_port()]
            return [{"name": "streams", "address": "127.0.0.1", "mode": "first_available", "ports": ports}]

        weir = self.serve([domain(HOST)], listeners=listeners)
        first, won = weir.node["listeners"][0]["ports"]
        lines = self.examine(weir, code=0)
        self.assertEqual(lines[1], f"2/6 port  ok  127.0.0.1:{won} accepts")
        self.assertEqual(lines[2], f"3/6 owner  ok  {won} is held by weir ({weir.process.pid}), this configuration; "
                                   f"{won} won of {first}, {won}")


class ProxyTest(DoctorTest):
    def fourth(self, entry: dict, *more: str, **options) -> str:
        weir = self.serve([entry])
        lines = self.examine(weir, *more, code=1, **options)
        self.assertEqual(lines[6], "first cause: step 4 (proxy)")
        return lines[3].removeprefix("4/6 proxy  FAIL  ")

    def test_a_switch_is_off(self):
        server = self.use(origin.RawOrigin())
        off = domain(HOST, server.port, websocket={"enabled": False})
        self.assertEqual(self.fourth(off), "websocket.enabled is off")
        self.assertEqual(self.fourth(domain(HOST, server.port), "--socket-io"), "http.enabled is off")

    def test_the_origin_refuses_and_each_of_its_servers_is_asked(self):
        server = self.use(origin.RawOrigin())
        gone = daemons.free_port()
        entry = domain(HOST, origin={"protocol": "http", "servers": [{"address": f"127.0.0.1:{gone}"}]})
        self.assertEqual(self.fourth(entry), f"127.0.0.1:{gone} refuses")
        entry["origin"]["servers"].append({"address": f"127.0.0.1:{server.port}", "priority": 30})
        weir = self.serve([entry])
        # A page does not notice, which is what the other server is for; the operator is to know.
        self.assertEqual(self.examine(weir, code=1)[3], f"4/6 proxy  FAIL  127.0.0.1:{gone} refuses")

    def test_the_origin_answers_something_else_to_the_upgrade(self):
        server = self.use(origin.RawOrigin(origin.answer(plain_answer("404 Not Found", b""))))
        self.assertEqual(self.fourth(domain(HOST, server.port)),
                         f"127.0.0.1:{server.port}: the origin answered 404 to the upgrade")

    def test_the_origin_is_not_well_or_knows_no_polls(self):
        for status, said, options in (("503 Service Unavailable", "answered 503 to a GET", ()),
                                      ("404 Not Found", "answered 404 to the poll", ("--socket-io",))):
            with self.subTest(status):
                server = self.use(origin.RawOrigin(page_or_session(plain_answer(status, b""))))
                self.assertEqual(self.fourth(plain.http_domain(HOST, server.port), *options),
                                 f"127.0.0.1:{server.port}: the origin {said}")

    def test_the_origin_speaks_no_tls(self):
        server = self.use(origin.RawOrigin(lambda connection: connection.send(plain_answer("400 Bad Request", b"")), silent=True))
        entry = domain(HOST, origin={"protocol": "https", "servers": [{"address": f"127.0.0.1:{server.port}"}]})
        self.assertRegex(self.fourth(entry), rf"^127\.0\.0\.1:{server.port}: no TLS connection to the origin: ")

    def test_the_first_port_of_the_candidates_that_answers_is_named(self):
        server = self.use(origin.RawOrigin())
        gone = daemons.free_port()
        entry = domain(HOST, origin={"protocol": "http", "servers": [{"address": "127.0.0.1"}],
                                     "ports": {"http": [gone, server.port]}})
        weir = self.serve([entry])
        self.assertEqual(self.examine(weir, code=0)[3], f"4/6 proxy  ok  route /, 127.0.0.1:{server.port}: 101")

    def test_a_proxy_before_weir_takes_the_upgrade_field_away(self):
        weir = self.serve([domain(HOST)])
        before = self.use(Thief(self.listening, "127.0.0.8"))
        lines = self.examine(weir, code=1, address=before.address)
        self.assertRegex(lines[0], "^1/6 connection  FAIL  no 101: 400 \"the Upgrade field is missing")
        self.assertRegex(lines[3], "^4/6 proxy  FAIL  the Upgrade field is missing: a proxy before this gateway may "
                                   "have removed it$")
        self.assertEqual(lines[6], "first cause: step 4 (proxy)")


class Thief:
    """A proxy that knows nothing of WebSocket: it passes on all of a request but its Upgrade."""

    def __init__(self, port: int, address: str):
        self.port, self.address = port, address
        self.listener = socket.create_server((address, port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                with wire.Wire(sock) as client, contextlib.suppress(wire.Ended):
                    head = client.read_head()
                    kept = [line for line in head.raw.split(b"\r\n") if not line.lower().startswith(b"upgrade:")]
                    with wire.connect(self.port) as weir:
                        weir.send(b"\r\n".join(kept))
                        client.send(weir.read_rest())

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class HttpsTest(DoctorTest):
    def fifth(self, leaf: certificates.Leaf, listeners=None, **environment) -> str:
        weir = self.serve([domain(HOST, tls=leaf.yaml)], listeners=listeners or (
            lambda: [{"name": "secure", "address": "127.0.0.1", "ports": [daemons.free_port()], "tls": True}]))
        lines = self.examine(weir, code=1, **environment)
        self.assertEqual(lines[6], "first cause: step 5 (https)")
        self.assertRegex(lines[0], "^1/6 connection  ok  ", "what stands behind a certificate is seen all the same")
        return lines[4].removeprefix("5/6 https  FAIL  ")

    def test_certificates_that_a_browser_refuses(self):
        believed = {"SSL_CERT_FILE": str(certificates.authority().certificate)}
        for leaf, said, environment in (
                (certificates.leaf(HOST, days=-1), "the certificate has expired", believed),
                (certificates.leaf("x.example.test"), "made for another name: x.example.test", believed),
                (certificates.leaf(HOST, issuer="self"), "the certificate is self-signed", believed),
                (certificates.leaf(HOST), "signed by an authority that is not trusted, or sent without its whole chain",
                 {})):
            with self.subTest(said):
                self.assertEqual(self.fifth(leaf, **environment), said)

    def test_an_https_page_may_not_open_ws_at_a_port_of_its_own(self):
        ports = []

        def listeners():
            ports[:] = [daemons.free_port(), daemons.free_port()]
            return [{"name": "secure", "address": "127.0.0.1", "ports": [ports[0]], "tls": True},
                    {"name": "streams", "address": "127.0.0.1", "ports": [ports[1]], "mode": "first_available"}]

        believed = {"SSL_CERT_FILE": str(certificates.authority().certificate)}
        self.assertEqual(self.fifth(certificates.leaf(HOST), listeners, **believed),
                         f"an https page may not open ws://{HOST}:{ports[1]}")

    @network.in_own_network
    def test_an_https_page_may_not_open_a_ws_url(self):
        server = self.use(origin.RawOrigin())
        with socket.create_server(("127.0.0.1", 443)):
            lines = self.by_url(server.port, code=1)
        self.assertEqual(lines[4], "5/6 https  FAIL  an https page may not open ws://")

    def test_by_url_over_tls(self):
        leaf = certificates.leaf("localhost")
        server = self.use(origin.RawOrigin(tls=leaf.server_context()))
        lines = self.doctor("--url", f"wss://localhost:{server.port}/ws", "--address", "127.0.0.1", code=0,
                            SSL_CERT_FILE=str(certificates.authority().certificate))
        self.assertRegex(lines[0], r"^1/6 connection  ok  101 in \d+ ms$")
        self.assertRegex(lines[4], "^5/6 https  ok  CN localhost, [12][90] days left$")
        self.assertEqual(server.connection(0).head.start, "GET /ws HTTP/1.1")
        self.assertEqual(server.connection(0).sni, "localhost")


class FirewallTest(DoctorTest):
    def test_the_public_address_refuses_and_the_local_one_accepts(self):
        weir = self.serve([domain(HOST)])
        port = self.listening
        self.assert_lines(
            self.examine(weir, code=1, address="127.0.0.7"),
            "1/6 connection  FAIL  no 101: refused",
            rf"2/6 port  FAIL  127\.0\.0\.7:{port} refused",
            "3/6 owner  ok  .*", "4/6 proxy  ok  .*", "5/6 https  skip  .*",
            rf"6/6 firewall  FAIL  127\.0\.0\.1:{port} accepts, 127\.0\.0\.7:{port} refuses: a firewall or NAT",
            r"first cause: step 2 \(port\)")


if __name__ == "__main__":
    import unittest

    unittest.main()
