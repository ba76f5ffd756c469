"""Sticky sessions (`origin.sticky`): one client, one server, for plain requests and upgrades alike."""

import http.cookies
import json
import re

import certificates
import frames
import peers
import wire
from harness import WeirTest, domain
from origin import good_101
from raw_http import HttpClient, HttpOrigin, response

SOCKET_IO_ROUNDS = 50  # for each of polling, upgrade, EIO3 and EIO4: 200 in all


class Named(HttpOrigin):
    """Answers with its name, plain requests and upgrades."""

    def __init__(self, name, fields=b"", **options):
        self.name = name
        self.fields = fields
        super().__init__(self._answer, **options)

    def _answer(self, connection, request):
        if (request.head.get("Upgrade") or "").lower() != "websocket":
            return response(self.name.encode(), fields=self.fields)
        connection.send(good_101(request.head, f"X-Served-By: {self.name}\r\n".encode()))
        connection.echo()
        return None


def set_cookies(head):
    return [http.cookies.SimpleCookie(line) for line in head.all("Set-Cookie")]


def the_cookie(head):
    """(name, id) of the only one that is set; nothing where none is."""
    jars = set_cookies(head)
    if not jars:
        return None
    (name, morsel), = jars[0].items()
    return name, morsel.value


class StickyTest(WeirTest):
    parallel = 4

    def start(self, servers, sticky, tls=False, **settings):
        self.servers = servers
        origin = {"protocol": "http", "health": "off", "sticky": sticky,
                  "servers": [{"address": f"127.0.0.1:{one.port}", **more} for one, more in servers], **settings}
        entry = domain("a.test", origin=origin, http={"enabled": True})
        if tls:
            entry["tls"] = certificates.leaf("a.test").yaml
        self.weir = self.run_one([entry], tls=tls, workers=2)

    def two(self, sticky, **options):
        one, two = self.use(Named("one")), self.use(Named("two"))
        self.start([(one, {}), (two, {})], sticky, **options)
        return one, two

    def client(self, port=None, **options):
        return self.use(HttpClient(wire.connect(port or self.weir.port, **options)))

    def ask(self, cookie=None, path="/", client=None):
        fields = f"Cookie: {cookie}\r\n".encode() if cookie else b""
        return (client or self.client()).ask(path, fields=fields)

    def upgrade(self, cookie=None, path="/"):
        extra = f"Cookie: {cookie}\r\n".encode() if cookie else b""
        with wire.open_session(self.weir.port, "a.test", path, extra=extra) as session:
            return session.head


