"""Warm connections (`origin.warm`): a request goes on one that stood before its client came, never on a dead one."""

import socket
import time

import certificates
import frames
import killable
import origin
import wire
from hand_clock import HandClock
from frames import TEXT, from_client
from harness import WeirTest, domain, wait_until

WARM = 2


class Watched(origin.RawOrigin):
    """Remembers when each connection stood, with its TLS, and when a request came on it."""

    def __init__(self, script=None, **options):
        self.then = script or origin.Connection.echo
        super().__init__(self._watch, silent=True, **options)

    def _watch(self, connection):
        connection.stood = time.monotonic()
        connection.asked = None
        with self.changed:
            connection.standing = True
            self.changed.notify_all()
        connection.head = connection.read_head()
        connection.asked = time.monotonic()
        connection.send(origin.good_101(connection.head))
        self.then(connection)

    def standing(self):
        """Those on which a request may come."""
        return [one for one in list(self.connections)
                if getattr(one, "standing", False) and not one.done and one.head is None]

    def wait_standing(self, count=WARM):
        self.wait_for(lambda: len(self.standing()) == count, f"{count} warm connections", 20)

    def asked(self):
        return [one for one in list(self.connections) if one.head is not None]


class WarmTest(WeirTest):
    parallel = 4

    def start(self, *raws, clock=None, **settings):
        # A check could not be told from a warm connection.
        settings = {"protocol": "http", "warm": WARM, "health": "off",
                    "servers": [{"address": f"127.0.0.1:{raw.port}"} for raw in raws], **settings}
        self.weir = self.run_one([domain("a.test", origin=settings)], workers=1, clock=clock)
        self.settings = settings
        self.filled(WARM * len(raws))

    def filled(self, count=WARM):
        def are_there():
            if self.weir.clock:
                self.weir.clock.move(0.01)  # they are made with the next tick
            return self.weir.metric("weir_origin_warm_idle") == count

        wait_until(are_there, f"{count} warm connections")

    def taken(self):
        return self.weir.metric("weir_origin_warm_total", result="taken")

    def missed(self):
        return self.weir.metric("weir_origin_warm_total", result="missed")

    def reload(self, domains):
        since = len(self.weir.lines)
        self.weir.write(domains)
        self.weir.signal(1)
        self.weir.wait_log("(?i)configuration|reload", since=since)

    def echoes(self, session):
        session.send(from_client(TEXT, b"hello"))
        self.assertEqual(session.read_frame().payload, b"hello")

    def check_asked_on_a_standing_one(self, raw):
        for number in range(3):
            self.filled()
            raw.wait_standing()
            before = raw.standing()
            begin = time.monotonic()
            session = self.use(wire.open_session(self.weir.port, "a.test", f"/{number}"))
            self.echoes(session)
            carrier = raw.asked()[-1]
            self.assertIn(carrier, before)
            self.assertLess(carrier.stood, begin)
            self.assertGreater(carrier.asked, begin)
        self.assertEqual((self.taken(), self.missed()), (3, 0))
        self.assertEqual([one.head.start.split(" ")[1] for one in raw.asked()], ["/0", "/1", "/2"])

    def test_the_request_goes_on_a_connection_that_stood_before(self):
        raw = self.use(Watched())
        self.start(raw)
        self.check_asked_on_a_standing_one(raw)

    def test_its_tls_handshake_is_over_before_as_well(self):
        raw = self.use(Watched(tls=certificates.leaf("warm.test").server_context()))
        self.start(raw, protocol="https", sni="warm.test",
                   tls={"ca": f"file:{certificates.authority().certificate}"})
        self.check_asked_on_a_standing_one(raw)
        self.assertEqual({one.sni for one in raw.asked()}, {"warm.test"})

    def test_more_clients_than_warm_connections_are_all_served(self):
        raw = self.use(Watched())
        self.start(raw)
        clients = [self.use(wire.connect(self.weir.port)) for _ in range(10)]
        for client in clients:
            client.send(wire.upgrade_request("a.test"))
        for client in clients:
            self.assertEqual(client.read_head().status, 101)
        self.assertEqual(self.taken() + self.missed(), 10)
        self.assertGreaterEqual(self.taken(), WARM)
        self.filled()

    def test_each_server_has_its_own(self):
        raws = [self.use(Watched()) for _ in range(2)]
        self.start(*raws)
        for raw in raws:
            raw.wait_standing()

    def die(self, how):
        """Warm connections die in that way, and whoever comes next does not notice."""
        raw = self.use(Watched())
        self.start(raw)
        for _ in range(3):
            raw.wait_standing()
            for connection in raw.standing():
                connection.standing = False
                how(connection)
            self.echoes(self.use(wire.open_session(self.weir.port, "a.test")))
        self.assertEqual([one for one in self.weir.access_log() if one["event"] == "refused"], [])
        for record in self.weir.wait_records(3, event="open"):
            self.assertFalse(record.get("retries"), record)

    def test_the_origin_ends_them(self):
        self.die(lambda connection: connection.sock.shutdown(socket.SHUT_RDWR))

    def test_the_origin_ends_its_side_of_them(self):
        self.die(lambda connection: connection.sock.shutdown(socket.SHUT_WR))

    def test_the_origin_speaks_on_them_before_it_is_asked(self):
        self.die(lambda connection: connection.send(
            b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n" + frames.frame(TEXT, b"SECRET")))

    def test_the_origin_ends_them_when_they_are_used(self):
        """The request and the end meet on the way: it is asked again on a connection that is new."""
        for how in (wire.Wire.reset, wire.Wire.close):
            with self.subTest(how.__name__):
                raw = self.use(origin.RawOrigin(self.end_when_used(how), silent=True))
                self.start(raw)
                self.echoes(self.use(wire.open_session(self.weir.port, "a.test")))
                self.assertEqual(self.weir.wait_access(event="open").get("retries", 0), 0)

    def end_when_used(self, how):
        # The first ones, and what replaces them, are warm; the one without a pause before its request is not.
        warm = []

        def script(connection):
            early = len(warm) < WARM
            if early:
                warm.append(connection)
            connection.head = connection.read_head()
            if early:
                how(connection)
                return
            connection.send(origin.good_101(connection.head))
            connection.echo()

        return script

    def test_the_origin_is_killed_and_comes_back(self):
        one = self.use(killable.KillableOrigin())
        self.start(one)
        for _ in range(2):
            one.kill()
            one.start()
            self.echoes(self.use(wire.open_session(self.weir.port, "a.test")))
        self.assertEqual([one for one in self.weir.access_log() if one["event"] == "refused"], [])
        self.filled()

    def test_they_are_renewed_before_the_origin_loses_its_patience(self):
        raw = self.use(Watched())
        self.start(raw, clock=HandClock(), warm_idle="30s")
        for times in (1, 2):
            raw.wait_standing()
            self.weir.pass_time(20)
            self.assertEqual(len(raw.standing()), WARM)
            self.weir.pass_time(10)
            raw.wait_for(lambda: sum(one.done for one in raw.connections) == times * WARM, "renewed")
            self.filled()

    def test_a_reload_keeps_what_has_not_changed_and_replaces_the_rest(self):
        kept, changed, gone = (self.use(Watched()) for _ in range(3))
        self.start(kept)

        def configured(raw, **settings):
            return {**self.settings, "servers": [{"address": f"127.0.0.1:{raw.port}"}], **settings}

        self.reload([domain("a.test", origin=configured(kept)), domain("b.test", origin=configured(changed)),
                     domain("c.test", origin=configured(gone))])
        for raw in (kept, changed, gone):
            raw.wait_standing()
        first = list(changed.connections)
        self.reload([domain("a.test", origin=configured(kept)), domain("b.test", origin=configured(changed, warm=3))])
        changed.wait_standing(3)
        self.filled(WARM + 3)
        gone.wait_for(lambda: all(one.done for one in gone.connections), "the end of those of a domain that is gone")
        changed.wait_for(lambda: all(one.done for one in first), "the end of those with other settings")
        self.assertEqual(kept.accepted, WARM)
        self.assertEqual(gone.accepted, WARM)
        for host in ("a.test", "b.test"):
            self.echoes(self.use(wire.open_session(self.weir.port, host)))
        self.assertEqual(self.taken(), 2)
        self.reload([domain("a.test", origin=configured(kept, warm=0))])
        self.filled(0)
        kept.wait_standing(0)

    def test_a_reload_replaces_those_with_tls(self):
        """The files with certificates may say something else now."""
        raw = self.use(Watched(tls=certificates.leaf("warm.test").server_context()))
        self.start(raw, protocol="https", sni="warm.test",
                   tls={"ca": f"file:{certificates.authority().certificate}"})
        raw.wait_standing()
        first = list(raw.connections)
        self.reload([domain("a.test", origin=self.settings)])
        raw.wait_for(lambda: all(one.done for one in first), "the end of those of before")
        self.filled()
        self.echoes(self.use(wire.open_session(self.weir.port, "a.test")))
        self.assertNotIn(raw.asked()[0], first)

    def test_a_drain_gives_them_up(self):
        raw = self.use(Watched())
        self.start(raw)
        session = self.use(wire.open_session(self.weir.port, "a.test"))
        self.weir.signal(15)
        raw.wait_standing(0)
        self.closed(session, 1012)
        session.close()
        self.weir.wait_exit()
