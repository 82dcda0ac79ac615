"""TLS as others' clients speak it: Go, Java and OpenSSL, each with verification on. Python's and curl's are in
tls_test.py, what becomes of bad clients in tls_options_test.py."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support.case import Case, main
from support.tls_backend import Authority

SOURCES = pathlib.Path(__file__).parent / "clients"
HOST, CLIENTS_ONLY = "app.localhost", "mtls.localhost"
VERSIONS = ("1.2", "1.3")

ROUTES = """
http:
  routers:
    app: {{rule: Host(`app.localhost`), entryPoints: [https], service: app, tls: {{}}}}
    mtls: {{rule: Host(`mtls.localhost`), entryPoints: [https], service: app, tls: {{options: mtls@file}}}}
  services:
    app: {{loadBalancer: {{servers: [{{url: "{url}"}}]}}}}
tls:
  options:
    mtls: {{clientAuth: {{caFiles: [{authority}], clientAuthType: RequireAndVerifyClientCert}}}}
"""


class Clients(Case):
    def setUp(self):
        self.folder = temporary_folder(self.addCleanup)
        clients = Authority(self.folder, "clients")
        self.pair = clients.issue("alice", "DNS:alice")
        self.front = self.lintel(routes=ROUTES.format(url=self.backend().url, authority=clients.file))
        self.front.until(HOST, get=self.front.get_tls)

    @property
    def port(self):
        return self.front.https.rpartition(":")[2]

    def output_of(self, *command, talk=b""):
        done = subprocess.run([str(each) for each in command], input=talk, capture_output=True, check=False, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr.decode())
        return done.stdout.decode()


@unittest.skipUnless(shutil.which("go"), "there is no go here")
class Go(Clients):
    @classmethod
    def setUpClass(cls):
        folder = temporary_folder(cls.addClassCleanup)
        cls.program = folder / "client"
        subprocess.run(["go", "build", "-o", cls.program, SOURCES / "client.go"], check=True, timeout=100)

    def ask(self, host, version, *pair):
        said = self.output_of(self.program, self.front.https, self.front.ca, host, version, *pair)
        return [json.loads(line) for line in said.splitlines()]

    def test_both_versions_and_the_second_connection_resumes(self):
        for version in VERSIONS:
            expected = {"status": 200, "body": "ok", "version": f"TLS {version}"}
            self.assertEqual([{**expected, "resumed": False}, {**expected, "resumed": True}], self.ask(HOST, version))

    def test_a_client_certificate(self):
        for version in VERSIONS:
            answers = self.ask(CLIENTS_ONLY, version, *self.pair)
            self.assertEqual([(200, False), (200, True)], [(each["status"], each["resumed"]) for each in answers])


@unittest.skipUnless(shutil.which("java") and shutil.which("javac"), "there is no Java here")
class Java(Clients):
    @classmethod
    def setUpClass(cls):
        cls.classes = temporary_folder(cls.addClassCleanup)
        subprocess.run(["javac", "-d", cls.classes, SOURCES / "Client.java"], check=True, timeout=100)

    def ask(self, host, version, *keys):
        hosts = self.folder / "hosts"
        hosts.write_text(f"127.0.0.1 {HOST} {CLIENTS_ONLY}\n")
        url = f"https://{host}:{self.port}/"
        return json.loads(self.output_of("java", f"-Djdk.net.hosts.file={hosts}", "-cp", self.classes, "Client",
                                         self.front.ca, url, f"TLSv{version}", *keys))

    def test_both_versions(self):
        for version in VERSIONS:
            self.assertEqual({"status": 200, "body": "ok", "version": f"TLSv{version}"}, self.ask(HOST, version))

    def test_a_client_certificate(self):
        keys = self.folder / "keys.p12"
        certificate, key = self.pair
        self.output_of("openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", keys, "-passout",
                       "pass:changeit")
        for version in VERSIONS:
            self.assertEqual(200, self.ask(CLIENTS_ONLY, version, keys)["status"])


class OpenSsl(Clients):
    """Renegotiation: tls_options_test.py."""

    def s_client(self, version, *more, host=HOST):
        """Asks once and reads to the end of the connection."""
        asked = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        said = self.output_of("openssl", "s_client", "-connect", self.front.https, "-servername", host, "-CAfile",
                              self.front.ca, "-verify_return_error", "-verify_hostname", host, "-ign_eof",
                              f"-tls{version.replace('.', '_')}", *more, talk=asked)
        self.assertIn("HTTP/1.1 200", said)
        self.assertIn("Verification: OK", said)
        return re.search(r"(New|Reused), (TLSv1\.\d)", said).groups()

    def test_both_versions_and_the_second_connection_resumes(self):
        session = self.folder / "session"
        for version in VERSIONS:
            self.assertEqual(("New", f"TLSv{version}"), self.s_client(version, "-sess_out", session))
            for _ in range(3):  # each leaves the ticket for the next
                self.assertEqual(("Reused", f"TLSv{version}"),
                                 self.s_client(version, "-sess_in", session, "-sess_out", session))

    def test_a_client_certificate(self):
        certificate, key = self.pair
        for version in VERSIONS:
            self.s_client(version, "-cert", certificate, "-key", key, host=CLIENTS_ONLY)


def temporary_folder(when_over):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-clients-"))
    when_over(shutil.rmtree, folder)
    return folder


if __name__ == "__main__":
    main()
