"""conf/recipes: each as it stands, but for names, addresses and ports, with the real peers that it is for."""

import contextlib
import os
import pathlib
import re
import socket
import tempfile

import yaml

import certificates
import chat
import daemons
import frames
import peers
import plain
import wire
from harness import ROOT, Weir, WeirTest, run_weir

RECIPES = ROOT / "conf" / "recipes"
HOST = "127.0.0.1"  # in place of the recipes' names, since the peers go to URLs
BYTES = int(os.environ.get("WEIR_RECIPE_BYTES", str(10_000_000)))  # 100 MB in tests/run --long


def read(name: str, *changes: "tuple[str, str]") -> dict:
    text = (RECIPES / name).read_text()
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"{name} has no {old!r} any more")
        text = text.replace(old, new)
    return yaml.safe_load(text)


class RecipeTest(WeirTest):
    parallel = 2

    def serve(self, recipe: dict, **ports: "list[int]") -> Weir:
        """`ports`: of listeners that need those; the others get any free one."""
        listeners = [{**one, "address": "127.0.0.1", "ports": ports.get(one["name"], [0])} for one in recipe["listeners"]]
        return self.run_one(recipe["domains"], listeners=listeners)

    def two_tomcats(self) -> "list[peers.Tomcat]":
        leaf = certificates.leaf("inside.test")
        return [self.use(peers.Tomcat(leaf, name)) for name in ("one", "two")]

    def assert_all(self, result: dict, nodes: int) -> None:
        self.assertEqual(result["failures"], [])
        self.assertEqual(sum(result["nodes"].values()), chat.COUNT)
        self.assertEqual(len(result["nodes"]), nodes, result)


def addresses(nodes, port: int = 8080) -> "list[tuple[str, str]]":
    """The recipes' two servers, which are these."""
    return [(f"10.0.0.{5 + place}:{port}", f"127.0.0.1:{node.http}") for place, node in enumerate(nodes)]


