"""nginx and HAProxy in front of Weir, as load balancers that speak HTTP: they keep connections, and say who the client is."""

from typing import List

from daemons import Daemon


class _Front(Daemon):
    def __init__(self, weir_port: int):
        self.weir_port = weir_port
        super().__init__()


class NginxFront(_Front):
    def configuration(self) -> str:
        paths = "".join(f"{kind}_temp_path {self.folder};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n"
                f"access_log {self.folder}/access.log;\n{paths}"
                "map $http_upgrade $connection_field { default upgrade; '' ''; }\n"
                f"upstream weir {{\nserver 127.0.0.1:{self.weir_port};\nkeepalive 8;\n}}\n"
                f"server {{\nlisten 127.0.0.1:{self.port};\nclient_max_body_size 0;\nlocation / {{\nproxy_pass http://weir;\n"
                "proxy_http_version 1.1;\nproxy_set_header Host $host;\nproxy_set_header Upgrade $http_upgrade;\n"
                "proxy_set_header Connection $connection_field;\n"
                "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_set_header X-Forwarded-Proto https;\n"
                "}\n}\n}\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/nginx", "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "daemon.conf")]


class HaproxyFront(_Front):
    def configuration(self) -> str:
        return ("defaults\nmode http\ntimeout connect 5s\ntimeout client 60s\ntimeout server 60s\ntimeout tunnel 60s\n"
                f"frontend in\nbind 127.0.0.1:{self.port}\noption forwardfor\n"
                "http-request set-header X-Forwarded-Proto https\ndefault_backend weir\n"
                f"backend weir\nhttp-reuse safe\nserver weir 127.0.0.1:{self.weir_port}\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/haproxy", "-db", "-f", str(self.folder / "daemon.conf")]
