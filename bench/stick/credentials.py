"""One certificate for all: ECDSA P-256, self-signed, made anew for each run."""
import functools
import ssl
import subprocess

from stick.requests import HOST

# wrk names as SNI what its URL names, and that must lead to 127.0.0.1.
LOCAL_NAME = "localhost"
NAMES = (HOST, LOCAL_NAME)


class Credentials:
    """PEM files in `folder`: `chain`, `key`, and `both` in one."""

    def __init__(self, folder):
        self.chain, self.key, self.both = folder / "chain.pem", folder / "key.pem", folder / "both.pem"
        names = ",".join(f"DNS:{name}" for name in NAMES)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "30", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName={names}",
                        "-keyout", self.key, "-out", self.chain], check=True, capture_output=True)
        self.both.write_bytes(self.chain.read_bytes() + self.key.read_bytes())

    @functools.cached_property
    def trust(self):
        """A client's context that accepts this certificate and no other."""
        return ssl.create_default_context(cafile=self.chain)

    @functools.cached_property
    def h2_trust(self):
        """Another one, which clients that speak HTTP/2 tell to offer it."""
        return ssl.create_default_context(cafile=self.chain)
