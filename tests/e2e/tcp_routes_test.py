"""Connections that TCP routers take: TLS passed on by its name, TLS ended here, clear text."""
import socket
import ssl
import time

from support.case import main, wait_for
from support.routes import routes
from support.tcp import TcpCase, TcpRouter, hello, tcp_routes
from support.wire import connect, split_address


def in_records(message, size):
    """The same handshake message in records of `size` bytes."""
    head, body = message[:3], message[5:]
    return b"".join(head + len(body[at:at + size]).to_bytes(2, "big") + body[at:at + size]
                    for at in range(0, len(body), size))


class TcpRoutes(TcpCase):
    def test_tls_is_passed_on_by_its_name(self):
        lintel = self.passing()
        for name in ("db.localhost", "a.wild.localhost", "b.wild.localhost", "DB.localhost"):
            client = connect(lintel.https, tls=self.trusts_backend, server_name=name)
            self.assertIn("the backend's own", str(client.socket.getpeercert()["subject"]))
            self.talk(client)
        self.assertEqual(200, lintel.get_tls("app.localhost").status, "HTTP on the same entrypoint")

    def test_much_goes_through_whole(self):
        """In turns: Python's TLS objects are for one thread. Both ways at once: tcp_relay_test."""
        lintel = self.passing()
        data = bytes(range(256)) * 256
        with connect(lintel.https, tls=self.trusts_backend, server_name="db.localhost") as client:
            self.assertEqual(b"hello ", client.read_exactly(6))
            for _ in range(80):
                self.echoes(client, data)

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
        lintel = self.passing("--handshake-timeout", "500ms")
        with socket.create_connection(split_address(lintel.https), timeout=10) as client:
            client.sendall(hello("db.localhost")[:40])
            began = time.monotonic()
            try:
                self.assertEqual(b"", client.recv(1))
            except ConnectionResetError:
                pass
            self.assertLess(time.monotonic() - began, 3)

    def test_tls_may_end_here(self):
        lintel = self.door(db=TcpRouter("HostSNI(`ended.localhost`)", self.echo().address, "https", self.ENDED))
        lintel.until("app.localhost", get=lintel.get_tls)
        self.talk(connect(lintel.https, tls=lintel.trust(), server_name="ended.localhost"))
        self.assertEqual(200, lintel.get_tls("app.localhost").status)

    def test_where_only_tcp_speaks_tls_its_options_hold_too(self):
        ended = TcpRouter("HostSNI(`ended.localhost`)", self.echo().address, "db", "{options: new}")
        anybody = TcpRouter("HostSNI(`*`)", self.echo().address, "db", "{options: new}")
        text = routes({"app.localhost": self.backend().url}, tls=True) + tcp_routes(ended=ended, anybody=anybody)
        text += "tls: {options: {new: {minVersion: VersionTLS13}}}\n"
        lintel = self.lintel("--entrypoints", "db=127.0.0.1:0", routes=text)
        lintel.until("app.localhost", get=lintel.get_tls)
        wait_for(lambda: self.serving(lintel) == 1, "one of them serves")
        self.assertIn("no host that a handshake could choose them by", str(lintel.problems()))
        door, context = lintel.ready["entrypoints"]["db"], lintel.trust()
        self.talk(connect(door, tls=context, server_name="ended.localhost"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            connect(door, tls=context, server_name="ended.localhost")

    def test_clear_text_on_an_entrypoint_of_its_own(self):
        lintel = self.clear()
        with connect(lintel.ready["entrypoints"]["db"]) as client:
            self.assertEqual(b"hello ", client.read_exactly(6), "the server speaks first")
            client.send(b"all")
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(b"all bye", client.read_exactly(7), "half of it goes on")
            self.assertTrue(client.ended())


if __name__ == "__main__":
    main()
