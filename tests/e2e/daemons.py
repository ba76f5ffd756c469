"""Debian's own daemons as peers, each on a folder and port of its own, gone with the test: the base, nginx, dnsmasq."""

import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import Dict, List, Optional

import certificates
from patience import patience


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """A process that ends with close(). None of these can be told to take any free port, so one is chosen first."""

    ATTEMPTS = 5
    address = "127.0.0.1"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-daemon-"))
        # It may go on as another user than root.
        self.folder.chmod(0o777)
        self.process: Optional[subprocess.Popen] = None
        for _ in range(self.ATTEMPTS):
            self.choose()
            (self.folder / "daemon.conf").write_text(self.configuration())
            if self._start():
                return
        said = self.log()
        self.close()
        raise AssertionError(f"{type(self).__name__} does not start: {said}")

    def choose(self) -> None:
        self.port = free_port()

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
        deadline = time.monotonic() + patience()
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection((self.address, self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.end()
        return False

    def end(self) -> None:
        """As when its machine is gone; the folder stays."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def begin_again(self) -> None:
        """After end(), where it was."""
        if not self._start():
            raise AssertionError(f"{type(self).__name__} does not start again: {self.log()}")

    def log(self) -> str:
        """What it says of itself and of its requests."""
        return "\n".join(path.read_text(errors="replace") for path in
                         (self.folder / "output", self.folder / "access.log") if path.exists())

    def close(self) -> None:
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Daemon):
    """In front of a plain origin: `port` demands a client certificate, `old_port` speaks TLS 1.2 alone.

    What it saw of the connection it tells the origin, in fields that begin with X-Tls."""

    TOLD = {"Name": "$ssl_server_name", "Protocol": "$ssl_protocol", "Alpn": "$ssl_alpn_protocol",
            "Verified": "$ssl_client_verify", "Client": "$ssl_client_s_dn", "Serial": "$ssl_client_serial"}

    def __init__(self, leaf: certificates.Leaf, clients: certificates.Leaf, origin_port: int):
        self.leaf, self.clients, self.origin_port = leaf, clients, origin_port
        super().__init__()

    def configuration(self) -> str:
        self.old_port = free_port()
        told = "".join(f"proxy_set_header X-Tls-{name} {value};\n" for name, value in self.TOLD.items())
        common = (f"ssl_certificate {self.leaf.certificate};\nssl_certificate_key {self.leaf.key};\n"
                  f"location / {{\nproxy_pass http://127.0.0.1:{self.origin_port};\nproxy_http_version 1.1;\n"
                  f"proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n{told}}}\n")
        paths = "".join(f"{kind}_temp_path {self.folder};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\n"
                f"events {{}}\nhttp {{\naccess_log {self.folder}/access.log;\n{paths}"
                f"server {{\nlisten 127.0.0.1:{self.port} ssl;\nssl_protocols TLSv1.2 TLSv1.3;\nssl_verify_client on;\n"
                f"ssl_client_certificate {self.clients.certificate};\n{common}}}\n"
                f"server {{\nlisten 127.0.0.1:{self.old_port} ssl;\nssl_protocols TLSv1.2;\n{common}}}\n}}\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "daemon.conf")]


class Dnsmasq(Daemon):
    """The name server of the zone `test`: what `tell` says, and that nothing else exists."""

    def __init__(self, ttl: int, names: Dict[str, List[str]], for_resolv_conf: bool = False):
        self.ttl = ttl
        self.names = names
        self.for_resolv_conf = for_resolv_conf
        super().__init__()

    def choose(self) -> None:
        if not self.for_resolv_conf:
            super().choose()
            return
        # That file knows no ports, and only root may open this one.
        self.port = 53
        self.address = f"127.{random.randint(64, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"

    def configuration(self) -> str:
        self._write_names()
        return (f"port={self.port}\nlisten-address={self.address}\nbind-interfaces\nno-resolv\nno-hosts\n"
                f"addn-hosts={self.folder}/names\nlocal-ttl={self.ttl}\nlocal=/test/\nlog-queries\n"
                f"log-facility=-\nuser=\ncache-size=0\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/dnsmasq", "--keep-in-foreground", f"--pid-file={self.folder}/pid",
                f"--conf-file={self.folder}/daemon.conf"]

    def _write_names(self) -> None:
        (self.folder / "names").write_text("".join(
            f"{address} {name}\n" for name, addresses in self.names.items() for address in addresses))

    def tell(self, name: str, addresses: List[str]) -> None:
        """From now on; no addresses: there is no such name any more."""
        read = self.log().count("read ")
        self.names = {**self.names, name: addresses}
        self._write_names()
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + patience()
        while self.log().count("read ") == read:
            if time.monotonic() > deadline:
                raise AssertionError(f"dnsmasq does not read its names again: {self.log()}")
            time.sleep(0.01)
