"""Real origins that record what they have read: method, target, length and hash of the body of each request that came whole.

Node, Go, Tomcat and gunicorn record themselves; nginx and Apache stand in front of a Node that does, since what they take a
request for is what they pass on."""

import functools
import json
import os
import pathlib
import subprocess
import tempfile
from typing import List

import peers
from daemons import Daemon

HERE = pathlib.Path(__file__).resolve().parent / "peers" / "recorders"


class Recorder:
    """`port` is where it listens. Ends with close()."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-recorder-")
        self.path = pathlib.Path(self.folder.name) / "records"
        self.path.touch()
        self.server = self.begin()
        self.port = self.server.http

    def begin(self):
        raise NotImplementedError

    def records(self) -> List[dict]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def close(self) -> None:
        self.server.close()
        self.folder.cleanup()


class NodeRecorder(Recorder):
    def begin(self):
        return peers.Server(["node", str(HERE / "recorder.mjs"), str(self.path)])


class GoRecorder(Recorder):
    def begin(self):
        return peers.Server([_go_binary(), str(self.path)])


class TomcatRecorder(Recorder):
    def begin(self):
        return peers.Server(["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", f"{_classes()}:{peers.tomcat_jars()}",
                             "Recorder", str(self.path), self.folder.name])


class GunicornRecorder(Recorder):
    def begin(self):
        return _Gunicorn(self.path)


class NginxRecorder(Recorder):
    def begin(self):
        self.behind = peers.Server(["node", str(HERE / "recorder.mjs"), str(self.path)])
        return _Nginx(self.behind.http)

    def close(self) -> None:
        self.behind.close()
        super().close()


class ApacheRecorder(NginxRecorder):
    def begin(self):
        self.behind = peers.Server(["node", str(HERE / "recorder.mjs"), str(self.path)])
        return _Apache(self.behind.http)


KINDS = {"node": NodeRecorder, "go": GoRecorder, "tomcat": TomcatRecorder, "gunicorn": GunicornRecorder,
         "nginx": NginxRecorder, "apache": ApacheRecorder}


def _kept(source: pathlib.Path, build) -> pathlib.Path:
    """What a compiler makes of the source, once: it stays for later runs, because compilers are slow."""
    output = pathlib.Path(tempfile.gettempdir()) / f"weir-e2e-{source.stem}-{os.getuid()}-{source.stat().st_mtime_ns}"
    if not output.exists():
        scratch = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-build-"))
        build(scratch)
        try:
            scratch.rename(output)
        except OSError:
            pass  # another run was first
    return output


@functools.lru_cache(maxsize=None)
def _classes() -> str:
    source = HERE / "Recorder.java"
    return str(_kept(source, lambda scratch: subprocess.run(
        ["javac", "-nowarn", "-cp", peers.tomcat_jars(), "-d", str(scratch), str(source)], check=True, capture_output=True)))


@functools.lru_cache(maxsize=None)
def _go_binary() -> str:
    source = HERE / "recorder.go"
    return str(_kept(source, lambda scratch: subprocess.run(
        ["go", "build", "-o", str(scratch / "recorder"), str(source)], check=True, capture_output=True,
        env={**os.environ, "GO111MODULE": "off"})) / "recorder")


class _Gunicorn(Daemon):
    def __init__(self, path: pathlib.Path):
        self.records = path
        super().__init__()

    @property
    def http(self) -> int:
        return self.port

    def configuration(self) -> str:
        return ""  # all of it is in the command

    def command(self):
        return ["/usr/bin/gunicorn", "--chdir", str(HERE), "--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread",
                "--threads", "16", "--keep-alive", "5", "--env", f"RECORDS={self.records}", "recorder_wsgi:application"]


class _Nginx(Daemon):
    def __init__(self, behind: int):
        self.behind = behind
        super().__init__()

    @property
    def http(self) -> int:
        return self.port

    def configuration(self) -> str:
        paths = "".join(f"{kind}_temp_path {self.folder};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
                f"http {{\naccess_log off;\n{paths}server {{\nlisten 127.0.0.1:{self.port};\nclient_max_body_size 0;\n"
                f"location / {{\nproxy_pass http://127.0.0.1:{self.behind};\n}}\n}}\n}}\n")

    def command(self):
        return ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "daemon.conf")]


class _Apache(_Nginx):
    def configuration(self) -> str:
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                          for name in ("mpm_event", "proxy", "proxy_http", "authz_core"))
        return (f"{modules}ServerRoot {self.folder}\nPidFile {self.folder}/pid\nServerName recorder\nErrorLog /dev/stderr\n"
                f"DefaultRuntimeDir {self.folder}\nListen 127.0.0.1:{self.port}\nKeepAliveTimeout 5\nAllowEncodedSlashes NoDecode\n"
                f"ProxyPass / http://127.0.0.1:{self.behind}/ nocanon\n")

    def command(self):
        return ["/usr/sbin/apache2", "-DFOREGROUND", "-f", str(self.folder / "daemon.conf")]
