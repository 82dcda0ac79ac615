"""Upstreams behind TLS and behind the PROXY protocol, and a private CA for them."""
import ssl
import subprocess
from dataclasses import dataclass

from support.backend import Backend, ok


class Authority:
    """A CA of its own in `folder`; `file` is its certificate. All that it issues lasts `days`."""

    def __init__(self, folder, name="private", days=30):
        self.folder, self.name, self.days = folder, name, days
        self.file, self.key = self._make(name, f"/CN={name} CA", [])

    def issue(self, name, subject_alternative):
        """A pair of files: a certificate for "DNS:…" or "IP:…", and its key."""
        return self._make(name, f"/CN={name}", ["-CA", self.file, "-CAkey", self.key, "-addext",
                                                f"subjectAltName={subject_alternative}"])

    def _make(self, name, subject, arguments):
        certificate, key = (self.folder / f"{self.name}-{name}{end}.pem" for end in ("", "-key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", str(self.days), "-subj", subject, *map(str, arguments), "-keyout", str(key),
                        "-out", str(certificate)], check=True, capture_output=True)
        return certificate, key


@dataclass
class Handshake:
    server_name: str  # SNI; None where the client sent none
    resumed: bool
    client: str  # common name of the client's certificate, None without one
    version: str


class TlsBackend(Backend):
    """`pair`: its certificate and key; `clients`: an Authority whose certificates it demands. `handshakes` are those
    that came to an end, `refused` what was wrong with the others (a probe's connection among them)."""

    def __init__(self, pair, answer=ok, clients=None, highest=ssl.TLSVersion.TLSv1_3, port=0):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(*pair)
        self.context.maximum_version = highest
        if clients:
            self.context.load_verify_locations(clients.file)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.names = {}
        self.context.sni_callback = lambda session, name, _: self.names.__setitem__(session.fileno(), name)
        self.handshakes, self.refused = [], []
        super().__init__(answer, port=port)
        self.named_url = f"https://localhost:{self.port}"
        self.url = f"https://127.0.0.1:{self.port}"

    def _converse(self, accepted, number):
        descriptor = accepted.fileno()
        try:
            secured = self.context.wrap_socket(accepted, server_side=True)
        except OSError as failure:
            self.refused.append(str(failure))
            return
        self._sockets[number] = secured
        subject = dict(pair for part in (secured.getpeercert() or {}).get("subject", ()) for pair in part)
        self.handshakes.append(Handshake(self.names.pop(secured.fileno(), self.names.pop(descriptor, None)),
                                         secured.session_reused, subject.get("commonName"), secured.version()))
        super()._converse(secured, number)


class ProxiedBackend(Backend):
    """Takes `size` bytes off each connection before HTTP, a function of what came so far to whether more is needed.
    `headers` are those bytes."""

    def __init__(self, more_needed, answer=ok, context=None):
        self.more_needed, self.context, self.headers = more_needed, context, []
        super().__init__(answer)

    def _converse(self, accepted, number):
        header = b""
        while self.more_needed(header):
            byte = accepted.recv(1)
            if not byte:
                break
            header += byte
        if header:
            self.headers.append(header)
            if self.context:
                self._sockets[number] = accepted = self.context.wrap_socket(accepted, server_side=True)
        super()._converse(accepted, number)
