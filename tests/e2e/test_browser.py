"""Headless Chromium on the built-in page: the first thing that a newcomer sees."""

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
        self.assertEqual(got["errors"], [])

    def test_page_over_http_opens_a_ws_session_and_shows_all(self):
        self.check_page(f"http://quick.test:{self.weir.port}/")
        record = self.weir.wait_access(event="close", domain="quick.test", scheme="ws")
        self.assertEqual((record["close_initiator"], record["close_cause"]), ("client", "client_close"))

    def test_page_over_https_opens_a_wss_session_and_shows_all(self):
        self.check_page(f"https://quick.test:{self.weir.tls_port}/")
        self.weir.wait_access(event="close", domain="quick.test", scheme="wss")

    def test_page_needs_nothing_from_elsewhere(self):
        head, body, _ = wire.exchange(
            self.weir.port, b"GET / HTTP/1.1\r\nHost: quick.test\r\nConnection: close\r\n\r\n")
        self.assertEqual(head.status, 200)
        self.assertIn("text/html", head.get("Content-Type"))
        self.assertNotIn(b"https://", body)
        for name in (b"status", b"send", b"message", b"log", b"rtt", b"bytes", b"close-code", b"close-reason"):
            self.assertIn(b'id="' + name + b'"', body)
