"""PROXY headers: from proxies in front that may say whose connection it is, and on to TCP services that ask for it."""
import socket
import struct
import time

from support.case import Case, main, wait_for
from support.routes import routes
from support.tcp import TcpCase, TcpRouter, count, hello
from support.wire import Connection, connect, split_address

V1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 1000 443\r\n"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def binary(source, destination, source_port, destination_port):
    """Version 2, for TCP."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    ends = b"".join(socket.inet_pton(family, each) for each in (source, destination))
    ends += struct.pack("!HH", source_port, destination_port)
    return SIGNATURE + bytes([0x21, 0x21 if ":" in source else 0x11]) + struct.pack("!H", len(ends)) + ends


V2 = binary("192.0.2.8", "192.0.2.1", 1000, 443)
V6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 1000 443\r\n"


def behind(address, header, tls=None, name=None, together=False):
    """A connection that begins with `header`. `together`: in one segment with what follows."""
    raw = socket.create_connection(split_address(address), timeout=10)
    raw.send(header, socket.MSG_MORE if together else 0)
    return Connection(tls.wrap_socket(raw, server_hostname=name) if tls else raw)


class Http(Case):
    TRUSTED = "+proxy_protocol_from=127.0.0.0/8"
    OTHERS = "+proxy_protocol_from=10.0.0.0/8"

    def door(self, suffix=""):
        """app.test on the entrypoints lb, which trusts us, and other, which trusts somebody else; over TLS or not."""
        self.upstream = self.backend(lambda e: e.reply(e.request["x-forwarded-for"] or ""))
        text = routes({"app.test": self.upstream.url}, tls=bool(suffix))
        builtin = "https" if suffix else "http"
        lintel = self.lintel("--entrypoints",
                             f"lb=127.0.0.1:0{suffix}{self.TRUSTED},other=127.0.0.1:0{suffix}{self.OTHERS}",
                             routes=text.replace(f"entryPoints: [{builtin}]", f"entryPoints: [{builtin}, lb, other]"))
        lintel.until("app.test", get=lintel.get_tls if suffix else None)
        return lintel

    def seen_from(self, lintel, entrypoint, head):
        with connect(lintel.ready["entrypoints"][entrypoint]) as client:
            client.send(head + b"GET /up HTTP/1.1\r\nHost: app.test\r\n\r\n")
            return client.read_response()

    def test_a_trusted_peer_says_whose_connection_it_is(self):
        lintel = self.door()
        self.assertEqual("192.0.2.7", self.seen_from(lintel, "lb", V1).text)
        self.assertEqual("192.0.2.8", self.seen_from(lintel, "lb", V2).text)
        self.assertEqual("127.0.0.1", self.seen_from(lintel, "lb", b"PROXY UNKNOWN\r\n").text)
        with self.assertRaises((EOFError, OSError)):
            self.seen_from(lintel, "lb", b"")

    def test_from_anybody_else_it_is_no_request(self):
        lintel = self.door()
        self.assertEqual("127.0.0.1", self.seen_from(lintel, "other", b"").text)
        for header in (V1, V2):
            self.assertEqual(400, self.seen_from(lintel, "other", header).status)

    def test_it_comes_ahead_of_tls(self):
        lintel = self.door("+tls")
        address = lintel.ready["entrypoints"]["lb"]
        for header, client in ((V1, "192.0.2.7"), (V2, "192.0.2.8"), (V6, "2001:db8::7"),
                               (b"PROXY UNKNOWN\r\n", "127.0.0.1")):
            for together in (False, True):
                with self.subTest(header=header, together=together):
                    with behind(address, header, lintel.trust(), "app.test", together) as connection:
                        for _ in range(2):
                            self.assertEqual(client, connection.request("app.test").text)

    def test_ahead_of_tls_it_may_come_byte_by_byte(self):
        lintel = self.door("+tls")
        for header in (V1, V2):
            raw = socket.create_connection(split_address(lintel.ready["entrypoints"]["lb"]), timeout=10)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in header:
                raw.send(bytes([byte]))
            with Connection(lintel.trust().wrap_socket(raw, server_hostname="app.test")) as client:
                self.assertRegex(client.request("app.test").text, "192.0.2.[78]")

    def test_ahead_of_tls_it_is_refused_from_anybody_else_and_missed_from_the_trusted(self):
        lintel = self.door("+tls")
        wait_for(lambda: count(lintel, "responses_2xx") == 1, "the counts are of now")
        before = count(lintel, "handshakes_failed")
        for entrypoint, header in (("other", V1), ("other", V2), ("lb", b"")):
            with self.subTest(entrypoint=entrypoint, header=header), self.assertRaises(OSError):
                behind(lintel.ready["entrypoints"][entrypoint], header, lintel.trust(), "app.test")
        wait_for(lambda: count(lintel, "handshakes_failed") == before + 3, "each is counted")
        self.assertEqual(1, len(self.upstream.requests), "until()'s")
        with behind(lintel.ready["entrypoints"]["other"], b"", lintel.trust(), "app.test") as client:
            self.assertEqual("127.0.0.1", client.request("app.test").text)


class In(TcpCase):
    """Ahead of what TCP routers take."""

    def behind_proxies(self, tls, name, suffix, *flags, header=0, trusted="127.0.0.0/8"):
        self.log = self.folder() / "access.log"
        self.there = self.echo(header=None if not header else lambda seen: not seen.endswith(b"\n"))
        rule = f"HostSNI(`{name}`)"
        return self.door(*flags, entrypoints=f"lb=127.0.0.1:0{suffix}+proxy_protocol_from={trusted}",
                         options={"access_log": self.log},
                         db=TcpRouter(rule, self.there.address, "lb", tls, proxy_header=header))

    def client_of_the_line(self):
        line, = self.lines(self.log)
        return line["client"]

    def test_ahead_of_tls_that_is_passed_on(self):
        for header, client in ((V1, "192.0.2.7"), (V2, "192.0.2.8"), (V6, "2001:db8::7")):
            with self.subTest(header=header):
                lintel = self.behind_proxies(self.PASSING, "db.localhost", "+tls")
                first = hello("db.localhost")
                with behind(lintel.ready["entrypoints"]["lb"], header, together=True) as connection:
                    self.talk(connection, first)
                self.assertEqual(client, self.client_of_the_line())

    def test_ahead_of_tls_that_ends_here(self):
        lintel = self.behind_proxies(self.ENDED, "ended.localhost", "+tls")
        self.talk(behind(lintel.ready["entrypoints"]["lb"], V1, lintel.trust(), "ended.localhost"))
        self.assertEqual("192.0.2.7", self.client_of_the_line())

    def test_the_header_the_name_and_the_handshake_have_one_time_together(self):
        lintel = self.behind_proxies(self.ENDED, "ended.localhost", "+tls", "--handshake-timeout", "1s")
        for what, rest in {"no ClientHello": b"", "half of one": hello("ended.localhost")[:40],
                           "no more than one": hello("ended.localhost")}.items():
            with self.subTest(what), behind(lintel.ready["entrypoints"]["lb"], V1[:10]) as client:
                began = time.monotonic()
                time.sleep(0.7)  # a slow client's share of the 1 s; a time of its own for each phase would end after 1.7 s
                client.send(V1[10:] + rest)
                self.read_what_comes(client)
                self.assertGreater(time.monotonic() - began, 0.9)
                self.assertLess(time.monotonic() - began, 1.65)

    def test_ahead_of_clear_text_where_the_server_speaks_first(self):
        lintel = self.behind_proxies("", "*", "")
        with behind(lintel.ready["entrypoints"]["lb"], V2) as client:
            self.assertEqual(b"hello ", client.read_exactly(6))
            self.echoes(client)
        self.assertEqual("192.0.2.8", self.client_of_the_line())

    def test_the_client_is_said_on(self):
        for header, expected in ((V1, V1), (V2, V1.replace(b".7", b".8")), (V6, V6)):
            with self.subTest(header=header):
                lintel = self.behind_proxies("", "*", "", header=1)
                self.talk(behind(lintel.ready["entrypoints"]["lb"], header))
                self.assertEqual([expected], self.there.headers)

    def test_from_anybody_else_it_is_refused(self):
        for tls in (self.PASSING, self.ENDED):
            for header in (V1, V2):
                with self.subTest(tls=tls, header=header):
                    lintel = self.behind_proxies(tls, "db.localhost", "+tls", trusted="10.0.0.0/8")
                    with behind(lintel.ready["entrypoints"]["lb"], header, together=True) as client:
                        client.send(hello("db.localhost"))
                        seen = self.read_what_comes(client)
                    self.assertNotIn(header, seen, "no app may take it for ours")
                    self.assertNotIn(b"hello ", seen)

    def test_in_clear_text_it_is_what_the_client_says_to_the_app_and_ours_comes_first(self):
        lintel = self.behind_proxies("", "*", "", header=1, trusted="10.0.0.0/8")
        client = connect(lintel.ready["entrypoints"]["lb"])
        source, destination = client.local_port, split_address(lintel.ready["entrypoints"]["lb"])[1]
        self.talk(client, V1)
        self.assertEqual([f"PROXY TCP4 127.0.0.1 127.0.0.1 {source} {destination}\r\n".encode()], self.there.headers)
        self.assertEqual("127.0.0.1", self.client_of_the_line())

    @staticmethod
    def read_what_comes(client):
        """An alert may come; an end or a reset has to."""
        client.socket.settimeout(3)
        seen = b""
        try:
            while piece := client.socket.recv(65536):
                seen += piece
        except OSError:
            pass
        return seen


class Out(TcpCase):
    """To TCP services whose file says so."""

    def ask(self, version, tls="", entrypoint="db", listen="127.0.0.1:0", name="*", header=None):
        """The header that arrived, and the client's and the server's port of that connection."""
        self.there = self.echo(header=header)
        router = TcpRouter(f"HostSNI(`{name}`)", self.there.address, entrypoint, tls, proxy_header=version)
        lintel = self.door(entrypoints=f"db={listen}", db=router)
        address = lintel.ready["entrypoints"][entrypoint]
        client = connect(address, tls=lintel.trust() if tls == self.ENDED else None, server_name=name)
        port = client.local_port
        self.talk(client, hello(name) if tls == self.PASSING else b"x")
        return self.there.headers, port, split_address(address)[1]

    def a_line(self, seen):
        return not seen.endswith(b"\n")

    def test_version_1(self):
        by_name = {"entrypoint": "https", "name": "db.localhost"}
        for what, options in {"clear": {}, "passed on": {"tls": self.PASSING, **by_name},
                              "ended": {"tls": self.ENDED, **by_name}}.items():
            with self.subTest(what):
                seen, source, destination = self.ask(1, header=self.a_line, **options)
                self.assertEqual([f"PROXY TCP4 127.0.0.1 127.0.0.1 {source} {destination}\r\n".encode()], seen)

    def test_version_2(self):
        seen, source, destination = self.ask(2, header=lambda seen: len(seen) < 28)
        self.assertEqual([binary("127.0.0.1", "127.0.0.1", source, destination)], seen)

    def test_ipv6(self):
        seen, source, destination = self.ask(1, listen="[::1]:0", header=self.a_line)
        self.assertEqual([f"PROXY TCP6 ::1 ::1 {source} {destination}\r\n".encode()], seen)
        seen, source, destination = self.ask(2, listen="[::1]:0", header=lambda seen: len(seen) < 52)
        self.assertEqual([binary("::1", "::1", source, destination)], seen)


if __name__ == "__main__":
    main()
