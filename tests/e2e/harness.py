"""Runs the real binary on ports of its own choice, with configuration written as an operator would write it."""

import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from typing import Callable, List, Optional

import frames
import wire
from patience import FACTOR, patience

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("WEIR_BINARY", ROOT / "build" / "dev" / "weir")).resolve()

PROBE = "probe.test"  # a domain that answers as soon as the worker has taken a turn

ADDRESS = re.compile(r"listener=(\S+)\s+address=(\S+):(\d+)")
SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def to_yaml(value, indent: int = 0) -> str:
    """Block style, as people write it."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{key}:{_nested(item, indent)}" for key, item in value.items())
    if isinstance(value, list) and value:
        parts = [to_yaml(item, indent + 1) if isinstance(item, (dict, list)) and item
                 else f"{pad}  {_scalar(item)}\n" for item in value]
        return "".join(f"{pad}- {part[len(pad) + 2:]}" for part in parts)
    return f"{pad}{_scalar(value)}\n"


def _nested(value, indent: int) -> str:
    if isinstance(value, (dict, list)) and value:
        return "\n" + to_yaml(value, indent + 1)
    return f" {_scalar(value)}\n"


def _scalar(value) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_./-]+", value) and value != "-":
        return value
    return json.dumps(value)


def domain(name: str, port: Optional[int] = None, *, origin: Optional[dict] = None,
           websocket: Optional[dict] = None, **other) -> dict:
    """A domain with WebSocket on. `port`: a plain origin on 127.0.0.1; else `origin` says where."""
    if port is not None:
        server = {"servers": [{"address": "127.0.0.1"}], "protocol": "http", "ports": {"http": port}}
        origin = {**server, **(origin or {})}
    return {
        "domain": name,
        "websocket": {"enabled": True, "connection_timeout": 30, **(websocket or {})},
        "origin": origin or {"builtin": "echo"},
        **other,
    }


class Weir:
    """One process. Ends with the `with` block, and complains when it crashed."""

    def __init__(self, domains: List[dict], *, listeners: Optional[List[dict]] = None,
                 tls: bool = False, environment: Optional[dict] = None, clock=None, **node):
        """`clock`: a HandClock, closed with the process; one worker then, so that pass_time knows all of it."""
        self.clock = clock
        if clock:
            environment = {**(environment or {}), **clock.environment}
            node = {"workers": 1, **node}
        self.environment = {**os.environ, **(environment or {})}
        self.command_environment = self.environment  # of commands that ask about it
        self.directory: Optional[pathlib.Path] = None  # where it is started, if not in its folder
        self.stdout = subprocess.DEVNULL
        self.prefix: List[str] = []  # a command that becomes the process
        self.reader: Optional[threading.Thread] = None
        self.begun = 0  # the first line of the running process
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-"))
        self.lines: List[str] = []
        self.changed = threading.Condition()
        self.process: Optional[subprocess.Popen] = None
        self.ended_on_purpose = False
        self.access_path = self.folder / "access.log"
        self.config_path = self.folder / "weir.yaml"
        if listeners is None:
            listeners = [{"name": "web", "address": "127.0.0.1", "ports": [0]}]
            if tls:
                listeners.append({"name": "secure", "address": "127.0.0.1", "ports": [0], "tls": True})
        self.node = {
            "version": 1,
            "node": "edge-test",
            "workers": 2,
            "state_dir": str(self.folder / "state"),
            "listeners": listeners,
            "admin": {"listen": "127.0.0.1:0"},
            "log": {"access": {"path": str(self.access_path), "format": "json"}, "level": "info"},
            "drain": {"timeout": 2},
            **node,
        }
        self.write(domains)

    # -- configuration ------------------------------------------------------------------------

    def write(self, domains: List[dict]) -> None:
        """weir.yaml and one file for each domain, as an operator lays them out."""
        (self.folder / "state").mkdir(exist_ok=True)
        files = self.folder / "domains"
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir()
        if self.clock:
            domains = [*domains, domain(PROBE)]
        for number, entry in enumerate(domains):
            (files / f"{number:02}.yaml").write_text(to_yaml(entry))
        self.config_path.write_text(to_yaml({**self.node, "domains": "domains/*.yaml"}))

    # -- the process ----------------------------------------------------------------------------

    def start(self, wait: bool = True) -> "Weir":
        self.process = subprocess.Popen(
            [*self.prefix, str(BINARY), "run", "-c", str(self.config_path)],
            cwd=self.directory or self.folder, stdin=subprocess.DEVNULL, stdout=self.stdout, stderr=subprocess.PIPE,
            env=self.environment)
        self.ended_on_purpose = False
        self.begun = len(self.lines)
        self.reader = threading.Thread(target=self._read_log, args=(self.process,), daemon=True)
        self.reader.start()
        if wait:
            try:
                self.wait_log(r"\bready\b", since=self.begun)
            except AssertionError:
                self.kill()
                raise
        return self

    def _read_log(self, process: subprocess.Popen) -> None:
        for line in process.stderr:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        process.stderr.close()
        with self.changed:
            self.changed.notify_all()

    def wait_log(self, pattern: str, timeout: float = 0, since: int = 0) -> str:
        deadline = time.monotonic() + patience(timeout)
        with self.changed:
            while True:
                for line in self.lines[since:]:
                    if re.search(pattern, line):
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or self.process.poll() is not None and not self.changed.wait(0.2):
                    raise AssertionError(f"no log line {pattern!r}; the log:\n{self.tail()}")
                self.changed.wait(min(left, 0.1))

    def tail(self, count: int = 40) -> str:
        return "\n".join(self.lines[-count:])

    def crash(self, number: int = signal.SIGKILL) -> None:
        """Ends it in the midst of things; start() begins anew on the same folder."""
        self.signal(number)
        self.process.wait(patience())
        self.reader.join(patience())
        self.process = None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait_exit(self, timeout: float = 0) -> int:
        limit = patience(timeout)
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {limit} s; the log:\n{self.tail()}") from None
        self.ended_on_purpose = True
        return code

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Drains at once: the second signal ends it. A crash, then or before, fails the test."""
        try:
            self._stop()
        finally:
            if self.clock:
                self.clock.close()

    def _stop(self) -> None:
        if not self.process:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        crashed = self.process.poll() is not None and not self.ended_on_purpose
        deadline = time.monotonic() + patience()
        while self.process.poll() is None and time.monotonic() < deadline:
            self.process.terminate()
            try:
                self.process.wait(0.5 * FACTOR)
            except subprocess.TimeoutExpired:
                continue
        stuck = self.process.poll() is None
        self.kill()
        code = self.process.returncode
        shutil.rmtree(self.folder, ignore_errors=True)
        complaint = re.search(r"Sanitizer|runtime error:|Assertion", "\n".join(self.lines))
        if crashed or stuck or complaint or code not in (0, -signal.SIGTERM, 1):
            why = "stuck at its end" if stuck else f"ended with {code}"
            raise AssertionError(f"weir {why}; the log:\n{self.tail()}")

    def __enter__(self) -> "Weir":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def pass_time(self, seconds: float) -> None:
        """Moves its hand-driven clock. Whatever is due by then has happened when this returns."""
        self.clock.move(seconds)
        with wire.open_session(self.port, PROBE) as probe:
            probe.send(frames.from_client(frames.TEXT, b"turn"))
            probe.read_frame()

    def rss(self) -> int:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def cpu_seconds(self) -> float:
        """What all its threads have used up to now."""
        # The second field is a name in brackets, and may itself have spaces and brackets.
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # -- what it tells --------------------------------------------------------------------------

    def ports(self, listener: str) -> List[int]:
        found = []
        for line in self.lines[self.begun:]:
            match = ADDRESS.search(line)
            if "listening" in line and match and match.group(1) == listener:
                found.append(int(match.group(3)))
        if not found:
            raise AssertionError(f"no listener {listener} in the log:\n{self.tail()}")
        return found

    @property
    def port(self) -> int:
        return self.ports("web")[0]

    @property
    def tls_port(self) -> int:
        return self.ports("secure")[0]

    def admin(self, path: str, timeout: float = 0) -> "tuple[int, str]":
        url = f"http://127.0.0.1:{self.ports('admin')[0]}{path}"
        try:
            with urllib.request.urlopen(url, timeout=patience(timeout)) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that carry these labels."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            match = SAMPLE.match(line)
            if not match or match.group(1) != name:
                continue
            have = dict(LABEL.findall(match.group(2) or ""))
            if all(have.get(key) == value for key, value in labels.items()):
                total += float(match.group(3))
        return total

    def access_log(self, path: Optional[pathlib.Path] = None) -> List[dict]:
        file = path or self.access_path
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text().split("\n")[:-1]]

    def wait_access(self, timeout: float = 0, **match) -> dict:
        """The first record with these values, once it is written."""
        return self.wait_records(1, timeout, **match)[0]

    def wait_records(self, count: int, timeout: float = 0, **match) -> List[dict]:
        def matching() -> List[dict]:
            if self.clock:
                self.clock.move(0.2)  # the log's thread writes when it is told the time
            return [record for record in self.access_log()
                    if all(record.get(key) == value for key, value in match.items())]

        wait_until(lambda: len(matching()) >= count,
                   lambda: f"{count} access records with {match}; there are "
                           f"{[r for r in self.access_log() if r.get('event') != 'open'][-6:]}", timeout)
        return matching()


