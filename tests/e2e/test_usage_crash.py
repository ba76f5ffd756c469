"""Killed under load: nothing is counted twice, and no more than the write under way is missing."""

import os

import crash
import usage
from harness import WeirTest

KILLS = int(os.environ.get("WEIR_KILLS", "20"))
# What a worker takes from a socket at a time is what it writes at a time.
ONE_WRITE = 131_072
WORKERS = 2


class CrashTest(WeirTest):
    def test_kills_under_load_never_overcount_and_cost_at_most_the_write_under_way(self):
        run = self.use(crash.CrashRun(workers=WORKERS))
        for number in range(KILLS):
            kill = run.kill(early=number % 4 == 3)
            for name in ("down", "up", "slow"):
                self.assertGreaterEqual(getattr(kill, name), 0, f"overcount by kill {number}: {kill}")
            self.assertLessEqual(kill.down + kill.up + kill.slow, WORKERS * ONE_WRITE, kill)
        self.assertGreater(sum(kill.moved for kill in run.kills), KILLS * 100_000)
        run.weir.start()
        done = usage.verify(run.weir)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        run.check_recovered()
