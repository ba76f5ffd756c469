"""Names of origins (edge.md A12) with a real name server: all addresses, for as long as it says, and its failures."""

import os
import signal
import time

import daemons
import frames
import origin
import wire
from harness import Weir, WeirTest, domain, wait_until

# The system's own resolv.conf, for one process alone.
OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private"]
BIND = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


def asking(*servers: daemons.Dnsmasq) -> dict:
    """The node's `resolver`."""
    return {"servers": [f"{server.address}:{server.port}" for server in servers], "timeout": "500ms", "tries": 2}


class SystemWeir(Weir):
    """Has a resolv.conf of its own, which names the server."""

    def __init__(self, server: daemons.Dnsmasq, *arguments, **options):
        super().__init__(*arguments, **options)
        self.resolv_conf = self.folder / "resolv.conf"
        self.ask(server)
        self.prefix = [*OWN_MOUNTS, "sh", "-c", BIND, str(self.resolv_conf)]

    def ask(self, server: daemons.Dnsmasq) -> None:
        self.resolv_conf.write_text(f"nameserver {server.address}\n")


def named(host: str, port: int, denied: bool = False, **settings) -> dict:
    """A domain whose one server has the domain's own name, but for its first label. It may be on this machine, unless
    `denied` leaves that to the default."""
    allowed = {} if denied else {"deny_addresses": []}
    return domain(host, origin={"protocol": "http", "ports": {"http": port},
                                "servers": [{"address": f"origin.{host}"}], **allowed, **settings})


class NameTest(WeirTest):
    """`everywhere` listens on every address of this machine, `one` on 127.0.0.1 alone."""

    parallel = 4

    @classmethod
    def start_weir(cls, ttl: int, names: dict, domains: list) -> Weir:
        cls.server = cls.keep(daemons.Dnsmasq(ttl, {f"origin.{name}": list(to) for name, to in names.items()}))
        return Weir(domains, workers=1, resolver=asking(cls.server))

    def place(self, host: str, weir=None) -> str:
        """The address to which a new session has gone."""
        weir = weir or self.weir
        path = f"/{time.monotonic_ns()}"
        with wire.open_session(weir.port, host, path) as client:
            client.send(frames.from_client(frames.TEXT, b"x"))
            self.assertEqual(client.read_frame().payload, b"x")
        return weir.wait_access(event="open", uri=path)["origin_addr"].rsplit(":", 1)[0]

    def refused(self, host: str, cause: str, status: int = 502) -> str:
        path = f"/{time.monotonic_ns()}"
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(host, path))
        self.assertEqual(head.status, status, body)
        record = self.weir.wait_access(event="refused", uri=path)
        self.assertEqual(record["close_cause"], cause)
        return f"{record['error']} {record['error_detail']}"

    def status(self, host: str) -> int:
        return wire.exchange(self.weir.port, wire.upgrade_request(host))[0].status

    def moved(self, host: str, address: str, weir=None) -> None:
        wait_until(lambda: self.place(host, weir) == address, f"{host} at {address}", 12)


class ShortLifeTest(NameTest):
    """Answers that hold for a second."""

    @classmethod
    def configure(cls) -> Weir:
        cls.everywhere = cls.keep(origin.RawOrigin(address="::"))
        cls.one = cls.keep(origin.RawOrigin())
        many = ["127.0.0.2", "127.0.0.1", "::1", "127.0.0.3"]
        wide, narrow = cls.everywhere.port, cls.one.port
        return cls.start_weir(1, {
            "many.test": many, "six.test": ["::1"], "dead.test": ["127.0.0.2", "::1"],
            "large.test": [f"127.0.1.{number}" for number in range(1, 61)],
            "loop.test": ["127.0.0.2"], "cloud.test": ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"],
            "moves.test": ["127.0.0.2"], "floor.test": ["127.0.0.2"], "gone.test": ["127.0.0.2"],
        }, [
            named("many.test", narrow, retries={"budget": "100%"}), named("six.test", wide),
            named("dead.test", narrow), named("large.test", wide), named("moves.test", wide),
            named("floor.test", wide, resolve={"min": "60s"}), named("gone.test", wide), named("never.test", wide),
            named("loop.test", wide, denied=True), named("cloud.test", wide, denied=True),
        ])

    def test_all_addresses_are_tried(self):
        for _ in range(4):
            self.assertEqual(self.place("many.test"), "127.0.0.1")
        self.assertEqual(self.place("six.test"), "[::1]")
        told = self.refused("dead.test", "origin_connect")
        self.assertIn(f"127.0.0.2:{self.one.port}", told)
        self.assertIn(f"[::1]:{self.one.port}", told)

    def test_fy32_dns_does_not_lead_to_this_machine_or_its_cloud(self):
        self.assertIn("origin.loop.test: 127.0.0.2 is in deny_addresses", self.refused("loop.test", "origin_resolve"))
        told = self.refused("cloud.test", "origin_resolve")
        for address in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200"):
            self.assertIn(address, told)

    def test_answer_that_needs_tcp(self):
        self.assertRegex(self.place("large.test"), r"127\.0\.1\.\d+")

    def test_change_is_seen_after_its_ttl_and_moves_no_session(self):
        self.assertEqual((self.place("moves.test"), self.place("floor.test")), ("127.0.0.2", "127.0.0.2"))
        with wire.open_session(self.weir.port, "moves.test") as before:
            for host in ("moves.test", "floor.test"):
                self.server.tell(f"origin.{host}", ["127.0.0.3"])
            self.moved("moves.test", "127.0.0.3")
            before.send(frames.from_client(frames.TEXT, b"still here"))
            self.assertEqual(before.read_frame().payload, b"still here")
        self.assertEqual(self.place("floor.test"), "127.0.0.2")  # resolve.min

    def test_name_that_does_not_exist(self):
        # Said by the server, not waited for.
        told = self.refused("never.test", "origin_resolve")
        self.assertIn("origin.never.test", told)
        self.assertIn("there is no such name", told)

    def test_name_that_is_taken_away(self):
        self.assertEqual(self.place("gone.test"), "127.0.0.2")
        self.server.tell("origin.gone.test", [])
        wait_until(lambda: self.status("gone.test") == 502, "the name is gone")
        self.assertIn("there is no such name", self.refused("gone.test", "origin_resolve"))


