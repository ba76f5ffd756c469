"""HAProxy and nginx in front of Weir and behind it: with the PROXY protocol, or with fields that name the client."""

import certificates
from daemons import Daemon, free_port


class _Peer(Daemon):
    """In front of a plain origin. Takes a PROXY header at `port`, and one before TLS at `tls_port`; the origin is told in
    X-Named whom it names."""

    def __init__(self, leaf: certificates.Leaf, origin_port: int):
        self.leaf, self.origin_port = leaf, origin_port
        super().__init__()


class HaproxyOrigin(_Peer):
    def configuration(self) -> str:
        self.tls_port = free_port()
        both = self.folder / "both.pem"
        both.write_text(self.leaf.certificate.read_text() + self.leaf.key.read_text())
        return (f"defaults\nmode http\ntimeout connect 5s\ntimeout client 30s\ntimeout server 30s\ntimeout tunnel 30s\n"
                f"frontend in\nbind 127.0.0.1:{self.port} accept-proxy\n"
                f"bind 127.0.0.1:{self.tls_port} accept-proxy ssl crt {both}\n"
                "http-request set-header X-Named %[src],%[src_port]\ndefault_backend origin\n"
                f"backend origin\nserver origin 127.0.0.1:{self.origin_port}\n")

    def command(self):
        return ["/usr/sbin/haproxy", "-db", "-f", str(self.folder / "daemon.conf")]


class NginxOrigin(_Peer):
    def configuration(self) -> str:
        self.tls_port = free_port()
        paths = "".join(f"{kind}_temp_path {self.folder};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
                f"http {{\naccess_log {self.folder}/access.log;\n{paths}server {{\n"
                f"listen 127.0.0.1:{self.port} proxy_protocol;\nlisten 127.0.0.1:{self.tls_port} ssl proxy_protocol;\n"
                f"ssl_certificate {self.leaf.certificate};\nssl_certificate_key {self.leaf.key};\n"
                f"location / {{\nproxy_pass http://127.0.0.1:{self.origin_port};\nproxy_http_version 1.1;\n"
                "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;\n"
                "proxy_set_header X-Named $proxy_protocol_addr,$proxy_protocol_port;\n}\n}\n}\n")

    def command(self):
        return ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "daemon.conf")]


class HaproxyFront(Daemon):
    """A load balancer: `ports[how]` leads to Weir with the header that `how` stands for, and asks whether it lives."""

    WAYS = ("send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn")

    def __init__(self, weir_port: int):
        self.weir_port = weir_port
        super().__init__()

    def configuration(self) -> str:
        self.ports = {way: free_port() for way in self.WAYS}
        text = "defaults\nmode tcp\ntimeout connect 5s\ntimeout client 30s\ntimeout server 30s\n"
        text += f"frontend status\nmode http\nbind 127.0.0.1:{self.port}\nmonitor-uri /\n"
        for way, port in self.ports.items():
            text += (f"listen {way}\nbind 127.0.0.1:{port}\nbind [::1]:{port}\n"
                     f"server weir 127.0.0.1:{self.weir_port} {way} check inter 200ms\n")
        return text

    def command(self):
        return ["/usr/sbin/haproxy", "-db", "-f", str(self.folder / "daemon.conf")]


class HaproxyHttpFront(Daemon):
    """Passes requests on with a line of X-Forwarded-For of its own."""

    def __init__(self, weir_port: int):
        self.weir_port = weir_port
        super().__init__()

    def configuration(self) -> str:
        return ("defaults\nmode http\ntimeout connect 5s\ntimeout client 30s\ntimeout server 30s\ntimeout tunnel 30s\n"
                f"option forwardfor\nlisten front\nbind 127.0.0.1:{self.port}\n"
                f"server weir 127.0.0.1:{self.weir_port}\n")

    def command(self):
        return ["/usr/sbin/haproxy", "-db", "-f", str(self.folder / "daemon.conf")]


class NginxHttpFront(Daemon):
    """Appends to X-Forwarded-For, and says itself which scheme and host the client has used."""

    def __init__(self, weir_port: int):
        self.weir_port = weir_port
        super().__init__()

    def configuration(self) -> str:
        paths = "".join(f"{kind}_temp_path {self.folder};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\n"
                f"http {{\naccess_log off;\n{paths}server {{\nlisten 127.0.0.1:{self.port};\nlocation / {{\n"
                f"proxy_pass http://127.0.0.1:{self.weir_port};\nproxy_http_version 1.1;\nproxy_set_header Host $host;\n"
                "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;\n"
                "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
                "proxy_set_header X-Forwarded-Proto https;\nproxy_set_header X-Forwarded-Host front.test;\n}\n}\n}\n")

    def command(self):
        return ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "daemon.conf")]
