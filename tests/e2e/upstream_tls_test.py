"""TLS to upstreams: verified unless the file says otherwise, resumed, pooled. The PROXY protocol ahead of it."""
import json
import pathlib
import shutil
import ssl
import struct
import tempfile

from support.backend import Backend
from support.case import Case, main, wait_for
from support.lintel import Lintel
from support.routes import routes
from support.tls_backend import Authority, ProxiedBackend, TlsBackend
from support.websocket import (BINARY, CLOSE, echo_server, echo_text, handshake, masked, read_frame, write_frame)
from support.wire import split_address


def closing(exchange):
    """Answers and closes, so that the next request needs a connection of its own."""
    exchange.read_body()
    exchange.close_after = True
    exchange.reply("ok", fields=[("Connection", "close")])


def with_transport(text, members):
    """Every service of `text` with a serversTransport of these members."""
    return (text.replace("loadBalancer:\n", "loadBalancer:\n        serversTransport: how\n") +
            "  serversTransports:\n    how: " + json.dumps(members) + "\n")


class Blunt(Backend):
    """Answers what it can't read in clear text."""

    def _converse(self, accepted, number):
        accepted.recv(1)
        accepted.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class Silent(Backend):
    """Takes a ClientHello and says nothing to it."""

    hellos = 0

    def _converse(self, accepted, number):
        while data := accepted.recv(65536):
            self.hellos += bool(data)


