"""Plain requests as tests send them: domains that take them, one connection for many, and what comes back."""

import hashlib
import http.client
import json
import subprocess
from typing import List, Optional

from harness import domain
from patience import patience


def http_domain(name: str, port: Optional[int] = None, *, http: Optional[dict] = None, **other) -> dict:
    """With WebSocket and plain requests on."""
    return domain(name, port, http={"enabled": True, **(http or {})}, **other)


def sum_of(body: bytes) -> str:
    """As the origins' /sum and /upload say it."""
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}"


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status, self.body = response.status, response.read()
        self.fields = response.getheaders()

    def get(self, name: str) -> Optional[str]:
        return self.all(name)[0] if self.all(name) else None

    def all(self, name: str) -> List[str]:
        return [value for field, value in self.fields if field.lower() == name.lower()]


class Connection:
    """One of HTTP/1.1, for one request after the other."""

    def __init__(self, port: int, host: str, tls=None):
        self.host = host
        self.inner = (http.client.HTTPSConnection("127.0.0.1", port, timeout=patience(), context=tls) if tls
                      else http.client.HTTPConnection("127.0.0.1", port, timeout=patience()))
        self.inner.auto_open = 0  # a connection that was closed is not made again in silence
        self.inner.connect()

    def ask(self, method: str, path: str, body=None, chunked: bool = False, **fields: str) -> Answer:
        """`body`: bytes, or with `chunked` an iterable of them. `_` in names of fields stands for `-`."""
        named = {"Host": self.host, **{name.replace("_", "-"): value for name, value in fields.items()}}
        if chunked:
            named["Transfer-Encoding"] = "chunked"
        self.inner.request(method, path, body=body, headers=named, encode_chunked=chunked)
        return Answer(self.inner.getresponse())

    def close(self) -> None:
        self.inner.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def ask(port: int, host: str, path: str, method: str = "GET", body=None, **fields: str) -> Answer:
    with Connection(port, host) as connection:
        return connection.ask(method, path, body, **fields)


def curl(port: int, host: str, path: str, *options: str) -> "tuple[str, bytes]":
    """What --write-out says ("%{http_code}" by default), and the body."""
    said = [] if "--write-out" in options else ["--write-out", "%{http_code}"]
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", str(patience()), "--output", "/dev/stderr",
         "--resolve", f"{host}:{port}:127.0.0.1", *said, *options, f"http://{host}:{port}{path}"],
        capture_output=True, timeout=2 * patience(), stdin=subprocess.DEVNULL)
    return done.stdout.decode(), done.stderr


def job(command: List[str]) -> dict:
    """A client that prints its result as JSON."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * patience(), stdin=subprocess.DEVNULL)
    if not done.stdout:
        raise AssertionError(f"{command[:2]}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
