"""TCP routers in Traefik's YAML, upstreams that speak no HTTP, and the base of the tests that want them."""
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from dataclasses import dataclass

from support.case import Case, wait_for
from support.routes import routes
from support.wire import connect


def certificate(folder, *names):
    """Of its own: the backend's, whom nobody but the test trusts."""
    chain, key = folder / "backend.pem", folder / "backend-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", "/O=the backend's own", "-addext",
                    "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", str(key), "-out", str(chain)],
                   check=True, capture_output=True)
    return chain, key


class Echo:
    """Answers each connection with "hello " and all that it sends, until the client's end, and then " bye". `tls`: an
    SSLContext; `header`: a function of the first bytes to whether more of them belong to what comes ahead of
    everything else. `headers` are those, of connections that sent any (a probe's sends none)."""

    def __init__(self, tls=None, header=None):
        self.tls, self.more_needed, self.headers = tls, header, []
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listening.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            if self.more_needed:
                self.read_header(client)
            with (self.tls.wrap_socket(client, server_side=True) if self.tls else client) as client:
                client.sendall(b"hello ")
                while piece := client.recv(65536):
                    client.sendall(piece)
                client.sendall(b" bye")
        except OSError:
            pass

    def read_header(self, client):
        header = b""
        while self.more_needed(header) and (byte := client.recv(1)):
            header += byte
        if header:
            self.headers.append(header)

    def stop(self):
        """From now on connections are refused; those that are open stay."""
        try:
            self.listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
        except OSError:
            pass  # stopped before
        self.listening.close()


@dataclass
class TcpRouter:
    rule: str
    addresses: str | list  # of its service's servers
    entrypoint: str
    tls: str = ""            # YAML; "": clear text
    proxy_header: int = 0    # the version of what its service sends ahead


def tcp_routes(**routers):
    """Each has a service of its own."""
    lines = ["tcp:", "  routers:"]
    for name, router in routers.items():
        lines += [f"    {name}:", f"      rule: {router.rule}", f"      service: {name}",
                  f"      entryPoints: [{router.entrypoint}]", *([f"      tls: {router.tls}"] if router.tls else [])]
    lines.append("  services:")
    for name, router in routers.items():
        addresses = [router.addresses] if isinstance(router.addresses, str) else router.addresses
        said = [f"        proxyProtocol: {{version: {router.proxy_header}}}"] if router.proxy_header else []
        lines += [f"    {name}:", "      loadBalancer:", *said, "        servers:",
                  *(f"          - address: '{each}'" for each in addresses)]
    return "\n".join(lines) + "\n"


def hello(name, padding=0):
    """The bytes of a ClientHello."""
    context = ssl.create_default_context()
    if padding:  # each adds to the ALPN extension
        context.set_alpn_protocols([f"protocol-{number:0240}" for number in range(padding)])
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class TcpCase(Case):
    PASSING = "{passthrough: true}"
    ENDED = "{}"

    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-tcp-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def echo(self, **options):
        echo = Echo(**options)
        self.addCleanup(echo.stop)
        return echo

    def door(self, *flags, entrypoints="unused=127.0.0.1:0", options=None, **routers):
        """TCP routers, and app.localhost in HTTP on https. All endpoints are ready. `options`: of the Lintel."""
        self.upstream = self.backend()
        text = routes({"app.localhost": self.upstream.url}, tls=True) + tcp_routes(**routers)
        lintel = self.lintel("--entrypoints", entrypoints, *flags, routes=text, **(options or {}))
        lintel.until("app.localhost", get=lintel.get_tls)
        wait_for(lambda: self.serving(lintel) == len(routers), "TCP routers serve")
        return lintel

    def serving(self, lintel):
        """How many TCP routers have nothing but endpoints that are ready."""
        return sum(each["protocol"] == "tcp" and each["state"] == "serving"
                   and all(one["state"] == "ready" for one in each["endpoints"])
                   for each in lintel.api("/routes")[1]["routes"])

    def clear(self, *flags, addresses=None, **options):
        """One TCP router in clear text, on the entrypoint db."""
        router = TcpRouter("HostSNI(`*`)", addresses or self.echo().address, "db")
        return self.door(*flags, entrypoints="db=127.0.0.1:0", db=router, **options)

    def passing(self, *flags, rule="HostSNI(`db.localhost`) || HostSNI(`*.wild.localhost`)"):
        """TLS passed on to a backend with a certificate of its own, which `trusts_backend` trusts."""
        chain, key = certificate(self.folder(), "db.localhost", "*.wild.localhost")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain, key)
        self.trusts_backend = ssl.create_default_context(cafile=str(chain))
        return self.door(*flags, db=TcpRouter(rule, self.echo(tls=context).address, "https", self.PASSING))

    def greeted(self, lintel, entrypoint="db"):
        """A connection on which the backend has said hello."""
        client = connect(lintel.ready["entrypoints"][entrypoint])
        self.addCleanup(client.close)
        self.assertEqual(b"hello ", client.read_exactly(6))
        return client

    def echoes(self, client, text=b"x"):
        client.send(text)
        self.assertEqual(text, client.read_exactly(len(text)))

    def talk(self, client, text=b"x"):
        """A whole conversation."""
        with client:
            client.send(text)
            self.assertEqual(b"hello " + text, client.read_exactly(6 + len(text)))

    def lines(self, file, count=1, protocol="TCP"):
        """The access lines of this protocol, once there are so many."""
        def read():
            parsed = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
            found = [line for line in parsed if line.get("protocol") == protocol]
            return len(found) >= count and found
        return wait_for(read, f"{count} lines about {protocol}")


def count(lintel, name):
    """A counter as the status has it, at most a second old: wait for one of which you know what it has to become, then
    the others are of that time, too."""
    return lintel.api("/status")[1]["stats"].get(name)
