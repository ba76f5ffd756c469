"""Source addresses (hardening O4): sessions are spread over them, and a lack of ports makes no loop of failures."""

import collections
import fcntl
import math
import socket
import struct
import time

import origin
import usage
import wire
from frames import CLOSE, TEXT, close_payload, from_client
from harness import WeirTest, domain, wait_until
from network import SIOCSIFADDR, in_own_network

IP_BIND_ADDRESS_NO_PORT = 24

# All ports that connect() may choose, for each pair of addresses; nobody listens on one of them.
FIRST_PORT, PORTS = 10_000, 16


def add_to_loopback(address: str) -> None:
    """An IPv6 address; all of 127.0.0.0/8 is there anyway."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_:
        fcntl.ioctl(any_, SIOCSIFADDR, struct.pack("=16sIi", socket.inet_pton(socket.AF_INET6, address), 128,
                                                   socket.if_nametoindex("lo")))


def leave_few_ports() -> None:
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as range_:
        range_.write(f"{FIRST_PORT} {FIRST_PORT + PORTS - 1}\n")


class Connects(usage.Fault):
    """Counts the calls of connect()."""

    source = "connects"
    variable = "WEIR_TEST_CONNECTS"

    @property
    def without_port(self) -> int:
        return struct.unpack_from("=q", self.control.read_bytes(), 8)[0]


class Client:
    """Comes from ports beyond those that the kernel chooses, so that it takes none from others."""

    def __init__(self, port: int):
        self.port, self.next = port, 20_000

    def connect(self) -> wire.Wire:
        sock = socket.socket()
        sock.settimeout(wire.TIMEOUT)
        self.next += 1
        sock.bind(("127.0.0.1", self.next))
        sock.connect(("127.0.0.1", self.port))
        return wire.Wire(sock)

    def ask(self, host: str, path: str = "/"):
        """The session, or nothing and the status that was answered instead."""
        client = self.connect()
        client.send(wire.upgrade_request(host, path))
        head = client.read_head()
        if head.status == 101:
            return client, 101
        client.read_rest()
        client.close()
        return None, head.status


def end(session: wire.Wire) -> None:
    session.send(from_client(CLOSE, close_payload(1000)))
    session.read_rest()
    session.close()


def pool(*ports, sources, here="127.0.0.1", **settings):
    host = f"[{here}]" if ":" in here else here
    return {"protocol": "http", "source": list(sources),
            "servers": [{"address": f"{host}:{port}", "priority": 10 + number}
                        for number, port in enumerate(ports)], **settings}


class SpreadTest(WeirTest):
    def open(self, weir, count):
        for _ in range(count):
            self.use(wire.open_session(weir.port, "a.test"))

    def sources_of(self, raw):
        return collections.Counter(one.peer[0] for one in raw.connections)

    def test_sessions_come_from_all_of_them_in_turn(self):
        raw = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", origin=pool(raw.port, sources=("127.0.0.2", "127.0.0.3")))], workers=1)
        self.open(weir, 20)
        self.assertEqual(self.sources_of(raw), {"127.0.0.2": 10, "127.0.0.3": 10})

    def test_checks_and_warm_connections_come_from_them_too(self):
        raw = self.use(origin.RawOrigin())
        health = {"type": "http", "interval": "500ms", "expect": ["101"]}
        weir = self.run_one([domain("a.test", origin=pool(
            raw.port, sources=("127.0.0.2", "127.0.0.3"), warm=2, health=health))])
        wait_until(lambda: raw.accepted >= 8, "checks and warm connections")
        self.open(weir, 4)
        self.assertEqual(set(self.sources_of(raw)), {"127.0.0.2", "127.0.0.3"})

    def test_an_origin_of_the_other_family_is_reached_from_where_the_kernel_likes(self):
        raw = self.use(origin.RawOrigin(address="::1"))
        weir = self.run_one([domain("a.test", origin={
            "protocol": "http", "servers": [{"address": f"[::1]:{raw.port}"}], "source": ["127.0.0.2"]})])
        self.open(weir, 2)
        self.assertEqual(self.sources_of(raw), {"::1": 2})

    def test_an_address_of_another_machine_is_passed_over(self):
        raw = self.use(origin.RawOrigin())
        sources = ("192.0.2.55", "127.0.0.2")
        weir = self.run_one([domain("a.test", origin=pool(raw.port, sources=sources)),
                             domain("b.test", origin=pool(raw.port, sources=sources[:1]))], workers=1)
        self.open(weir, 6)
        self.assertEqual(self.sources_of(raw), {"127.0.0.2": 6})
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("b.test"))
        self.assertEqual(head.status, 503)
        self.assertTrue(wire.is_one_line(body), body)
        self.assertEqual(weir.wait_access(event="refused", domain="b.test")["close_cause"], "overload")

    def test_a_reload_changes_them_and_leaves_sessions_alone(self):
        raw = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", origin=pool(raw.port, sources=("127.0.0.2",)))])
        session = self.use(wire.open_session(weir.port, "a.test"))
        weir.write([domain("a.test", origin=pool(raw.port, sources=("127.0.0.3",)))])
        weir.signal(1)
        weir.wait_log("(?i)reload")
        wait_until(lambda: self.opens_from(weir, raw, "127.0.0.3"), "sessions from the new address")
        session.send(from_client(TEXT, b"x"))
        self.assertEqual(session.read_frame().payload, b"x")

    def opens_from(self, weir, raw, address):
        self.open(weir, 1)
        return raw.connections[-1].peer[0] == address


class ExhaustionTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.connects = cls.keep(Connects())

    def start(self, *ports, sources=("127.0.0.2", "127.0.0.3"), **settings):
        self.before = self.connects.without_port
        settings = {"health": "off", **settings}  # a check takes a port, too
        weir = self.run_one([domain("a.test", origin=pool(*ports, sources=sources, **settings))],
                            workers=1, environment=self.connects.environment)
        self.client = Client(weir.port)
        leave_few_ports()
        return weir

    def fill(self):
        """Sessions until there are no ports, which the last answer says."""
        sessions = []
        while True:
            session, status = self.client.ask("a.test")
            if session is None:
                return sessions, status
            sessions.append(self.use(session))

    def without_port(self):
        """How often the kernel has been asked in vain."""
        return self.connects.without_port - self.before

    def exhausted(self, weir):
        return weir.metric("weir_origin_source_ports_exhausted_total")

    @in_own_network
    def test_a_source_without_ports_is_passed_over_and_nobody_notices(self):
        raw = self.use(origin.RawOrigin(silent=True))
        weir = self.start(raw.port)
        for _ in range(PORTS):
            taken = self.use(socket.socket())
            # Bound in the usual way, the port would be gone for the other address, too.
            taken.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            taken.bind(("127.0.0.2", 0))
            taken.connect(("127.0.0.1", raw.port))
        raw.wait_for(lambda: raw.accepted == PORTS, "all ports taken")
        begin = time.monotonic()
        for _ in range(PORTS - 2):
            session, status = self.client.ask("a.test")
            self.assertEqual(status, 101)
            self.use(session)
        self.assertEqual({one.peer[0] for one in raw.connections[PORTS:]}, {"127.0.0.3"})
        # Once it has said that it has none it is left alone for a second.
        self.assertLessEqual(self.without_port(), 1 + math.ceil(time.monotonic() - begin))
        self.assertEqual(self.exhausted(weir), 0)

    @in_own_network
    def test_without_any_port_it_is_503_at_once_without_a_loop_and_over_when_sessions_end(self):
        raw = self.use(origin.RawOrigin())
        weir = self.start(raw.port)
        sessions, status = self.fill()
        self.assertEqual((len(sessions), status), (2 * PORTS, 503))
        record = weir.wait_access(event="refused")
        self.assertEqual((record["close_cause"], record["return_code"]), ("overload", 503))
        self.assertIn("port", record["error"])
        self.assertEqual(self.exhausted(weir), 1)

        cpu, begin, before = weir.cpu_seconds(), time.monotonic(), self.without_port()
        for _ in range(50):
            self.assertEqual(self.client.ask("a.test")[1], 503)
        elapsed = time.monotonic() - begin
        # Each of the two addresses is tried once a second.
        self.assertLessEqual(self.without_port() - before, 2 * math.ceil(elapsed + 1))
        self.assertLess(weir.cpu_seconds() - cpu, 0.5)
        self.assertEqual(self.exhausted(weir), 51)

        for session in sessions[:4]:
            end(session)
        again = []

        def opens():
            session, _ = self.client.ask("a.test")
            if session:
                again.append(self.use(session))
            return len(again) == 4

        wait_until(opens, "new sessions on the ports that are free again")
        for session in sessions[4:] + again:
            session.send(from_client(TEXT, b"x"))
            self.assertEqual(session.read_frame().payload, b"x")

    def check_next_server(self, here, source):
        """The same ports serve again towards the other: the kernel chooses them when it knows the destination."""
        first, second = (self.use(origin.RawOrigin(address=here)) for _ in range(2))
        self.start(first.port, second.port, sources=(source,), here=here, retries={"budget": "100%"})
        sessions, status = self.fill()
        self.assertEqual((len(sessions), status), (2 * PORTS, 503))
        self.assertEqual((first.accepted, second.accepted), (PORTS, PORTS))
        self.assertEqual({one.peer[0] for one in first.connections + second.connections}, {source})

    @in_own_network
    def test_ports_run_out_towards_one_server_and_the_next_is_asked(self):
        self.check_next_server("127.0.0.1", "127.0.0.2")

    @in_own_network
    def test_ports_of_ipv6_run_out_towards_one_server_and_the_next_is_asked(self):
        add_to_loopback("fd00::2")
        self.check_next_server("::1", "fd00::2")

    @in_own_network
    def test_no_port_for_a_check_says_nothing_about_the_server(self):
        raw = self.use(origin.RawOrigin())
        weir = self.start(raw.port, sources=("127.0.0.2",),
                          health={"type": "tcp", "interval": "500ms", "timeout": "10s", "fall": 1})
        self.fill()
        before = self.without_port()
        wait_until(lambda: self.without_port() >= before + 3, "checks without a port")
        self.assertEqual(weir.metric("weir_origin_up", domain="a.test"), 1)
        self.assertNotIn(" is down", "\n".join(weir.lines))
