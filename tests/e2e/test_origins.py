"""Pools of origins: which server is asked, what is retried, redirects, credentials, checks, warm connections."""

import base64

import daemons
import frames
import origin
import wire
from harness import WeirTest, domain, wait_until

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
RETRIES = {"retries": {"budget": "100%"}}


def pool(*servers, **settings):
    return {"protocol": "http",
            "servers": [{"address": f"127.0.0.1:{port}", **rest} for port, rest in servers], **settings}


def refused_port() -> int:
    closed = origin.RawOrigin()
    closed.close()
    return closed.port


class RetryTest(WeirTest):
    def test_one_refuses_one_answers_503_one_works(self):
        busy = self.use(origin.RawOrigin(origin.answer(UNAVAILABLE)))
        good = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", origin=pool(
            (refused_port(), {"priority": 10}), (busy.port, {"priority": 20}), (good.port, {"priority": 30}),
            ejection="off", **RETRIES))], workers=1)
        # Two retries each: as many as the requests, and ten more, is what the budget allows.
        for number in range(8):
            session = wire.open_session(weir.port, "a.test", f"/{number}")
            session.send(frames.from_client(frames.TEXT, b"hello"))
            self.assertEqual(session.read_frame().payload, b"hello")
            session.close()
        self.assertEqual(good.accepted, 8)
        record = weir.wait_access(event="open", uri="/7")
        self.assertEqual(record["retries"], 2)
        self.assertIn("503", record["origin_setbacks"])

    def test_a_storm_is_not_retried_without_end(self):
        busy = [self.use(origin.RawOrigin(origin.answer(UNAVAILABLE))) for _ in range(5)]
        weir = self.run_one([domain("a.test", origin=pool(
            *((one.port, {}) for one in busy), ejection="off"))], workers=1)
        for _ in range(100):
            head, _, _ = wire.exchange(weir.port, wire.upgrade_request("a.test"))
            self.assertEqual(head.status, 503)
        asked = sum(one.accepted for one in busy)
        # 20 % of 100 requests, and the floor of one a second over ten seconds.
        self.assertLessEqual(asked, 100 + 20 + 10)
        self.assertGreater(asked, 100)

    def test_servers_that_end_and_come_back_fail_no_session_while_one_lives(self):
        servers = [self.use(origin.RawOrigin()) for _ in range(3)]
        weir = self.run_one([domain("a.test", origin=pool(
            *((one.port, {}) for one in servers), **RETRIES))], workers=1)
        for round_ in range(3):
            servers[round_].close()
            for _ in range(20):
                session = wire.open_session(weir.port, "a.test")
                session.close()
            if round_ == 1:
                break
        self.assertEqual(weir.metric("weir_handshakes_total", domain="a.test", code="502") or 0, 0)


class CheckTest(WeirTest):
    def test_a_server_that_is_down_is_left_out_and_comes_back(self):
        first, second = origin.RawOrigin(), self.use(origin.RawOrigin())
        port = first.port
        weir = self.run_one([domain("a.test", origin=pool(
            (port, {"priority": 10}), (second.port, {"priority": 20}), ejection="off",
            health={"type": "tcp", "interval": "500ms", "timeout": "10s", "fall": 2}))])
        name = f"127.0.0.1:{port}"
        wait_until(lambda: weir.metric("weir_origin_up", domain="a.test", origin=name) == 1, "up")
        first.close()
        wait_until(lambda: weir.metric("weir_origin_up", domain="a.test", origin=name) == 0, "down")
        wire.open_session(weir.port, "a.test", "/second").close()
        self.assertEqual(weir.wait_access(event="open", uri="/second")["origin_addr"], f"127.0.0.1:{second.port}")

    def test_all_down_is_502_at_once(self):
        weir = self.run_one([domain("a.test", origin=pool(
            (refused_port(), {}), ejection="off",
            health={"type": "tcp", "interval": "500ms", "timeout": "10s", "fall": 1}))])
        wait_until(lambda: weir.metric("weir_origin_up", domain="a.test") == 0, "down")
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("a.test", "/down"))
        self.assertEqual(head.status, 502)
        self.assertTrue(wire.is_one_line(body), body)
        self.assertEqual(weir.wait_access(event="refused", uri="/down")["close_cause"], "origin_down")


