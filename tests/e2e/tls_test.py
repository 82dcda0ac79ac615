"""HTTPS with certificates that clients verify: one for each name, from files or from the local CA."""
import re
import socket
import ssl
import stat
import subprocess
import warnings

from support.case import Case, main, wait_for
from support.curl import curl, https_url
from support.routes import routes
from support.wire import connect, split_address


def dns_names(peer):
    return [value for kind, value in peer["subjectAltName"] if kind == "DNS"]


def self_signed(folder, name):
    """A certificate that is its own CA, as files in `folder`; returns the paths of certificate and key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", "/O=from a file", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


class Tls(Case):
    def door(self, hosts, **options):
        upstream = self.backend()
        lintel = self.lintel(routes=routes({host: upstream.url for host in hosts}, tls=True), **options)
        for host in hosts:
            lintel.until(host, get=lintel.get_tls)
        return lintel

    def certificate(self, lintel, host):
        with lintel.connect(host) as connection:
            return connection.socket.getpeercert()

    def test_curl_verifies_the_certificate(self):
        lintel = self.door(["hello.localhost"])
        done = curl(lintel, https_url(lintel, "hello.localhost"), "--write-out", " %{http_code} %{http_version}")
        self.assertEqual((0, b"ok 200 2"), (done.returncode, done.stdout), done.stderr)

    def test_without_our_ca_curl_refuses(self):
        lintel = self.door(["hello.localhost"])
        done = subprocess.run(["curl", "-sS", https_url(lintel, "hello.localhost")], capture_output=True, check=False)
        self.assertEqual(60, done.returncode, done.stderr)

    def test_each_name_has_a_certificate_of_its_own(self):
        lintel = self.door(["a.localhost", "b.localhost"])
        names = {host: dns_names(self.certificate(lintel, host)) for host in ("a.localhost", "b.localhost")}
        self.assertEqual({"a.localhost": ["a.localhost"], "b.localhost": ["b.localhost"]}, names)

    def test_old_protocols_are_refused_and_new_ones_spoken(self):
        lintel = self.door(["a.localhost"])
        for version, spoken in ((ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                                (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            context = lintel.trust()
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore"):  # this client may still speak the old one
                context.minimum_version = context.maximum_version = version
            if spoken:
                with connect(lintel.https, tls=context, server_name="a.localhost") as connection:
                    self.assertEqual(spoken, connection.socket.version())
            else:
                with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                    connect(lintel.https, tls=context, server_name="a.localhost")

    def test_alpn_chooses_h2_where_it_is_offered(self):
        lintel = self.door(["a.localhost"])
        for offered, chosen in ((["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1")):
            context = lintel.trust()
            context.set_alpn_protocols(offered)
            with connect(lintel.https, tls=context, server_name="a.localhost") as connection:
                self.assertEqual(chosen, connection.socket.selected_alpn_protocol())

    def test_the_ca_is_kept_and_its_keys_are_private(self):
        lintel = self.door(["a.localhost"])
        self.assertEqual(lintel.ca.read_text(), lintel.cli("ca").stdout)
        keys = [path for path in lintel.state.rglob("*")
                if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
        self.assertTrue(keys, "the CA's key is kept in the state folder")
        self.assertEqual({0o600}, {stat.S_IMODE(path.stat().st_mode) for path in keys})
        self.assertNotIn("PRIVATE KEY", lintel.log)
        before = lintel.ca.read_text()
        self.assertIsNone(lintel.stop())
        again = self.lintel(state=lintel.state)
        self.assertEqual(before, again.ca.read_text(), "the next start has the same CA")

    def test_a_certificate_from_a_file_wins(self):
        lintel = self.door(["a.localhost", "b.localhost"])
        certificate, key = self_signed(lintel.routes, "b.localhost")
        lintel.write_routes(f"tls:\n  certificates:\n    - certFile: {certificate}\n      keyFile: {key}\n", "tls.yml")
        context = ssl.create_default_context(cafile=str(certificate))

        def served_from_the_file():
            try:
                with connect(lintel.https, tls=context, server_name="b.localhost") as connection:
                    return connection.request("b.localhost").status == 200
            except ssl.SSLCertVerificationError:
                return False

        wait_for(served_from_the_file, "the file's certificate is shown")
        self.assertEqual(200, lintel.get_tls("a.localhost").status, "the other name keeps the local CA's")

    def test_a_name_that_no_route_has_gets_no_answer_of_another(self):
        lintel = self.door(["a.localhost"])
        context = lintel.trust()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with connect(lintel.https, tls=context, server_name="unknown.localhost") as connection:
                self.assertEqual(404, connection.request("unknown.localhost").status)
        except ssl.SSLError as refused:
            self.assertRegex(str(refused).lower(), re.compile("alert|unrecognized"))

    def test_a_client_that_speaks_no_tls_costs_nobody_anything(self):
        lintel = self.door(["a.localhost"])
        with connect(lintel.https) as connection:
            connection.send("GET / HTTP/1.1\r\nHost: a.localhost\r\n\r\n")
            connection.read_to_end()
        silent = [socket.create_connection(split_address(lintel.https)) for _ in range(50)]
        self.addCleanup(lambda: [each.close() for each in silent])
        self.assertEqual(200, lintel.get_tls("a.localhost").status)

    def test_a_whole_large_body_goes_through_tls(self):
        upstream = self.backend(lambda exchange: exchange.reply(exchange.read_body()))
        lintel = self.lintel(routes=routes({"a.localhost": upstream.url}, tls=True))
        lintel.until("a.localhost", get=lintel.get_tls)
        body = bytes(range(256)) * 20_000
        self.assertEqual(body, lintel.get_tls("a.localhost", method="POST", body=body).body)


if __name__ == "__main__":
    main()
