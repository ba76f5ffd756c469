"""The clock of a process in the test's hand: nothing becomes due, and nothing is late, but by `move`."""

import struct
import time

from usage import Fault


class HandClock(Fault):
    """Weir(..., clock=HandClock()). Time stands still until Weir.pass_time moves it."""

    source = "hand"
    variable = "WEIR_TEST_HAND"

    def __init__(self, wall: float = 0):
        """`wall`: what the wall clock says at first, in Unix seconds; 0: the time of day."""
        super().__init__()
        self.monotonic = 1_000_000 * 10**9
        self.wall = round((wall or time.time()) * 1e9)
        self._write()

    def move(self, seconds: float) -> None:
        step = round(seconds * 1e9)
        self.monotonic += step
        self.wall += step
        self._write()

    def _write(self) -> None:
        with open(self.control, "r+b") as file:
            file.write(struct.pack("=2q", self.monotonic, self.wall))
