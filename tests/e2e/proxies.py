"""Debian's tinyproxy and squid as forward proxies, each on a folder and a port of its own, gone with the test."""

import hashlib
import os
from typing import Dict, List, Optional

from daemons import Daemon


class ForwardProxy(Daemon):
    def __init__(self, users: Optional[Dict[str, str]] = None):
        self.users = users or {}
        super().__init__()


class Tinyproxy(ForwardProxy):
    """With users: Basic. It answers 407 to a request without credentials, and 401 to wrong ones."""

    def configuration(self) -> str:
        users = "".join(f"BasicAuth {name} {password}\n" for name, password in self.users.items())
        return (f"Port {self.port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nAllow 127.0.0.1\n"
                f"LogFile \"{self.folder}/access.log\"\nLogLevel Connect\n" + users)

    def command(self) -> List[str]:
        return ["tinyproxy", "-d", "-c", str(self.folder / "daemon.conf")]


class Squid(ForwardProxy):
    """Digest, with realm `weir`."""

    REALM = "weir"

    def configuration(self) -> str:
        lines = []
        for name, password in self.users.items():
            key = hashlib.md5(f"{name}:{self.REALM}:{password}".encode()).hexdigest()
            lines.append(f"{name}:{self.REALM}:{key}\n")
        (self.folder / "users").write_text("".join(lines))
        return (f"http_port 127.0.0.1:{self.port}\nvisible_hostname proxy.test\npid_filename none\n"
                f"auth_param digest program /usr/lib/squid/digest_file_auth -c {self.folder}/users\n"
                f"auth_param digest children 1 startup=1\nauth_param digest realm {self.REALM}\n"
                "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n"
                f"access_log stdio:{self.folder}/access.log\ncache_log {self.folder}/cache.log\n"
                f"coredump_dir {self.folder}\ncache deny all\ncache_mem 8 MB\nmax_filedescriptors 1024\n"
                "shutdown_lifetime 0 seconds\n")

    def command(self) -> List[str]:
        return ["/usr/sbin/squid", "-N", "-f", str(self.folder / "daemon.conf")]


def missing() -> str:
    """The programs that are not there; empty: all are."""
    return ", ".join(path for path in ("/usr/bin/tinyproxy", "/usr/sbin/squid") if not os.path.exists(path))
