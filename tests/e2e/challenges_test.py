"""The questions of a certificate authority (RFC 8555 §8.3, RFC 8737): answered ahead of everything else that a host has,
and by nobody else."""
import hashlib
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile

from support.case import Case, main, wait_for
from support.lintel import Lintel
from support.tcp import Echo
from support.wire import connect, request_bytes

FOLDER = "/.well-known/acme-challenge/"
TOKEN = "DGyRejmCefe7v4NfDGDKfA"
SAID = f"{TOKEN}.LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"


def own_tokens(exchange):
    """An app that passes challenges of its own."""
    exchange.read_body()
    exchange.reply(f"the app's answer to {exchange.request.target}")


def http_challenge(token=TOKEN, said=SAID, name="a.test"):
    return {"kind": "challenge", "id": f"http-01 {token}",
            "spec": {"type": "http-01", "name": name, "token": token, "key_authorization": said}}


def made_certificate(folder, name, *extensions):
    """A certificate that is its own CA: the paths of it and its key."""
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    added = [argument for each in (f"subjectAltName=DNS:{name}", *extensions) for argument in ("-addext", each)]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "7", "-subj", "/CN=lintel challenge", *added, "-keyout", str(key), "-out", str(chain)],
                   check=True, capture_output=True)
    return chain, key


def alpn_challenge(folder, name):
    """RFC 8737 §3: the digest of the key authorization in a critical extension. Also the certificate as clients see
    it."""
    digest = hashlib.sha256(SAID.encode()).hexdigest()
    folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
    chain, key = made_certificate(folder, name, f"1.3.6.1.5.5.7.1.31=critical,DER:04:20:{digest}")
    spec = {"type": "tls-alpn-01", "name": name, "chain_pem": chain.read_text(), "key_pem": key.read_text()}
    return ({"kind": "challenge", "id": f"tls-alpn-01 {name}", "spec": spec},
            ssl.PEM_cert_to_DER_cert(chain.read_text()))


def certificate(folder, name):
    chain, key = made_certificate(folder, name)
    return {"kind": "certificate", "id": name,
            "spec": {"names": [name], "chain_pem": chain.read_text(), "key_pem": key.read_text()}}


