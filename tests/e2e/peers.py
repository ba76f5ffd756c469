"""The real peers: npm `ws` and others, python `websockets`, Java, Tomcat and Chromium, each started and ended here."""

import asyncio
import contextlib
import functools
import glob
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import threading
from typing import List, Optional

import websockets

import certificates
from patience import patience

HERE = pathlib.Path(__file__).resolve().parent / "peers"
NODE = HERE / "node"


class Server:
    """A peer in a process of its own, which prints its ports as one line of JSON and ends with its input."""

    def __init__(self, command: List[str]):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{command[0]} did not start: {self.process.stderr.read()[-2000:]}")
        # What it has to say must not fill the pipe.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        ports = json.loads(line)
        self.http, self.https = ports["http"], ports["https"]

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Talker(Server):
    """A server or client that tells what happens to it, each time as a line of JSON with an `event`."""

    def __init__(self, command: List[str]):
        super().__init__(command)
        self.events: List[dict] = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_event(self, count: int = 1, since: int = 0, **match) -> dict:
        """The one of that number, from the event `since` on, that has these values."""

        def found() -> List[dict]:
            return [one for one in self.events[since:] if all(one.get(key) == value for key, value in match.items())]

        with self.changed:
            if not self.changed.wait_for(lambda: len(found()) >= count, patience()):
                raise AssertionError(f"no event {count} with {match}, but {self.events[since:][-8:]}")
            return found()[count - 1]

    def kill(self) -> None:
        """As when its machine is gone."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.kill()
        self.reader.join(patience())
        self.process.stdout.close()


def node_server(leaf: certificates.Leaf) -> Server:
    return Server(["node", str(NODE / "server.mjs"), str(leaf.certificate), str(leaf.key)])


def socket_io_server(version: int, **job) -> Server:
    """See socket_io.mjs."""
    return Server(["node", str(NODE / "socket_io.mjs"), json.dumps({"version": version, **job})])


def config_admin(**job) -> Talker:
    """See config_admin.mjs."""
    return Talker(["node", str(NODE / "config_admin.mjs"), json.dumps(job)])


def sync_client(url: str, **fields: str) -> Talker:
    """See SyncClient.java. `_` in the names of fields stands for `-`."""
    pairs = [part for name, value in fields.items() for part in (name.replace("_", "-"), value)]
    return Talker(["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", str(HERE / "java" / "SyncClient.java"), url, *pairs])


@functools.lru_cache(maxsize=None)
def tomcat_classes() -> str:
    """Compiles the origin once; the classes stay for later runs, because javac is slow."""
    sources = sorted((HERE / "tomcat").glob("*.java"))
    written = max(source.stat().st_mtime_ns for source in sources)
    output = pathlib.Path(tempfile.gettempdir()) / f"weir-e2e-tomcat-{os.getuid()}-{written}"
    if not (output / "Origin.class").exists():
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(["javac", "-nowarn", "-cp", tomcat_jars(), "-d", scratch, *map(str, sources)],
                           check=True, capture_output=True, text=True)
            output.mkdir(exist_ok=True)
            # Origin.class comes last: another run takes it as the sign that all is there.
            for name in sorted(os.listdir(scratch), key=lambda name: name == "Origin.class"):
                (output / name).write_bytes((pathlib.Path(scratch) / name).read_bytes())
    return str(output)


def tomcat_jars() -> str:
    embedded = [path for path in glob.glob("/usr/share/java/tomcat10-embed-*.jar") if "10.1" not in path]
    return ":".join(embedded + ["/usr/share/java/tomcat10-annotations-api.jar"])


class Tomcat(Server):
    def __init__(self, leaf: certificates.Leaf, node: str = "one"):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-e2e-tomcat-base-")
        super().__init__(["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp",
                          f"{tomcat_classes()}:{tomcat_jars()}", "Origin", str(leaf.certificate),
                          str(leaf.key), self.folder.name, node])

    def close(self) -> None:
        super().close()
        self.folder.cleanup()


def node_client(url: str, steps: Optional[list] = None, ca: Optional[pathlib.Path] = None,
                **job) -> dict:
    """One npm `ws` session; see client.mjs for the steps and the result."""
    job.update(url=url, steps=steps or [], ca=str(ca) if ca else None)
    done = subprocess.run(["node", str(NODE / "client.mjs"), json.dumps(job)], capture_output=True,
                          text=True, timeout=2 * patience(),
                          stdin=subprocess.DEVNULL)
    if not done.stdout:
        raise AssertionError(f"npm ws: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def python_client(url: str, messages: list, tls: Optional[ssl.SSLContext] = None,
                  close: tuple = (1000, ""), **options) -> dict:
    """One python `websockets` session: sends each message, waits for one, closes."""
    host, port = url.split("/")[2].rsplit(":", 1)
    if tls:
        options.update(ssl=tls, server_hostname=host)

    async def run() -> dict:
        async with websockets.connect(url, host="127.0.0.1", port=int(port), max_size=None,
                                      open_timeout=patience(), close_timeout=patience(), **options) as socket:
            got = []
            for message in messages:
                await socket.send(message)
                got.append(await asyncio.wait_for(socket.recv(), patience()))
            await socket.close(*close)
            return {"messages": got, "code": socket.close_code, "reason": socket.close_reason,
                    "protocol": socket.subprotocol,
                    "extensions": [extension.name for extension in socket.extensions]}

    return asyncio.run(run())


def browse(url: str, host: str, messages: List[str]) -> dict:
    """What the built-in page shows in headless Chromium."""
    job = {"url": url, "host": host, "messages": messages}
    done = subprocess.run(["node", str(NODE / "browser.mjs"), json.dumps(job)], capture_output=True,
                          text=True, timeout=patience(), stdin=subprocess.DEVNULL)
    if not done.stdout:
        raise AssertionError(f"chromium: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
