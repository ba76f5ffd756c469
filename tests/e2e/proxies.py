"""Debian's tinyproxy and squid as forward proxies, each on a folder and a port of its own, gone with the test."""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import Dict, List, Optional


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ForwardProxy:
    """A process that ends with close(). Neither program can be told to take any free port, so one is chosen first."""

    ATTEMPTS = 5

    def __init__(self, users: Optional[Dict[str, str]] = None):
        self.users = users or {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-proxy-"))
        # It may go on as another user than root.
        self.folder.chmod(0o777)
        self.process: Optional[subprocess.Popen] = None
        for _ in range(self.ATTEMPTS):
            self.port = free_port()
            (self.folder / "proxy.conf").write_text(self.configuration())
            if self._start():
                return
        said = self.log()
        self.close()
        raise AssertionError(f"{type(self).__name__} does not start: {said}")

    def configuration(self) -> str:
        raise NotImplementedError

    def command(self) -> List[str]:
        raise NotImplementedError

    def _start(self) -> bool:
        # It ends with its parent, however that ends.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *self.command()], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=(self.folder / "output").open("wb"),
            stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self._end()
        return False

    def _end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def log(self) -> str:
        """What it says of itself and of its requests."""
        return "\n".join(path.read_text(errors="replace") for path in
                         (self.folder / "output", self.folder / "access.log") if path.exists())

    def close(self) -> None:
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Tinyproxy(ForwardProxy):
    """With users: Basic. It answers 407 to a request without credentials, and 401 to wrong ones."""

    def configuration(self) -> str:
        users = "".join(f"BasicAuth {name} {password}\n" for name, password in self.users.items())
        return (f"Port {self.port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nAllow 127.0.0.1\n"
                f"LogFile \"{self.folder}/access.log\"\nLogLevel Connect\n" + users)

    def command(self) -> List[str]:
        return ["tinyproxy", "-d", "-c", str(self.folder / "proxy.conf")]


class Squid(ForwardProxy):
    """Digest, with realm `weir`."""

    REALM = "weir"

    def configuration(self) -> str:
        lines = []
        for name, password in self.users.items():
            key = hashlib.md5(f"{name}:{self.REALM}:{password}".encode()).hexdigest()
            lines.append(f"{name}:{self.REALM}:{key}\n")
        (self.folder / "users").write_text("".join(lines))
        return (f"http_port 127.0.0.1:{self.port}\nvisible_hostname proxy.test\npid_filename none\n"
                f"auth_param digest program /usr/lib/squid/digest_file_auth -c {self.folder}/users\n"
                f"auth_param digest children 1 startup=1\nauth_param digest realm {self.REALM}\n"
                "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n"
                f"access_log stdio:{self.folder}/access.log\ncache_log {self.folder}/cache.log\n"
                f"coredump_dir {self.folder}\ncache deny all\ncache_mem 8 MB\nmax_filedescriptors 1024\n"
                "shutdown_lifetime 0 seconds\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/squid", "-N", "-f", str(self.folder / "proxy.conf")]


def missing() -> str:
    """The programs that are not there; empty: all are."""
    return ", ".join(path for path in ("/usr/bin/tinyproxy", "/usr/sbin/squid") if not os.path.exists(path))
