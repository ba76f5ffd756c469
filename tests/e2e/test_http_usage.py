"""Usage of plain requests: live, to the byte, apart from WebSocket's, and proof against a kill."""

import http.client
import threading

import frames
import origin
import pages
import usage
import wire
from frames import BINARY, CLOSE, from_client, frame
from harness import Weir, WeirTest, domain, wait_until

HTTP = ("client_http_in", "client_http_out", "origin_http_in", "origin_http_out")
NO_SESSIONS = {name: 0 for name in usage.EXACT + usage.HANDSHAKE + ("sessions_ws", "connection_milliseconds")}


def ask(client, method, path, **options):
    client.request(method, path, headers={"Host": "shop.test"}, **options)
    answer = client.getresponse()
    answer.body = answer.read()
    return answer


class Scene(WeirTest):
    """A domain of plain requests between two taps."""

    @classmethod
    def begin(cls, **node):
        cls.pages = cls.keep(pages.Pages())
        cls.back = cls.keep(usage.Tap(cls.pages.port))
        return Weir([domain("shop.test", cls.back.port, http={"enabled": True})], usage=usage.FLUSH, **node)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.front = cls.keep(usage.Tap(cls.weir.port))

    def tapped(self):
        """The four figures by what has passed the taps."""
        def total(tap, way):
            return sum(len(getattr(one, way)) for one in tap.connections)

        return dict(zip(HTTP, (total(self.front, "up"), total(self.front, "down"),
                               total(self.back, "down"), total(self.back, "up"))))

    def counted(self):
        return usage.totals(self.weir, "shop.test")


