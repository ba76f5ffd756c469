"""The proxies under test, each with one worker and a configuration tuned for WebSocket.

All of them terminate TLS with the same certificate, resume sessions by tickets, verify the
origin's certificate by its name where they speak TLS to it, and never time an open session out.
"""

import dataclasses
import os
import pathlib
import socket
import subprocess
import time

import measure
import tools

# A connection to one address and port can have 28,000 source ports, so the origin, which listens
# everywhere, is named by several addresses.
ORIGIN_ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")


@dataclasses.dataclass(frozen=True)
class Setting:
    """What one run asks of a proxy."""

    folder: pathlib.Path        # its own, empty
    certificates: pathlib.Path
    origin_ports: dict          # http and https
    origin_protocol: str
    large_buffers: bool
    logs: bool
    descriptors: int
    plain_port: int
    secure_port: int
    origin_addresses: tuple = ORIGIN_ADDRESSES
    admin_port: int = 0         # Weir's; 0: any
    weir_origin: str = ""       # Weir's further settings of the origin, each "key: value"
    weir_usage: str = ""        # and of usage
    plain_requests: bool = False  # and no upgrades

    @property
    def origin_port(self):
        return self.origin_ports[self.origin_protocol]


class Proxy:
    """A running proxy. Subclasses write its files and say how it is started."""

    name = ""
    binary = ""
    version_flag = "-v"

    def __init__(self, setting):
        self.setting = setting
        self.ports = {False: setting.plain_port, True: setting.secure_port}
        command = self.configure(setting)
        with open(setting.folder / "output.log", "wb") as output:
            self.process = subprocess.Popen(tools.pinned(tools.PROXY_CORE, command),
                                            stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, cwd=setting.folder)
        try:
            self._wait_for_ports()
        except Exception:
            self.stop()
            raise

    def configure(self, setting):
        raise NotImplementedError

    def members(self):
        return measure.family(self.process.pid)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait_for_ports(self):
        limit = time.monotonic() + 10
        for port in self.ports.values():
            while not _listens(port):
                if self.process.poll() is not None or time.monotonic() > limit:
                    output = (self.setting.folder / "output.log").read_text(errors="replace")
                    raise RuntimeError(f"{self.name} does not start:\n{output[-2000:]}")
                time.sleep(0.02)
        # The probes above are to be over and forgotten before anything is measured.
        time.sleep(0.2)


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Nginx(Proxy):
    name = "nginx"
    binary = "nginx"

    def configure(self, s):
        upstream = " ".join(f"server {address}:{s.origin_port};" for address in s.origin_addresses)
        temporary = "".join(f"  {kind}_temp_path {s.folder}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        buffers = ("proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;"
                   if s.large_buffers else "")
        verify = ""
        if s.origin_protocol == "https":
            verify = (f"proxy_ssl_verify on; proxy_ssl_name bench.test; proxy_ssl_server_name on; "
                      f"proxy_ssl_trusted_certificate {s.certificates}/bench.pem; "
                      f"proxy_ssl_protocols TLSv1.2 TLSv1.3;")
        # As its manual says for connections to origins that are kept; bodies are passed on as they come.
        keep = "keepalive 64;" if s.plain_requests else ""
        connection = '""' if s.plain_requests else "$connection_upgrade"
        streams = ("proxy_request_buffering off; proxy_buffering off; client_max_body_size 0;"
                   if s.plain_requests and s.large_buffers else "")
        # nginx drops connections that have not sent their request yet when fewer than a sixteenth of
        # worker_connections are free, so it gets twice of what it may open.
        connections = min(2 * s.descriptors, 262144)
        text = f"""
{'user root;' if os.geteuid() == 0 else ''}
daemon off;
worker_processes 1;
pid {s.folder}/nginx.pid;
error_log {s.folder}/error.log {'info' if s.logs else 'crit'};
events {{ worker_connections {connections}; multi_accept on; }}
http {{
  access_log {f'{s.folder}/access.log' if s.logs else 'off'};
{temporary}
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  upstream origin {{ {upstream} {keep} }}
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  server {{
    listen 127.0.0.1:{s.plain_port} backlog=4096;
    listen 127.0.0.1:{s.secure_port} ssl backlog=4096;
    server_name bench.test;
    ssl_certificate {s.certificates}/bench.pem;
    ssl_certificate_key {s.certificates}/bench.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets on;
    ssl_session_timeout 1h;
    location / {{
      proxy_pass {s.origin_protocol}://origin;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection {connection};
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
      {buffers}
      {streams}
      {verify}
    }}
  }}
}}
"""
        (s.folder / "nginx.conf").write_text(text)
        return [self.binary, "-p", s.folder, "-e", s.folder / "error.log",
                "-c", s.folder / "nginx.conf"]


