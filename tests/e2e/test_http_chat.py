"""Socket.IO, SockJS and SignalR through Weir: every transport, and two nodes with each way of being sticky."""

import json

import chat
import frames
import peers
import plain
import wire
from hand_clock import HandClock
from harness import Weir, WeirTest

HOST = "127.0.0.1"  # as the clients' URLs have it


class ChatTest(WeirTest):
    parallel = 2

    def behind(self, nodes, sticky=None, **options) -> Weir:
        settings = {"protocol": "http", "servers": chat.servers(nodes), **({"sticky": sticky} if sticky else {})}
        return self.run_one([plain.http_domain(HOST, origin=settings, **options)])

    def assert_all(self, result: dict, nodes: int, count: int = chat.COUNT) -> None:
        self.assertEqual(result["failures"], [])
        self.assertEqual(sum(result["nodes"].values()), count, result)
        if nodes > 1:
            self.assertEqual(len(result["nodes"]), nodes, "both nodes are used")


class SocketIoTest(ChatTest):
    def test_one_node_and_the_clients_that_may_speak_to_it(self):
        """A client of version 4 is nobody for a server of version 2, and is told so by that."""
        for server in (2, 4):
            nodes = [self.use(node) for node in chat.socket_io_nodes(server, 1)]
            weir = self.behind(nodes)
            for client in (2, 4) if server == 4 else (2,):
                with self.subTest(server=server, client=client):
                    result = chat.socket_io_clients(weir.port, client)
                    self.assert_all(result, 1)
                    self.assertEqual(result["transports"], {"websocket": chat.COUNT})
                    result = chat.socket_io_clients(weir.port, client, 4, options={"transports": ["polling"]})
                    self.assert_all(result, 1, 4)
                    self.assertEqual(result["transports"], {"polling": 4})

    def test_two_nodes_with_each_way_of_being_sticky(self):
        for server in (2, 4):
            nodes = [self.use(node) for node in chat.socket_io_nodes(server)]
            for sticky in ("cookie", "client_ip", "query:sid"):
                weir = self.behind(nodes, sticky)
                for client in (2, 4) if server == 4 else (2,):
                    with self.subTest(server=server, client=client, sticky=sticky):
                        # A browser has a cookie from the page already when it opens the first session.
                        cookie = {"cookie": "/"} if sticky == "cookie" else {}
                        result = chat.socket_io_clients(weir.port, client, **cookie)
                        # All clients have one address.
                        self.assert_all(result, 1 if sticky == "client_ip" else 2)

    def test_two_nodes_without_being_sticky_do_not_know_each_others_sessions(self):
        """The baseline: without it the tests above would prove nothing."""
        nodes = [self.use(node) for node in chat.socket_io_nodes(4)]
        weir = self.behind(nodes)
        result = chat.socket_io_clients(weir.port, 4, options={"transports": ["polling"]})
        self.assertNotEqual(result["failures"], [])

    def test_a_session_id_that_the_node_does_not_know_is_the_clients_to_hear(self):
        nodes = [self.use(node) for node in chat.socket_io_nodes(4, 1)]
        answer = plain.ask(self.behind(nodes).port, HOST, "/socket.io/?EIO=4&transport=polling&sid=nobody")
        self.assertEqual((answer.status, answer.body), (400, b'{"code":1,"message":"Session ID unknown"}'))

    def test_engine_io_by_itself_with_texts_and_bytes(self):
        result = chat.engine_io_client(self.behind([self.use(chat.engine_io_node())]).port)
        self.assertEqual(result["heard"], ["text", "010203"] * 2, result)
        self.assertEqual(result["transports"][-1], "websocket")

    def pinged(self) -> Weir:
        """A node whose pings come at once, each of which the test takes for 25 s of Weir's time, as they are by default."""
        node = self.use(peers.socket_io_server(4, options={"pingInterval": 100, "pingTimeout": 100_000}))
        entry = plain.http_domain(HOST, node.http, websocket={"connection_timeout": 60})
        return self.run_one([entry], clock=HandClock())

    def test_five_minutes_of_pings_alone_on_a_websocket(self):
        weir = self.pinged()
        with wire.open_session(weir.port, HOST, "/socket.io/?EIO=4&transport=websocket") as session:
            self.assertTrue(session.read_frame().payload.startswith(b"0{"))
            session.send(frames.from_client(frames.TEXT, b"40"))
            for _ in range(12):
                while session.read_frame().payload != b"2":
                    pass
                session.send(frames.from_client(frames.TEXT, b"3"))
                weir.pass_time(25)
            self.assertIsNone(session.end)

    def test_five_minutes_of_pings_alone_by_polling(self):
        weir = self.pinged()
        with plain.Connection(weir.port, HOST) as client:
            opened = client.ask("GET", "/socket.io/?EIO=4&transport=polling").body.decode()
            path = "/socket.io/?EIO=4&transport=polling&sid=" + opened.split('"sid":"')[1].split('"')[0]
            self.assertEqual(client.ask("POST", path, b"40").body, b"ok")
            for _ in range(12):
                while b"2" not in client.ask("GET", path).body.split(b"\x1e"):
                    pass
                self.assertEqual(client.ask("POST", path, b"3").body, b"ok")
                weir.pass_time(25)


class SockJsTest(ChatTest):
    def test_every_transport_on_two_nodes(self):
        """/echo/SERVER/SESSION/TRANSPORT: the client has made up the session itself."""
        nodes = [self.use(chat.sockjs_node(name)) for name in ("one", "two")]
        weir = self.behind(nodes, "segment:3")
        for transport in chat.SOCKJS_TRANSPORTS:
            with self.subTest(transport):
                self.assert_all(chat.sockjs_clients(weir.port, transport), 2)


class SignalRTest(ChatTest):
    def test_every_transport_on_two_nodes_by_cookie(self):
        nodes = [self.use(chat.signalr_node(name)) for name in ("one", "two")]
        weir = self.behind(nodes, "cookie", http={"response_timeout": "120s"})
        for transport in chat.SIGNALR_TRANSPORTS:
            with self.subTest(transport):
                self.assert_all(chat.signalr_clients(weir.port, transport), 2)

    def test_a_long_poll_rests_for_ninety_seconds(self):
        node = self.use(chat.signalr_node("one"))
        weir = self.run_one([plain.http_domain(HOST, node.http, http={"response_timeout": "120s"})], clock=HandClock())
        with plain.Connection(weir.port, HOST) as client:
            token = json.loads(client.ask("POST", "/hub/negotiate?negotiateVersion=1", b"").body)["connectionToken"]
            self.assertEqual(client.ask("GET", f"/hub?id={token}").status, 200)
            with wire.connect(weir.port) as poll:
                poll.send(f"GET /hub?id={token} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                weir.pass_time(100)
                plain.ask(weir.port, HOST, f"/hub?id={token}", "POST", b'{"protocol":"json","version":1}\x1e')
                self.assertEqual(poll.read_head().status, 200)


if __name__ == "__main__":
    import unittest

    unittest.main()
