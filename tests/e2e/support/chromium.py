"""Debian's Chromium without a screen, as a client that belongs to nobody here."""
import base64
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

PROGRAM = shutil.which("chromium")


class Chromium:
    """Shows `url` while it lives, with a profile of its own. Takes the certificate that `lintel` has for `host` whatever its
    issuer: Chromium reads other authorities only from the machine's policies or from an NSS database, which needs tools of
    its own; that chains and names verify is for curl, httpx and the clients of tls_clients_test.py to say."""

    def __init__(self, lintel, host, path="/"):
        self.profile = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-chromium-"))
        self.log_file = self.profile / "log"
        port = lintel.https.rpartition(":")[2]
        command = [PROGRAM, "--headless=new", "--disable-gpu",
                   "--no-sandbox",  # root can't have it
                   f"--user-data-dir={self.profile}", "--no-first-run", "--disable-background-networking",
                   "--disable-component-update", "--disable-dev-shm-usage",
                   f"--host-resolver-rules=MAP {host} 127.0.0.1",
                   f"--ignore-certificate-errors-spki-list={key_digest(lintel, host)}", f"https://{host}:{port}{path}"]
        with open(self.log_file, "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """It ends its children itself; where it doesn't, its session is ended."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        shutil.rmtree(self.profile, ignore_errors=True)

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")


def key_digest(lintel, host):
    """SHA-256 of the public key that the host's certificate has, as Chromium takes it."""
    with lintel.connect(host) as connection:
        certificate = connection.socket.getpeercert(binary_form=True)
    key = subprocess.run(["openssl", "x509", "-inform", "der", "-pubkey", "-noout"], input=certificate, capture_output=True,
                         check=True).stdout
    der = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