def offering(*protocols):
    """A client's context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def router(name, rule, entrypoint="http", **spec):
    return {"kind": "router", "id": name, "spec": {"rule": rule, "entrypoints": [entrypoint], **spec}}


class ChallengeCase(Case):
    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-challenges-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def door(self, *objects, flags=(), **options):
        """An edge with these objects and nothing else."""
        lintel = Lintel(*flags, routes=None, **options)
        self.addCleanup(self._end, lintel)
        snapshot = lintel.folder / "snapshot.json"
        snapshot.write_text(json.dumps({"commit": True, "upsert": objects}))
        lintel.command[1:2] = ["edge", "--snapshot", str(snapshot)]
        return lintel.start()

    def app(self):
        """The objects of the service `s`."""
        self.upstream = self.backend(own_tokens)
        return [{"kind": "endpoint", "id": "e", "spec": {"host": "127.0.0.1", "port": self.upstream.port}},
                {"kind": "service", "id": "s", "spec": {"endpoints": ["e"]}}]

    def shows(self, response, body=SAID):
        self.assertEqual((200, body), (response.status, response.text))
        self.assertEqual("application/octet-stream", response["content-type"])
        self.assertEqual("no-store", response["cache-control"])
        self.assertEqual(str(len(SAID)), response["content-length"])
        self.assertEqual("acme-challenge", response["lintel-reason"])


class Http01(ChallengeCase):
    def test_any_host_shows_the_token_where_there_is_nothing_else(self):
        lintel = self.door(http_challenge())
        for host in ("a.test", "other.test", "127.0.0.1", "[::1]:80"):
            self.shows(lintel.get(host, FOLDER + TOKEN))
        self.assertEqual(404, lintel.get("a.test", FOLDER + "other").status)
        self.assertEqual(404, lintel.get("a.test", "/").status)

    def test_it_comes_before_what_a_host_has_else(self):
        lintel = self.door(http_challenge(), *self.app(),
                           router("app", "Host(`app.test`)", service="s"),
                           router("redirect", "Host(`redirect.test`)", redirect_to_https=True),
                           router("other", "Host(`www.test`)", canonical_host="app.test"),
                           router("closed", "Host(`closed.test`)", refusal="basicauth isn't supported"),
                           router("pending", "Host(`pending.test`)", redirect_to_https=True,
                                  pending={"pending.test": "it takes time"}))
        lintel.until("app.test")
        for host, otherwise in (("app.test", 200), ("redirect.test", 308), ("www.test", 308), ("closed.test", 503),
                                ("pending.test", 503)):
            with self.subTest(host):
                self.shows(lintel.get(host, FOLDER + TOKEN))
                other = lintel.get(host, FOLDER + "other")
                self.assertEqual(otherwise, other.status)
        self.assertEqual(f"the app's answer to {FOLDER}other", lintel.get("app.test", FOLDER + "other").text)
        asked = [each.target for each in self.upstream.requests]
        self.assertNotIn(FOLDER + TOKEN, asked)

    def test_only_those_who_read_it_get_it(self):
        lintel = self.door(http_challenge(), *self.app(), router("app", "Host(`app.test`)", service="s"))
        lintel.until("app.test")
        with lintel.connect() as client:
            head = client.request("app.test", FOLDER + TOKEN, method="HEAD")
            self.shows(head, body="")
            post = client.request("app.test", FOLDER + TOKEN, method="POST", body=b"x")
            self.assertEqual(f"the app's answer to {FOLDER}{TOKEN}", post.text)
            self.assertEqual(200, client.request("app.test", FOLDER + TOKEN, body=b"unasked for").status)
            for path in (FOLDER, FOLDER + TOKEN + "/", FOLDER + TOKEN.lower(), "/" + TOKEN):
                self.assertEqual(f"the app's answer to {path}", client.request("app.test", path).text)

    def test_it_takes_its_place_among_pipelined_requests(self):
        lintel = self.door(http_challenge(), *self.app(), router("app", "Host(`app.test`)", service="s"))
        lintel.until("app.test")
        paths = ["/1", FOLDER + TOKEN, "/2", FOLDER + "other", FOLDER + TOKEN, "/3"]
        with lintel.connect() as client:
            client.send(b"".join(request_bytes("app.test", path) for path in paths))
            for path in paths:
                answer = client.read_response()
                self.assertEqual(SAID if path.endswith(TOKEN) else f"the app's answer to {path}", answer.text)

    def test_the_access_log_says_who_answered(self):
        log = self.folder() / "access.log"
        lintel = self.door(http_challenge(), access_log=log)
        self.shows(lintel.get("a.test", FOLDER + TOKEN))
        line = json.loads(wait_for(lambda: log.exists() and log.read_text(), "a line is written").splitlines()[0])
        self.assertEqual(("acme-challenge", 200, "a.test"), tuple(line[each] for each in ("reason", "status", "host")))
        self.assertNotIn("route", line)

    def test_it_is_shown_over_tls_to_those_who_came_for_another_host(self):
        lintel = self.door(http_challenge(), certificate(self.folder(), "a.test"),
                           {"kind": "tls_options", "id": "strict", "spec": {"lowest": "1.3"}}, *self.app(),
                           router("other", "Host(`b.test`)", "https", service="s", tls_options="strict"))
        with connect(lintel.https, tls=offering(), server_name="a.test") as client:
            self.shows(client.request("b.test", FOLDER + TOKEN))
            self.assertEqual(421, client.request("b.test", FOLDER + "other").status)


class TlsAlpn01(ChallengeCase):
    def asks(self, address, name, *protocols, version=None):
        """What a CA sees: the certificate and the protocol. The connection ends at once."""
        context = offering(*(protocols or ["acme-tls/1"]))
        if version:
            context.minimum_version = context.maximum_version = version
        with connect(address, tls=context, server_name=name) as client:
            self.assertEqual(b"", client.socket.recv(1), "an orderly end, and nothing before it")
            return client.socket.getpeercert(binary_form=True), client.socket.selected_alpn_protocol()

    def test_the_certificate_is_shown_and_the_connection_ends(self):
        challenge, shown = alpn_challenge(self.folder(), "a.test")
        lintel = self.door(challenge)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual((shown, "acme-tls/1"), self.asks(lintel.https, "a.test", version=version))
        self.assertEqual((shown, "acme-tls/1"), self.asks(lintel.https, "a.test", "http/1.1", "acme-tls/1"))

    def test_openssl_sees_the_extension(self):
        challenge, _ = alpn_challenge(self.folder(), "a.test")
        lintel = self.door(challenge)
        done = subprocess.run(["openssl", "s_client", "-connect", lintel.https, "-servername", "a.test", "-alpn",
                               "acme-tls/1"], input="", capture_output=True, text=True, check=False, timeout=10)
        self.assertIn("ALPN protocol: acme-tls/1", done.stdout)
        read = subprocess.run(["openssl", "x509", "-noout", "-text"], input=done.stdout, capture_output=True, text=True,
                              check=True)
        self.assertIn("1.3.6.1.5.5.7.1.31: critical", read.stdout)
        self.assertIn("DNS:a.test", read.stdout)

    def test_nobody_else_gets_it(self):
        folder = self.folder()
        challenge, shown = alpn_challenge(folder, "a.test")
        lintel = self.door(challenge, certificate(folder, "a.test"), certificate(folder, "b.test"), *self.app(),
                           router("app", "Host(`a.test`) || Host(`b.test`)", "https", service="s"))
        for protocols in ((), ("http/1.1",)):
            with connect(lintel.https, tls=offering(*protocols), server_name="a.test") as client:
                self.assertNotEqual(shown, client.socket.getpeercert(binary_form=True))
                self.assertIn(client.request("a.test").status, (200, 503))
        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            self.asks(lintel.https, "b.test")
        for name in ("c.test", "sub.a.test", None):
            with self.assertRaisesRegex(ssl.SSLError, "(?i)unrecognized.name"):
                self.asks(lintel.https, name)
        self.assertEqual(shown, self.asks(lintel.https, "a.test")[0])

    def test_a_host_may_demand_what_it_likes_of_others(self):
        folder = self.folder()
        challenge, shown = alpn_challenge(folder, "a.test")
        clients, _ = made_certificate(folder, "clients")
        lintel = self.door(challenge, certificate(folder, "a.test"), *self.app(),
                           {"kind": "tls_options", "id": "default", "spec": {"strict_names": True, "lowest": "1.3"}},
                           {"kind": "tls_options", "id": "mtls", "spec":
                               {"clients": "require", "client_ca_pem": clients.read_text(), "lowest": "1.3"}},
                           router("app", "Host(`a.test`)", "https", service="s", tls_options="mtls"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual((shown, "acme-tls/1"), self.asks(lintel.https, "a.test", version=version))
        with self.assertRaisesRegex(ssl.SSLError, "(?i)certificate.required"):
            with connect(lintel.https, tls=offering("http/1.1"), server_name="a.test") as client:
                client.request("a.test")

    def test_it_comes_before_what_tcp_routers_pass_on(self):
        folder = self.folder()
        challenge, shown = alpn_challenge(folder, "a.test")
        chain, key = made_certificate(folder, "a.test")
        own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        own.load_cert_chain(chain, key)
        echo = Echo(tls=own)
        self.addCleanup(echo.stop)
        lintel = self.door(challenge, {"kind": "endpoint", "id": "e", "spec": {"host": "127.0.0.1", "port": echo.port}},
                           {"kind": "service", "id": "s", "spec": {"endpoints": ["e"]}},
                           *({"kind": "tcp_router", "id": f"r-{entrypoint}", "spec":
                              {"names": ["*"] if entrypoint == "db" else ["a.test", "b.test"],
                               "entrypoints": [entrypoint], "security": "passed_on", "service": "s"}}
                             for entrypoint in ("https", "db")), flags=("--entrypoints", "db=127.0.0.1:0"))
        for address in (lintel.https, lintel.ready["entrypoints"]["db"]):
            self.assertEqual((shown, "acme-tls/1"), self.asks(address, "a.test"))
            for name, protocols in (("a.test", ()), ("b.test", ("acme-tls/1",))):
                with connect(address, tls=offering(*protocols), server_name=name) as client:
                    self.assertEqual(b"hello ", client.read_exactly(6), "the backend speaks")
                    self.assertEqual(ssl.PEM_cert_to_DER_cert(chain.read_text()),
                                     client.socket.getpeercert(binary_form=True))

    def test_an_address_is_asked_for_by_its_reverse_name(self):
        name = "1.0.0.127.in-addr.arpa"
        challenge, shown = alpn_challenge(self.folder(), name)
        lintel = self.door(challenge)
        self.assertEqual((shown, "acme-tls/1"), self.asks(lintel.https, name))


class Pending(ChallengeCase):
    def test_a_host_without_a_certificate_says_so_instead_of_redirecting(self):
        waits = router("r", "Host(`soon.test`) || Host(`here.test`)", redirect_to_https=True,
                       pending={"soon.test": "the certificate authority is being asked"})
        lintel = self.door(waits, router("ready", "Host(`ready.test`)", redirect_to_https=True))
        answer = lintel.get("soon.test", "/path?query")
        self.assertEqual((503, "tls-pending", "5", None),
                         (answer.status, *(answer[each] for each in ("lintel-reason", "retry-after", "location"))))
        self.assertIn("has no certificate yet: the certificate authority is being asked. ", answer.text)
        self.assertEqual(308, lintel.get("ready.test").status)
        self.assertEqual(308, lintel.get("here.test").status, "another host of the same router")


if __name__ == "__main__":
    main()
