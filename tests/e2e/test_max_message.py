"""Messages that are too large: by websocket.max_message, and by an origin's own buffers (edge.md T6)."""

import certificates
import origin
import peers
import wire
from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, from_client, header
from harness import Weir, WeirTest, domain

LIMIT = 8192


class MaxMessageTest(WeirTest):
    parallel = 2

    @classmethod
    def configure(cls):
        def too_large(connection):
            """Sends a message of the limit, and one beyond it."""
            connection.upgrade()
            connection.send(frame(BINARY, bytes(LIMIT)) + frame(TEXT, bytes(LIMIT + 1)))
            connection.read_rest()

        limits = {"max_message": {"text": "8KiB", "binary": LIMIT}, "close_timeout": "500ms"}
        cls.echo = cls.keep(origin.RawOrigin(origin.echo))
        cls.offender = cls.keep(origin.RawOrigin(too_large))
        return Weir([domain("limited.test", cls.echo.port, websocket=limits),
                     domain("offender.test", cls.offender.port, websocket=limits),
                     domain("text.test", cls.echo.port, websocket={"max_message": {"text": LIMIT}})])

    def test_the_limit_passes_and_a_byte_more_is_1009(self):
        for opcode in (TEXT, BINARY):
            before = self.echo.accepted
            with wire.open_session(self.weir.port, "limited.test", f"/{opcode}") as session:
                session.send(from_client(opcode, b"x" * LIMIT))
                self.assertEqual(len(session.read_frame().payload), LIMIT)
                session.send(from_client(opcode, b"x" * (LIMIT + 1)))
                got = session.read_frame()
                self.assertEqual((got.opcode, got.code, got.reason),
                                 (CLOSE, 1009, "message larger than 8192 bytes"))
            seen = self.echo.finished(before)
            seen.buffer[:] = seen.seen[len(seen.head.raw):]
            self.assertEqual(len(seen.read_frame().payload), LIMIT)
            got = seen.read_frame()
            self.assertEqual((got.opcode, got.code), (CLOSE, 1001))
            record = self.weir.wait_access(event="close", uri=f"/{opcode}")
            self.assertEqual((record["close_cause"], record["close_initiator"], record["close_code"]),
                             ("message_too_big", "client", 1009))
            kind = "text" if opcode == TEXT else "binary"
            self.assertEqual(record["close_reason"],
                             f"{kind} message of more than 8192 bytes from the client")

    def test_fragments_of_one_message_count_together(self):
        with wire.open_session(self.weir.port, "limited.test", "/fragments") as session:
            session.send(from_client(TEXT, b"x" * 5000, fin=False) + from_client(PING, b"still here")
                         + from_client(CONTINUATION, b"x" * 3192))
            self.assertEqual(session.read_until_frame(PONG).payload, b"still here")
            session.send(from_client(TEXT, b"x" * 5000, fin=False) + from_client(CONTINUATION, b"x" * 3193))
            self.assertEqual(session.read_until_frame(CLOSE).code, 1009)

    def test_the_header_of_a_frame_is_enough(self):
        with wire.open_session(self.weir.port, "limited.test", "/announced") as session:
            session.send(header(BINARY, 1 << 40, masked=True) + b"\x11\x22\x33\x44")
            self.assertEqual(session.read_frame().code, 1009)

    def test_an_origin_that_sends_too_much_is_told_so_and_its_client_gets_1001(self):
        with wire.open_session(self.weir.port, "offender.test", "/offender") as session:
            self.assertEqual(len(session.read_frame().payload), LIMIT)
            got = session.read_frame()
            self.assertEqual((got.opcode, got.code), (CLOSE, 1001))
        record = self.weir.wait_access(event="close", uri="/offender")
        self.assertEqual((record["close_cause"], record["close_initiator"], record["close_reason"]),
                         ("message_too_big", "origin",
                          "text message of more than 8192 bytes from the origin"))

    def test_it_is_a_limit_and_no_protocol_error(self):
        with wire.open_session(self.weir.port, "text.test") as session:
            session.send(from_client(BINARY, bytes(LIMIT + 1)))
            self.assertEqual(len(session.read_frame().payload), LIMIT + 1)
            session.send(from_client(TEXT, b"x" * (LIMIT + 1)))
            self.assertEqual(session.read_frame().code, 1009)
        self.assertEqual(self.weir.metric("weir_limited_total", domain="text.test", limit="max_message"), 1)
        self.assertEqual(self.weir.metric("weir_protocol_errors_total", domain="text.test", side="client") or 0, 0)


class TomcatTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.tomcat = peers.Tomcat(certificates.leaf("tomcat.test"))
        cls.addClassCleanup(cls.tomcat.close)
        return Weir([domain("tomcat.test", cls.tomcat.http)])

    def test_8192_pass_and_8193_are_tomcats_own_1009_as_it_is_without_a_gateway(self):
        ends = []
        for port in (self.tomcat.http, self.weir.port):
            for opcode, message in ((BINARY, bytes), (TEXT, lambda size: b"x" * size)):
                with wire.open_session(port, "tomcat.test", f"/echo?buffer={LIMIT}") as session:
                    session.send(from_client(opcode, message(LIMIT)))
                    self.assertEqual(len(session.read_frame().payload), LIMIT)
                    session.send(from_client(opcode, message(5000), fin=False)
                                 + from_client(CONTINUATION, message(LIMIT + 1 - 5000)))
                    got = session.read_until_frame(CLOSE)
                    self.assertEqual(got.code, 1009)
                    ends.append((opcode, got.code, got.reason))
        self.assertEqual(ends[:2], ends[2:])
        self.assertGreaterEqual(
            self.weir.metric("weir_close_codes_total", domain="tomcat.test", side="origin", code="1009"), 2)
