"""Certificates for a run, made by openssl into a temporary folder: one authority, and leaves good and bad."""

import atexit
import base64
import functools
import hashlib
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
from typing import List, Sequence

# Tests run in threads, and a certificate must not be made twice: the second key would replace the first.
_making = threading.RLock()


@functools.lru_cache(maxsize=None)
def folder() -> pathlib.Path:
    path = pathlib.Path(tempfile.mkdtemp(prefix="weir-e2e-tls-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder())


class Leaf:
    """A certificate and its key, as paths."""

    def __init__(self, name: str):
        self.certificate = folder() / f"{name}.pem"
        self.key = folder() / f"{name}.key"

    @property
    def yaml(self) -> dict:
        return {"certificate": f"file:{self.certificate}", "key": f"file:{self.key}"}

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def _key(kind: str) -> List[str]:
    if kind == "rsa":
        return ["-newkey", "rsa:2048"]
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def authority(name: str = "authority") -> Leaf:
    with _making:
        return _authority(name)


@functools.lru_cache(maxsize=None)
def _authority(name: str) -> Leaf:
    openssl("req", "-x509", *_key("ec"), "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN=Weir test {name}", "-days", "30")
    return Leaf(name)


def leaf(host: str, kind: str = "ec", issuer: str = "authority", days: int = 20,
         also: Sequence[str] = ()) -> Leaf:
    """A leaf for the host. Negative days: it has expired. Issuer "self": signed by itself."""
    names = ",".join(f"DNS:{name}" for name in (host, *also))
    label = f"{host.replace('*', 'any')}-{kind}-{issuer}-{days}-{len(also)}"
    with _making:
        return _leaf(label, host, kind, issuer, days, names)


def odd_leaf(label: str, common_name: str, names: str) -> Leaf:
    """With the names as openssl's subjectAltName has them; empty: without that extension."""
    with _making:
        return _leaf(label, common_name, "ec", "authority", 20, names)


@functools.lru_cache(maxsize=None)
def _leaf(label: str, common_name: str, kind: str, issuer: str, days: int, names: str) -> Leaf:
    subject = ["-subj", f"/CN={common_name}" if common_name else "/"]
    extension = [f"subjectAltName={names}"] if names else []
    if issuer == "self":
        added = [part for one in extension for part in ("-addext", one)]
        openssl("req", "-x509", *_key(kind), "-nodes", "-keyout", f"{label}.key", "-out",
                f"{label}.pem", *subject, *added, "-days", str(days))
        return Leaf(label)
    by = authority(issuer)
    openssl("req", *_key(kind), "-nodes", "-keyout", f"{label}.key", "-out", f"{label}.csr", *subject)
    (folder() / f"{label}.ext").write_text("".join(f"{one}\n" for one in extension))
    openssl("x509", "-req", "-in", f"{label}.csr", "-CA", str(by.certificate), "-CAkey", str(by.key),
            "-CAcreateserial", "-out", f"{label}.pem", "-extfile", f"{label}.ext", "-days", str(days))
    return Leaf(label)


def encrypted(leaf: Leaf) -> pathlib.Path:
    """Its key behind a passphrase."""
    path = pathlib.Path(f"{leaf.key}.encrypted")
    openssl("pkey", "-in", str(leaf.key), "-aes256", "-passout", "pass:secret", "-out", str(path))
    return path


def pin(leaf: Leaf) -> str:
    """As origin.tls.pins has it: of the public key."""
    openssl("x509", "-in", str(leaf.certificate), "-noout", "-pubkey", "-out", f"{leaf.key}.pub")
    openssl("pkey", "-pubin", "-in", f"{leaf.key}.pub", "-outform", "DER", "-out", f"{leaf.key}.der")
    digest = hashlib.sha256(pathlib.Path(f"{leaf.key}.der").read_bytes()).digest()
    return "sha256/" + base64.b64encode(digest).decode()


def client_context(issuer: str = "authority") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority(issuer).certificate))
    return context


def trusting_anything() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