class WayTest(WeirTest):
    def test_a_redirect_within_the_domain_is_followed(self):
        def script(connection):
            connection.head = connection.read_head()
            if connection.head.start.startswith("GET /old"):
                connection.send(b"HTTP/1.1 302 Found\r\nLocation: /new?x=1\r\nContent-Length: 0\r\n\r\n")
                return
            connection.send(origin.good_101(connection.head))
            connection.echo()

        raw = self.use(origin.RawOrigin(script))
        weir = self.run_one([domain("a.test", raw.port)])
        session = wire.open_session(weir.port, "a.test", "/old")
        session.send(frames.from_client(frames.TEXT, b"x"))
        self.assertEqual(session.read_frame().payload, b"x")
        session.close()
        self.assertTrue(raw.connections[-1].head.start.startswith("GET /new?x=1 "))

    def test_a_name_that_leads_where_it_must_not_is_refused(self):
        raw = self.use(origin.RawOrigin())
        names = self.use(daemons.Dnsmasq(60, {"origin.test": ["127.0.0.1"]}))
        weir = self.run_one([
            domain(name, origin={"protocol": "http", "servers": [{"address": f"{host}:{raw.port}"}], "health": "off",
                                 "deny_addresses": ["127.0.0.0/8", "::1"]})
            for name, host in (("name.test", "origin.test"), ("literal.test", "127.0.0.1"), ("here.test", "localhost"))],
            workers=1, resolver={"servers": [f"{names.address}:{names.port}"]})
        head, body, _ = wire.exchange(weir.port, wire.upgrade_request("name.test"))
        self.assertEqual(head.status, 502)
        self.assertIn(b"deny_addresses", body)
        self.assertNotIn(b"127.0.0.1", body)
        self.assertEqual(raw.accepted, 0)
        record = weir.wait_access(event="refused", domain="name.test")
        self.assertEqual(record["close_cause"], "origin_resolve")
        self.assertIn("127.0.0.1", record["error_detail"])
        self.assertIn("deny_addresses", record["error_detail"])
        # What is written down as an address, or as this machine, is the operator's own choice.
        wire.open_session(weir.port, "literal.test").close()
        wire.open_session(weir.port, "here.test").close()

    def test_basic_credentials_are_given_when_asked_for_and_never_logged(self):
        wanted = "Basic " + base64.b64encode(b"user:opensesame").decode()

        def script(connection):
            connection.head = connection.read_head()
            if connection.head.get("Authorization") != wanted:
                connection.send(b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\n'
                                b"Content-Length: 0\r\n\r\n")
                return
            connection.send(origin.good_101(connection.head))
            connection.echo()

        raw = self.use(origin.RawOrigin(script))
        auth = {"username": "user", "password": "opensesame", "allow_basic_plaintext": True}
        weir = self.run_one([domain("a.test", origin=pool((raw.port, {}), auth=auth))], workers=1)
        for _ in range(3):
            wire.open_session(weir.port, "a.test").close()
        self.assertEqual(raw.accepted, 4)  # one 401 for all
        self.assertNotIn("opensesame", "\n".join(weir.lines))
        self.assertNotIn("opensesame", weir.access_path.read_text())

    def test_warm_connections_are_used_and_replaced(self):
        raw = self.use(origin.RawOrigin())
        weir = self.run_one([domain("a.test", origin=pool((raw.port, {}), warm=2))], workers=1)
        wait_until(lambda: weir.metric("weir_origin_warm_idle") == 2, "two warm connections")
        for _ in range(3):
            session = wire.open_session(weir.port, "a.test")
            session.send(frames.from_client(frames.TEXT, b"x"))
            self.assertEqual(session.read_frame().payload, b"x")
            session.close()
            wait_until(lambda: weir.metric("weir_origin_warm_idle") == 2, "two warm connections again")
        self.assertEqual(weir.metric("weir_origin_warm_total", result="taken"), 3)
