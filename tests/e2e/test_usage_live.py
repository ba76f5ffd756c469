"""Figures of sessions that are open, and what their sockets carry where TLS is spoken."""

import certificates
import origin
import usage
import wire
from frames import BINARY, CLOSE, from_client, frame
from harness import Weir, WeirTest, domain, wait_until


class OpenSessionTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin())
        return Weir([domain("open.test", cls.origin.port)], usage=usage.FLUSH)

    def test_figures_are_exact_while_sessions_are_open(self):
        sessions = [self.use(wire.open_session(self.weir.port, "open.test")) for _ in range(4)]
        up, down = bytearray(), bytearray()
        for size in (1, 126, 40_000):
            for session in sessions:
                session.send(from_client(BINARY, bytes(size)))
                self.assertEqual(len(session.read_frame().payload), size)
                up += from_client(BINARY, bytes(size))
                down += frame(BINARY, bytes(size))
            wanted = usage.expected(bytes(up), bytes(down), bytes(up), bytes(down))
            usage.wait_ledger(self.weir, "open.test", wanted)
            found = usage.totals(self.weir, "open.test")
            self.assertEqual({name: found[name] for name in wanted}, wanted)
            self.assertEqual(usage.verify(self.weir).returncode, 0)
        wait_until(lambda: usage.totals(self.weir, "open.test")["connection_milliseconds"] > 1000,
                   "the time of open sessions")

    def test_half_a_frame_is_counted_as_far_as_it_came(self):
        before = usage.Ledger(self.weir).domain("open.test", usage.STREAM)
        session = self.use(wire.open_session(self.weir.port, "open.test"))
        session.send(from_client(BINARY, bytes(1000))[:500])
        usage.wait_ledger(self.weir, "open.test", {
            "client_bytes_in": before["client_bytes_in"] + 500,
            "origin_bytes_out": before["origin_bytes_out"] + 500})


class WireTest(WeirTest):
    """TLS at both legs: what the sockets carried, by taps that see every byte of TCP."""

    @classmethod
    def configure(cls):
        leaf = certificates.leaf("origin.test", also=("wire.test",))
        cls.origin = cls.keep(origin.RawOrigin(tls=leaf.server_context()))
        cls.back = cls.keep(usage.Tap(cls.origin.port))
        return Weir([domain("wire.test", tls=certificates.leaf("wire.test").yaml, origin={
            "servers": [{"address": "127.0.0.1"}], "protocol": "https", "ports": {"https": cls.back.port},
            "tls": {"ca": f"file:{certificates.authority().certificate}"}})], tls=True, usage=usage.FLUSH)

    def test_wire_bytes_are_those_of_the_records(self):
        front = self.use(usage.Tap(self.weir.tls_port))
        session = wire.open_session(front.port, "wire.test", tls=certificates.client_context())
        self.assertEqual(session.sock.version(), "TLSv1.3")
        client, server = front.connections[0], self.back.connections[0]
        before = [len(way) for way in (client.up, client.down, server.up, server.down)]
        for size in (0, 1, 1000, 16384, 100_000):
            session.send(from_client(BINARY, bytes(size)))
            self.assertEqual(len(session.read_frame().payload), size)
        names = ("client_wire_in", "client_wire_out", "origin_wire_out", "origin_wire_in")
        moved = [len(way) - begun for way, begun in
                 zip((client.up, client.down, server.up, server.down), before)]
        usage.wait_ledger(self.weir, "wire.test", dict(zip(names, moved)))
        stream = usage.Ledger(self.weir).domain("wire.test", usage.STREAM)
        for leg in ("client", "origin"):
            for way in ("in", "out"):
                least = stream[f"{leg}_bytes_{way}"] + 5 * 22
                self.assertGreaterEqual(moved[names.index(f"{leg}_wire_{way}")], least)
        session.send(from_client(CLOSE))
        session.read_rest()
        session.close()
        self.weir.wait_access(event="close", domain="wire.test")
        wait_until(lambda: usage.totals(self.weir, "wire.test")["client_network_out"] >= moved[1],
                   "the kernel's count of packets")
        found = usage.totals(self.weir, "wire.test")
        self.assertEqual((found["sessions_wss"], found["sessions_ws"]), (1, 0))
        self.assertEqual(usage.verify(self.weir).returncode, 0)
