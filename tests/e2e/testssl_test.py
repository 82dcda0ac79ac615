"""What testssl.sh (Debian's 3.0.8) finds at the front door: nothing above LOW but what a private CA brings with it."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support.case import Case, main
from support.routes import routes
from support.wire import connect, split_address

PROGRAM = shutil.which("testssl") or shutil.which("testssl.sh")
HOST = "app.localhost"
HARMLESS = {"OK", "INFO", "LOW", "DEBUG"}
ALLOWED = {
    "cert_revocation": "a private CA publishes no revocation lists; who runs it takes a certificate down instead",
    "engine_problem": "about the scanner's own openssl: it knows no GOST suites, which are not offered",
    # Resumption: tls_clients_test.py.
    "sessionresumption_ticket": "only WARN comes of it: an s_client without input may leave before TLS 1.3's ticket is there",
}
SEEN = {  # what only a scan that went through says
    "TLS1": "not offered", "TLS1_1": "not offered", "TLS1_2": "offered", "TLS1_3": "offered with final",
    "cert_chain_of_trust": "passed.", "secure_renego": "supported", "secure_client_renego": "not vulnerable",
    "heartbleed": "not vulnerable, no heartbeat extension", "CRIME_TLS": "not vulnerable",
}


def careful(exchange):
    """An app's answer without a finding of its own."""
    exchange.reply("ok", fields=[("Strict-Transport-Security", "max-age=31536000"), ("X-Frame-Options", "DENY"),
                                 ("X-Content-Type-Options", "nosniff")])


@unittest.skipUnless(PROGRAM, "there is no testssl here (`./dev setup test` installs it)")
class Testssl(Case):
    def test_nothing_is_found_above_low(self):
        found, said = self.scan(self.front())
        by_id = {each["id"]: each["finding"] for each in found}
        self.assertEqual(SEEN, {name: by_id.get(name) for name in SEEN}, said)
        bad = [f"{each['severity']} {each['id']}: {each['finding']}" for each in found
               if each["severity"] not in HARMLESS and each["id"] not in ALLOWED]
        self.assertEqual([], bad, said)

    def front(self):
        """Several of testssl's checks send no name: the host's certificate, of the local CA, is the default, too."""
        upstream = self.backend(careful)
        door = self.lintel(routes=routes({HOST: upstream.url}, tls=True))
        door.until(HOST, get=door.get_tls)
        pair = door.state / "issued" / f"{HOST}.pem"
        door.write_routes("tls: {stores: {default: {defaultCertificate: "
                          f"{{certFile: {pair}, keyFile: {pair}}}}}}}}}\n", "default.yml")
        door.until(HOST, get=lambda host, path: self.get_without_a_name(door, host, path))
        return door

    def get_without_a_name(self, door, host, path):
        context = door.trust()
        context.check_hostname = False
        with connect(door.https, tls=context) as client:
            return client.request(host, path)

    def scan(self, door):
        """The findings, and what it wrote to the screen. It asks nobody but the front door."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-testssl-"))
        self.addCleanup(shutil.rmtree, folder)
        address, port = split_address(door.https)
        done = subprocess.run([PROGRAM, "--quiet", "--color", "0", "--warnings", "batch", "--connect-timeout", "5",
                               "--openssl-timeout", "5", "--nodns", "none", "--ip", address, "--add-ca", str(door.ca),
                               "--jsonfile", str(folder / "found.json"), f"https://{HOST}:{port}/"], cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=400)
        return json.loads((folder / "found.json").read_text()), done.stdout + done.stderr


if __name__ == "__main__":
    main()
