"""A time-stamping authority for tests: `openssl ts` behind a small server on loopback.

It answers well unless it is told how to fail. Its certificates are made here, with a root, one in
between that travels along in the answer, and signers that are sound, expired or of somebody else.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ledger.log.anchoring import QUERY, REPLY, Authority
from ledger.log.time_stamp import Trusted, read_certificates

PATIENCE_SECONDS = 60
CONFIG = """
[tsa]
default_tsa = stamping
[stamping]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/{signer}.pem
signer_key = {folder}/{signer}.key
certs = {folder}/between.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""

Reply = Callable[[bytes], bytes]


class Issued:
    """A certificate with its key."""

    def __init__(
        self,
        name: str,
        by: Issued | None = None,
        *,
        stamps: bool = False,
        ended: bool = False,
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        issuer = by or self
        made = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=-1 if ended else 30))
            .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
        )
        if stamps:
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            made = made.add_extension(use, critical=True)
        self.certificate = made.sign(issuer.key, hashes.SHA256())

    def write(self, folder: Path, name: str) -> None:
        (folder / f"{name}.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        secret = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(secret)


def certificates(folder: Path) -> None:
    """Put root, between, sound, ended and strange into a folder, and the root alone beside them."""
    root = Issued("Stam")
    between = Issued("Tussen", root)
    issued = {
        "root": root,
        "between": between,
        "sound": Issued("Stempel", between, stamps=True),
        "ended": Issued("Verlopen stempel", between, stamps=True, ended=True),
        # The names of the trusted ones, but by another root.
        "strange": Issued("Stempel", Issued("Tussen", Issued("Stam")), stamps=True),
    }
    for name, one in issued.items():
        one.write(folder, name)
    (folder / "serial").write_text("01\n")


class Tsa:
    """The authority: `reply` makes the answer, `count` tells how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.reset()

    def reset(self) -> None:
        """Answer well again."""
        self.reply: Reply = self.stamp
        self.media_type = REPLY
        self.status = 200
        self.headers: dict[str, str] = {}
        self.queries: list[bytes] = []
        self.drip_seconds = 0.0
        self.cut_bytes = 0

    @property
    def count(self) -> int:
        return len(self.queries)

    @property
    def trusted(self) -> Trusted:
        return read_certificates([self.folder / "root.pem"])

    def authority(self, *, seconds: float = PATIENCE_SECONDS) -> Authority:
        return Authority(self.url, self.trusted, seconds)

    def stamp(self, query: bytes, *, signer: str = "sound", digests: str = "sha256") -> bytes:
        """Return what openssl answers to a question."""
        config = self.folder / f"{signer}-{digests}.cnf"
        config.write_text(CONFIG.format(folder=self.folder, signer=signer, digests=digests))
        asked, answer = self.folder / "asked.tsq", self.folder / "answer.tsr"
        asked.write_bytes(query)
        openssl("ts", "-reply", "-config", config, "-queryfile", asked, "-out", answer)
        return answer.read_bytes()

    def signed_by(self, signer: str) -> Reply:
        return partial(self.stamp, signer=signer)


def openssl(*arguments: str | Path) -> str:
    """Run openssl to its end; it must end well. Return what it printed."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@contextmanager
def authority_in(folder: Path) -> Iterator[Tsa]:
    """Run an authority with its certificates in this folder."""
    certificates(folder)
    tsa = Tsa(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(tsa, threading.Lock()))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    tsa.url = f"http://127.0.0.1:{server.server_port}/tsa"
    try:
        yield tsa
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_SECONDS)


def handler_of(tsa: Tsa, one_at_a_time: threading.Lock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == QUERY
            tsa.queries.append(query)
            with one_at_a_time:
                data = tsa.reply(query)
            self.send_response(tsa.status)
            self.send_header("Content-Type", tsa.media_type)
            self.send_header("Content-Length", str(len(data)))
            for name, value in tsa.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self._send(data[: len(data) - tsa.cut_bytes])
            except OSError:
                self.close_connection = True

        def _send(self, data: bytes) -> None:
            if not tsa.drip_seconds:
                self.wfile.write(data)
                return
            pause = threading.Event()
            for byte in data:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                pause.wait(tsa.drip_seconds)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
