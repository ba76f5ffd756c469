"""Origins that attack, as scripts, and the base of the tests that meet them."""

import concurrent.futures
import time

import origin
import wire
from frames import TEXT, frame
from harness import WeirTest, domain
from patience import FACTOR

# Seconds. Short, so that what only a timer ends is soon over.
TIMER = 1
# A machine that is busy answers late; 30 s would be the default.
GRACE = 20 * FACTOR

BAD = (502, "origin_bad_upgrade")
LATE = (504, "origin_timeout")
LOST = (502, "origin_connect")


def reply(data: bytes):
    """Reads the request, says this, and waits for the end."""
    return origin.answer(data)


def reply_and_end(data: bytes):
    return origin.answer(data, end=True)


def reply_and_reset(data: bytes):
    def script(connection):
        connection.head = connection.read_head()
        connection.send(data)
        connection.reset()

    return script


def flood(begin: bytes, again: bytes):
    """Says `begin` and then the other for ever, as fast as it is taken."""
    many = again * max(1, 16384 // len(again))

    def script(connection):
        connection.head = connection.read_head()
        connection.send(begin)
        while True:
            connection.send(many)

    return script


def drip(begin: bytes, again: bytes, pause: float = 0.05):
    def script(connection):
        connection.head = connection.read_head()
        connection.send(begin)
        # The pause ends with the connection, so that no thread outlives it by long.
        while connection.silent_for(pause):
            connection.send(again)

    return script


def spoilt(change):
    """A good 101 with one thing changed, and a frame that nobody may see."""

    def script(connection):
        connection.head = connection.read_head()
        connection.send(change(origin.good_101(connection.head)) + frame(TEXT, b"SECRET"))
        connection.read_rest()

    return script


def with_field(field: bytes):
    return spoilt(lambda good: good.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n"))


class HostileTest(WeirTest):
    """One domain and one origin for each attack, all of them under way at the same time."""

    @classmethod
    def attack(cls, name, script, protocol="http", **settings):
        raw = cls.keep(origin.RawOrigin(script, silent="warm" in settings))
        cls.origins[name] = raw
        cls.domains.append(domain(f"{name}.test", origin={
            "protocol": protocol, "servers": [{"address": f"127.0.0.1:{raw.port}"}], "ejection": "off",
            "tls": {"verify": False}, "request_timeout": TIMER, "io_timeout": TIMER, "establish_timeout": 3,
            **settings}))

    def ask(self, name):
        """The answer to a handshake, its body, and after how many seconds it was all there."""
        begin = time.monotonic()
        head, body, _ = wire.exchange(self.weir.port, wire.upgrade_request(f"{name}.test"))
        return head, body, time.monotonic() - begin

    def ask_all(self, names):
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            return zip(names, list(pool.map(self.ask, names)))

    def check_refused(self, name, wanted, answer):
        status, cause = wanted
        head, body, took = answer
        self.assertEqual(head.status, status, (name, body))
        self.assertTrue(wire.is_one_line(body), (name, body))
        self.assertNotIn(b"SECRET", body)
        self.assertLess(took, TIMER + GRACE)
        record = self.weir.wait_access(event="refused", domain=f"{name}.test")
        self.assertEqual((record["return_code"], record["close_cause"]), (status, cause), (name, record))
        self.assertTrue(record["error"])
        self.origins[name].finished()
