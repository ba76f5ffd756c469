"""Clients of plain requests as they are installed: curl, aiohttp, wrk, ab, and Chromium."""

import asyncio
import json
import os
import re
import subprocess
import tempfile

import aiohttp

import certificates
import http_origins
import origin
import peers
import plain
import wire
from harness import Weir, WeirTest, wait_until
from patience import patience

HOST = "pages.test"


class ClientTest(WeirTest):
    parallel = 4

    @classmethod
    def configure(cls) -> Weir:
        cls.pages = cls.keep(http_origins.node_pages())
        leaf = certificates.leaf(HOST)
        return Weir([plain.http_domain(HOST, cls.pages.http, tls=leaf.yaml),
                     plain.http_domain("limited.test", cls.pages.http, http={"max_body": "1MiB"})], tls=True)

    def curl(self, path: str, *options: str, host: str = HOST) -> "tuple[str, bytes]":
        return plain.curl(self.weir.port, host, path, *options)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.file = cls.keep(tempfile.NamedTemporaryFile(prefix="weir-e2e-upload-"))
        cls.body = os.urandom(5_000_000)
        cls.file.write(cls.body)
        cls.file.flush()


class CurlTest(ClientTest):
    def test_uploads_with_and_without_expect(self):
        for expect in ("Expect: 100-continue", "Expect:"):
            for framing in ("X-None: 1", "Transfer-Encoding: chunked"):
                with self.subTest(expect=expect, framing=framing):
                    said, body = self.curl("/sum", "-T", self.file.name, "-H", expect, "-H", framing)
                    self.assertEqual((said, body.decode()), ("200", plain.sum_of(self.body)))

    def test_an_upload_that_is_too_large_for_the_origin_or_for_the_domain(self):
        for path, host in (("/small", HOST), ("/sum", "limited.test")):
            for expect in ("Expect: 100-continue", "Expect:"):
                with self.subTest(path=path, expect=expect):
                    said, body = self.curl(path, "-T", self.file.name, "-H", expect, host=host)
                    self.assertEqual(said, "413")
                    self.assertIn(b"large", body)

    def test_an_expectation_without_a_body_is_ignored_and_another_one_is_417(self):
        self.assertEqual(self.curl("/hello", "-H", "Expect: 100-continue")[0], "200")
        self.assertEqual(self.curl("/hello", "-H", "Expect: 200-ok")[0], "417")

    def test_http_1_0_gets_its_answers_without_chunks(self):
        for path, body in (("/hello", b"hello from node\n"), ("/chunks", b"0 1 2 3 4 ")):
            with self.subTest(path):
                said, got = self.curl(path, "-0", "--write-out", "%{http_code} %{http_version} %header{transfer-encoding}")
                self.assertEqual((said.split()[0], got), ("200", body))
                self.assertNotIn("chunked", said)
        said, got = self.curl("/sum", "-0", "--data-binary", f"@{self.file.name}")
        self.assertEqual(got.decode(), plain.sum_of(self.body))

    def test_many_at_once(self):
        host = f"http://{HOST}:{self.weir.port}"
        done = subprocess.run(["curl", "-s", "-Z", "--parallel-max", "20", "--resolve", f"{HOST}:{self.weir.port}:127.0.0.1",
                               "--write-out", "%{http_code}\\n", "-o", "/dev/null", f"{host}/hello?[1-100]"],
                              capture_output=True, text=True, timeout=2 * patience())
        self.assertEqual(done.stdout.split(), ["200"] * 100)

    def test_http2_is_not_offered_and_an_upgrade_to_it_is_a_plain_request(self):
        said, body = self.curl("/hello", "--http2", "--write-out", "%{http_code} %{http_version}")
        self.assertEqual((said, body), ("200 1.1", b"hello from node\n"))
        done = subprocess.run(["curl", "-s", "--http2", "--cacert", str(certificates.authority().certificate),
                               "--resolve", f"{HOST}:{self.weir.tls_port}:127.0.0.1", "-w", "%{http_version}",
                               "-o", "/dev/null", f"https://{HOST}:{self.weir.tls_port}/hello"],
                              capture_output=True, text=True, timeout=2 * patience())
        self.assertEqual(done.stdout, "1.1")


