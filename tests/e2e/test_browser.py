"""Headless Chromium on the built-in page: the first thing that a newcomer sees."""

import json

import certificates
import peers
import wire
from harness import Weir, WeirTest, domain


class BrowserTest(WeirTest):
    parallel = 1

    @classmethod
    def configure(cls):
        return Weir([domain("quick.test", tls=certificates.leaf("quick.test").yaml)], tls=True)

    def check_page(self, url):
        got = peers.browse(url, "quick.test", ["hello from a browser", "second message"])
        self.assertNotIn("failure", got, got)
        self.assertEqual(got["httpStatus"], 200)
        self.assertIn("second message", got["log"])
        self.assertRegex(got["rtt"], r"\d")
        self.assertRegex(got["bytes"], r"[1-9]")
        self.assertIn("1000", got["code"])
        self.assertRegex(got["exchange"], r"^200 in [\d.]+ ms$")
        scheme = url.split(":")[0]
        self.assertEqual(got["exchangeDetails"],
                         f"GET /request by HTTP/1.1 over {scheme}, from 127.0.0.1, on a kept connection.")
        self.assertEqual(got["errors"], [])

    def test_page_over_http_opens_a_ws_session_and_shows_all(self):
        self.check_page(f"http://quick.test:{self.weir.port}/")
        record = self.weir.wait_access(event="close", domain="quick.test", scheme="ws")
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("client", "client_close"))

    def test_page_over_https_opens_a_wss_session_and_shows_all(self):
        self.check_page(f"https://quick.test:{self.weir.tls_port}/")
        self.weir.wait_access(event="close", domain="quick.test", scheme="wss")

    def test_what_was_seen_of_a_request_is_told_to_its_own_page_alone(self):
        head, body, _ = wire.exchange(
            self.weir.port, b"GET /request?token=secret HTTP/1.1\r\nHost: quick.test:80\r\nConnection: close\r\n\r\n")
        self.assertEqual(json.loads(body), {"method": "GET", "path": "/request", "http_version": "1.1", "scheme": "http",
                                            "host": "quick.test:80", "client": "127.0.0.1"})
        self.assertEqual((head.get("Cache-Control"), head.get("Cross-Origin-Resource-Policy")), ("no-store", "same-origin"))
        for request in (b"POST /request", b"GET /requests"):
            head, _, _ = wire.exchange(self.weir.port, request + b" HTTP/1.1\r\nHost: quick.test\r\n\r\n")
            self.assertEqual(head.status, 426)

    def test_page_needs_nothing_from_elsewhere(self):
        head, body, _ = wire.exchange(
            self.weir.port, b"GET / HTTP/1.1\r\nHost: quick.test\r\nConnection: close\r\n\r\n")
        self.assertEqual(head.status, 200)
        self.assertIn("text/html", head.get("Content-Type"))
        self.assertNotIn(b"https://", body)
        for name in (b"status", b"send", b"message", b"log", b"rtt", b"bytes", b"close-code", b"close-reason"):
            self.assertIn(b'id="' + name + b'"', body)
