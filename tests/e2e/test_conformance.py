"""RFC 6455 as a table: what one side sends, what must come back, and how it ends. Played from both sides against a peer
that echoes, through Weir: first a client that says these things to an origin, then an origin that says them to a client."""

import threading
import unittest
from typing import Callable, List, NamedTuple, Optional, Tuple

import frames
import origin
import wire
from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload
from harness import Weir, WeirTest, domain

Say = Callable[..., bytes]  # frames.frame for an origin, frames.from_client for a client
Heard = List[Tuple[int, bytes]]


class Case(NamedTuple):
    name: str
    sent: Callable[[Say], bytes]  # in one packet
    back: Heard  # whole messages and pongs
    codes: Tuple[Optional[int], ...]  # of the Close that comes back, any of them


def ends(code: Optional[int] = 1000, reason: str = "") -> Callable[[Say], bytes]:
    return lambda say: say(CLOSE, close_payload(code, reason))


def echoed(name: str, opcode: int, payload: bytes) -> Case:
    return Case(name, lambda say: say(opcode, payload) + ends()(say), [(opcode, payload)], (1000,))


def violation(name: str, bad: Callable[[Say], bytes], code: int = 1002) -> List[Case]:
    """Alone, and right behind what must still be answered."""
    return [
        Case(name, bad, [], (code,)),
        Case(f"a message, then {name}", lambda say: say(TEXT, b"before") + bad(say),
             [(TEXT, b"before")], (code,)),
        Case(f"a message and a ping, then {name}",
             lambda say: say(BINARY, b"before") + say(PING, b"alive?") + bad(say),
             [(BINARY, b"before"), (PONG, b"alive?")], (code,)),
    ]


def fragments(say: Say, *parts: bytes, between: bytes = b"") -> bytes:
    last = len(parts) - 1
    return b"".join(say(CONTINUATION if at else TEXT, part, fin=at == last) + (b"" if at == last else between)
                    for at, part in enumerate(parts))


UTF8 = "κόσμε, \U0010ffff\uffff".encode()
SPLIT = UTF8.index("σ".encode()) + 1  # within a character
SURROGATE = b"\xed\xa0\x80"

GOOD = [
    *(echoed(f"text of {size}", TEXT, b"*" * size) for size in (0, 1, 125, 126, 127, 65535, 65536)),
    *(echoed(f"binary of {size}", BINARY, b"\xfe" * size) for size in (0, 125, 126, 65536)),
    echoed("text of many planes", TEXT, UTF8),
    Case("a ping of 125", lambda say: say(PING, b"p" * 125) + say(TEXT, b"t"),
         [(PONG, b"p" * 125), (TEXT, b"t")], ()),
    Case("ten pings", lambda say: b"".join(say(PING, b"%d" % at) for at in range(10)),
         [(PONG, b"%d" % at) for at in range(10)], ()),
    Case("a pong that nobody asked for", lambda say: say(PONG, b"?") + say(PING, b"!"),
         [(PONG, b"!")], ()),
    Case("a message in parts", lambda say: fragments(say, b"one ", b"", b"two"), [(TEXT, b"one two")], ()),
    Case("a ping between the parts of a message",
         lambda say: fragments(say, b"a", b"b", between=say(PING, b"now")),
         [(PONG, b"now"), (TEXT, b"ab")], ()),
    Case("a character in two parts", lambda say: fragments(say, UTF8[:SPLIT], UTF8[SPLIT:]),
         [(TEXT, UTF8)], ()),
    *(Case(f"Close {code}", ends(code, "so"), [], (code,))
      for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)),
    Case("a Close without a code", ends(None), [], (None, 1000)),
    Case("a Close of 125", ends(1000, "r" * 123), [], (1000,)),
    Case("a Close behind a part of a message", lambda say: say(TEXT, b"a", fin=False) + ends()(say),
         [], (1000,)),
]

# Whether text is UTF-8 the two ends judge: what is between them passes it on as it came.
FOR_THE_ENDS = [
    Case("a surrogate", lambda say: say(TEXT, b"a" + SURROGATE), [(TEXT, b"a" + SURROGATE)], ()),
    Case("beyond U+10FFFF", lambda say: say(TEXT, b"\xf4\x90\x80\x80"),
         [(TEXT, b"\xf4\x90\x80\x80")], ()),
    Case("a character cut off", lambda say: say(TEXT, UTF8[:SPLIT]), [(TEXT, UTF8[:SPLIT])], ()),
]