class Haproxy(Proxy):
    name = "haproxy"
    binary = "haproxy"
    defaults = ""
    pipes = 0

    def configure(self, s):
        secure = ""
        if s.origin_protocol == "https":
            secure = (f" ssl verify required ca-file {s.certificates}/bench.pem"
                      " sni str(bench.test) verifyhost bench.test")
        servers = "".join(f"  server origin{index} {address}:{s.origin_port}{secure}\n"
                          for index, address in enumerate(s.origin_addresses))
        text = f"""
global
  nbthread 1
  maxconn {min((s.descriptors - 256) // 2 - self.pipes, 120000)}
  maxpipes {self.pipes}
  tune.bufsize {65536 if s.large_buffers else 16384}
  {'log stdout format raw local0' if s.logs else ''}
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  http-reuse safe
  {'log global' if s.logs else ''}
  {'option httplog' if s.logs else ''}
  {self.defaults}
frontend clients
  bind 127.0.0.1:{s.plain_port}
  bind 127.0.0.1:{s.secure_port} ssl crt {s.certificates}/both.pem
  default_backend origin
backend origin
{servers}"""
        (s.folder / "haproxy.cfg").write_text(text)
        return [self.binary, "-db", "-f", s.folder / "haproxy.cfg"]


class HaproxySplice(Haproxy):
    """HAProxy that lets the kernel pass plain bytes from socket to socket."""

    name = "haproxy-splice"
    defaults = "option splice-request\n  option splice-response"
    pipes = 256


class Weir(Proxy):
    name = "weir"
    binary = str(tools.ROOT / "build" / "release" / "weir")
    version_flag = "-V"

    def configure(self, s):
        servers = ", ".join(f"{{ address: {address} }}" for address in s.origin_addresses)
        text = f"""version: 1
workers: 1
state_dir: {s.folder}/state
listeners:
  - {{ name: web, address: "127.0.0.1", ports: [{s.plain_port}] }}
  - {{ name: secure, address: "127.0.0.1", ports: [{s.secure_port}], tls: true }}
admin: {{ listen: "127.0.0.1:{s.admin_port}" }}
{f'usage: {{ {s.weir_usage} }}' if s.weir_usage else ''}
log: {{ access: {{ path: {f'"{s.folder}/access.log"' if s.logs else 'off'} }} }}
domains:
  - domain: bench.test
    tls:
      certificate: "file:{s.certificates}/bench.pem"
      key: "file:{s.certificates}/bench.key"
    websocket: {{ enabled: true, connection_timeout: 1h }}
    access: {{ origins: any }}
    {'http: { enabled: true, event_timeout: off }' if s.plain_requests else ''}
    origin:
      protocol: {s.origin_protocol}
      ports: {{ http: {s.origin_ports['http']}, https: {s.origin_ports['https']} }}
      tls: {{ verify: true, ca: "file:{s.certificates}/bench.pem" }}
      servers: [{servers}]
      {s.weir_origin}
"""
        (s.folder / "state").mkdir()
        (s.folder / "weir.yaml").write_text(text)
        return [self.binary, "run", "-c", s.folder / "weir.yaml"]


class WeirOld(Weir):
    """Another build of Weir, in the same rounds."""

    name = "weir-old"
    binary = str(tools.ROOT / "build" / "old" / "weir")


class Floor(Proxy):
    """The blind relay: what it costs to pass the bytes on and do nothing else."""

    name = "floor"
    binary = str(tools.BUILD / "bench_relay")
    version_flag = ""

    def configure(self, s):
        return [self.binary, s.plain_port, s.secure_port, s.certificates / "bench.pem",
                s.certificates / "bench.key", s.origin_protocol, s.origin_port,
                *s.origin_addresses]


ALL = {proxy.name: proxy for proxy in (Weir, WeirOld, Floor, Nginx, Haproxy, HaproxySplice)}
