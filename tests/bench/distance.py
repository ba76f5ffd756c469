"""A network of our own, and in it an address at a distance.

Loopback has no distance, and the kernel's own delay (netem) is a module that many machines lack. So
packets to FAR leave by a TUN device whose other end is this file, run as a program: it holds each for
the delay, swaps its source with its destination and puts it back. To the kernel that is a packet
which FAR has sent to NEAR, and whoever listens there answers it the same way. Thus everything has its
round trips, TCP's own handshake as well as TLS. No checksum changes: it is a sum over both addresses.
"""

import collections
import ctypes
import fcntl
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import time

NEAR = "10.9.0.1"
FAR = "10.9.0.2"
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000


def enter_own_network():
    """Move this process and its children into an empty network; false when that is not allowed."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


class Distance:
    """While it lasts, FAR is this machine, `delay` seconds away in each direction."""

    def __init__(self, delay):
        device = os.open("/dev/net/tun", os.O_RDWR)
        try:
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"far", TUN_WITHOUT_HEADER))
            subprocess.run(["ip", "address", "add", NEAR, "peer", FAR, "dev", "far"], check=True)
            subprocess.run(["ip", "link", "set", "far", "up"], check=True)
            command = [sys.executable, __file__, str(device), str(delay)]
            self.mirror = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[device])
        finally:
            os.close(device)

    def round_trip(self, port):
        """Seconds that TCP takes to connect to a listener: what is really one round trip."""
        return statistics.median(connect_time(port) for _ in range(30))

    def stop(self):
        self.mirror.stdin.close()
        self.mirror.wait()


def connect_time(port):
    began = time.monotonic()
    socket.create_connection((FAR, port), 5).close()
    return time.monotonic() - began


def reflect(device, delay):
    """Send every IPv4 packet back with its addresses swapped, `delay` seconds after it came."""
    waiting = collections.deque()
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([device, sys.stdin], [], [], pause)
        if sys.stdin in ready:
            return
        if device in ready:
            packet = os.read(device, 65536)
            if packet[0] >> 4 == 4:
                back = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                waiting.append((time.monotonic() + delay, back))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(device, waiting.popleft()[1])


if __name__ == "__main__":
    reflect(int(sys.argv[1]), float(sys.argv[2]))
