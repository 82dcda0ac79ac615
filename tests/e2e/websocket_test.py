"""An upgrade becomes a tunnel: every byte, both ways, for as long as both want."""
import signal

from support.case import Case, main, wait_for
from support.routes import routes
from support.websocket import (BINARY, CLOSE, PING, echo_server, echo_text, handshake, masked, read_frame, write_frame)


class WebSocket(Case):
    def door(self, tls=False, answer=None, **options):
        def up_or_answer(exchange):
            return exchange.reply("ok") if exchange.request.target == "/up" else (answer or echo_server)(exchange)

        self.upstream = self.backend(up_or_answer)
        lintel = self.lintel(routes=routes({"ws.test": self.upstream.url}, tls=tls), **options)
        lintel.until("ws.test", path="/up", get=lintel.get_tls if tls else None)
        return lintel

    def open(self, connection):
        self.addCleanup(connection.close)
        self.assertEqual(101, handshake(connection, "ws.test", "/chat").status)
        return connection

    def test_messages_of_every_size_come_back(self):
        client = self.open(self.door().connect())
        for size in (0, 1, 125, 126, 65535, 65536, 3_000_000):
            payload = masked(bytes(size), b"\x01\x80\xff\x3c")
            write_frame(client, BINARY, payload, mask=True)
            self.assertEqual((BINARY, payload), read_frame(client), size)

    def test_it_works_over_tls_too(self):
        client = self.open(self.door(tls=True).connect("ws.test"))
        self.assertEqual("hello", echo_text(client, "hello"))
        write_frame(client, PING, b"there?", mask=True)
        self.assertEqual((PING, b"there?"), read_frame(client))

    def test_the_upstream_sees_the_upgrade_and_who_asks(self):
        self.open(self.door().connect())
        request = self.upstream.requests[-1]
        self.assertEqual("websocket", request["upgrade"].lower())
        self.assertEqual("upgrade", request["connection"].lower())
        self.assertEqual(("GET", "/chat", "127.0.0.1"), (request.method, request.target, request["x-forwarded-for"]))

    def test_bytes_right_behind_the_handshake_are_not_lost(self):
        def eager(exchange):
            exchange.close_after = True
            exchange.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nserver first")
            exchange.send(exchange.read_exactly(len("client first")))

        with self.door(answer=eager).connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: ws.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nclient first")
            self.assertEqual(101, client.read_head().status)
            self.assertEqual(b"server firstclient first", client.read_exactly(24))
            self.assertTrue(client.ended())

    def test_the_end_of_one_side_is_the_end_of_the_other(self):
        lintel = self.door()
        client = self.open(lintel.connect())
        write_frame(client, CLOSE, b"", mask=True)
        self.assertEqual((CLOSE, b""), read_frame(client))
        self.assertTrue(client.ended())
        other = self.open(lintel.connect())
        number = self.upstream.requests[-1].connection
        other.close()
        wait_for(lambda: number not in self.upstream.open_connections, "the upstream's side is closed")

    def test_a_refused_upgrade_leaves_the_connection_usable(self):
        def refuse(exchange):
            exchange.reply("no", status="403 Forbidden")

        with self.door(answer=refuse).connect() as client:
            self.assertEqual(403, handshake(client, "ws.test").status)
            self.assertEqual(200, client.request("ws.test", "/up").status)

    def test_an_idle_tunnel_outlives_others_and_ends_at_sigterm(self):
        lintel = self.door(drain_timeout="300ms")
        client = self.open(lintel.connect())
        for _ in range(50):
            lintel.get("ws.test", "/up")
        self.assertEqual("still here", echo_text(client, "still here"))
        lintel.signal(signal.SIGTERM)
        self.assertEqual(CLOSE, read_frame(client)[0], "a farewell, not just the end")
        self.assertEqual(0, lintel.wait(5))


if __name__ == "__main__":
    main()