class LibraryTest(ClientTest):
    def test_aiohttp_keeps_its_connections_and_streams_up_and_down(self):
        async def run() -> None:
            connector = aiohttp.TCPConnector(limit=8)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{self.weir.port}", connector=connector,
                                             headers={"Host": HOST}) as session:

                async def hello() -> str:
                    async with session.get("/hello") as answer:
                        return await answer.text()

                got = await asyncio.gather(*(hello() for _ in range(100)))
                self.assertEqual(set(got), {"hello from node\n"})

                async def pieces():
                    for at in range(0, len(self.body), 50_000):
                        yield self.body[at:at + 50_000]

                async with session.post("/sum", data=pieces()) as answer:
                    self.assertEqual(await answer.text(), plain.sum_of(self.body))
                async with session.get("/events") as answer:
                    self.assertEqual(await answer.content.readline(), b"id: 0\n")

        asyncio.run(asyncio.wait_for(run(), 2 * patience()))

    def test_wrk_sees_no_error(self):
        done = subprocess.run(["wrk", "-t1", "-c32", "-d1s", "-H", f"Host: {HOST}",
                               f"http://127.0.0.1:{self.weir.port}/hello"],
                              capture_output=True, text=True, timeout=2 * patience())
        self.assertRegex(done.stdout, r"\d+ requests in")
        self.assertNotIn("Socket errors", done.stdout)
        self.assertNotIn("Non-2xx", done.stdout)

    def test_ab_of_http_1_0_with_and_without_keep_alive(self):
        for options in (["-k"], []):
            with self.subTest(options):
                done = subprocess.run(["ab", "-q", "-n", "200", "-c", "8", *options, "-H", f"Host: {HOST}",
                                       f"http://127.0.0.1:{self.weir.port}/hello"],
                                      capture_output=True, text=True, timeout=2 * patience())
                self.assertRegex(done.stdout, r"Complete requests:\s+200\n")
                self.assertRegex(done.stdout, r"Failed requests:\s+0\n")
                kept = re.search(r"Keep-Alive requests:\s+(\d+)", done.stdout)
                self.assertEqual(int(kept.group(1)) if kept else 0, 200 if options else 0)


class ChromiumTest(ClientTest):
    def browse(self, url: str) -> dict:
        return plain.job(["node", str(peers.NODE / "pages_browser.mjs"), json.dumps({"url": url, "host": HOST})])

    def test_event_source_fetch_upload_a_413_and_a_closed_tab(self):
        for url in (f"http://{HOST}:{self.weir.port}/", f"https://{HOST}:{self.weir.tls_port}/"):
            with self.subTest(url):
                left = sum(one["event"] == "left" for one in self.pages.events)
                shown = self.browse(url)
                self.assertNotIn("failure", shown)
                self.assertEqual(shown["events"], "event 2")
                self.assertEqual(shown["sum"], plain.sum_of(bytes(3 * 1024 * 1024)))
                self.assertRegex(shown["refused"], r"^413 too large for this page")
                # The tab was closed while events came: the origin is told.
                self.pages.wait_event(left + 1, event="left")

    def test_a_thousand_clients_that_leave_are_a_thousand_ends_at_the_origin(self):
        """As closed tabs do it: a FIN behind a request that is whole."""
        def script(connection: origin.Connection) -> None:
            connection.head = connection.read_head()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            connection.read_rest()

        server = self.use(origin.RawOrigin(script))
        weir = self.run_one([plain.http_domain("tabs.test", server.port)])
        for _ in range(10):  # a hundred at a time
            tabs = [wire.connect(weir.port) for _ in range(100)]
            before = server.accepted
            for tab in tabs:
                tab.send(b"GET /events HTTP/1.1\r\nHost: tabs.test\r\n\r\n")
                tab.read_head()
            server.wait_for(lambda: server.accepted >= before + len(tabs), "connections")
            for tab in tabs:
                tab.close()
            wait_until(lambda: all(one.done for one in list(server.connections)), "every end")
        self.assertEqual(server.accepted, 1000)


if __name__ == "__main__":
    import unittest

    unittest.main()
