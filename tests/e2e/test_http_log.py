"""The access log's line of a plain request: every field, once, without its query; and one while it lasts."""

import http.client

import pages
import wire
from hand_clock import HandClock
from harness import Weir, WeirTest, domain, wait_until
from test_usage_log import DCDN


def ask(port, request):
    return wire.exchange(port, request)


class HttpLogTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.pages = cls.keep(pages.Pages())
        return Weir([domain("shop.test", cls.pages.port, http={"enabled": True, "max_body": 1000}),
                     domain("page.test"), domain("off.test", cls.pages.port)])

    def test_fields_of_one_that_is_done(self):
        request = (b"GET /chunked?token=secret HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: agent/1\r\n"
                   b"Referer: https://page.test/a?secret=1\r\nRange: bytes=0-9\r\nConnection: close\r\n\r\n")
        head, body, _ = ask(self.weir.port, request)
        line = self.weir.wait_access(event="exchange", uri="/chunked")
        wanted = {"domain": "shop.test", "scheme": "http", "method": "GET", "http_version": "1.1",
                  "host": "shop.test", "user_agent": "agent/1", "refer_domain": "page.test", "refer_uri": "/a",
                  "http_range": "bytes=0-9", "route": "/", "request_number": 1, "return_code": 200,
                  "content_type": "text/css", "origin_addr": f"127.0.0.1:{self.pages.port}",
                  "origin_scheme": "http", "initiator": "origin", "cause": "done",
                  "stage": "streaming", "request_size": len(request), "response_size": len(head.raw) + len(body),
                  "body_bytes_sent": len(body), "client_ip": "127.0.0.1", "listener": "web"}
        self.assertEqual({name: line.get(name) for name in wanted}, wanted)
        self.assertLessEqual(line["first_byte_ms"], line["request_time"])
        # A test beside this one may have left it a connection.
        self.assertIn(line["origin_reused"], (True, False))
        self.assertIn("origin_connect_ms", line)
        self.assertRegex(line["connection_id"], r"^web-\d+-\d+$")
        self.assertEqual(line["session_id"], line["uuid"])
        self.assertNotIn("secret", str(line))
        self.assertNotIn("error", line)

    def test_requests_of_one_connection_are_numbered_and_their_origins_reused(self):
        client = http.client.HTTPConnection("127.0.0.1", self.weir.port)
        for number in range(3):
            client.request("GET", f"/kept/{number}", headers={"Host": "shop.test"})
            client.getresponse().read()
        client.close()
        lines = [self.weir.wait_access(event="exchange", uri=f"/kept/{number}") for number in range(3)]
        self.assertEqual([line["request_number"] for line in lines], [1, 2, 3])
        self.assertEqual(len({line["connection_id"] for line in lines}), 1)
        self.assertEqual(len({line["session_id"] for line in lines}), 3)
        self.assertEqual([line["origin_reused"] for line in lines][1:], [True, True])

    def test_a_range_is_told_as_it_was_sent(self):
        ask(self.weir.port, b"GET /range HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")
        line = self.weir.wait_access(event="exchange", uri="/range")
        self.assertEqual((line["return_code"], line["sent_http_content_range"]),
                         (206, f"bytes 0-4/{len(pages.SMALL)}"))

    def test_refused_ones_have_a_line_with_their_cause(self):
        for request, host, status, cause in (
                (b"POST /up HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5000\r\n\r\n", "shop.test", 413,
                 "body_too_large"),
                (b"GET /off HTTP/1.1\r\nHost: off.test\r\n\r\n", "off.test", 426, "not_an_upgrade"),
                (b"GET /none HTTP/1.1\r\nHost: none.test\r\n\r\n", "_unmatched", 404, "no_route")):
            head, body, _ = ask(self.weir.port, request)
            self.assertEqual(head.status, status)
            line = self.weir.wait_access(event="exchange", domain=host, return_code=status)
            self.assertEqual((line["cause"], line["initiator"], line["stage"]), (cause, "client", "connecting"))
            self.assertIn(line["error"], body.decode())
            self.assertNotIn("origin_addr", line)

    def test_a_page_of_our_own_is_done_by_the_gateway(self):
        ask(self.weir.port, b"GET / HTTP/1.1\r\nHost: page.test\r\n\r\n")
        line = self.weir.wait_access(event="exchange", domain="page.test")
        self.assertEqual((line["cause"], line["initiator"], line["return_code"]), ("done", "gateway", 200))

    def test_a_client_that_leaves_is_499_and_its_doing(self):
        with wire.connect(self.weir.port) as client:
            client.send(b"GET /half HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            client.read_head()
        line = self.weir.wait_access(event="exchange", uri="/half")
        self.assertEqual((line["cause"], line["initiator"], line["stage"], line["return_code"]),
                         ("client_abort", "client", "streaming", 200))


class LastingTest(WeirTest):
    def test_one_that_lasts_has_a_line_while_it_does(self):
        events = self.use(pages.Pages())
        weir = self.run_one([domain("shop.test", events.port, http={"enabled": True})], clock=HandClock())
        with wire.connect(weir.port) as client:
            client.send(b"GET /events HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            client.read_head()
            weir.pass_time(30)
            self.assertEqual([line for line in weir.access_log() if line["event"] == "exchange_open"], [])
            weir.pass_time(31)
            line = weir.wait_access(event="exchange_open", uri="/events")
            self.assertEqual((line["content_type"], line["stage"], line["return_code"]),
                             ("text/event-stream", "streaming", 200))
            self.assertGreaterEqual(line["request_time"], 60_000)
            self.assertNotIn("cause", line)
        over = weir.wait_access(event="exchange", uri="/events")
        self.assertEqual((over["session_id"], over["cause"]), (line["session_id"], "client_abort"))


class DcdnTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.pages = cls.keep(pages.Pages())
        domains = [domain("shop.test", cls.pages.port, http={"enabled": True})]
        weir = Weir(domains)
        weir.node["log"]["access"]["format"] = "dcdn"
        weir.write(domains)
        return weir

    def test_a_plain_request_is_one_of_its_lines(self):
        request = b"GET /page?token=1 HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
        head, body, _ = ask(self.weir.port, request)
        log = self.weir.access_path
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "the line")
        (line,) = log.read_text().split("\n")[:-1]
        match = DCDN.fullmatch(line)
        self.assertIsNotNone(match, line)
        self.assertEqual(match["url"], "http://shop.test/page")
        self.assertEqual((match["code"], match["type"]), ("200", "text/html"))
        self.assertEqual((int(match["request"]), int(match["response"])),
                         (len(request), len(head.raw) + len(body)))