class LongLifeTest(NameTest):
    """Answers that hold for an hour, which resolve.max may not want."""

    @classmethod
    def configure(cls) -> Weir:
        cls.everywhere = cls.keep(origin.RawOrigin(address="::"))
        port = cls.everywhere.port
        return cls.start_weir(3600, {"kept.test": ["127.0.0.2"], "ceiling.test": ["127.0.0.2"]},
                              [named("kept.test", port), named("ceiling.test", port, resolve={"max": "1s"})])

    def test_answer_is_kept_for_its_ttl_or_resolve_max(self):
        for host in ("kept.test", "ceiling.test"):
            self.assertEqual(self.place(host), "127.0.0.2")
            self.server.tell(f"origin.{host}", ["127.0.0.3"])
        self.moved("ceiling.test", "127.0.0.3")
        self.assertEqual(self.place("kept.test"), "127.0.0.2")


class FailingServerTest(NameTest):
    """Each test has a name server to kill."""

    def begin(self, weir) -> None:
        """`weir`: makes one for these domains."""
        self.everywhere = self.use(origin.RawOrigin(address="::"))
        self.weir = weir([named("a.test", self.everywhere.port), named("b.test", self.everywhere.port)])
        self.addCleanup(self.weir.stop)
        self.weir.start()

    def name_server(self, address: str, **options) -> daemons.Dnsmasq:
        return self.use(daemons.Dnsmasq(1, {"origin.a.test": [address]}, **options))

    def test_last_good_answer_outlives_the_server(self):
        server = self.name_server("127.0.0.2")
        # What one worker has asked the others know as well.
        self.begin(lambda domains: Weir(domains, workers=4, resolver=asking(server)))
        self.assertEqual(self.place("a.test"), "127.0.0.2")
        server.end()
        end = time.monotonic() + 2.5  # of which the answer holds one second
        while time.monotonic() < end:
            self.assertEqual(self.place("a.test"), "127.0.0.2")
        self.assertRegex(self.refused("b.test", "origin_resolve"), "do not answer|cannot be reached")
        server.names = {"origin.a.test": ["127.0.0.3"], "origin.b.test": ["127.0.0.4"]}
        (server.folder / "daemon.conf").write_text(server.configuration())
        server.begin_again()
        self.moved("a.test", "127.0.0.3")
        # That nobody knew is remembered for a moment, too.
        wait_until(lambda: self.status("b.test") == 101, "b.test is known")
        self.assertEqual(self.place("b.test"), "127.0.0.4")

    def test_second_server_answers_for_the_first(self):
        first, second = self.name_server("127.0.0.2"), self.name_server("127.0.0.3")
        self.begin(lambda domains: Weir(domains, workers=1, resolver=asking(first, second)))
        self.assertEqual(self.place("a.test"), "127.0.0.2")
        first.end()
        self.moved("a.test", "127.0.0.3")

    def test_change_of_resolv_conf_is_seen_without_a_reload(self):
        if os.geteuid() != 0:
            self.skipTest("only root opens port 53")
        first = self.name_server("127.0.0.2", for_resolv_conf=True)
        second = self.name_server("127.0.0.3", for_resolv_conf=True)
        self.begin(lambda domains: SystemWeir(first, domains, workers=1))
        self.assertEqual(self.place("a.test"), "127.0.0.2")
        first.end()
        self.weir.ask(second)
        self.moved("a.test", "127.0.0.3")

    def test_other_servers_take_a_restart(self):
        first, second = self.name_server("127.0.0.2"), self.name_server("127.0.0.3")
        self.begin(lambda domains: Weir(domains, workers=1, resolver=asking(first)))
        self.assertEqual(self.place("a.test"), "127.0.0.2")
        self.weir.node["resolver"] = asking(second)
        self.weir.write([named("a.test", self.everywhere.port)])
        self.weir.signal(signal.SIGHUP)
        self.weir.wait_log("resolver has changed: that takes effect with a restart")
        self.assertEqual(self.place("a.test"), "127.0.0.2")