class WithAuthority(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.ca = Authority(self.folder)
        self.access = self.folder / "access.log"

    def tls_backend(self, *arguments, names="DNS:localhost", **options):
        backend = TlsBackend(self.ca.issue("app", names), *arguments, **options)
        self.addCleanup(backend.stop)
        return backend

    def details(self, path):
        """`detail` of the access lines that are about this path."""
        lines = self.access.read_text().splitlines() if self.access.exists() else []
        return [json.loads(line).get("detail", "") for line in lines if f'"{path}"' in line]


class UpstreamTls(WithAuthority):
    def door(self, url, transport=None, *flags):
        text = routes({"app.test": url})
        if transport is not None:
            text = with_transport(text, transport)
        return self.lintel(*flags, routes=text, access_log=self.access, workers=1)

    def trusted(self, **more):
        return {"rootCAs": [str(self.ca.file)], **more}

    def assert_refused(self, lintel, upstream, why):
        """`why` is in the access log; nothing of the request reached the app; the endpoint stays as it is."""
        response = lintel.until("app.test", 502, path="/refused")
        self.assertEqual("upstream-tls", response["lintel-reason"])
        self.assertRegex(response.text, "TLS with the app failed")
        wait_for(lambda: any(why in each for each in self.details("/refused")), f"the access log says {why}")
        again = lintel.get("app.test", "/refused")
        self.assertEqual((502, "upstream-tls"), (again.status, again["lintel-reason"]), "it is not suspected")
        self.assertEqual([], upstream.requests)

    def test_a_certificate_of_the_named_ca_is_verified(self):
        upstream = self.tls_backend()
        lintel = self.door(upstream.named_url, self.trusted())
        self.assertEqual("ok", lintel.until("app.test").text)
        self.assertEqual("localhost", upstream.handshakes[0].server_name)
        self.assertEqual("TLSv1.3", upstream.handshakes[0].version)

    def test_an_address_is_looked_for_in_the_certificate_and_never_sent_as_a_name(self):
        upstream = self.tls_backend(names="IP:127.0.0.1")
        lintel = self.door(upstream.url, self.trusted())
        lintel.until("app.test")
        self.assertIsNone(upstream.handshakes[0].server_name)

    def test_an_unknown_ca_is_refused(self):
        upstream = self.tls_backend()
        self.assert_refused(self.door(upstream.named_url), upstream, "unable to get local issuer certificate")

    def test_another_private_ca_is_refused(self):
        upstream = self.tls_backend()
        other = Authority(self.folder, "other")
        lintel = self.door(upstream.named_url, {"rootCAs": [str(other.file)]})
        self.assert_refused(lintel, upstream, "unable to get local issuer certificate")

    def test_another_name_is_refused(self):
        upstream = self.tls_backend(names="DNS:other.internal")
        self.assert_refused(self.door(upstream.named_url, self.trusted()), upstream, "hostname mismatch")

    def test_another_address_is_refused(self):
        upstream = self.tls_backend()
        self.assert_refused(self.door(upstream.url, self.trusted()), upstream, "IP address mismatch")

    def test_an_app_that_speaks_no_tls_is_refused(self):
        upstream = Blunt()
        self.addCleanup(upstream.stop)
        lintel = self.door(upstream.url.replace("http:", "https:"), self.trusted())
        response = lintel.until("app.test", 502)
        self.assertEqual("upstream-tls", response["lintel-reason"])

    def test_the_server_name_of_the_transport_is_sent_and_verified(self):
        upstream = self.tls_backend(names="DNS:app.internal")
        lintel = self.door(upstream.url, self.trusted(serverName="app.internal"))
        lintel.until("app.test")
        self.assertEqual("app.internal", upstream.handshakes[0].server_name)

    def test_insecure_skip_verify_takes_any_certificate(self):
        upstream = self.tls_backend(names="DNS:other.internal")
        self.door(upstream.url, {"insecureSkipVerify": True}).until("app.test")

    def test_our_own_certificate_is_shown_to_who_demands_one(self):
        upstream = self.tls_backend(clients=self.ca)
        certificate, key = self.ca.issue("front", "DNS:front.internal")
        lintel = self.door(upstream.named_url, self.trusted(
            certificates=[{"certFile": str(certificate), "keyFile": str(key)}]))
        lintel.until("app.test")
        self.assertEqual("front", upstream.handshakes[0].client)

    def test_without_a_certificate_of_ours_one_that_demands_it_gets_no_request(self):
        for highest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(highest=highest):
                upstream = self.tls_backend(clients=self.ca, highest=highest)
                lintel = self.door(upstream.named_url, self.trusted())
                response = lintel.until("app.test", 502, path=f"/demanded-{highest.name}")
                self.assertEqual("upstream-tls", response["lintel-reason"])
                self.assertEqual([], upstream.requests)

    def test_a_second_connection_resumes_the_session(self):
        for highest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(highest=highest):
                upstream = self.tls_backend(closing, highest=highest)
                lintel = self.door(upstream.named_url, self.trusted())
                lintel.until("app.test")
                self.assertEqual(200, lintel.get("app.test").status)
                self.assertEqual([False, True], [each.resumed for each in upstream.handshakes[:2]])

    def test_connections_are_pooled(self):
        upstream = self.tls_backend()
        lintel = self.door(upstream.named_url, self.trusted())
        lintel.until("app.test")
        for _ in range(20):
            self.assertEqual(200, lintel.get("app.test").status)
        self.assertEqual(1, len(upstream.used_connections))

    def test_bodies_pass_whole_in_both_directions(self):
        upstream = self.tls_backend(lambda exchange: exchange.reply(exchange.read_body()))
        lintel = self.door(upstream.named_url, self.trusted())
        lintel.until("app.test")
        body = bytes(range(256)) * 20_000
        self.assertEqual(body, lintel.get("app.test", method="POST", body=body).body)

    def test_a_changed_transport_never_uses_the_connections_of_the_old_one(self):
        upstream = self.tls_backend()
        lintel = self.door(upstream.named_url, {"insecureSkipVerify": True})
        lintel.until("app.test")
        other = Authority(self.folder, "other")
        lintel.write_routes(with_transport(routes({"app.test": upstream.named_url}), {"rootCAs": [str(other.file)]}))
        self.assertEqual("upstream-tls", lintel.until("app.test", 502)["lintel-reason"])
        lintel.write_routes(with_transport(routes({"app.test": upstream.named_url}), self.trusted()))
        lintel.until("app.test")
        self.assertEqual(2, len(upstream.used_connections))

    def test_two_services_with_one_endpoint_keep_their_ways_apart(self):
        upstream = self.tls_backend()
        text = with_transport(routes({"checked.test": upstream.named_url}), self.trusted())
        unchecked = with_transport(routes({"open.test": upstream.named_url}), {"insecureSkipVerify": True})
        lintel = self.lintel(routes=text, workers=1)
        lintel.write_routes(unchecked.replace("how", "other"), "other.yml")
        for host in ("checked.test", "open.test"):
            lintel.until(host)
        for host in ("checked.test", "open.test") * 3:
            self.assertEqual(200, lintel.get(host).status)
        self.assertEqual(2, len(upstream.used_connections))

    def test_a_full_pool_makes_room_for_connections_of_another_way(self):
        """Else one that nobody uses any more would keep the place, and each request would need a handshake."""
        upstream = self.tls_backend()
        lintel = self.lintel("--pooled-per-endpoint", "1", routes=with_transport(
            routes({"checked.test": upstream.named_url}), self.trusted()), workers=1)
        lintel.until("checked.test")
        lintel.write_routes(with_transport(routes({"open.test": upstream.named_url}), {"insecureSkipVerify": True})
                            .replace("how", "other"), "other.yml")
        lintel.until("open.test")
        checked, opened = (request.connection for request in upstream.requests)
        self.assertNotEqual(checked, opened)
        wait_for(lambda: checked not in upstream.open_connections, "the first gave way")
        for _ in range(3):
            lintel.get("open.test")
        self.assertEqual({opened}, {request.connection for request in upstream.requests[2:]}, "the place is taken")
        lintel.get("checked.test")
        self.assertNotIn(upstream.requests[-1].connection, (checked, opened))
        wait_for(lambda: opened not in upstream.open_connections, "and the other way round")

    def test_a_full_pool_keeps_what_it_has_of_the_same_way(self):
        upstream = self.tls_backend(lambda exchange: exchange.reply(exchange.read_body() or b"ok"))
        lintel = self.door(upstream.named_url, self.trusted(), "--pooled-per-endpoint", "1")
        lintel.until("app.test")
        pooled = upstream.requests[-1].connection
        with lintel.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
            wait_for(lambda: len(upstream.requests) == 2, "one connection is busy")
            self.assertEqual(200, lintel.get("app.test").status)
            client.send("0\r\n\r\n")
            self.assertEqual(b"a", client.read_response().body)
        busy, beside = (request.connection for request in upstream.requests[1:3])
        self.assertNotEqual(busy, beside)
        wait_for(lambda: len(upstream.open_connections) == 1, f"of {pooled}, {busy}, {beside} one stays")
        lintel.get("app.test")
        self.assertEqual(beside, upstream.requests[-1].connection, "the one that came back first")

    def test_a_websocket_speaks_through_it(self):
        upstream = self.tls_backend(lambda exchange: echo_server(exchange) if exchange.request["upgrade"]
                                    else exchange.reply("ok"))
        lintel = self.door(upstream.named_url, self.trusted())
        lintel.until("app.test")
        with lintel.connect() as client:
            self.assertEqual(101, handshake(client, "app.test").status)
            for size in (0, 125, 65536, 3_000_000):
                payload = masked(bytes(size), b"\x01\x80\xff\x3c")
                write_frame(client, BINARY, payload, mask=True)
                self.assertEqual((BINARY, payload), read_frame(client), size)
            write_frame(client, CLOSE, b"", mask=True)
            self.assertEqual((CLOSE, b""), read_frame(client))
            self.assertTrue(client.ended())

    def test_a_websocket_of_a_client_that_is_gone_ends_its_connection(self):
        upstream = self.tls_backend(echo_server)
        lintel = self.door(upstream.named_url, self.trusted())
        lintel.until("app.test", 426)
        with lintel.connect() as client:
            self.assertEqual(101, handshake(client, "app.test").status)
            self.assertEqual("hello", echo_text(client, "hello"))
        wait_for(lambda: not upstream.open_connections, "TLS to the app is over")

    def test_a_handshake_that_stalls_ends_with_the_connect_timeout(self):
        upstream = Silent()
        self.addCleanup(upstream.stop)
        lintel = self.door(upstream.url.replace("http:", "https:"), self.trusted(), "--connect-timeout", "300ms")
        response = lintel.until("app.test", 504, path="/stalled")
        self.assertEqual("connect-timeout", response["lintel-reason"])
        wait_for(lambda: any("TLS" in each for each in self.details("/stalled")), "the access log says in what")

    def test_a_client_that_leaves_during_the_handshake_frees_the_connection(self):
        upstream = Silent()
        self.addCleanup(upstream.stop)
        lintel = self.door(upstream.url.replace("http:", "https:"), self.trusted(), "--connect-timeout", "1m")
        with lintel.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            wait_for(lambda: upstream.hellos, "the handshake is under way")
        wait_for(lambda: not upstream.open_connections, "it is given up", within=3)

    def test_another_endpoint_is_asked_where_one_cannot_be_trusted(self):
        good = self.tls_backend()
        bad = TlsBackend(Authority(self.folder, "other").issue("app", "DNS:localhost"))
        self.addCleanup(bad.stop)
        lintel = self.door([good.named_url, bad.named_url], self.trusted())
        lintel.until("app.test")
        wait_for(lambda: lintel.get("app.test", method="POST", body=b"x").status == 200 and bad.refused, "both were tried")
        for _ in range(4):
            self.assertEqual(200, lintel.get("app.test").status)
        self.assertEqual([], bad.requests)

    def test_a_ca_file_that_is_broken_closes_the_route(self):
        upstream = self.tls_backend()
        broken = self.folder / "broken.pem"
        broken.write_text("no certificate\n")
        lintel = self.door(upstream.named_url, {"rootCAs": [str(broken)]})
        self.assertEqual("closed", lintel.until("app.test", 503)["lintel-reason"])
        self.assertEqual([], upstream.handshakes)


class ProxyHeaders(WithAuthority):
    """Files have it for TCP services only, so these come from a snapshot."""

    def door(self, upstream, http="127.0.0.1:0", **service):
        lintel = Lintel(routes=None, workers=1, http=http)
        self.addCleanup(self._end, lintel)
        snapshot = lintel.folder / "snapshot.json"
        transport = {"ca_pem": self.ca.file.read_text(), "server_name": "localhost"}
        snapshot.write_text(json.dumps({"commit": True, "upsert": [
            {"kind": "endpoint", "id": "e", "spec": {"host": "127.0.0.1", "port": upstream.port}},
            {"kind": "transport", "id": "t", "spec": transport},
            {"kind": "service", "id": "s", "spec": {"endpoints": ["e"], **service}},
            {"kind": "router", "id": "r",
             "spec": {"rule": "Host(`app.test`)", "entrypoints": ["http"], "service": "s"}}]}))
        lintel.command[1:2] = ["edge", "--snapshot", str(snapshot)]
        return lintel.start()

    def proxied(self, *arguments, **options):
        backend = ProxiedBackend(*arguments, **options)
        self.addCleanup(backend.stop)
        return backend

    def ask(self, lintel):
        """The client's and the server's port of one answered request."""
        lintel.until("app.test")
        with lintel.connect() as client:
            self.assertEqual(200, client.request("app.test").status)
            return client.local_port, split_address(lintel.http)[1]

    def test_version_1_arrives_byte_exact(self):
        upstream = self.proxied(lambda header: not header.endswith(b"\n"))
        source, destination = self.ask(self.door(upstream, proxy_protocol=1))
        self.assertEqual(f"PROXY TCP4 127.0.0.1 127.0.0.1 {source} {destination}\r\n".encode(), upstream.headers[-1])

    def test_version_2_arrives_byte_exact(self):
        upstream = self.proxied(lambda header: len(header) < 28)
        source, destination = self.ask(self.door(upstream, proxy_protocol=2))
        expected = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\1\x7f\0\0\1" + struct.pack("!HH", source, destination)
        self.assertEqual(expected, upstream.headers[-1])

    def test_ipv6_arrives_byte_exact(self):
        upstream = self.proxied(lambda header: not header.endswith(b"\n"))
        source, destination = self.ask(self.door(upstream, http="[::1]:0", proxy_protocol=1))
        self.assertEqual(f"PROXY TCP6 ::1 ::1 {source} {destination}\r\n".encode(), upstream.headers[-1])
        upstream = self.proxied(lambda header: len(header) < 52)
        source, destination = self.ask(self.door(upstream, http="[::1]:0", proxy_protocol=2))
        ends = 2 * (bytes(15) + b"\1") + struct.pack("!HH", source, destination)
        expected = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + ends
        self.assertEqual(expected, upstream.headers[-1])

    def test_a_websocket_is_announced_too(self):
        upstream = self.proxied(lambda header: not header.endswith(b"\n"),
                                lambda e: echo_server(e) if e.request["upgrade"] else e.reply("ok"))
        lintel = self.door(upstream, proxy_protocol=1)
        lintel.until("app.test")
        with lintel.connect() as client:
            self.assertEqual(101, handshake(client, "app.test").status)
            self.assertIn(f" {client.local_port} ".encode(), upstream.headers[-1])
            self.assertEqual("hello", echo_text(client, "hello"))

    def test_it_goes_ahead_of_tls(self):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.ca.issue("app", "DNS:localhost"))
        upstream = self.proxied(lambda header: not header.endswith(b"\n"), context=context)
        source, destination = self.ask(self.door(upstream, proxy_protocol=1, scheme="https", transport="t"))
        self.assertEqual(f"PROXY TCP4 127.0.0.1 127.0.0.1 {source} {destination}\r\n".encode(), upstream.headers[-1])

    def test_a_connection_that_was_announced_serves_one_request(self):
        upstream = self.proxied(lambda header: not header.endswith(b"\n"))
        lintel = self.door(upstream, proxy_protocol=1)
        lintel.until("app.test")
        before = len(upstream.used_connections)
        with lintel.connect() as client:
            for _ in range(3):
                self.assertEqual(200, client.request("app.test").status)
        self.assertEqual(3, len(upstream.used_connections) - before)

    def test_a_transport_that_is_not_there_closes_the_route(self):
        upstream = self.backend()
        lintel = self.door(upstream, scheme="https", transport="missing")
        response = lintel.until("app.test", 503)
        self.assertEqual("closed", response["lintel-reason"])
        self.assertIn("the transport missing", response.text)


if __name__ == "__main__":
    main()
