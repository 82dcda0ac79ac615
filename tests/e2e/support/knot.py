"""Knot DNS with one zone that signed updates may change: what RFC 2136 needs."""
import base64
import secrets
import shutil
import signal
import subprocess

from support.dns import TXT
from support.ports import free_port
from support.resolving import ask
from support.waiting import wait_for

KEY_NAME = "lintel-key"


def program():
    """None: it is not installed."""
    return shutil.which("knotd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")


class Knot:
    """"test" on port 53 of a loopback address of its own (PermissionError: only root may); every name is at 127.0.0.1.
    `dns_setting`: what an issuer is told of it. It answers when this returns."""

    def __init__(self, folder):
        self.ip = f"127.54.{free_port() % 250}.{free_port() % 250 + 1}"
        self.address = f"{self.ip}:53"
        self._folder = folder / "knot"
        self._folder.mkdir()
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        secret_file = self._folder / "tsig"
        secret_file.write_text(self.secret)
        secret_file.chmod(0o600)
        self.dns_setting = {"rfc2136": {"server": self.address, "key_name": KEY_NAME, "algorithm": "hmac-sha256",
                                        "secret_file": str(secret_file)}}
        (self._folder / "test.zone").write_text(
            f"$TTL 1\n$ORIGIN test.\n@ SOA ns owner 1 60 60 600 1\n@ NS ns\nns A {self.ip}\n* A 127.0.0.1\n"
            "*.w A 127.0.0.1\n")
        config = self._folder / "knot.conf"
        config.write_text(f"""
server:
    listen: {self.ip}@53
    rundir: {self._folder}
    user: root
database:
    storage: {self._folder}
log:
  - target: stderr
    any: debug
key:
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {self.secret}
acl:
  - id: ours
    key: {KEY_NAME}
    action: update
zone:
  - domain: test
    storage: {self._folder}
    file: test.zone
    acl: ours
""")

        self._log_file = self._folder / "log"
        with open(self._log_file, "wb") as log:
            self.process = subprocess.Popen([program(), "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        try:
            wait_for(lambda: self.process.poll() is not None or self._answers(), "knotd answers", within=15)
            assert self.process.poll() is None, "knotd ended"
        except AssertionError as failure:
            self.stop()
            raise AssertionError(f"{failure}\n{self.log}") from None

    @property
    def log(self):
        return self._log_file.read_text(errors="replace")

    def _answers(self):
        try:
            return bool(ask(self.ip, "ns.test", 1))
        except OSError:
            return False

    def texts(self, name):
        return [data[1:].decode() for data in ask(self.ip, name, TXT)]

    def updates(self):
        """How many changes it took."""
        return self.log.count("DDNS, finished")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
