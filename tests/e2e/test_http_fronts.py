"""Behind nginx and HAProxy that speak HTTP: requests, uploads and WebSockets, and whose word about the client counts."""

import json
import os

import frames
import http_fronts
import http_origins
import plain
import wire
from harness import WeirTest

HOST = "pages.test"
BODY = os.urandom(2_000_000)
FRONTS = {"nginx": http_fronts.NginxFront, "haproxy": http_fronts.HaproxyFront}


class FrontTest(WeirTest):
    parallel = 2

    def behind(self, front: str, **node):
        pages = self.use(http_origins.node_pages())
        weir = self.run_one([plain.http_domain(HOST, pages.http), plain.http_domain("echo.test")], workers=1, **node)
        return weir, self.use(FRONTS[front](weir.port))

    def test_requests_uploads_and_websockets_pass_through_both(self):
        for name in FRONTS:
            with self.subTest(name):
                weir, front = self.behind(name)
                with plain.Connection(front.port, HOST) as client:
                    for _ in range(20):
                        self.assertEqual(client.ask("GET", "/hello").body, b"hello from node\n")
                        self.assertEqual(client.ask("GET", "/chunks").body, b"0 1 2 3 4 ")
                    self.assertEqual(client.ask("POST", "/sum", BODY).body.decode(), plain.sum_of(BODY))
                    self.assertEqual(client.ask("POST", "/sum", iter([BODY, BODY]), chunked=True).body.decode(),
                                     plain.sum_of(BODY + BODY))
                with wire.open_session(front.port, "echo.test", "/") as session:
                    session.send(frames.from_client(frames.TEXT, b"through"))
                    self.assertEqual(session.read_frame().payload, b"through")
                # They keep their connections to Weir, as Weir keeps them.
                self.assertLess(weir.metric("weir_client_connections_total"), 20)

    def fields(self, front, **given: str) -> dict:
        return json.loads(plain.ask(front.port, HOST, "/fields", **given).body)

    def test_their_word_about_the_client_counts_only_when_they_are_trusted(self):
        for name in FRONTS:
            with self.subTest(name):
                _, front = self.behind(name)
                seen = self.fields(front, X_Forwarded_For="192.0.2.66")
                self.assertEqual((seen["x-forwarded-for"], seen["x-forwarded-proto"]), ("127.0.0.1", "http"))
                weir, front = self.behind(name, trusted_proxies=["127.0.0.0/8"])
                seen = self.fields(front, X_Forwarded_For="192.0.2.66")
                self.assertRegex(seen["x-forwarded-for"], r"^192\.0\.2\.66, 127\.0\.0\.1")
                self.assertEqual(seen["x-forwarded-proto"], "https")


if __name__ == "__main__":
    import unittest

    unittest.main()