class CheckTest(WeirTest):
    def test_each_recipe_is_without_an_error_or_a_warning(self):
        leaf, issuer = certificates.leaf("bi.example.com"), certificates.authority()
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="weir-e2e-recipes-"))
        chain = pathlib.Path(folder) / "chain.pem"
        chain.write_text(leaf.certificate.read_text() + issuer.certificate.read_text())
        found = sorted(RECIPES.glob("*.yaml"))
        self.assertGreaterEqual(len(found), 7)
        index = (RECIPES / "README.md").read_text()
        for path in found:
            with self.subTest(path.name):
                self.assertIn(f"[`{path.name}`]({path.name})", index)
                text = path.read_text().replace("/etc/weir/bi.example.com.pem", str(chain))
                copy = pathlib.Path(folder) / path.name
                copy.write_text(text.replace("/etc/weir/bi.example.com.key", str(leaf.key)))
                done = run_weir("check", "--strict", "-c", str(copy))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


    def test_what_the_readme_shows_in_one_file_is_right(self):
        texts = re.findall(r"```yaml\n(version: 1[^\n]*\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        texts = [text for text in texts if "http: { enabled: true }" in text]
        self.assertEqual(len(texts), 2, "a chat and a Tomcat")
        for text in texts:
            self.assertLessEqual(len(text.splitlines()), 10)
            path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="weir-e2e-readme-"))) / "weir.yaml"
            path.write_text(text)
            done = run_weir("check", "--strict", "-c", str(path))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class TomcatTest(RecipeTest):
    def test_pages_uploads_and_websockets_on_one_port_and_one_node_dies(self):
        nodes = self.two_tomcats()
        weir = self.serve(read("tomcat.yaml", ("bi.example.com", HOST), *addresses(nodes)))
        visitors = [Visitor(weir.port) for _ in range(8)]
        homes = [visitor.visit() for visitor in visitors]
        self.assertEqual(set(homes), {"one", "two"})
        for _ in range(5):
            self.assertEqual([visitor.visit() for visitor in visitors], homes)

        with plain.Connection(weir.port, HOST) as client:
            body = os.urandom(1_000_000) * (BYTES // 1_000_000)
            self.assertEqual(client.ask("POST", "/app/upload", body).body.decode(), plain.sum_of(body))
            self.assertEqual(len(client.ask("GET", f"/app/download?size={BYTES}").body), BYTES)
        with wire.open_session(weir.port, HOST, "/echo") as session:
            session.send(frames.from_client(frames.TEXT, b"beside the pages"))
            self.assertEqual(session.read_frame().payload, b"beside the pages")

        nodes[0].process.kill()
        nodes[0].process.wait()
        for visitor, home in zip(visitors, homes):  # nobody is told of it; Tomcat's own sessions there are gone
            if home == "one":
                visitor.forget_visits()
            self.assertEqual(visitor.visit(), "two")
        self.assertEqual([visitor.visit() for visitor in visitors], ["two"] * len(visitors))


class Visitor:
    """A browser with its cookies, on a page that counts."""

    def __init__(self, port: int):
        self.port, self.cookies, self.visits = port, {}, 0

    def visit(self) -> str:
        """The node. The count goes on: the session is there."""
        fields = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        answer = plain.ask(self.port, HOST, "/app/visits", **fields)
        for cookie in answer.all("Set-Cookie"):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        node, visits = answer.body.decode().split()[:2]
        self.visits += 1
        if answer.status != 200 or int(visits) != self.visits:
            raise AssertionError(f"visit {self.visits}: {answer.status} {answer.body!r}")
        return node

    def forget_visits(self) -> None:
        self.visits = 0


class HttpsOutsideTest(RecipeTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.leaf = certificates.leaf("bi.example.com")
        cls.nodes = [cls.keep(peers.Tomcat(certificates.leaf("inside.test"), name)) for name in ("one", "two")]

    def weir_of_it(self) -> Weir:
        return self.serve(read("https-outside.yaml", ("/etc/weir/bi.example.com.pem", str(self.leaf.certificate)),
                               ("/etc/weir/bi.example.com.key", str(self.leaf.key)), *addresses(self.nodes)))

    def test_without_tls_pages_are_sent_to_https_and_websockets_refused(self):
        weir = self.weir_of_it()
        answer = plain.ask(weir.port, "bi.example.com", "/app/facts?a=1", "POST", b"x")
        self.assertEqual((answer.status, answer.get("Location")), (308, "https://bi.example.com/app/facts?a=1"))
        self.assertIsNone(answer.get("Strict-Transport-Security"))
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("bi.example.com", "/echo"))
        self.assertEqual(head.status, 403)
        self.assertIn(b"TLS", body)

    def test_with_tls_all_of_it_works_and_tomcat_knows(self):
        weir = self.weir_of_it()
        context = certificates.client_context()
        context.check_hostname = False  # it goes to an address
        with plain.Connection(weir.tls_port, "bi.example.com", context) as client:
            believed = client.ask("GET", "/valve/facts").body.decode()
            self.assertEqual(believed, "https true bi.example.com 443 127.0.0.1")
            for path in ("/valve/login", "/app/login"):  # with the valve, and by http.location alone
                answer = client.ask("POST", path, b"")
                self.assertEqual(answer.get("Location"), f"https://bi.example.com{path.replace('login', 'facts')}")
                self.assertEqual(answer.get("Strict-Transport-Security"), "max-age=15552000")
                for cookie in answer.all("Set-Cookie"):
                    self.assertIn("; secure", cookie.lower())
        with wire.open_session(weir.tls_port, "bi.example.com", "/echo", tls=certificates.client_context()) as session:
            session.send(frames.from_client(frames.TEXT, b"wss"))
            self.assertEqual(session.read_frame().payload, b"wss")


class ExtraPortsTest(RecipeTest):
    def test_socket_io_by_each_port_with_the_first_ones_taken_on_both_sides(self):
        pages = self.use(peers.Tomcat(certificates.leaf("inside.test")))
        nodes = [self.use(node) for node in chat.socket_io_nodes(4, 1)]
        taken = self.use(socket.create_server(("127.0.0.1", 0)))  # 58888 of this machine
        gone = daemons.free_port()  # nobody listens at 58888 of the origin
        recipe = read("extra-ports.yaml", ("bi.example.com", HOST), ("10.0.0.5:8080", f"127.0.0.1:{pages.http}"),
                      ("http: [58888, 59888]", f"http: [{gone}, {nodes[0].http}]"), ("10.0.0.5", "127.0.0.1"),
                      ("            - { address: 10.0.0.6 }\n", ""))
        weir = self.serve_on_ports(recipe, taken.getsockname()[1])
        for listener in ("web", "streams", "forwarded"):
            port = weir.ports(listener)[0]
            self.assertEqual(plain.ask(port, HOST, "/app/visits").body.split()[0], b"one")
            for version in (2, 4):
                with self.subTest(listener=listener, version=version):
                    self.assert_all(chat.socket_io_clients(port, version), 1)

    def serve_on_ports(self, recipe: dict, taken: int) -> Weir:
        for _ in range(daemons.Daemon.ATTEMPTS):
            second = daemons.free_port()
            with contextlib.suppress(AssertionError):
                weir = self.serve(recipe, streams=[taken, second])
                self.assertEqual(weir.ports("streams"), [second])
                return weir
        raise AssertionError("no port was free")


class ChatTest(RecipeTest):
    def test_socket_io(self):
        nodes = [self.use(node) for node in chat.socket_io_nodes(4)]
        weir = self.serve(read("socket-io.yaml", ("chat.example.com", HOST), *addresses(nodes, 3000)))
        self.assertIn(plain.ask(weir.port, HOST, "/").body, (b"page of one\n", b"page of two\n"))
        for version in (2, 4):
            self.assert_all(chat.socket_io_clients(weir.port, version), 2)

    def test_sockjs(self):
        nodes = [self.use(chat.sockjs_node(name)) for name in ("one", "two")]
        weir = self.serve(read("sockjs.yaml", ("chat.example.com", HOST), *addresses(nodes, 3000)))
        for transport in chat.SOCKJS_TRANSPORTS:
            with self.subTest(transport):
                self.assert_all(chat.sockjs_clients(weir.port, transport), 2)

    def test_signalr(self):
        nodes = [self.use(chat.signalr_node(name)) for name in ("one", "two")]
        weir = self.serve(read("signalr.yaml", ("app.example.com", HOST), *addresses(nodes, 5000)))
        for transport in chat.SIGNALR_TRANSPORTS:
            with self.subTest(transport):
                self.assert_all(chat.signalr_clients(weir.port, transport), 2)

    def test_config_admin(self):
        admins = [self.use(peers.config_admin(name=name)) for name in ("primary", "secondary")]
        weir = self.serve(read("config-admin.yaml", ("admin.example.com", HOST), *addresses(admins, 9095)))
        gateway = self.use(peers.sync_client(f"ws://{HOST}:{weir.port}/websocket"))
        gateway.say("check")
        admins[0].wait_event(event="said", text="MYSELF")
        admins[0].kill()
        gateway.wait_event(event="closed")
        gateway.say("check")
        admins[1].wait_event(event="said", text="MYSELF")


if __name__ == "__main__":
    import unittest

    unittest.main()
