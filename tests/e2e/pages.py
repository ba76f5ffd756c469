"""An origin of plain requests: pages of every framing, uploads, and streams that a test holds up."""

import http.server
import threading

SMALL = b"<p>a page</p>\n"
LARGE = bytes(range(256)) * 4096  # 1 MiB


class Pages(http.server.ThreadingHTTPServer):
    """Keeps connections alive. `/half` sends half of LARGE, then waits for go_on."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.half = threading.Event()  # the first half has been sent
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Clients that leave, and a gateway that is killed, are part of the play."""

    def close(self) -> None:
        self.go_on.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Pages

    def log_message(self, *_):
        """Nothing."""

    def head(self, status: int, *fields) -> None:
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def give(self, body: bytes, *fields, status: int = 200) -> None:
        self.head(status, ("Content-Length", str(len(body))), *fields)
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        page = self.path.split("?")[0]
        if page == "/large":
            self.give(LARGE, ("Content-Type", "application/octet-stream"))
        elif page == "/chunked":
            self.head(200, ("Transfer-Encoding", "chunked"), ("Content-Type", "text/css"))
            for part in (SMALL, LARGE[:5000]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        elif page == "/range":
            self.give(SMALL[:5], ("Content-Range", f"bytes 0-4/{len(SMALL)}"), status=206)
        elif page == "/same":
            self.head(304, ("ETag", '"1"'))
        elif page == "/half":
            self.head(200, ("Content-Length", str(len(LARGE))))
            self.wfile.write(LARGE[:len(LARGE) // 2])
            self.server.half.set()
            self.server.go_on.wait(60)
            self.wfile.write(LARGE[len(LARGE) // 2:])
        elif page == "/events":
            self.head(200, ("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
            self.wfile.write(b"9\r\ndata: 1\n\n\r\n")
            self.server.go_on.wait(60)
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.give(SMALL, ("Content-Type", "text/html"))

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.give(b"%d\n" % len(body), ("Content-Type", "text/plain"))
