"""Debian's PostgreSQL on a folder and a Unix socket of its own, gone with the test."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from typing import List

from patience import patience


def program(name: str) -> str:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise AssertionError(f"no {name} below /usr/lib/postgresql: install the package postgresql")
    return found[-1]


class Postgres:
    """One server: no TCP port, nothing synchronised to the disk. The role `weir` is a superuser without a password;
    any other role needs one. It refuses to be run by root, so it runs as `postgres` or `nobody` then. Ends with the
    `with` block."""

    def __init__(self, database: str = "usage"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-postgres-"))
        self.database = database
        self.process = None
        self.user = self._user()
        if self.user:
            shutil.chown(self.folder, self.user)
        try:
            self._run([program("initdb"), "-D", str(self.data), "-U", "weir", "-A", "trust", "-E", "UTF8",
                       "--locale=C", "--no-sync"])
            (self.data / "pg_hba.conf").write_text("local all weir trust\nlocal all all scram-sha-256\n")
            self.start()
            self.query(f"CREATE DATABASE {database}", database="postgres")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _user() -> str:
        if os.geteuid() != 0:
            return ""
        return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"

    def _command(self, words: List[str]) -> List[str]:
        # It ends with its parent, however that ends.
        prefix = ["setpriv", "--pdeathsig=KILL"]
        if self.user:
            entry = pwd.getpwnam(self.user)
            prefix += [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
        return prefix + words

    def _run(self, words: List[str]) -> None:
        done = subprocess.run(self._command(words), capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise AssertionError(f"{words[0]}: {done.stderr[-2000:]}")

    @property
    def data(self) -> pathlib.Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return self.url_of("weir")

    def url_of(self, role: str, password: str = "", database: str = "") -> str:
        """As usage.postgres.url takes it."""
        url = f"host={self.folder} dbname={database or self.database} user={role}"
        return url + (f" password={password}" if password else "")

    # -- the process ----------------------------------------------------------------------------

    def start(self) -> None:
        settings = ["listen_addresses=", "fsync=off", "shared_buffers=16MB"]
        words = [program("postgres"), "-D", str(self.data), "-k", str(self.folder)]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self._command(words + [word for setting in settings for word in ("-c", setting)]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + patience()
        ready = [program("pg_isready"), "-q", "-h", str(self.folder), "-d", "postgres", "-U", "weir"]
        while subprocess.run(ready).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL does not start:\n{self.log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends its connections at once; start() brings it back with all that was committed."""
        if self.process is None:
            return
        self.resume()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(patience())
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def pause(self) -> None:
        """The kernel still takes connections; nobody answers on them."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        # Its sessions are processes of their own, in groups of their own.
        pid = self.process.pid
        self.process.send_signal(number)
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return
        for child in children:
            try:
                os.kill(int(child), number)
            except ProcessLookupError:
                pass

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    # -- what is in it --------------------------------------------------------------------------

    def query(self, statement: str, database: str = "") -> List[List[str]]:
        """The rows of the answer, NULL as an empty text."""
        done = subprocess.run(
            [program("psql"), "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder),
             "-U", "weir", "-d", database or self.database, "-c", statement],
            capture_output=True, text=True, timeout=patience())
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def has_table(self) -> bool:
        return self.query("SELECT to_regclass('weir_usage') IS NOT NULL") == [["t"]]

    def total(self, field: str, domain: str = "") -> int:
        """Over all nodes, boots and buckets; 0 before the first row."""
        if not self.has_table():
            return 0
        where = f" WHERE domain = '{domain}'" if domain else ""
        return int(self.query(f"SELECT coalesce(sum({field}), 0) FROM weir_usage{where}")[0][0])

    def end_sessions(self) -> None:
        """Those of Weir, as a restart of the server would."""
        self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir'")

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]
