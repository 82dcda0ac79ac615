"""The base of tests with a CA: a front door on ports that the CA knows, and what a client sees of its certificates."""
import json
import pathlib
import shutil
import ssl
import tempfile

from support.acme_server import AcmeServer
from support.acme_zone import Zone
from support.case import Case, wait_for
from support.dns import NameServer
from support.pebble import Pebble
from support.ports import free_port
from support.routes import routes
from support.wire import connect


class AcmeCase(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-acme-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.http_port, self.tls_port = free_port(), free_port()
        self.dns = self.name_server()

    def name_server(self, **options):
        """Every name is at 127.0.0.1; "test" is its zone."""
        server = NameServer(default=["127.0.0.1"], zone="test", **options)
        self.addCleanup(server.stop)
        return server

    def writable_zone(self):
        """What DNS-01 needs; an issuer is told of it by by_dns()."""
        try:
            zone = Zone(self.folder)
        except PermissionError:
            self.skipTest("port 53 is for root only")
        self.addCleanup(zone.stop)
        return zone

    @staticmethod
    def by_dns(zone):
        return {"challenges": ["dns-01"], "dns": {"exec": str(zone.script)}}

    def pebble(self, dns=None, **options):
        pebble = Pebble(self.folder, self.http_port, self.tls_port, (dns or self.dns).address, **options)
        self.addCleanup(self._end_pebble, pebble)
        return pebble

    def _end_pebble(self, pebble):
        pebble.stop()
        self._logs.append((pebble.command, pebble.log))

    def server(self, name="acme", **options):
        """A CA of ours, see AcmeServer."""
        folder = self.folder / name
        folder.mkdir()
        server = AcmeServer(folder, http_port=self.http_port, tls_port=self.tls_port, **options)
        self.addCleanup(self._end_server, server)
        return server

    def _end_server(self, server):
        server.stop()
        self._logs.append((f"CA at {server.base}", "".join(f"{each}\n" for each in server.requests)))
        self.assertEqual([], server.bugs, "the test's own CA")

    def front(self, ca, hosts, routes_text=None, dns=None, issuer=(), others=(), flags=(), **options):
        """A front door for `hosts` over TLS, whose default issuer is `ca`. `issuer`: more of what is said of it;
        `others`: CAs by name, whom flags may name."""
        issuers = {name: {"directory": each.directory, "ca_file": str(each.ca_file)}
                   for name, each in {"ours": ca, **dict(others)}.items()}
        issuers["ours"].update(issuer)
        text = routes_text
        if text is None:
            text = routes(dict.fromkeys(hosts, self.backend().url), tls=True)
        return self.lintel("--issuers", json.dumps(issuers), "--default-issuers", "ours",
                           "--email", "owner@example.test", "--certificate-dns", (dns or self.dns).address,
                           "--challenge-http-port", self.http_port, "--challenge-tls-port", self.tls_port, *flags,
                           **{"http": f"127.0.0.1:{self.http_port}", "https": f"127.0.0.1:{self.tls_port}",
                              "routes": text, "workers": 2, **options})

    def again(self, lintel, *arguments, **options):
        """The same front door after a restart."""
        self.assertIsNone(lintel.stop())
        return self.front(*arguments, state=lintel.state, **options)

    # -- what a client sees

    def client(self, lintel, host, root):
        """A connection of a client who trusts `root` alone and verifies the name."""
        return connect(lintel.https, tls=ssl.create_default_context(cafile=str(root)), server_name=host)

    def shown(self, lintel, host, root):
        """The certificate that such a client gets, as PEM."""
        with self.client(lintel, host, root) as connection:
            return ssl.DER_cert_to_PEM_cert(connection.socket.getpeercert(True))

    def names_shown(self, lintel, host, root):
        with self.client(lintel, host, root) as connection:
            return [value for _, value in connection.socket.getpeercert()["subjectAltName"]]

    def ask(self, lintel, host, root, path="/"):
        with self.client(lintel, host, root) as connection:
            return connection.request(host, path)

    def is_verified(self, lintel, host, root):
        try:
            return self.shown(lintel, host, root)
        except (OSError, EOFError):
            return None

    def until_verified(self, lintel, host, root, within=30):
        """Waits for the CA's certificate; returns it."""
        try:
            return wait_for(lambda: self.is_verified(lintel, host, root), f"{host} is verified", within)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; problems: {self.problem_texts(lintel)}") from None

    def until_replaced(self, lintel, host, root, first, within):
        """Waits for another certificate. Until then every handshake is verified."""
        def replaced():
            now = self.shown(lintel, host, root)
            return now if now != first else None

        return wait_for(replaced, f"{host} has another certificate", within, every=0.1)

    def assert_local(self, lintel, host):
        """Served, with the local CA's certificate."""
        self.assertEqual(200, lintel.get_tls(host).status)

    # -- what an operator sees

    def problem_texts(self, lintel):
        return [f"{each['where']}: {each['what']}" for each in lintel.problems()]

    def until_told(self, lintel, *words, within=20):
        """Waits for a problem that has all of these words; returns it."""
        def found():
            return next((text for text in self.problem_texts(lintel) if all(word in text for word in words)), None)

        try:
            return wait_for(found, f"a problem says {words}", within)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.problem_texts(lintel)}") from None

    def until_no_problem_names(self, lintel, host, within=20):
        wait_for(lambda: not any(host in text for text in self.problem_texts(lintel)), f"no problem of {host} is left",
                 within)
