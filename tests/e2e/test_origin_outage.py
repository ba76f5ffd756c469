"""Origins that are killed and come back under load (hardening O3): no handshake fails while one of them lives."""

import collections
import concurrent.futures
import os
import threading
import time

import killable
import wire
from frames import TEXT, close_payload, from_client
from patience import patience
from harness import WeirTest, domain, wait_until

CLIENTS = 8
# Handshakes after each kill and after each return.
HANDSHAKES = int(os.environ.get("WEIR_OUTAGE_HANDSHAKES", "200"))


class Load:
    """Clients that open one session after the other until they are told to end."""

    def __init__(self, port: int, host: str):
        self.port, self.host = port, host
        self.failures = []
        self.opened = []  # when it was begun, and whose session it was
        self.changed = threading.Condition()
        self.ending = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(CLIENTS)
        self.clients = [self.pool.submit(self._run) for _ in range(CLIENTS)]

    def _run(self) -> None:
        while not self.ending.is_set():
            begun = time.monotonic()
            life = self._handshake()
            with self.changed:
                self.opened.append((begun, life))
                self.changed.notify_all()

    def _handshake(self):
        with wire.connect(self.port) as client:
            client.send(wire.upgrade_request(self.host))
            try:
                head = client.read_head()
            except (wire.Ended, OSError) as error:
                self.failures.append(repr(error))
                return None
            if head.status != 101:
                self.failures.append(f"{head.start} {client.read_rest()!r}")
                return None
            client.send(from_client(8, close_payload(1000)))
            # The peer may be killed right now, and then the Close is Weir's own.
            client.read_rest()
            return head.get("X-Life")

    def more(self, count: int) -> collections.Counter:
        """Waits for that many handshakes that begin from now on, and says whose sessions they were."""
        now = time.monotonic()
        with self.changed:
            before = len(self.opened)

            def begun_since() -> list:
                return [life for begun, life in self.opened[before:] if begun >= now]

            if not self.changed.wait_for(lambda: len(begun_since()) >= count, patience()):
                raise AssertionError(f"{len(begun_since())} handshakes of {count}, {self.failures[:3]}")
            return collections.Counter(begun_since())

    def close(self) -> None:
        self.ending.set()
        self.pool.shutdown()
        for client in self.clients:
            client.result()


class OutageTest(WeirTest):
    parallel = 3

    def pool(self, priorities=(20, 20, 20)):
        self.origins = [self.use(killable.KillableOrigin()) for _ in range(3)]
        servers = [{"address": f"127.0.0.1:{one.port}", "priority": priority}
                   for one, priority in zip(self.origins, priorities)]
        return self.run_one([domain("a.test", origin={
            "protocol": "http", "servers": servers,
            "ejection": {"failures": 3, "time": "1s"},
            "health": {"type": "tcp", "interval": "500ms", "timeout": "10s"}})])

    def open_on_each(self, weir):
        """A session on each of the origins, by its life."""
        found = {}
        for _ in range(60):
            session = wire.open_session(weir.port, "a.test", "/kept")
            life = session.head.get("X-Life")
            if life in found:
                session.close()
            else:
                found[life] = self.use(session)
            if len(found) == len(self.origins):
                return found
        raise AssertionError(f"sessions on {len(found)} origins alone")

    def echoes(self, session, text=b"still here"):
        session.send(from_client(TEXT, text))
        self.assertEqual(session.read_frame().payload, text)

    def check_load(self, weir, load):
        load.close()
        self.assertEqual(load.failures, [])
        bad = [one for one in weir.access_log() if one["event"] == "refused"]
        self.assertEqual(bad, [])

    def test_origins_killed_in_turn_fail_no_handshake_and_no_session_of_others(self):
        weir = self.pool()
        kept = self.open_on_each(weir)
        load = self.use(Load(weir.port, "a.test"))
        load.more(HANDSHAKES // 4)
        for victim in self.origins:
            lost = kept.pop(victim.life)
            gone = victim.life
            victim.kill()
            self.closed(lost, 1011)
            self.assertNotIn(gone, load.more(HANDSHAKES))
            for session in kept.values():
                self.echoes(session)
            victim.start()
            wait_until(lambda: victim.life in load.more(CLIENTS), "new sessions on the one that is back", 20)
            kept[victim.life] = self.session_on(weir, victim.life)
        self.check_load(weir, load)
        self.check_retries(weir)

    def session_on(self, weir, life):
        found = self.open_on_each(weir)
        for other, session in found.items():
            if other != life:
                session.close()
        return found[life]

    def check_retries(self, weir):
        """Who was refused by a dead origin was sent elsewhere, and the log says so."""
        retried = [one for one in weir.access_log() if one["event"] == "open" and one.get("retries")]
        self.assertTrue(retried)
        for record in retried:
            self.assertTrue(record["origin_setbacks"], record)

    def test_new_sessions_go_down_the_priorities_and_back_and_running_ones_stay(self):
        weir = self.pool(priorities=(10, 20, 30))
        first, second, third = self.origins
        load = self.use(Load(weir.port, "a.test"))
        self.assertEqual(set(load.more(HANDSHAKES // 4)), {first.life})
        first.kill()
        self.assertEqual(set(load.more(HANDSHAKES)), {second.life})
        on_second = self.use(wire.open_session(weir.port, "a.test"))
        second.kill()
        self.closed(on_second, 1011)
        self.assertEqual(set(load.more(HANDSHAKES)), {third.life})
        on_third = self.use(wire.open_session(weir.port, "a.test"))
        self.assertEqual(on_third.head.get("X-Life"), third.life)
        first.start()
        wait_until(lambda: set(load.more(CLIENTS)) == {first.life}, "the first one to have them all again", 20)
        second.start()
        self.assertEqual(set(load.more(HANDSHAKES // 4)), {first.life})
        self.echoes(on_third)
        self.check_load(weir, load)
        self.check_retries(weir)

    def test_all_killed_is_told_at_once_and_over_with_the_first_that_returns(self):
        weir = self.pool()
        for one in self.origins:
            one.kill()
        wait_until(lambda: weir.metric("weir_origin_up", domain="a.test") == 0, "all down")
        head, _, _ = wire.exchange(weir.port, wire.upgrade_request("a.test", "/none"))
        self.assertEqual(head.status, 502)
        self.assertEqual(weir.wait_access(event="refused", uri="/none")["close_cause"], "origin_down")
        self.origins[1].start()
        wait_until(lambda: weir.metric("weir_origin_up", domain="a.test") == 1, "one up")
        load = self.use(Load(weir.port, "a.test"))
        self.assertEqual(set(load.more(CLIENTS)), {self.origins[1].life})
        load.close()
        self.assertEqual(load.failures, [])