def wait_until(condition: Callable[[], bool], what, timeout: float = 0) -> None:
    """For what no event announces. The condition is asked again until it holds or the time is over."""
    limit = patience(timeout)
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def run_weir(*arguments: str, timeout: float = 0, **options) -> subprocess.CompletedProcess:
    """A command of the binary that ends by itself."""
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True,
                          timeout=patience(timeout), stdin=subprocess.DEVNULL, **options)


@functools.lru_cache(maxsize=None)
def sanitized() -> bool:
    return b"__asan_init" in BINARY.read_bytes() or b"__tsan_init" in BINARY.read_bytes()


class WeirTest(unittest.TestCase):
    """Tests that share one process and one origin, made by `configure`. Methods may run in parallel threads."""

    parallel = 1
    weir: Weir

    @classmethod
    def configure(cls) -> Optional[Weir]:
        return None

    @classmethod
    def setUpClass(cls) -> None:
        if not BINARY.exists():
            raise unittest.SkipTest(f"no binary at {BINARY}")
        weir = cls.configure()
        if weir:
            cls.addClassCleanup(weir.stop)
            weir.start()
            cls.weir = weir

    def setUp(self) -> None:
        if not BINARY.exists():
            self.skipTest(f"no binary at {BINARY}")

    @classmethod
    def keep(cls, thing):
        """Closes it after the last test of the class."""
        cls.addClassCleanup(thing.close)
        return thing

    def use(self, thing):
        """Closes it after the test."""
        self.addCleanup(thing.close)
        return thing

    def run_one(self, domains: List[dict], **options) -> Weir:
        """A process for this test alone."""
        weir = Weir(domains, **options)
        self.addCleanup(weir.stop)
        return weir.start()

    def assert_memory(self, weir: Weir, before: int, limit: int) -> None:
        """What it has grown by. A sanitizer's own memory would tell nothing about ours."""
        if not sanitized():
            self.assertLess(weir.rss() - before, limit)

    def closed(self, wire, code: Optional[int], reason: Optional[str] = None):
        """Reads up to a Close frame and checks it."""
        got = wire.read_until_frame(frames.CLOSE)
        self.assertEqual(got.code, code, f"close reason: {got.payload[2:]!r}")
        if reason is not None:
            self.assertEqual(got.reason, reason)
        return got
