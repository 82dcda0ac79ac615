"""Option sets, client certificates, default certificates, tickets, and what belongs to a connection's host."""
import pathlib
import socket
import ssl
import subprocess
import tempfile

from support.case import Case, main, wait_for
from support.wire import connect, split_address

HOSTS = {"plain.test": None, "mtls.test": "mtls@file", "maybe.test": "maybe@file", "new.test": "new@file",
         "broken.test": "broken@file", "browsers.test": "browsers@file",
         "*.wild.test": "mtls@file", "open.wild.test": None}


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options)


class Authority:
    """A CA of its own in a temporary folder."""

    def __init__(self, case, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-ca-"))
        case.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=False)
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca-key.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, subject, names=(), key=("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")):
        """The paths of a certificate and its key."""
        stem = self.folder / f"leaf{len(list(self.folder.iterdir()))}"
        chain, secret, request = stem.with_suffix(".pem"), stem.with_suffix(".key"), stem.with_suffix(".csr")
        openssl("req", "-new", "-newkey", *key, "-nodes", "-subj", subject, "-keyout", secret, "-out", request)
        extensions = stem.with_suffix(".ext")
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{each}" for each in names) + "\n" if names else "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", "30", "-extfile", extensions, "-out", chain)
        return chain, secret


def options_yaml(client_ca):
    return f"""
tls:
  options:
    mtls: {{clientAuth: {{caFiles: [{client_ca}], clientAuthType: RequireAndVerifyClientCert}}}}
    maybe: {{clientAuth: {{caFiles: [{client_ca}], clientAuthType: VerifyClientCertIfGiven}}}}
    new: {{minVersion: VersionTLS13}}
    browsers: {{alpnProtocols: [h3, http/1.1]}}
    broken: {{clientAuth: {{caFiles: [/nowhere.pem], clientAuthType: RequireAndVerifyClientCert}}}}
"""


def routers_yaml(url):
    lines = ["http:", "  routers:"]
    for i, (host, options) in enumerate(HOSTS.items()):
        tls = f"{{options: {options}}}" if options else "{}"
        lines.append(f"    r{i}: {{rule: Host(`{host}`), entryPoints: [https], service: app, tls: {tls}}}")
    return "\n".join(lines + [f"  services: {{app: {{loadBalancer: {{servers: [{{url: '{url}'}}]}}}}}}\n"])


