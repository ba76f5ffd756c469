"""Figures of sessions that are open, what their sockets carry where TLS is spoken, and what lost clients never got."""

import array
import fcntl
import socket
import termios
import time

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
        client = front.connections[0]
        # A check ends with its handshake.
        server = max(self.back.connections, key=lambda one: len(one.up))
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


def flood(connection):
    connection.upgrade()
    connection.send(frame(BINARY, bytes(8 << 20)))


class UndeliveredTest(WeirTest):
    """A client that stops reading and goes: what its kernel has taken, against what Weir says."""

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(flood))
        return Weir([domain("lost.test", cls.origin.port),
                     domain("free.test", cls.origin.port, usage={"deduct_undelivered": True}),
                     domain("lost-tls.test", cls.origin.port, tls=certificates.leaf("lost-tls.test").yaml)],
                    tls=True, usage=usage.FLUSH)

    def stalled(self, host, port, tls=None):
        """A client that reads its answer's head and no more, and how many bytes of the session its kernel has got
        once nothing moves any more."""
        sock = self.use(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.connect(("127.0.0.1", port))
        speaker = tls.wrap_socket(sock.dup(), server_hostname=host) if tls else sock
        speaker.sendall(wire.upgrade_request(host))
        data = b""
        while b"\r\n\r\n" not in data:
            data += speaker.recv(4096)
        read = len(data) - data.index(b"\r\n\r\n") - 4

        def got():
            waiting = array.array("i", [0])
            fcntl.ioctl(sock, termios.FIONREAD, waiting)
            return read + waiting[0], self.weir.metric("weir_client_bytes_out_total", domain=host)

        last = [got(), time.monotonic()]

        def quiet():
            if got() != last[0]:
                last[:] = [got(), time.monotonic()]
            return last[0][1] > 100_000 and time.monotonic() - last[1] > 1

        wait_until(quiet, "a session in which nothing moves", timeout=30)
        return [sock] if speaker is sock else [sock, speaker], last[0][0]

    def lose(self, host, port, tls=None):
        sockets, got = self.stalled(host, port, tls)
        for each in sockets:
            each.close()  # with bytes unread: a reset
        self.line = self.weir.wait_access(event="close", domain=host)
        wait_until(lambda: usage.totals(self.weir, host)["client_undelivered_out"] > 0, "what was not delivered")
        return usage.totals(self.weir, host), got

    def test_fy26_what_a_lost_client_never_got_is_told_to_the_byte(self):
        for host in ("lost.test", "free.test"):
            found, got = self.lose(host, self.weir.port)
            self.assertEqual(found["client_bytes_out"] - found["client_undelivered_out"], got)
            self.assertEqual(self.line["client_undelivered_out"], found["client_undelivered_out"])
            self.assertEqual(self.weir.metric("weir_client_undelivered_bytes_total", domain=host),
                             found["client_undelivered_out"])
            billed = usage.series(self.weir, "--domain", host)[host]["billing"]["billable_bytes"]
            self.assertEqual(billed, got if host == "free.test" else found["client_bytes_out"])
        self.assertEqual(usage.verify(self.weir).returncode, 0)

    def test_fy26_with_tls_it_is_worked_out_from_the_records(self):
        found, _ = self.lose("lost-tls.test", self.weir.tls_port, certificates.client_context())
        self.assertGreater(found["client_undelivered_out"], 0)
        self.assertLess(found["client_undelivered_out"], found["client_bytes_out"])
        self.assertEqual(usage.verify(self.weir).returncode, 0)