class CookieTest(StickyTest):
    def test_a_client_stays_with_the_server_that_its_cookie_names(self):
        self.two("cookie")
        served = set()
        for _ in range(6):
            head, name = self.ask()
            served.add(name)
            cookie = "=".join(the_cookie(head))
            self.assertRegex(cookie, r"^weir_[0-9a-f]{8}=[A-Za-z0-9_-]{16}$")
            self.assertEqual(re.sub(r"^[^;]*", "", head.get("Set-Cookie")), "; Path=/; HttpOnly; SameSite=Lax")
            self.assertEqual(head.get("Cache-Control"), "private")
            for _ in range(5):
                again, same = self.ask(cookie)
                self.assertEqual((same, again.all("Set-Cookie"), again.get("Cache-Control")), (name, [], None))
                upgraded = self.upgrade(cookie)
                self.assertEqual((upgraded.get("X-Served-By"), upgraded.all("Set-Cookie")), (name.decode(), []))
        self.assertEqual(served, {b"one", b"two"})
        # It stays in the request.
        requests = self.servers[0][0].requests + self.servers[1][0].requests
        self.assertTrue(any("weir_" in (one.head.get("Cookie") or "") for one in requests))

    def test_a_101_carries_the_cookie_and_requests_go_where_it_says(self):
        self.two("cookie")
        for _ in range(4):
            head = self.upgrade()
            self.assertIsNone(head.get("Cache-Control"))
            self.assertEqual(self.ask("=".join(the_cookie(head)))[1].decode(), head.get("X-Served-By"))

    def test_on_tls_the_cookie_is_for_tls_alone(self):
        self.two({"by": "cookie", "name": "route", "same_site": "none", "max_age": "1h"}, tls=True)
        client = self.client(self.weir.tls_port, tls=certificates.client_context(), sni="a.test")
        head, _ = self.ask(client=client)
        self.assertRegex(head.get("Set-Cookie"), r"^route=[\w-]{16}; Path=/; HttpOnly; SameSite=None; Secure; Max-Age=3600$")

    def test_the_id_is_the_same_after_a_restart_and_on_every_node_with_the_key(self):
        one, two = self.two("cookie")
        first = {name: the_cookie(head) for head, name in (self.ask() for _ in range(4))}
        self.weir.crash()
        self.weir.start()
        self.assertEqual({name: the_cookie(head) for head, name in (self.ask() for _ in range(4))}, first)
        key = self.weir.folder / "state" / "sticky.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        shared = self.weir.folder / "fleet.key"
        shared.write_text("0123456789abcdef0123456789abcdef\n")
        ids = []
        for _ in range(2):
            self.start([(one, {}), (two, {})], {"by": "cookie", "key": f"file:{shared}"})
            ids.append({name: the_cookie(head) for head, name in (self.ask() for _ in range(4))})
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], first)

    def test_forged_doubled_and_endless_values_choose_nothing(self):
        one, two = self.two("cookie")
        name, good = the_cookie(self.ask()[0])
        served = self.ask(f"{name}={good}")[1]
        for value in ("", "0", "1", "10.0.0.1", f"127.0.0.1:{one.port}", "A" * 16, "A" * 4096, good + "A", good[:-1],
                      good.swapcase(), f'"{good}"', "%00", "one"):
            head, _ = self.ask(f"{name}={value}")
            self.assertEqual(head.status, 200)
            self.assertEqual(the_cookie(head)[0], name)
        for cookies in (f"{name}={'A' * 16}; {name}={good}", f"x=y; {name}=; {name}={good}; {name}={'B' * 16}"):
            head, body = self.ask(cookies)
            self.assertEqual((body, head.all("Set-Cookie")), (served, []))

    def test_no_answer_tells_an_address_a_port_or_an_index(self):
        one, two = self.two("cookie")
        answers = [self.ask()[0].raw for _ in range(6)] + [self.upgrade().raw for _ in range(4)]
        ids = {the_cookie(self.ask()[0])[1] for _ in range(6)}
        self.assertEqual(len(ids), 2)
        for raw in answers:
            for told in (b"127.0.0.1", str(one.port).encode(), str(two.port).encode()):
                self.assertNotIn(told, raw)

    def test_what_a_shared_cache_may_keep_goes_without(self):
        for fields, cookies, private in ((b"Cache-Control: public, max-age=60\r\n", 0, 0),
                                         (b"Cache-Control: s-maxage=60\r\n", 0, 0),
                                         (b"Cache-Control: max-age=60\r\n", 1, 1),
                                         (b"Cache-Control: no-store\r\n", 1, 0)):
            with self.subTest(fields):
                self.start([(self.use(Named("one", fields)), {})], "cookie")
                head, _ = self.ask()
                self.assertEqual(len(head.all("Set-Cookie")), cookies)
                self.assertEqual(head.all("Cache-Control").count("private"), private)

    def test_one_of_two_is_killed_and_its_clients_go_to_the_other(self):
        one, two = self.two("cookie")
        cookies = {}
        while len(cookies) < 2:
            head, name = self.ask()
            cookies[name] = "=".join(the_cookie(head))
        one.kill()
        for _ in range(5):
            head, name = self.ask(cookies[b"one"])
            self.assertEqual((head.status, name), (200, b"two"))
            self.assertEqual("=".join(the_cookie(head)), cookies[b"two"])
            self.assertEqual(self.ask(cookies[b"two"])[1], b"two")
            self.assertEqual(self.upgrade(cookies[b"one"]).get("X-Served-By"), "two")

    def test_the_log_says_what_became_of_the_choice(self):
        one, _ = self.two("cookie")
        cookies = {}
        while len(cookies) < 2:
            head, name = self.ask()
            cookies[name] = "=".join(the_cookie(head))
        self.ask(cookies[b"one"])
        one.kill()
        self.ask(cookies[b"one"])
        for word in ("new", "kept", "moved"):
            self.weir.wait_access(event="exchange", sticky=word)
        self.assertGreaterEqual(self.weir.metric("weir_sticky_total", domain="a.test", result="moved"), 1)

    def test_a_server_without_weight_keeps_its_clients_and_gets_no_new_ones(self):
        one, two = self.use(Named("one")), self.use(Named("two"))
        self.start([(one, {}), (two, {})], "cookie")
        cookies = {}
        while len(cookies) < 2:
            head, name = self.ask()
            cookies[name] = "=".join(the_cookie(head))
        since = len(self.weir.lines)
        entry = domain("a.test", http={"enabled": True}, origin={
            "protocol": "http", "health": "off", "sticky": "cookie",
            "servers": [{"address": f"127.0.0.1:{one.port}", "weight": 0}, {"address": f"127.0.0.1:{two.port}"}]})
        self.weir.write([entry])
        self.weir.signal(1)
        self.weir.wait_log("(?i)configuration|reload", since=since)
        for _ in range(6):
            self.assertEqual(self.ask()[1], b"two")
            head, name = self.ask(cookies[b"one"])
            self.assertEqual((name, head.all("Set-Cookie")), (b"one", []))

    def test_two_pools_of_a_domain_do_not_fight_over_a_cookie(self):
        one, two = self.use(Named("one")), self.use(Named("two"))

        def pool(server):
            return {"protocol": "http", "health": "off", "sticky": "cookie", "servers": [{"address": f"127.0.0.1:{server.port}"}]}

        self.weir = self.run_one([{**domain("a.test", origin=pool(one), http={"enabled": True}),
                                   "routes": [{"path": "/two/", "origin": pool(two)}]}])
        first, second = the_cookie(self.ask()[0]), the_cookie(self.ask(path="/two/x")[0])
        self.assertNotEqual(first[0], second[0])
        both = f"{first[0]}={first[1]}; {second[0]}={second[1]}"
        for path, name in (("/", b"one"), ("/two/x", b"two")):
            head, body = self.ask(both, path)
            self.assertEqual((body, head.all("Set-Cookie")), (name, []))


