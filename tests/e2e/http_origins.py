"""Origins of plain requests: Node, Go and gunicorn with the same pages, nginx and Apache with the same files."""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import List

import peers
from daemons import Daemon

LARGE = 8 * 1024 * 1024  # bytes of the file `large`


def node_pages() -> peers.Talker:
    return peers.Talker(["node", str(peers.NODE / "pages.mjs")])


@functools.lru_cache(maxsize=None)
def go_binary() -> str:
    """Compiled once; it stays for later runs."""
    source = peers.HERE / "go" / "pages.go"
    output = pathlib.Path(tempfile.gettempdir()) / f"weir-e2e-go-{os.getuid()}-{source.stat().st_mtime_ns}"
    if not output.exists():
        with tempfile.TemporaryDirectory() as scratch:
            made = pathlib.Path(scratch) / "pages"
            subprocess.run(["go", "build", "-o", str(made), str(source)], check=True, capture_output=True,
                           env={**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOCACHE": f"{scratch}/cache"})
            output.write_bytes(made.read_bytes())
        output.chmod(0o755)
    return str(output)


def go_pages() -> peers.Server:
    return peers.Server([go_binary()])


class Gunicorn(Daemon):
    """Threads, so that it keeps connections: a worker of the default kind closes each one."""

    def configuration(self) -> str:
        return ""  # the command says it all

    def command(self) -> List[str]:
        return [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread",
                "--threads", "4", "--keep-alive", "5", "--chdir", str(peers.HERE / "wsgi"), "--log-level", "warning",
                "pages:application"]


class _Files(Daemon):
    """Serves `hello` and `large`, and takes no upload above 1 MiB."""

    def choose(self) -> None:
        super().choose()
        pages = self.folder / "pages"
        pages.mkdir(exist_ok=True)
        pages.chmod(0o755)
        (pages / "hello").write_text(f"hello from {type(self).__name__.lower()}\n")
        with (pages / "large").open("wb") as file:
            file.write(os.urandom(LARGE))

    def large(self) -> bytes:
        return (self.folder / "pages" / "large").read_bytes()


class Nginx(_Files):
    def configuration(self) -> str:
        paths = "".join(f"{kind}_temp_path {self.folder};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n"
                f"access_log {self.folder}/access.log;\n{paths}server {{\nlisten 127.0.0.1:{self.port};\n"
                f"root {self.folder}/pages;\nlocation /take {{\nclient_max_body_size 1m;\n"
                "proxy_pass http://127.0.0.1:1;\n}\n}\n}\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "daemon.conf")]


class Apache(_Files):
    MODULES = ("mpm_event", "authz_core", "unixd", "headers")

    def configuration(self) -> str:
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in self.MODULES
                          if pathlib.Path(f"/usr/lib/apache2/modules/mod_{name}.so").exists())
        return (f"ServerRoot {self.folder}\nPidFile {self.folder}/pid\nServerName localhost\nErrorLog {self.folder}/error\n"
                f"{modules}Mutex file:{self.folder} default\nListen 127.0.0.1:{self.port}\n"
                f"DocumentRoot {self.folder}/pages\nUser daemon\nGroup daemon\n"
                f"<Directory {self.folder}/pages>\nRequire all granted\nLimitRequestBody 1048576\n</Directory>\n")

    def command(self) -> List[str]:
        # -X: one process, so that nothing outlives it.
        return ["/usr/sbin/apache2", "-X", "-f", str(self.folder / "daemon.conf")]
