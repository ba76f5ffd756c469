"""A network of the test's own, in which a machine can vanish."""

import ctypes
import fcntl
import functools
import os
import socket
import struct
import threading
import unittest

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8914, 0x8916, 1


def in_own_network(test):
    """Runs the test in a network of its own. A network belongs to a thread, so the test has one, whose threads and
    processes are in that network as well."""

    @functools.wraps(test)
    def run(self):
        failures = []

        def body():
            try:
                enter_own_network()
                test(self)
            except BaseException as error:  # for the thread that waits
                failures.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]

    return run


def enter_own_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest(f"no network namespace: unshare says {os.strerror(ctypes.get_errno())}")
    set_flags("lo", IFF_UP)


def set_flags(interface: str, flags: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        fcntl.ioctl(any_, SIOCSIFFLAGS, struct.pack("16sH14x", interface.encode(), flags))


class Machine:
    """An address that whoever binds to it can be reached at, until it vanishes: what is sent to it then gets lost, and
    nobody is told."""

    def __init__(self, address: str, number: int = 1):
        self.address, self.interface = address, f"lo:{number}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
            fcntl.ioctl(any_, SIOCSIFADDR, struct.pack(
                "16sHH4s8x", self.interface.encode(), socket.AF_INET, 0, socket.inet_aton(address)))

    def connect(self, port: int) -> socket.socket:
        sock = socket.socket()
        sock.bind((self.address, 0))
        sock.connect(("127.0.0.1", port))
        return sock

    def vanish(self) -> None:
        set_flags(self.interface, 0)  # an alias that is down is gone
