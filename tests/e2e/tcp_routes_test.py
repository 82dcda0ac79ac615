"""Connections that TCP routers take: TLS passed on by its name, TLS ended here, clear text; and PROXY headers coming in."""
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from support.case import Case, main, wait_for
from support.routes import routes
from support.wire import Connection, connect, split_address


def certificate(folder, *names):
    """Of its own: the backend's, whom nobody but the test trusts."""
    chain, key = folder / "backend.pem", folder / "backend-key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", "/O=the backend's own", "-addext",
                    "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", str(key), "-out", str(chain)],
                   check=True, capture_output=True)
    return chain, key


class Echo:
    """Answers each connection with "hello " and all that it sends, until the client's end. `tls`: an SSLContext."""

    def __init__(self, tls=None):
        self.tls, self.listening = tls, socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listening.getsockname()[1]
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
            with (self.tls.wrap_socket(client, server_side=True) if self.tls else client) as client:
                client.sendall(b"hello ")
                while piece := client.recv(65536):
                    client.sendall(piece)
                client.sendall(b" bye")
        except OSError:
            pass

    def stop(self):
        self.listening.close()


def tcp_routes(**routers):
    """`routers`: name=(rule, address, entrypoint, tls), where tls is YAML or None. Each has a service of its own."""
    lines = ["tcp:", "  routers:"]
    for name, (rule, _, entrypoint, tls) in routers.items():
        lines += [f"    {name}:", f"      rule: {rule}", f"      service: {name}", f"      entryPoints: [{entrypoint}]",
                  *([f"      tls: {tls}"] if tls else [])]
    lines.append("  services:")
    for name, (_, address, _, _) in routers.items():
        lines += [f"    {name}:", "      loadBalancer:", "        servers:", f"          - address: '{address}'"]
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


def in_records(message, size):
    """The same handshake message in records of `size` bytes."""
    head, body = message[:3], message[5:]
    return b"".join(head + len(body[at:at + size]).to_bytes(2, "big") + body[at:at + size]
                    for at in range(0, len(body), size))