class TlsOptions(Case):
    def setUp(self):
        self.clients = Authority(self, "clients")
        self.upstream = self.backend()
        self.front = self.lintel(routes=routers_yaml(self.upstream.url) + options_yaml(self.clients.certificate))
        self.front.until("plain.test", get=self.front.get_tls)

    def context(self, certificate=None):
        context = self.front.trust()
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def ask(self, name, certificate=None, host=None, fields=()):
        with connect(self.front.https, tls=self.context(certificate), server_name=name) as client:
            return client.request(host or name, "/", fields=fields)

    def is_shut(self, name):
        """Whether clients without a certificate are kept out."""
        try:
            self.ask(name)
        except (ssl.SSLError, ConnectionError, EOFError):
            return True
        return False

    def test_a_host_that_requires_certificates_lets_nobody_else_in(self):
        good, stranger = self.clients.issue("/CN=alice"), Authority(self, "others").issue("/CN=alice")
        self.assertEqual(200, self.ask("mtls.test", good).status)
        for certificate in (None, stranger):
            with self.assertRaises((ssl.SSLError, ConnectionError, EOFError)):
                self.ask("mtls.test", certificate)

    def test_where_a_certificate_may_be_given_a_bad_one_is_refused(self):
        self.assertEqual(200, self.ask("maybe.test").status)
        self.assertEqual(200, self.ask("maybe.test", self.clients.issue("/CN=bob")).status)
        with self.assertRaises((ssl.SSLError, ConnectionError, EOFError)):
            self.ask("maybe.test", Authority(self, "others").issue("/CN=bob"))

    def test_the_app_hears_whose_certificate_it_was_and_clients_cannot_say_so(self):
        field = "X-Forwarded-Tls-Client-Cert-Info"
        self.ask("mtls.test", self.clients.issue("/O=Acme Inc/CN=alice"), fields=[(field, "Subject%3D%22CN%3Droot%22")])
        self.assertEqual(["Subject%3D%22CN%3Dalice%2CO%3DAcme+Inc%22"], self.upstream.requests[-1].all(field))
        self.ask("plain.test", fields=[(field, "Subject%3D%22CN%3Droot%22")])
        self.assertEqual([], self.upstream.requests[-1].all(field))

    def test_no_other_connection_leads_to_a_host_with_terms_of_its_own(self):
        answer = self.ask("plain.test", host="mtls.test")
        self.assertEqual((421, "misdirected"), (answer.status, answer["Lintel-Reason"]))
        answer = self.ask("mtls.test", self.clients.issue("/CN=alice"), host="plain.test")
        self.assertEqual(421, answer.status)

    def test_terms_that_become_stricter_hold_for_open_connections_too(self):
        with connect(self.front.https, tls=self.context(), server_name="maybe.test") as client:
            self.assertEqual(200, client.request("maybe.test", "/").status)
            stricter = options_yaml(self.clients.certificate).replace("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
            self.front.write_routes(routers_yaml(self.upstream.url) + stricter)
            wait_for(lambda: not self.lets_in("maybe.test"), "new connections need a certificate")
            self.assertEqual(421, client.request("maybe.test", "/").status)
            self.assertTrue(client.ended(), "the client has to connect anew")

    def lets_in(self, name):
        try:
            return self.ask(name).status == 200
        except OSError:
            return False

    def test_an_intermediate_ca_lets_in_whom_it_issued_for(self):
        """Nobody knows its issuer."""
        root, folder = Authority(self, "root"), self.clients.folder
        key, request, extensions = folder / "middle.key", folder / "middle.csr", folder / "middle.ext"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=middle",
                "-keyout", key, "-out", request)
        extensions.write_text("basicConstraints=critical,CA:TRUE\n")
        middle = Authority(self, "unused")
        middle.certificate, middle.key = folder / "middle.pem", key
        openssl("x509", "-req", "-in", request, "-CA", root.certificate, "-CAkey", root.key, "-CAcreateserial", "-days", "30",
                "-extfile", extensions, "-out", middle.certificate)
        self.front.write_routes(routers_yaml(self.upstream.url) + options_yaml(middle.certificate))
        alice = middle.issue("/CN=alice")
        def asked():
            try:
                return self.ask("mtls.test", alice).status == 200
            except OSError:
                return False
        wait_for(asked, "she is let in")

    def test_a_wildcard_leaves_its_terms_to_no_host_of_its_own(self):
        self.assertEqual(200, self.ask("open.wild.test").status)
        self.assertEqual(200, self.ask("a.wild.test", self.clients.issue("/CN=alice")).status)
        self.assertTrue(self.is_shut("a.wild.test"))
        self.front.write_routes("http: {routers: {later: {rule: Host(`a.wild.test`), entryPoints: [https], "
                                "service: app, tls: {}}}}\n", name="later.yml")
        self.front.until("a.wild.test", get=lambda host, path: self.ask(host))
        self.front.write_routes("", name="later.yml")
        wait_for(lambda: self.is_shut("a.wild.test"), "it has the wildcard's terms again")

    def test_a_set_whose_ca_is_missing_closes_its_host(self):
        self.assertIn("nowhere.pem", str(self.front.problems()))
        answer = self.ask("broken.test")
        self.assertEqual((503, "closed"), (answer.status, answer["Lintel-Reason"]))

    def test_a_browser_is_not_promised_what_is_not_spoken(self):
        context = self.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with connect(self.front.https, tls=context, server_name="browsers.test") as client:
            self.assertEqual("http/1.1", client.socket.selected_alpn_protocol())
            self.assertEqual(200, client.request("browsers.test").status)
        self.assertIn("the protocol h3 is not spoken", str(self.front.problems()))

    def test_a_host_may_speak_the_newest_version_only(self):
        context = self.front.trust()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            connect(self.front.https, tls=context, server_name="new.test")
        with connect(self.front.https, tls=context, server_name="plain.test") as client:
            self.assertEqual("TLSv1.2", client.socket.version())

    def test_an_unknown_name_is_refused_by_its_alert(self):
        with self.assertRaisesRegex(ssl.SSLError, "UNRECOGNIZED_NAME"):
            connect(self.front.https, tls=self.front.trust(), server_name="unknown.test")


