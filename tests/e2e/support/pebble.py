"""A real ACME CA: pebble, on free loopback ports, with an API certificate of its own."""
import functools
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request

from support.ports import free_port
from support.tls_backend import Authority
from support.waiting import wait_for


@functools.cache
def program():
    """Which pebble: LINTEL_TEST_PEBBLE, one that was built with go (it is newer), or that of PATH. Says it once."""
    built = pathlib.Path.home() / "go/bin/pebble"
    found = os.environ.get("LINTEL_TEST_PEBBLE") or (str(built) if built.exists() else shutil.which("pebble"))
    if not found:
        raise AssertionError("no pebble here: Debian's package pebble has it, or LINTEL_TEST_PEBBLE names it")
    print(f"pebble: {found}", flush=True)
    return found


class Pebble:
    """Validates at the given ports, and asks `dns` for every name. It runs when this returns.

    `nonce_reject`: per cent of good nonces; `sleep`: at most so many seconds before each validation (0: none);
    `authz_reuse`: per cent; `external`: {kid: base64url key} of the accounts that it demands; `profiles`: {name: life
    in seconds}, `retry_after`: seconds that it says of authorizations and orders, for versions that have them;
    `ports`: its API's and its management's, those of an earlier one."""

    def __init__(self, folder, http_port, tls_port, dns, nonce_reject=5, sleep=0, always_valid=False, authz_reuse=0,
                 alternate_roots=0, chain_length=1, external=None, profiles=None, retry_after=1, ports=None):
        self.folder = pathlib.Path(folder)
        self.port, self.management_port = ports or (free_port(), free_port())
        self.directory = f"https://localhost:{self.port}/dir"
        authority = Authority(self.folder, "pebble-api")
        self.ca_file = authority.file
        certificate, key = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")
        settings = {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": str(certificate), "privateKey": str(key), "httpPort": http_port, "tlsPort": tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": bool(external),
            "externalAccountMACKeys": external or {}, "keyAlgorithm": "ecdsa",
            "retryAfter": {"authz": retry_after, "order": retry_after},
            "profiles": {name: {"description": name, "validityPeriod": seconds}
                         for name, seconds in (profiles or {"default": 7776000}).items()}}
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": settings}))
        rules = {"PEBBLE_WFE_NONCEREJECT": nonce_reject, "PEBBLE_AUTHZREUSE": authz_reuse,
                 "PEBBLE_ALTERNATE_ROOTS": alternate_roots, "PEBBLE_CHAIN_LENGTH": chain_length,
                 "PEBBLE_VA_ALWAYS_VALID": int(always_valid),
                 **({"PEBBLE_VA_SLEEPTIME": sleep} if sleep else {"PEBBLE_VA_NOSLEEP": 1})}
        self.log_file = self.folder / "pebble.log"
        self._start([program(), "-config", str(config), "-strict=true", "-dnsserver", dns], rules)

    def _start(self, command, rules):
        self.command = " ".join(command)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **{key: str(rules[key]) for key in rules}},
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self.offers = wait_for(self._look_up, "pebble shows its directory", within=15)
        except AssertionError as failure:
            self.stop()
            raise AssertionError(f"{failure}\n{self.log}") from None

    def _look_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"pebble ended, exit code {self.process.returncode}")
        try:
            return json.loads(self._fetch(self.directory))
        except OSError:
            return None

    def stop(self, within=5):
        self.process.terminate()
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    # -- what this version has

    @property
    def has_ari(self):
        return "renewalInfo" in self.offers

    @property
    def has_profiles(self):
        return "profiles" in self.offers.get("meta", {})

    # -- what it did

    def roots(self, alternate=0):
        """A file with the root of what it issues, for clients to trust: made anew at each of its starts."""
        root = self.folder / f"pebble-root-{alternate}.pem"
        root.write_bytes(self._manage(f"/roots/{alternate}"))
        return root

    def intermediate(self, alternate=0):
        return self._manage(f"/intermediates/{alternate}").decode()

    def status_of(self, serial):
        """"Valid", "Revoked", or None where it has issued no certificate with this serial number (an int)."""
        try:
            return json.loads(self._manage(f"/cert-status-by-serial/{serial:x}"))["Status"]
        except urllib.error.HTTPError as refused:
            if refused.code == 404:
                return None
            raise

    def set_renewal_info(self, leaf_pem, start, end):
        """What ARI says of this certificate from now on (RFC 9773 §4.2). `start`, `end`: aware datetimes."""
        window = {"suggestedWindow": {name: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
                                      for name, moment in (("start", start), ("end", end))},
                  "explanationURL": "https://localhost/why"}
        self._manage("/set-renewal-info/", json.dumps({"certificate": leaf_pem, "ariResponse": json.dumps(window)}))

    def orders(self):
        """The ids of the orders that were made, as its log tells: only their account may list them by ACME."""
        return re.findall(r'Added order "([^"]+)" to the db', self.log)

    def issued(self):
        """(serial, order id) of each certificate."""
        return re.findall(r"Issued certificate serial (\S+) for order (\S+)", self.log)

    def replaced(self):
        """The ids of the orders that said which certificate theirs replaces (RFC 9773 §5)."""
        return re.findall(r'ARI: order "([^"]+)" is a replacement', self.log)

    def _manage(self, path, body=None):
        return self._fetch(f"https://localhost:{self.management_port}{path}", body)

    def _fetch(self, url, body=None):
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(url, data=body and body.encode(), context=context, timeout=10) as answer:
            return answer.read()