class TcpRoutes(Case):
    def echo(self, tls=None):
        echo = Echo(tls)
        self.addCleanup(echo.stop)
        return echo

    def door(self, *flags, entrypoints="unused=127.0.0.1:0", **routers):
        """TCP routers, and app.localhost in HTTP on https."""
        self.upstream = self.backend()
        text = routes({"app.localhost": self.upstream.url}, tls=True) + tcp_routes(**routers)
        lintel = self.lintel("--entrypoints", entrypoints, *flags, routes=text)
        lintel.until("app.localhost", get=lintel.get_tls)
        wait_for(lambda: len(routers) <= len(self.serving(lintel)), "TCP routers serve")
        return lintel

    def serving(self, lintel):
        """The names of TCP routers with an endpoint that is ready."""
        return {each["id"].rpartition("/")[2].partition("@")[0] for each in lintel.api("/routes")[1]["routes"]
                if each["protocol"] == "tcp" and each["state"] == "serving"
                and any(one["state"] == "ready" for one in each["endpoints"])}

    def passing(self, rule="HostSNI(`db.localhost`) || HostSNI(`*.wild.localhost`)", *flags):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-tcp-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        chain, key = certificate(folder, "db.localhost", "*.wild.localhost")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain, key)
        self.trusts_backend = ssl.create_default_context(cafile=str(chain))
        return self.door(*flags, db=(rule, self.echo(context).address, "https", "{passthrough: true}"))

    def talk(self, client, text=b"x"):
        with client:
            client.send(text)
            self.assertEqual(b"hello " + text, client.read_exactly(6 + len(text)))

    def test_tls_is_passed_on_by_its_name(self):
        lintel = self.passing()
        for name in ("db.localhost", "a.wild.localhost", "b.wild.localhost", "DB.localhost"):
            client = connect(lintel.https, tls=self.trusts_backend, server_name=name)
            self.assertIn("the backend's own", str(client.socket.getpeercert()["subject"]))
            self.talk(client)
        self.assertEqual(200, lintel.get_tls("app.localhost").status, "HTTP on the same entrypoint")

    def test_much_goes_through_whole(self):
        lintel = self.passing()
        data = bytes(range(256)) * 20_000
        with connect(lintel.https, tls=self.trusts_backend, server_name="db.localhost") as client:
            self.assertEqual(b"hello ", client.read_exactly(6))
            sender = threading.Thread(target=client.socket.sendall, args=(data,))
            sender.start()
            self.assertEqual(data, client.read_exactly(len(data)))
            sender.join()

    def test_a_client_hello_may_come_in_any_pieces(self):
        lintel = self.passing()
        whole, large = hello("db.localhost"), hello("db.localhost", padding=80)
        self.assertGreater(len(large), 16 * 1024)
        for what, pieces in {"byte by byte": [bytes([each]) for each in whole],
                             "two records": [in_records(whole, 100)], "records of one byte": [in_records(whole, 1)],
                             "larger than a record": [large]}.items():
            with self.subTest(what), socket.create_connection(split_address(lintel.https), timeout=10) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for piece in pieces:
                    client.sendall(piece)
                answer = client.recv(1)
                self.assertIn(answer, (b"\x16", b"\x15"), "the backend answers")

    def test_a_slow_client_hello_is_cut(self):
        lintel = self.passing("HostSNI(`db.localhost`)", "--handshake-timeout", "500ms")
        with socket.create_connection(split_address(lintel.https), timeout=10) as client:
            client.sendall(hello("db.localhost")[:40])
            began = time.monotonic()
            try:
                self.assertEqual(b"", client.recv(1))
            except ConnectionResetError:
                pass
            self.assertLess(time.monotonic() - began, 3)

    def test_tls_may_end_here(self):
        lintel = self.door(db=("HostSNI(`ended.localhost`)", self.echo().address, "https", "{}"))
        lintel.until("app.localhost", get=lintel.get_tls)
        self.talk(connect(lintel.https, tls=lintel.trust(), server_name="ended.localhost"))
        self.assertEqual(200, lintel.get_tls("app.localhost").status)

    def test_clear_text_on_an_entrypoint_of_its_own(self):
        lintel = self.door(entrypoints="db=127.0.0.1:0", db=("HostSNI(`*`)", self.echo().address, "db", None))
        with connect(lintel.ready["entrypoints"]["db"]) as client:
            self.assertEqual(b"hello ", client.read_exactly(6), "the server speaks first")
            client.send(b"all")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(b"all bye", client.read_exactly(7), "half of it goes on")
            self.assertTrue(client.ended())

    def test_a_drain_ends_what_is_open(self):
        lintel = self.door(entrypoints="db=127.0.0.1:0", db=("HostSNI(`*`)", self.echo().address, "db", None))
        client = connect(lintel.ready["entrypoints"]["db"])
        self.assertEqual(b"hello ", client.read_exactly(6))
        self.assertIsNone(lintel.stop())
        client.socket.close()


class ProxyHeaders(Case):
    def seen_from(self, lintel, entrypoint, head):
        with connect(lintel.ready["entrypoints"][entrypoint]) as client:
            client.send(head + b"GET /up HTTP/1.1\r\nHost: app.test\r\n\r\n")
            return client.read_response()

    def test_a_trusted_peer_says_whose_connection_it_is(self):
        lines = routes({"app.test": self.backend(lambda e: e.reply(e.request["x-forwarded-for"] or "")).url})
        lintel = self.lintel("--entrypoints", "lb=127.0.0.1:0+proxy_protocol_from=127.0.0.0/8,other=127.0.0.1:0+proxy_protocol_from=10.0.0.0/8",
                             routes=lines.replace("entryPoints: [http]", "entryPoints: [http, lb, other]"))
        lintel.until("app.test")
        v1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 1000 443\r\n"
        v2 = (b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes([192, 0, 2, 8, 192, 0, 2, 1]) + b"\x03\xe8\x01\xbb")
        self.assertEqual("192.0.2.7", self.seen_from(lintel, "lb", v1).text)
        self.assertEqual("192.0.2.8", self.seen_from(lintel, "lb", v2).text)
        self.assertEqual("127.0.0.1", self.seen_from(lintel, "lb", b"PROXY UNKNOWN\r\n").text)
        with self.assertRaises((EOFError, OSError)):
            self.seen_from(lintel, "lb", b"")
        self.assertEqual("127.0.0.1", self.seen_from(lintel, "other", b"").text)
        self.assertEqual(400, self.seen_from(lintel, "other", v1).status)


if __name__ == "__main__":
    main()
