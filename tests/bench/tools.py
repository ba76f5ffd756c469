"""The bench's own programs: built when stale, started on their core, spoken to over pipes."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
PROGRAMS = ("load", "origin", "http_load", "http_origin", "relay")
PROXY_CORE = 0
LOAD_CORE = 1


def build():
    """Compile the programs with g++ unless they are newer than their sources."""
    BUILD.mkdir(parents=True, exist_ok=True)
    sources = [path for path in sorted(HERE.glob("*.cc")) if not path.stem.endswith("_test")]
    newest = max(path.stat().st_mtime for path in [*sources, *HERE.glob("*.h")])
    common = [path for path in sources if path.stem not in PROGRAMS]
    for name in PROGRAMS:
        program = BUILD / f"bench_{name}"
        if program.exists() and program.stat().st_mtime > newest:
            continue
        print(f"building {program.name} …", flush=True)
        subprocess.run(["g++", "-std=c++20", "-O2", "-I", ROOT, HERE / f"{name}.cc", *common,
                        "-o", program, "-lssl", "-lcrypto"], check=True)


def pinned(core, command):
    """The command bound to a core, where there is more than one."""
    words = [str(word) for word in command]
    if os.cpu_count() < 2 or not shutil.which("taskset"):
        return words
    return ["taskset", "-c", str(core), *words]


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(folder):
    """A self-signed ECDSA P-256 certificate for bench.test; it vouches for itself."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "30", "-subj", "/CN=bench.test",
         "-addext", "subjectAltName=DNS:bench.test",
         "-keyout", folder / "bench.key", "-out", folder / "bench.pem"],
        check=True, capture_output=True)
    both = (folder / "bench.pem").read_text() + (folder / "bench.key").read_text()
    (folder / "both.pem").write_text(both)


class Helper:
    """A program of ours that talks in lines and leaves when its standard input ends."""

    def __init__(self, command, time_limit):
        self.process = subprocess.Popen(pinned(LOAD_CORE, command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        # Nothing may hang: after the limit the pipe breaks and the reader sees an empty line.
        self._timer = threading.Timer(time_limit, self.process.kill)
        self._timer.daemon = True
        self._timer.start()

    def line(self):
        return self.process.stdout.readline().strip()

    def tell(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def stop(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._timer.cancel()
        self.process.stdout.close()


class Origin(Helper):
    """The echo origin; it listens on every address of the machine, plain and with TLS."""

    def __init__(self, certificates, time_limit=24 * 3600):
        super().__init__([BUILD / "bench_origin", certificates / "bench.pem",
                          certificates / "bench.key"], time_limit)
        word, plain, secure = self.line().split()
        assert word == "ready"
        self.ports = {"http": int(plain), "https": int(secure)}

    def secured(self):
        """Connections with TLS that are over, and how many of these resumed a session."""
        self.tell()
        return [int(word) for word in self.line().split()]


class HttpOrigin(Helper):
    """The origin of plain requests."""

    def __init__(self, certificates, time_limit=24 * 3600):
        super().__init__([BUILD / "bench_http_origin", certificates / "bench.pem",
                          certificates / "bench.key"], time_limit)
        word, plain, secure = self.line().split()
        assert word == "ready"
        self.ports = {"http": int(plain), "https": int(secure)}

    def connections(self):
        """How many are open now, and how many there were."""
        self.tell()
        return [int(word) for word in self.line().split()]


class Load(Helper):
    """One run of the load: prepared() once its connections are open, then work()."""

    def __init__(self, mode, port, tls, certificates, time_limit=200, **options):
        command = [BUILD / "bench_load", mode, "--port", port]
        if tls:
            command += ["--tls", "--ca", certificates / "bench.pem"]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            command += [flag] if value is True else [flag, value]
        super().__init__(command, time_limit)

    def prepared(self):
        return self.line() == "ready"

    def work(self):
        """Let it work; its results, or none when it died or ran out of time."""
        self.tell()
        text = self.line()
        return json.loads(text) if text else None


class HttpLoad(Load):
    """The same of plain requests."""

    def __init__(self, mode, port, tls, certificates, time_limit=200, **options):
        words = [f"{name}={value}" for name, value in options.items()]
        if tls:
            words.append(f"ca={certificates / 'bench.pem'}")
        Helper.__init__(self, [BUILD / "bench_http_load", mode, f"port={port}", *words], time_limit)
