"""A Soul / ShenYu admin behind Weir (config-sync.md 4.2): its gateways sync their configuration through it."""

import daemons
import origin
import peers
import wire
from hand_clock import HandClock
from harness import Weir, WeirTest, domain, wait_until

HOST = "127.0.0.1"  # what stands in the gateways' urls
TOKEN = "0d9f5a2e-token"
LARGE = 6 * 1024 * 1024
GROUPS = 7


def admins(*servers: peers.Talker, **origin_settings) -> dict:
    """A domain whose first admin is the primary one, and the next only asked when it is down."""
    listed = [{"address": f"127.0.0.1:{one.http}", "priority": 20 + 10 * place} for place, one in enumerate(servers)]
    return domain(HOST, origin={"protocol": "http", "servers": listed, **origin_settings})


def java_websocket_objects(raw: bytes, key: str):
    """Why Java-WebSocket, which Soul and ShenYu come with, would end a connection that is answered so; empty: it would not.
    By its Draft.translateHandshakeHttp and Draft_6455.acceptHandshakeAsClient."""
    lines = raw.decode("latin-1").split("\r\n")
    first = lines[0].split(" ", 2)
    if len(first) != 3:
        return "the status line has no three parts"
    if first[1] != "101" or first[0].upper() != "HTTP/1.1":
        return f"the status line is {lines[0]!r}"
    fields = {}
    for line in lines[1:-2]:
        if ":" not in line:
            return f"no field: {line!r}"
        name, value = line.split(":", 1)
        name, value = name.lower(), value.lstrip(" ")
        fields[name] = f"{fields[name]}; {value}" if name in fields else value
    if fields.get("upgrade", "").lower() != "websocket":
        return f"Upgrade is {fields.get('upgrade')!r}"
    if "upgrade" not in fields.get("connection", "").lower():
        return f"Connection is {fields.get('connection')!r}"
    if fields.get("sec-websocket-accept") != origin.frames.accept_for(key):
        return "Sec-WebSocket-Accept does not match"
    if fields.get("sec-websocket-protocol") is not None:
        return "a subprotocol that was not asked for"
    return ""


