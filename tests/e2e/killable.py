"""An echoing origin in a process of its own, which can be killed as machines are and comes back on the same port."""

import os
import signal
import socket
import subprocess
import sys
import threading

import origin


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("127.0.0.1", port))
    return sock


class KillableOrigin:
    """Tells its process in the field X-Life of each 101, so that a client knows which life it is talking to."""

    def __init__(self):
        # Holds the port while nobody listens on it, so that it is refused and never somebody else's.
        self.place = _bound(0)
        self.port = self.place.getsockname()[1]
        self.process = None
        self.start()

    @property
    def life(self) -> str:
        return str(self.process.pid)

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", sys.executable, __file__, str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"listening\n":
            raise AssertionError("an origin does not start")

    def kill(self) -> None:
        """As when its machine loses its power, but for the resets that the kernel sends."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def close(self) -> None:
        self.kill()
        self.place.close()


def _serve(connection: origin.Connection) -> None:
    try:
        connection.upgrade(b"X-Life: " + str(os.getpid()).encode() + b"\r\n")
        connection.echo()
    except (origin.Ended, OSError, ValueError):
        pass
    finally:
        connection.close()


def main() -> None:
    listener = _bound(int(sys.argv[1]))
    listener.listen(1024)
    print("listening", flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(origin.Connection(sock, 60),), daemon=True).start()


if __name__ == "__main__":
    main()