class Certificates(Case):
    def door(self, tls, hosts=("a.test",)):
        upstream = self.backend()
        text = "http:\n  routers:\n" + "".join(
            f"    r{i}: {{rule: Host(`{host}`), entryPoints: [https], service: app, tls: {{}}}}\n"
            for i, host in enumerate(hosts))
        text += f"  services: {{app: {{loadBalancer: {{servers: [{{url: '{upstream.url}'}}]}}}}}}\n{tls}"
        front = self.lintel(routes=text)
        wait_for(lambda: front.api("/status")[1]["edge"]["version"] > 0, "the routes are applied")
        return front

    def trusting(self, authority):
        context = ssl.create_default_context(cafile=str(authority.certificate))
        return context

    def test_the_default_certificate_is_for_unknown_names(self):
        authority = Authority(self, "shop")
        chain, key = authority.issue("/CN=default", ["default.test"])
        front = self.door("tls: {stores: {default: {defaultCertificate: "
                          f"{{certFile: {chain}, keyFile: {key}}}}}}}}}\n")
        context = self.trusting(authority)
        context.check_hostname = False

        def served():
            try:
                with connect(front.https, tls=context, server_name="unknown.test") as client:
                    return [value for _, value in client.socket.getpeercert()["subjectAltName"]]
            except (ssl.SSLError, OSError):
                return None

        self.assertEqual(["default.test"], wait_for(served, "an unknown name gets a certificate"))

    def test_each_client_gets_the_kind_of_key_that_it_can_verify(self):
        authority = Authority(self, "both")
        ecdsa, rsa = authority.issue("/CN=e", ["a.test"]), authority.issue("/CN=r", ["a.test"], key=("rsa:2048",))
        front = self.door("tls: {certificates: [" + ", ".join(
            f"{{certFile: {chain}, keyFile: {key}}}" for chain, key in (ecdsa, rsa)) + "]}\n")
        front.until("a.test", get=lambda host, path: self.get(front, authority, host, path))
        for algorithm, subject in (("ECDSA+SHA256", "CN = e"), ("RSA-PSS+SHA256", "CN = r")):
            done = subprocess.run(["openssl", "s_client", "-connect", front.https, "-servername", "a.test", "-sigalgs",
                                   algorithm, "-brief"], input=b"", capture_output=True, check=False, timeout=10)
            self.assertIn(subject, (done.stderr + done.stdout).decode(), algorithm)

    def get(self, front, authority, host, path):
        with connect(front.https, tls=self.trusting(authority), server_name=host) as client:
            return client.request(host, path)

    def test_one_connection_serves_the_names_of_its_certificate_and_no_other(self):
        authority = Authority(self, "wild")
        chain, key = authority.issue("/CN=w", ["*.w.test"])
        front = self.door(f"tls: {{certificates: [{{certFile: {chain}, keyFile: {key}}}]}}\n",
                          ["a.w.test", "b.w.test", "c.test"])
        front.until("a.w.test", get=lambda host, path: self.get(front, authority, host, path))
        with connect(front.https, tls=self.trusting(authority), server_name="a.w.test") as client:
            self.assertEqual(200, client.request("b.w.test", "/").status)
            self.assertEqual(421, client.request("c.test", "/").status)

    def test_sessions_resume_and_renegotiation_is_refused(self):
        front = self.door("")
        front.until("a.test", get=front.get_tls)
        context = front.trust()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with connect(front.https, tls=context, server_name="a.test") as client:
            self.assertEqual(200, client.request("a.test").status)
            session = client.socket.session
        with socket.create_connection(split_address(front.https)) as raw:
            with context.wrap_socket(raw, server_hostname="a.test", session=session) as again:
                self.assertTrue(again.session_reused)
        done = subprocess.run(["openssl", "s_client", "-connect", front.https, "-servername", "a.test", "-tls1_2"],
                              input=b"R\n", capture_output=True, check=False, timeout=10)
        self.assertIn(b"no renegotiation", done.stderr + done.stdout)


if __name__ == "__main__":
    main()
