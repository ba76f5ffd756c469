"""Connections to origins that serve one plain request after the other (`origin.reuse`): only what is proven clean."""

import random
import threading
import time

import certificates
import wire
from harness import WeirTest, domain, wait_until
from raw_http import HttpClient, HttpOrigin, response


class ReuseTest(WeirTest):
    parallel = 4

    def start(self, raw, names=("a.test",), **settings):
        settings = {"protocol": "http", "health": "off",
                    "servers": [{"address": f"127.0.0.1:{raw.port}"}], **settings}
        self.settings = settings
        self.names = names
        self.weir = self.run_one(self.domains(), workers=1)

    def domains(self):
        entry = domain(self.names[0], origin=self.settings, http={"enabled": True})
        del entry["domain"]
        return [{"names": list(self.names), **entry}]

    def client(self):
        return self.use(HttpClient(wire.connect(self.weir.port)))

    def wait_ended(self, raw, connection=0):
        raw.wait_for(lambda: raw.connections[connection].done, "end of the connection")

    def reload(self):
        since = len(self.weir.lines)
        self.weir.write(self.domains())
        self.weir.signal(1)
        self.weir.wait_log("(?i)configuration|reload", since=since)

    def test_requests_of_all_clients_go_over_one_connection(self):
        raw = self.use(HttpOrigin())
        self.start(raw)
        for number in range(10):
            head, body = self.client().ask(f"/{number}")
            self.assertEqual((head.status, body), (200, f"/{number}".encode()))
        self.assertEqual(raw.paths(0), [f"/{number}" for number in range(10)])

    def test_two_names_on_one_address_have_connections_of_their_own(self):
        raw = self.use(HttpOrigin(tls=certificates.leaf("a.test").server_context()))
        self.start(raw, ("a.test", "b.test"), protocol="https", tls={"verify": False})
        client = self.client()
        for _ in range(3):
            for name in ("a.test", "b.test"):
                self.assertEqual(client.ask(f"/{name}", host=name)[1], f"/{name}".encode())
        self.assertEqual([one.sni for one in raw.connections], ["a.test", "b.test"])
        self.assertEqual([raw.paths(0), raw.paths(1)], [["/a.test"] * 3, ["/b.test"] * 3])

    def test_a_reload_that_changes_a_pin_drops_what_rests(self):
        leaf = certificates.leaf("a.test")
        raw = self.use(HttpOrigin(tls=leaf.server_context()))
        self.start(raw, protocol="https", tls={"ca": f"file:{certificates.authority().certificate}"})
        self.assertEqual(self.client().ask()[0].status, 200)
        self.settings["tls"]["pins"] = ["sha256/" + "A" * 43 + "="]
        self.reload()
        self.wait_ended(raw)
        # The other key is believed no more, and nothing that was made before is used.
        wait_until(lambda: self.client().ask()[0].status == 502, "an origin that is not believed")
        self.assertEqual(len(raw.requests), 1)

    def test_a_reload_of_something_else_keeps_what_rests(self):
        raw = self.use(HttpOrigin())
        self.start(raw)
        self.client().ask("/before")
        self.names = ("a.test", "c.test")
        self.reload()
        wait_until(lambda: self.client().ask("/after", host="c.test")[0].status == 200, "the new name")
        self.assertEqual(raw.paths(0), ["/before", "/after"])

    def test_posts_meet_no_connection_that_its_origin_is_about_to_end(self):
        raw = self.use(HttpOrigin(idle=3))
        self.start(raw, reuse={"idle": 60})
        gaps = random.Random(11)
        failures, lock = [], threading.Lock()

        def post(client, pauses):
            for number, pause in enumerate(pauses):
                head, body = client.ask(f"/{number}", "POST", body=b"x" * 100)
                if (head.status, body) != (200, f"/{number}".encode()):
                    with lock:
                        failures.append((head.start, body))
                time.sleep(pause)

        threads = [threading.Thread(target=post, args=(self.client(), [gaps.choice((0, 0.1, 0.9, 1.3, 3.1)) for _ in range(6)]))
                   for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(raw.requests), 72)
        self.assertGreater(sum(one.number > 0 for one in raw.requests), 10)

    def test_a_get_that_meets_a_connection_that_is_gone_is_asked_once_more(self):
        """The origin reads the second request and ends the connection without a word."""
        seen = []

        def answer(connection, request):
            seen.append(request.path)
            if request.path == "/second" and seen.count("/second") == 1:
                return None
            return response(request.path.encode())

        raw = self.use(HttpOrigin(answer))
        self.start(raw)
        client = self.client()
        client.ask("/first")
        self.assertEqual(client.ask("/second")[1], b"/second")
        self.assertEqual(seen, ["/first", "/second", "/second"])

    def test_a_post_that_meets_a_connection_that_is_gone_is_not_asked_again(self):
        def answer(connection, request):
            return None if request.path == "/second" else response(request.path.encode())

        raw = self.use(HttpOrigin(answer))
        self.start(raw)
        client = self.client()
        client.ask("/first", "POST", body=b"x")
        head, body = client.ask("/second", "POST", body=b"x")
        self.assertEqual(head.status, 502)
        self.assertIn(b"may be asked again", body)
        self.assertEqual([one.path for one in raw.requests], ["/first", "/second"])

    def test_the_origins_keep_alive_is_believed(self):
        raw = self.use(HttpOrigin(lambda connection, request: response(b"ok", fields=b"Keep-Alive: timeout=2\r\n")))
        self.start(raw)
        self.client().ask()
        self.wait_ended(raw)
        brief = self.use(HttpOrigin(lambda connection, request: response(b"ok", fields=b"Keep-Alive: timeout=1\r\n")))
        self.start(brief)
        self.client().ask()
        self.wait_ended(brief)

    def test_off_is_one_request_on_each_connection(self):
        raw = self.use(HttpOrigin())
        self.start(raw, reuse={"mode": "off"})
        client = self.client()
        for number in range(3):
            client.ask(f"/{number}")
        self.assertEqual([one.connection for one in raw.requests], [0, 1, 2])

    def test_an_upgrade_neither_takes_nor_leaves_a_connection(self):
        raw = self.use(HttpOrigin())
        self.start(raw)
        self.client().ask("/before")
        head = wire.exchange(self.weir.port, wire.upgrade_request("a.test", "/ws"))[0]
        self.assertEqual(head.status, 200)
        self.client().ask("/after")
        self.assertEqual([(one.path, one.connection) for one in raw.requests],
                         [("/before", 0), ("/ws", 1), ("/after", 0)])


GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

# What the origin says to the first request.
POISONED = {
    "a whole answer behind": GOOD + POISON,
    "two of them": GOOD + POISON + POISON,
    "half a head behind": GOOD + POISON[:20],
    "one byte behind": GOOD + b"\n",
    "an interim answer behind": GOOD + b"HTTP/1.1 100 Continue\r\n\r\n",
    "behind the last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + POISON,
    "a 204 with a body": b"HTTP/1.1 204 No Content\r\nContent-Length: 43\r\n\r\n" + POISON,
    "a 304 with a body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 43\r\n\r\n" + POISON,
    "an end behind": GOOD,
    "an answer of HTTP/1.0": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok" + POISON,
}


class PoisonTest(WeirTest):
    """After each of these the next client gets its own answer."""

    parallel = 4

    @classmethod
    def configure(cls):
        return None

    def serve(self, first, later=b"", end=False, method="GET"):
        """The first request of all is answered with `first`, and when the client has that, `later` comes."""
        told = threading.Event()

        def answer(connection, request):
            if request.path != "/first":
                return response(request.path.encode())
            connection.send(first)
            if end:
                return None
            if later:
                told.wait(20)
                connection.send(later)
            return b""

        raw = self.use(HttpOrigin(answer))
        weir = self.run_one([domain("a.test", raw.port, http={"enabled": True}, origin={"health": "off"})], workers=1)
        client = self.use(HttpClient(wire.connect(weir.port)))
        head, _ = client.ask("/first", method)
        told.set()
        return raw, weir, head

    def check_the_next_clients(self, raw, weir):
        for number in range(3):
            with wire.connect(weir.port) as fresh:
                head, body = HttpClient(fresh).ask(f"/next/{number}")
                self.assertEqual((head.status, body), (200, f"/next/{number}".encode()))
        self.assertEqual([one.path for one in raw.requests], ["/first", "/next/0", "/next/1", "/next/2"])
        self.assertNotIn(0, [one.connection for one in raw.requests[1:]])

    def test_what_comes_glued_to_an_answer(self):
        for name, first in POISONED.items():
            with self.subTest(name):
                raw, weir, head = self.serve(first, end=name == "an end behind")
                self.assertIn(head.status, (200, 204, 304))
                raw.wait_for(lambda: raw.connections[0].done, "end of the connection")
                self.check_the_next_clients(raw, weir)

    def test_what_comes_while_nothing_is_asked(self):
        for name, later in (("an answer", POISON), ("one byte", b"\n"), ("half a head", POISON[:20])):
            with self.subTest(name):
                raw, weir, _ = self.serve(GOOD, later)
                raw.wait_for(lambda: raw.connections[0].done, "end of the connection")
                self.check_the_next_clients(raw, weir)

    def test_an_answer_to_head_with_a_body(self):
        raw, weir, _ = self.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n" + POISON, method="HEAD")
        raw.wait_for(lambda: raw.connections[0].done, "end of the connection")
        self.check_the_next_clients(raw, weir)

    def test_an_origin_that_did_not_understand_is_asked_on_another_connection(self):
        for status in (400, 408, 411, 413, 414, 431, 501, 505):
            with self.subTest(status):
                raw, weir, head = self.serve(response(b"no", status))
                self.assertEqual(head.status, status)
                self.check_the_next_clients(raw, weir)