class StrictAnswerTest(WeirTest):
    """The 101, whatever the origin's own looked like."""

    ANSWERS = {
        "good": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        "Tomcat": b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: upgrade, keep-alive\r\nDate: now\r\n",
        "shouting": b"HTTP/1.1 101 OK\r\nUPGRADE: WebSocket\r\nCONNECTION: UPGRADE\r\nServer: a:b: c\r\n",
        "cookies": b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
    }

    def test_the_strict_java_client_takes_it(self):
        def script(connection: origin.Connection) -> None:
            head = connection.head = connection.read_head()
            answer = self.ANSWERS[head.get("X-Kind")]
            connection.send(answer + b"Sec-WebSocket-Accept: " +
                            origin.frames.accept_for(head.get("Sec-WebSocket-Key")).encode() + b"\r\n\r\n")
            connection.read_rest()

        server = self.use(origin.RawOrigin(script))
        weir = self.run_one([domain(HOST, server.port)])
        for kind in self.ANSWERS:
            with self.subTest(kind), wire.open_session(weir.port, HOST, "/websocket",
                                                       extra=f"X-Kind: {kind}\r\n".encode()) as session:
                self.assertEqual(java_websocket_objects(session.head.raw, wire.KEY), "")

    def test_the_judge_refuses_what_that_client_refuses(self):
        good = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                origin.frames.accept_for(wire.KEY).encode() + b"\r\n\r\n")
        self.assertEqual(java_websocket_objects(good, wire.KEY), "")
        for old, new in ((b" Switching Protocols", b""), (b"HTTP/1.1", b"HTTP/1.0"), (b"\r\nConnection", b"\r\nX\r\nConnection"),
                         (b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nUpgrade: websocket\r\n"),
                         (b"Accept: ", b"Accept: x"), (b"Connection: Upgrade", b"Connection: close")):
            with self.subTest(new):
                self.assertNotEqual(java_websocket_objects(good.replace(old, new, 1), wire.KEY), "")


class AdminTest(WeirTest):
    """The JDK's client through Weir to admins that are processes of their own."""

    parallel = 3

    def admin(self, **job) -> peers.Talker:
        return self.use(peers.config_admin(**{"name": "one", **job}))

    def gateway(self, weir: Weir, **fields: str) -> peers.Talker:
        return self.use(peers.sync_client(f"ws://{HOST}:{weir.port}/websocket?namespaceId=n1", **fields))

    def assert_synced(self, gateway: peers.Talker, since: int = 0, bytes_: int = 10) -> None:
        begin = "{'groupType':'%s','eventType':'MYSELF'"
        last = gateway.wait_event(GROUPS + 1, since, event="message")
        self.assertTrue(last["begin"].startswith(begin % "DISCOVER_UPSTREAM"), last)
        got = [one for one in gateway.events[since:] if one["event"] == "message"]
        self.assertTrue(got[0]["begin"].startswith("{'eventType':'RUNNING_MODE','isMaster':true"), got[0])
        self.assertEqual(got[3]["begin"][:len(begin % "SELECTOR")], begin % "SELECTOR")
        self.assertGreater(got[3]["size"], bytes_)


class SyncTest(AdminTest):
    def test_a_full_sync_of_several_megabytes_and_a_push(self):
        admin = self.admin(bytes=LARGE)
        weir = self.run_one([admins(admin)])
        gateway = self.gateway(weir)
        gateway.say("check")
        self.assert_synced(gateway, bytes_=LARGE)
        admin.say('{"groupType":"RULE","eventType":"UPDATE","data":["' + "r" * LARGE + '"]}')
        self.assertGreater(gateway.wait_event(GROUPS + 2, event="message")["size"], LARGE)
        gateway.close()
        closed = weir.wait_access(event="close", uri="/websocket")
        self.assertEqual((closed["close_code"], closed["msgs_in"], closed["msgs_out"]), (1001, 2, GROUPS + 2))
        self.assertGreater(closed["max_msg_out"], LARGE)

    def test_the_admin_is_told_who_its_gateways_are(self):
        admin = self.admin(token=TOKEN)
        weir = self.run_one([admins(admin)])
        told = {"X_Shenyu_Sync_Token": TOKEN, "namespaceId": "n1", "ClientPort": "9195", "Origin": f"http://{HOST}"}
        gateway = self.gateway(weir, **told)
        gateway.say("check")
        seen = admin.wait_event(event="open")
        self.assertEqual(seen["url"], "/websocket?namespaceId=n1")
        for name, value in told.items():
            self.assertEqual(seen["headers"][name.replace("_", "-").lower()], value)
        self.assertEqual(seen["headers"]["x-forwarded-for"], "127.0.0.1")
        self.assert_synced(gateway)
        stranger = self.gateway(weir, X_Shenyu_Sync_Token="wrong")
        stranger.say("check")
        self.assertEqual(stranger.wait_event(event="failed")["status"], 401)

    def test_pings_every_ten_seconds_keep_it_and_silence_does_not(self):
        admin = self.admin()
        weir = self.run_one([admins(admin)], clock=HandClock())
        gateway = self.gateway(weir)
        gateway.say("check")
        self.assert_synced(gateway)
        for turn in range(1, 31):  # five minutes
            weir.pass_time(10)
            gateway.say("check")
            gateway.wait_event(turn, event="pong")
        self.assertFalse(any(one["event"] == "closed" for one in gateway.events))
        # Soul 2.2.1 sends none: connection_timeout has to be longer there, or Weir's own pings on.
        weir.pass_time(31)
        self.assertEqual(gateway.wait_event(event="closed")["code"], 1001)

    def test_pings_of_weirs_own_keep_a_client_that_sends_none(self):
        admin = self.admin()
        entry = admins(admin)
        entry["websocket"]["keepalive"] = {"interval": "10s"}
        weir = self.run_one([entry], clock=HandClock())
        gateway = self.gateway(weir)
        gateway.say("check")
        self.assert_synced(gateway)
        for turn in range(1, 13):  # two minutes
            weir.pass_time(11)  # a deadline may be a tick late
            wait_until(lambda: weir.metric("weir_edge_pings_total") >= turn, "a ping of Weir's own")
        self.assertFalse(any(one["event"] == "closed" for one in gateway.events))


class ClusterTest(AdminTest):
    """A primary admin and a secondary one, of which only the master is worth talking to."""

    def test_the_primary_has_all_sessions_and_the_secondary_takes_over(self):
        primary = self.admin(name="primary", port=daemons.free_port())
        secondary = self.admin(name="secondary")
        weir = self.run_one([admins(primary, secondary, health={"interval": "500ms"}, ejection="off")])
        gateways = [self.gateway(weir) for _ in range(3)]
        for gateway in gateways:
            gateway.say("check")
            self.assert_synced(gateway)
        self.assertEqual(secondary.events, [], "nobody is asked who is not the master")

        primary.kill()  # the secondary one is the master now
        for gateway in gateways:
            self.assertEqual(gateway.wait_event(event="closed")["code"], 1011)
            since = len(gateway.events)
            gateway.say("check")
            self.assert_synced(gateway, since)
        secondary.wait_event(3, event="open")

        again = self.admin(name="primary", port=primary.http)
        wait_until(lambda: weir.metric("weir_origin_up") == 2, "the primary is up again")
        late = self.gateway(weir)
        late.say("check")
        self.assert_synced(late)
        again.wait_event(event="open")

    def test_without_an_order_a_gateway_meets_who_is_not_the_master_and_drops_it(self):
        """What primary and secondary are for."""
        servers = [self.admin(master=True), self.admin(master=False)]
        listed = [{"address": f"127.0.0.1:{one.http}"} for one in servers]
        weir = self.run_one([domain(HOST, origin={"protocol": "http", "servers": listed})], workers=1)
        gateways = [self.gateway(weir) for _ in range(2)]
        for gateway in gateways:
            gateway.say("check")
            gateway.wait_event(event="message")
        wait_until(lambda: sum(one["event"] == "dropped" for gateway in gateways for one in gateway.events) == 1,
                   lambda: [gateway.events for gateway in gateways])

    def test_a_restart_of_the_admin_is_followed_by_a_full_sync_each_time(self):
        admin = self.admin(port=daemons.free_port())
        weir = self.run_one([admins(admin, health={"interval": "500ms"})])
        gateway = self.gateway(weir)
        for _ in range(5):
            since = len(gateway.events)
            gateway.say("check")
            self.assert_synced(gateway, since)
            admin.kill()
            self.assertEqual(gateway.wait_event(since=since, event="closed")["code"], 1011)
            while_it_is_away = len(gateway.events)
            gateway.say("check")
            self.assertEqual(gateway.wait_event(since=while_it_is_away, event="failed")["status"], 502)
            admin = self.admin(port=admin.http)
            wait_until(lambda: weir.metric("weir_origin_up") == 1, "the admin is up again")

    def black_hole(self) -> origin.RawOrigin:
        """Takes connections and requests, and says nothing; a gateway waits for it without a limit of its own."""

        def script(connection: origin.Connection) -> None:
            connection.head = connection.read_head()
            connection.read_rest()

        return self.use(origin.RawOrigin(script))

    def test_a_black_hole_is_answered_for_in_time_and_forgotten_when_it_is_back(self):
        hole = self.black_hole()
        weir = self.run_one([domain(HOST, hole.port, origin={"request_timeout": "5s", "ejection": "off"})],
                            clock=HandClock())
        gateway = self.gateway(weir)
        gateway.say("check")
        asked = hole.connection(0)
        hole.wait_for(lambda: asked.head is not None, "request")
        weir.pass_time(5)
        self.assertEqual(gateway.wait_event(event="failed")["status"], 504)
        hole.finished(0)
        hole.close()
        self.admin(port=hole.port)
        since = len(gateway.events)
        gateway.say("check")
        self.assert_synced(gateway, since)

    def test_behind_a_black_hole_the_secondary_one_is_asked(self):
        hole, secondary = self.black_hole(), self.admin(name="secondary")
        servers = [{"address": f"127.0.0.1:{hole.port}", "priority": 20},
                   {"address": f"127.0.0.1:{secondary.http}", "priority": 30}]
        weir = self.run_one([domain(HOST, origin={"protocol": "http", "servers": servers, "request_timeout": "5s"})],
                            clock=HandClock())
        gateway = self.gateway(weir)
        gateway.say("check")
        asked = hole.connection(0)
        hole.wait_for(lambda: asked.head is not None, "request")
        weir.pass_time(5)
        self.assert_synced(gateway)
        self.assertEqual(weir.wait_access(event="open", uri="/websocket")["retries"], 1)


if __name__ == "__main__":
    import unittest

    unittest.main()