BAD = [
    case for cases in (
        *(violation(f"reserved bits {rsv}", lambda say, rsv=rsv: say(TEXT, b"x", rsv=rsv))
          for rsv in (1, 2, 4, 7)),
        violation("a ping with a reserved bit", lambda say: say(PING, b"x", rsv=1)),
        *(violation(f"opcode {opcode}", lambda say, opcode=opcode: say(opcode, b"x"))
          for opcode in (3, 7, 11, 15)),
        violation("a ping of 126", lambda say: say(PING, b"p" * 126)),
        violation("a Close of 126", lambda say: say(CLOSE, close_payload(1000, "r" * 124))),
        violation("a ping in parts", lambda say: say(PING, b"p", fin=False)),
        violation("a part of nothing", lambda say: say(CONTINUATION, b"x")),
        violation("a last part of nothing, not the last", lambda say: say(CONTINUATION, b"x", fin=False)),
        violation("a message within a message", lambda say: say(TEXT, b"a", fin=False) + say(TEXT, b"b")),
        violation("a length longer than it has to be", lambda say: say(TEXT, b"x", form=16)),
        violation("a Close of one byte", lambda say: say(CLOSE, b"\x03")),
        *(violation(f"Close {code}", ends(code))
          for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)),
    ) for case in cases
] + [
    Case("a message in parts, then a part of nothing and a message",
         lambda say: fragments(say, b"a", b"b") + say(CONTINUATION, b"c", fin=False) + say(TEXT, b"d"),
         [(TEXT, b"ab")], (1002,)),
    Case("a Close whose reason is no UTF-8", lambda say: say(CLOSE, b"\x03\xe8" + SURROGATE), [], (1002, 1007)),
]


class Listener:
    """What comes back, until the Close, or until all that was wanted is there."""

    def __init__(self, connection: wire.Wire, case: Case):
        self.heard: Heard = []
        self.close: Optional[frames.Frame] = None
        parts: List[bytes] = []
        opcode = TEXT
        while case.codes or len(self.heard) < len(case.back):
            got = connection.read_frame()
            if got.opcode == CLOSE:
                self.close = got
                return
            if got.opcode == PONG:
                self.heard.append((PONG, got.payload))
                continue
            opcode = got.opcode or opcode
            parts.append(got.payload)
            if got.fin:
                self.heard.append((opcode, b"".join(parts)))
                parts = []


def echo_as_client(session: wire.Wire) -> Optional[int]:
    """Echoes until a Close, which it answers; its code."""
    while True:
        got = session.read_frame()
        if got.opcode == CLOSE:
            session.send(frames.from_client(CLOSE, got.payload))
            return got.code
        if got.opcode == PING:
            session.send(frames.from_client(PONG, got.payload))
        elif got.opcode != PONG:
            session.send(frames.from_client(got.opcode, got.payload, fin=got.fin))


class ConformanceTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.echo = cls.keep(origin.RawOrigin(origin.echo))
        cls.speaker = cls.keep(origin.RawOrigin(cls.speak))
        cls.heard = {}
        cls.told = threading.Condition()
        return Weir([domain("echo.test", cls.echo.port),
                     domain("speaker.test", cls.speaker.port, origin={"ejection": "off"})])

    @classmethod
    def speak(cls, connection) -> None:
        head = connection.upgrade()
        case = CASES[int(head.start.split(" ")[1].removeprefix("/"))]
        connection.send(case.sent(frames.frame))
        try:
            result = Listener(connection, case)
        except (wire.Ended, OSError) as error:
            result = error
        with cls.told:
            cls.heard[case.name] = result
            cls.told.notify_all()
        if not case.codes:
            connection.send(frames.frame(CLOSE, close_payload(1000)))
        connection.read_rest()

    def judge(self, case: Case, result) -> None:
        if isinstance(result, BaseException):
            raise AssertionError(f"no answer: {result!r}")
        self.assertEqual(result.heard, case.back)
        if case.codes:
            self.assertIn(result.close.code, case.codes)
        else:
            self.assertIsNone(result.close)

    def test_fy14_what_a_client_sends_to_an_origin_that_echoes(self):
        for case in CASES:
            with self.subTest(case=case.name), wire.open_session(self.weir.port, "echo.test") as session:
                session.send(case.sent(frames.from_client))
                self.judge(case, Listener(session, case))

    def test_fy14_what_an_origin_sends_to_a_client_that_echoes(self):
        for at, case in enumerate(CASES):
            with self.subTest(case=case.name), \
                    wire.open_session(self.weir.port, "speaker.test", f"/{at}") as session:
                code = echo_as_client(session)
                with self.told:
                    self.told.wait_for(lambda: case.name in self.heard, wire.TIMEOUT)
                    self.judge(case, self.heard.get(case.name, TimeoutError("the origin still waits")))
                if case in BAD:
                    self.assertEqual(code, 1011)

    def test_a_client_masks_and_an_origin_does_not(self):
        with wire.open_session(self.weir.port, "echo.test") as session:
            session.send(frames.frame(TEXT, b"bare"))
            self.assertEqual(session.read_until_frame(CLOSE).code, 1002)


CASES = GOOD + FOR_THE_ENDS + BAD

if __name__ == "__main__":
    unittest.main()
