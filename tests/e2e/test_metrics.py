"""What is counted: names, promtool's opinion, and figures that equal the frame arithmetic."""

import resource
import socket
import subprocess

import certificates
import frames
import origin
import wire
from hand_clock import HandClock
from frames import BINARY, CLOSE, PING, TEXT, frame, from_client
from harness import Weir, WeirTest, domain, wait_until

NAMES = """
weir_build_info weir_start_time_seconds weir_ready weir_draining weir_config_last_reload_successful
weir_config_last_reload_success_timestamp_seconds weir_config_reloads_total weir_config_generation
weir_client_connections_active weir_client_connections_total weir_client_connections_rejected_total
weir_handshakes_total weir_handshake_duration_seconds weir_sessions_active weir_sessions_opened_total
weir_sessions_closed_total weir_close_codes_total weir_session_duration_seconds
weir_session_seconds_total weir_client_bytes_in_total weir_client_bytes_out_total
weir_origin_bytes_in_total weir_origin_bytes_out_total weir_payload_bytes_total weir_messages_total
weir_protocol_errors_total weir_tls_handshakes_total weir_tls_certificate_not_after_seconds
process_resident_memory_bytes
""".split()

PAYLOADS = [b"", b"a", bytes(125), bytes(126), bytes(65535), bytes(65536), b"x" * 200_000]


class MetricsTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.origin = cls.keep(origin.RawOrigin(origin.echo))
        names = ("plain.test", "secure.test", "live.test", "codes.test", "names.test")
        return Weir([domain(name, cls.origin.port, tls=certificates.leaf(name).yaml)
                     for name in names], tls=True)

    def exercise(self, host, port, tls=None):
        """One session of known frames; returns bytes of the client's and the origin's side."""
        up = b"".join(from_client(BINARY, payload) for payload in PAYLOADS) + from_client(CLOSE)
        down = b"".join(frame(BINARY, payload) for payload in PAYLOADS) + frame(CLOSE)
        with wire.open_session(port, host, tls=tls) as session:
            for payload in PAYLOADS:
                session.send(from_client(BINARY, payload))
                self.assertEqual(session.read_frame().payload, payload)
            session.send(from_client(CLOSE))
            self.assertEqual(session.read_frame().opcode, CLOSE)
            session.read_rest()
        return len(up), len(down)

    def check_figures(self, host, port, tls=None):
        up, down = self.exercise(host, port, tls)
        payload = sum(map(len, PAYLOADS))
        record = self.weir.wait_access(event="close", domain=host)
        expected = {"client_bytes_in": up, "origin_bytes_out": up, "client_bytes_out": down,
                    "origin_bytes_in": down, "payload_in": payload, "payload_out": payload,
                    "msgs_in": len(PAYLOADS), "msgs_out": len(PAYLOADS)}
        self.assertEqual({name: record.get(name) for name in expected}, expected)
        for name in ("client_bytes_in", "client_bytes_out", "origin_bytes_in", "origin_bytes_out"):
            self.assertEqual(self.weir.metric(f"weir_{name}_total", domain=host), expected[name], name)
        for name in ("origin_bytes_in", "origin_bytes_out"):
            self.assertEqual(self.weir.metric(f"weir_{name}_total", domain=host,
                                              origin="127.0.0.1"), expected[name])
        self.assertEqual(self.weir.metric("weir_payload_bytes_total", domain=host, direction="in"), payload)
        self.assertEqual(self.weir.metric("weir_payload_bytes_total", domain=host, direction="out"), payload)
        self.assertEqual(self.weir.metric("weir_messages_total", domain=host, direction="in",
                                          opcode="binary"), len(PAYLOADS))
        self.assertEqual(self.weir.metric("weir_sessions_opened_total", domain=host), 1)
        self.assertEqual(self.weir.metric("weir_sessions_closed_total", domain=host,
                                          initiator="client", cause="client_close"), 1)
        self.assertEqual(self.weir.metric("weir_sessions_active", domain=host), 0)
        self.assertEqual(self.weir.metric("weir_handshakes_total", domain=host, code="101"), 1)

    def test_bytes_equal_the_frame_arithmetic_in_metrics_and_access_log(self):
        self.check_figures("plain.test", self.weir.port)

    def test_bytes_inside_tls_are_counted_without_tls(self):
        self.check_figures("secure.test", self.weir.tls_port, certificates.client_context())

    def test_figures_grow_while_the_session_is_open(self):
        sent = from_client(TEXT, b"x" * 1000)
        with wire.open_session(self.weir.port, "live.test") as session:
            wait_until(lambda: self.weir.metric("weir_sessions_active", domain="live.test") == 1, "active")
            for number in range(1, 4):
                session.send(sent)
                session.read_frame()
                self.assertEqual(self.weir.metric("weir_client_bytes_in_total", domain="live.test"),
                                 number * len(sent))
        wait_until(lambda: self.weir.metric("weir_sessions_active", domain="live.test") == 0, "inactive")

    def test_close_codes_are_counted_by_side(self):
        with wire.open_session(self.weir.port, "codes.test") as session:
            session.send(from_client(CLOSE, frames.close_payload(1000)))
            session.read_rest()
        self.weir.wait_access(event="close", domain="codes.test")
        self.assertEqual(self.weir.metric("weir_close_codes_total", domain="codes.test", side="client",
                                          code="1000"), 1)

    def test_all_names_are_there_once_used(self):
        self.exercise("names.test", self.weir.tls_port, certificates.client_context())
        with wire.open_session(self.weir.port, "names.test") as session:
            session.send(from_client(3))  # an opcode that does not exist
            self.assertEqual(session.read_until_frame(CLOSE).code, 1002)
        status, text = self.weir.admin("/metrics")
        self.assertEqual(status, 200)
        typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
        self.assertEqual([name for name in NAMES if name not in typed], [])

    def test_promtool_has_no_complaint(self):
        wire.exchange(self.weir.port, wire.upgrade_request("unknown.test"))
        text = self.weir.admin("/metrics")[1]
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_raw_host_never_becomes_a_label(self):
        for host in ("evil.test", 'x"y.test'):
            wire.exchange(self.weir.port, wire.upgrade_request(host))
        text = self.weir.admin("/metrics")[1]
        self.assertNotIn("evil", text)
        self.assertIn("_unmatched", text)

    def test_open_and_close_records_tell_one_story(self):
        with wire.open_session(self.weir.port, "live.test", "/story?token=secret",
                               extra=b"User-Agent: agent/1\r\n") as session:
            record = self.weir.wait_access(event="open", uri="/story")
            session.send(from_client(PING, b"p"))
            session.read_frame()
            session.send(from_client(CLOSE, frames.close_payload(4001, "bye")))
            session.read_rest()
        closed = self.weir.wait_access(event="close", uri="/story")
        for name in ("session_id", "domain", "client_ip", "scheme", "node", "uri", "origin_addr"):
            self.assertEqual(record.get(name), closed.get(name), name)
            self.assertTrue(closed.get(name), name)
        self.assertEqual((closed["client_ip"], record["user_agent"]), ("127.0.0.1", "agent/1"))
        self.assertEqual((closed["close_initiator"], closed["close_code_client"], closed["close_reason"]),
                         ("client", 4001, "bye"))
        self.assertEqual(closed["return_code"], 101)
        self.assertIsInstance(closed["duration_ms"], int)

    def test_unknown_admin_paths_and_methods_are_refused(self):
        self.assertEqual(self.weir.admin("/nope")[0], 404)
        port = self.weir.ports("admin")[0]
        head, _, _ = wire.exchange(port, b"DELETE /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertIn(head.status, (400, 405))

    def test_healthz_and_readyz_are_200(self):
        self.assertEqual(self.weir.admin("/healthz")[0], 200)
        self.assertEqual(self.weir.admin("/readyz")[0], 200)
        self.assertEqual(self.weir.metric("weir_ready"), 1)


class AdminFloodTest(WeirTest):
    @classmethod
    def configure(cls):
        # No client is sent away for its silence while the clock stands still.
        return Weir([domain("a.test")], clock=HandClock())

    def test_X5_a_thousand_half_open_clients_do_not_delay_a_scrape(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 4096:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        port = self.weir.ports("admin")[0]
        for number in range(1000):
            sock = socket.socket()
            self.addCleanup(sock.close)
            sock.connect(("127.0.0.1", port))
            if number % 2:
                sock.send(b"GET /metrics HTT")
        status, _ = self.weir.admin("/metrics")
        self.assertEqual(status, 200)
        with wire.open_session(self.weir.port, "a.test") as session:
            session.send(from_client(TEXT, b"served"))
            self.assertEqual(session.read_frame().payload, b"served")