class AddressTest(StickyTest):
    def test_a_client_stays_by_its_address(self):
        one, two = self.two("client_ip")
        name = self.ask()[1]
        for _ in range(8):
            head, same = self.ask()
            self.assertEqual((same, head.all("Set-Cookie")), (name, []))
            self.assertEqual(self.upgrade().get("X-Served-By"), name.decode())
        {b"one": one, b"two": two}[name].kill()
        other = {b"one": b"two", b"two": b"one"}[name]
        for _ in range(3):
            self.assertEqual(self.ask()[1], other)


class SegmentTest(StickyTest):
    def test_sessions_of_sockjs_stay_and_are_spread(self):
        self.two("segment:3")
        served = set()
        for session in range(12):
            name = self.ask(path=f"/sockjs/000/s{session}/xhr")[1]
            served.add(name)
            self.assertEqual(self.ask(path=f"/sockjs/999/s{session}/xhr_send?t=1")[1], name)
            self.assertEqual(self.upgrade(path=f"/sockjs/123/s{session}/websocket").get("X-Served-By"), name.decode())
        self.assertEqual(served, {b"one", b"two"})
        self.assertEqual({self.ask(path="/sockjs/info")[1] for _ in range(6)}, {b"one", b"two"})


class SocketIoTest(StickyTest):
    """Two real servers of Socket.IO: a session's requests at the other one are answered 400."""

    parallel = 2

    def start_servers(self, version, sticky):
        nodes = [self.use(peers.socket_io_server(version, name=name)) for name in ("one", "two")]
        origin = {"protocol": "http", "health": "off",
                  "servers": [{"address": f"127.0.0.1:{node.http}"} for node in nodes]}
        if sticky:
            origin["sticky"] = sticky
        self.weir = self.run_one([domain("a.test", origin=origin, http={"enabled": True})], workers=2)

    def open(self, version):
        """A new client's first poll; the id that it is given."""
        fields = b"Accept-Encoding: gzip, deflate\r\n"
        head, body = self.client().ask(f"/socket.io/?EIO={version}&transport=polling", fields=fields)
        self.assertEqual(head.status, 200)
        return json.loads(re.search(rb"\{.*?\}", body).group())["sid"]

    def check_session(self, version):
        sid = self.open(version)
        head, _ = self.client().ask(f"/socket.io/?EIO={version}&transport=polling&sid={sid}", "POST",
                                    body=b"40" if version == 4 else b"1:2")
        self.assertEqual(head.status, 200)
        with wire.open_session(self.weir.port, "a.test",
                               f"/socket.io/?EIO={version}&transport=websocket&sid={sid}") as session:
            session.send(frames.from_client(frames.TEXT, b"2probe"))
            self.assertEqual(session.read_frame().payload, b"3probe")

    def test_without_sticky_sessions_break(self):
        self.start_servers(4, None)
        statuses = set()
        for _ in range(10):
            sid = self.open(4)
            statuses.add(self.client().ask(f"/socket.io/?EIO=4&transport=polling&sid={sid}", "POST", body=b"40")[0].status)
        self.assertIn(400, statuses)

    def test_learned_ids_lead_every_request_to_its_session(self):
        for server, version in ((4, 4), (2, 3)):
            with self.subTest(version):
                self.start_servers(server, "query:sid")
                for _ in range(SOCKET_IO_ROUNDS):
                    self.check_session(version)

    def test_by_address_every_request_comes_to_its_session(self):
        for server, version in ((4, 4), (2, 3)):
            with self.subTest(version):
                self.start_servers(server, "client_ip")
                for _ in range(10):
                    self.check_session(version)
