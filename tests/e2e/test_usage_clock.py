"""The wall clock: bytes belong to the bucket in which they moved, and a clock that is set loses none."""

import calendar
import time

import origin
import usage
import wire
from frames import BINARY, from_client, frame
from harness import WeirTest, Weir, domain, wait_until

HOUR = 3600


def utc(*parts: int) -> int:
    return calendar.timegm((*parts, 0, 0, 0)[:6])


class ClockTest(WeirTest):
    @classmethod
    def configure(cls):
        cls.clock = cls.keep(usage.Clock())
        cls.origin = cls.keep(origin.RawOrigin())
        cls.offset = 0.0
        return Weir([domain(name, cls.origin.port) for name in ("roll.test", "step.test", "back.test")],
                    usage=usage.FLUSH, environment=cls.clock.environment)

    def set_clock(self, unix_seconds: float) -> None:
        """And waits until Weir has said that it knows."""
        since = len(self.weir.lines)
        before = type(self).offset
        bucket = int(unix_seconds) // usage.BUCKET * usage.BUCKET
        lasted = {name: self.lasted(name, bucket) for name in self.open}
        type(self).offset = unix_seconds - time.time()
        self.clock.move(self.offset)
        sign = "-" if self.offset < before else r"\+"
        self.weir.wait_log(rf"usage: the wall clock was set by {sign}", since=since)
        # Each worker finds out at its next tick; its sessions' time is then in the bucket of now, which
        # may have some of an earlier visit.
        wait_until(lambda: all(self.lasted(name, bucket) > lasted[name] for name in self.open), "the bucket of now")

    def lasted(self, name: str, bucket: int) -> int:
        return usage.Ledger(self.weir).buckets(name, "connection_milliseconds").get(bucket, 0)

    def setUp(self):
        super().setUp()
        self.open = []

    def now(self) -> float:
        return time.time() + self.offset

    def now_bucket(self) -> int:
        return int(self.now()) // usage.BUCKET * usage.BUCKET

    def session(self, name: str) -> wire.Wire:
        self.open.append(name)
        return self.use(wire.open_session(self.weir.port, name))

    def exchange(self, session: wire.Wire, size: int) -> "tuple[int, int]":
        session.send(from_client(BINARY, bytes(size)))
        session.read_frame()
        return len(from_client(BINARY, bytes(size))), len(frame(BINARY, bytes(size)))

    def buckets(self, name: str) -> dict:
        ledger = usage.Ledger(self.weir)
        return {field: ledger.buckets(name, field) for field in ("client_bytes_in", "client_bytes_out")}

    def wait_buckets(self, name: str, wanted: dict) -> None:
        expected = {"client_bytes_in": {bucket: pair[0] for bucket, pair in wanted.items()},
                    "client_bytes_out": {bucket: pair[1] for bucket, pair in wanted.items()}}
        wait_until(lambda: self.buckets(name) == expected,
                   lambda: f"{expected}; there is {self.buckets(name)}")

    def test_bytes_of_an_open_session_fall_into_the_bucket_in_which_they_moved(self):
        session = self.session("roll.test")
        boundary = utc(2031, 3, 5, 10, 35)
        self.set_clock(boundary - 4)
        before = self.exchange(session, 1000)
        self.wait_buckets("roll.test", {boundary - usage.BUCKET: before})
        self.assertLess(self.now(), boundary, "the machine was too slow for this test")
        wait_until(lambda: boundary in usage.Ledger(self.weir).buckets("roll.test", "connection_milliseconds"),
                   "the next bucket")
        self.assertGreaterEqual(self.now(), boundary)
        after = self.exchange(session, 70_000)
        wanted = {boundary - usage.BUCKET: before, boundary: after}
        self.wait_buckets("roll.test", wanted)
        one = usage.series(self.weir, "--domain", "roll.test", "--interval", "300", "--from",
                           "2031-03-05T10:30Z", "--to", "2031-03-05T18:40+08:00")["roll.test"]
        self.assertEqual([interval["client_bytes_out"] for interval in one["intervals"]],
                         [before[1], after[1]])
        times = usage.Ledger(self.weir).buckets("roll.test", "connection_milliseconds")
        self.assertLessEqual(times[boundary - usage.BUCKET], 5000)
        self.assertEqual(usage.verify(self.weir).returncode, 0)

    def test_steps_of_an_hour_forwards_and_backwards_lose_nothing(self):
        session = self.session("step.test")
        start = utc(2032, 7, 1, 12, 2)
        wanted = {}
        total = [0, 0]
        for number, moment in enumerate((start, start + HOUR, start, start - 2 * HOUR, start + HOUR)):
            self.set_clock(moment)
            pair = self.exchange(session, 100 + number)
            bucket = self.now_bucket()
            have = wanted.get(bucket, (0, 0))
            wanted[bucket] = (have[0] + pair[0], have[1] + pair[1])
            total = [total[0] + pair[0], total[1] + pair[1]]
            self.wait_buckets("step.test", wanted)
        self.assertEqual(self.weir.metric("weir_client_bytes_in_total", domain="step.test"), total[0])
        self.assertEqual(self.weir.metric("weir_client_bytes_out_total", domain="step.test"), total[1])
        steps = [row["step_ms"] for row in usage.Ledger(self.weir).rows("SELECT step_ms FROM clock_step")]
        for step in (HOUR, -HOUR, -2 * HOUR, 3 * HOUR):
            self.assertTrue(any(abs(one / 1000 - step) < 60 for one in steps), (step, steps))
        self.assertEqual(usage.verify(self.weir).returncode, 0)

    def test_a_clock_that_went_back_leaves_finished_buckets_alone(self):
        session = self.session("back.test")
        start = utc(2033, 1, 1, 0, 2)
        self.set_clock(start)
        first = self.exchange(session, 500)
        self.set_clock(start + HOUR)
        wait_until(lambda: any(row["complete"] for row in usage.Ledger(self.weir).rows(
            "SELECT complete FROM usage_row WHERE domain = 'back.test' AND client_bytes_in > 0")), "completion")
        self.set_clock(start)
        again = self.exchange(session, 600)
        bucket = start // usage.BUCKET * usage.BUCKET
        self.wait_buckets("back.test", {bucket: (first[0] + again[0], first[1] + again[1])})
        parts = usage.Ledger(self.weir).rows("SELECT part FROM usage_row WHERE domain = 'back.test' AND "
                                             "bucket = ? AND client_bytes_in > 0", bucket)
        self.assertEqual(len(parts), 2)
        found = usage.totals(self.weir, "back.test", "--from", "2033-01-01", "--to", "2033-01-01T02:00")
        self.assertEqual(found["client_bytes_in"], first[0] + again[0])
        self.assertEqual(usage.verify(self.weir).returncode, 0)
