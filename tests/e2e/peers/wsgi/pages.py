"""A WSGI application for gunicorn: /hello, /sum, /chunks, /fields and /small, as pages.mjs has them."""

import hashlib
import json

MOST = 1024 * 1024


def _sum(environ) -> bytes:
    digest, size = hashlib.sha256(), 0
    while piece := environ["wsgi.input"].read(65536):
        digest.update(piece)
        size += len(piece)
    return f"{size} {digest.hexdigest()}".encode()


def _fields(environ) -> bytes:
    return json.dumps({name: value for name, value in environ.items()
                       if name.startswith("HTTP_") or name in ("wsgi.url_scheme", "REMOTE_ADDR")}).encode()


def _whole(start, body: bytes, status: str = "200 OK"):
    start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def application(environ, start):
    path = environ["PATH_INFO"]
    if path == "/chunks":
        start("200 OK", [("Content-Type", "text/plain")])
        return (f"{number} ".encode() for number in range(5))
    if path == "/hello":
        return _whole(start, b"hello from gunicorn\n")
    if path == "/fields":
        return _whole(start, _fields(environ))
    if path == "/small" and int(environ.get("CONTENT_LENGTH") or MOST + 1) > MOST:
        return _whole(start, b"too large for this page\n", "413 Payload Too Large")
    if path in ("/sum", "/small"):
        return _whole(start, _sum(environ))
    return _whole(start, b"no such page\n", "404 Not Found")