class HttpUsageTest(Scene):
    @classmethod
    def configure(cls):
        return cls.begin()

    def test_sums_are_those_of_the_bytes_in_every_place(self):
        asked = [("GET", "/", None, 200), ("HEAD", "/large", None, 200), ("GET", "/large", None, 200),
                 ("GET", "/chunked", None, 200), ("GET", "/range", None, 206), ("GET", "/same", None, 304),
                 ("POST", "/", bytes(300_000), 200), ("GET", "/?secret=1", None, 200)]
        client = http.client.HTTPConnection("127.0.0.1", self.front.port)
        answers = {}
        for method, path, body, status in asked:
            answer = ask(client, method, path, body=body)
            self.assertEqual(answer.status, status, path)
            answers[f"http_answers.{status}"] = answers.get(f"http_answers.{status}", 0) + 1
        client.close()
        # Refused, and yet plain requests.
        for request, status in ((b"BREW / HTTP/1.1\r\nHost: shop.test\r\n\r\n", 501),):
            head, _, _ = wire.exchange(self.front.port, request)
            self.assertEqual(head.status, status)
            answers[f"http_answers.{status}"] = 1
        self.front.wait_over()
        self.weir.wait_records(len(asked), event="exchange", domain="shop.test")
        wanted = {**self.tapped(), **answers}
        if "http_answers.501" in answers:  # of no domain: it is refused before there is one
            wanted.pop("http_answers.501")
            refused = usage.totals(self.weir, "_unmatched")
            for name in ("client_http_in", "client_http_out"):
                wanted[name] -= refused[name]
        wait_until(lambda: all(self.counted().get(name) == number for name, number in wanted.items()),
                   lambda: usage.differences(wanted, self.counted()))
        counted = self.counted()
        self.assertEqual(counted["http_requests"], len(asked))
        self.assertEqual({name: counted.get(name, 0) for name in NO_SESSIONS}, NO_SESSIONS)
        self.assertEqual([name for name in counted if name.startswith(("answers.", "refused.", "closed."))], [])

        for name in HTTP:
            side, way = name.split("_http_")
            self.assertEqual(self.weir.metric(f"weir_http_{side}_bytes_{way}_total", domain="shop.test"),
                             wanted[name], name)
        for name, number in answers.items():
            if name in wanted:
                self.assertEqual(self.weir.metric("weir_http_requests_total", domain="shop.test",
                                                  code=name.split(".")[1]), number)
        self.assertEqual(self.weir.metric("weir_http_ended_total", domain="shop.test", cause="done"), len(asked))
        self.assertEqual(self.weir.metric("weir_handshakes_total", domain="shop.test"), 0)

        lines = self.weir.wait_records(len(asked), event="exchange", domain="shop.test")
        self.assertEqual(sum(line["request_size"] for line in lines), wanted["client_http_in"])
        self.assertEqual(sum(line["response_size"] for line in lines), wanted["client_http_out"])
        done = usage.verify(self.weir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class LiveTest(Scene):
    @classmethod
    def configure(cls):
        return cls.begin()

    def test_a_download_counts_while_it_runs(self):
        client = http.client.HTTPConnection("127.0.0.1", self.front.port)
        client.request("GET", "/half", headers={"Host": "shop.test"})
        answer = client.getresponse()
        half = len(pages.LARGE) // 2
        self.assertEqual(answer.read(half), pages.LARGE[:half])
        tapped = self.tapped()
        self.assertGreater(tapped["client_http_out"], half)
        for name in ("client", "origin"):
            way = "out" if name == "client" else "in"
            self.assertEqual(self.weir.metric(f"weir_http_{name}_bytes_{way}_total", domain="shop.test"),
                             tapped[f"{name}_http_{way}"])
        self.assertEqual(self.weir.metric("weir_http_exchanges_active", domain="shop.test"), 1)
        self.assertEqual(self.weir.metric("weir_http_requests_total", domain="shop.test", code="200"), 1)
        self.assertEqual(self.weir.metric("weir_http_ended_total", domain="shop.test"), 0)
        usage.wait_ledger(self.weir, "shop.test", tapped)
        self.assertEqual([line for line in self.weir.access_log() if line["event"] == "exchange"], [])
        self.pages.go_on.set()
        self.assertEqual(answer.read(), pages.LARGE[half:])
        self.weir.wait_access(event="exchange", uri="/half", cause="done")
        self.assertEqual(self.weir.metric("weir_http_exchanges_active", domain="shop.test"), 0)
        usage.wait_ledger(self.weir, "shop.test", self.tapped())


class KillTest(Scene):
    @classmethod
    def configure(cls):
        return cls.begin()

    def test_killed_in_the_middle_of_a_download_nothing_of_it_is_missing(self):
        client = http.client.HTTPConnection("127.0.0.1", self.front.port)
        client.request("GET", "/half", headers={"Host": "shop.test"})
        half = len(pages.LARGE) // 2
        client.getresponse().read(half)
        wait_until(lambda: self.weir.metric("weir_http_client_bytes_out_total", domain="shop.test")
                   == self.tapped()["client_http_out"], "every byte counted")
        tapped = self.tapped()
        self.weir.crash()
        self.weir.start()
        self.assertEqual({name: self.counted()[name] for name in HTTP}, tapped)
        self.assertEqual(self.counted()["http_requests"], 1)
        done = usage.verify(self.weir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class WebSocketBillTest(WeirTest):
    """The same sessions cost the same, whatever plain requests go on beside them."""

    @staticmethod
    def both(connection):
        """A page, or an echo of messages."""
        connection.head = connection.read_head()
        if connection.head.get("Upgrade"):
            connection.send(origin.good_101(connection.head))
            connection.echo()
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                            % len(pages.LARGE) + pages.LARGE)

    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(cls.both))
        return Weir([domain("chat.test", cls.origin.port),
                     domain("both.test", cls.origin.port, http={"enabled": True})], usage=usage.FLUSH)

    def session(self, host):
        with wire.open_session(self.weir.port, host) as session:
            session.send(from_client(BINARY, bytes(5000)))
            session.read_frame()
            session.send(from_client(CLOSE, frames.close_payload(1000)))
            session.read_until_frame(CLOSE)
            session.read_rest()
        self.weir.wait_access(event="close", domain=host)

    def test_websockets_bill_does_not_move_by_a_byte(self):
        threads = [threading.Thread(target=wire.exchange, args=(
            self.weir.port, b"GET /large HTTP/1.1\r\nHost: both.test\r\nConnection: close\r\n\r\n"))
            for _ in range(4)]
        for thread in threads:
            thread.start()
        self.session("both.test")
        for thread in threads:
            thread.join()
        self.session("chat.test")
        # Refused attempts are handshakes, too, and 426 to a plain request is none.
        for host in ("both.test", "chat.test"):
            wire.exchange(self.weir.port, wire.upgrade_request(host, change={"Sec-WebSocket-Version": "8"}))
        wire.exchange(self.weir.port, b"GET / HTTP/1.1\r\nHost: chat.test\r\n\r\n")

        def websockets(host):
            numbers = usage.totals(self.weir, host)
            return {name: number for name, number in numbers.items()
                    if "http" not in name and "network" not in name and name != "connection_milliseconds"}

        wait_until(lambda: usage.totals(self.weir, "both.test").get("http_answers.200") == 4
                   and usage.totals(self.weir, "chat.test").get("http_answers.426") == 1
                   and usage.totals(self.weir, "chat.test").get("answers.426") == 1, "the plain requests")
        both, chat = websockets("both.test"), websockets("chat.test")
        self.assertEqual(both, chat)
        self.assertEqual(chat["client_bytes_out"], len(frame(BINARY, bytes(5000)))
                         + len(frame(CLOSE, frames.close_payload(1000))))
        self.assertEqual(chat["answers.101"], 1)
