"""WebSockets over HTTP/2 (RFC 8441). A browser's: http2_browser_test.py."""
import base64
import json
import os

from support import h2
from support.case import Case, main, wait_for
from support.h2 import H2, frame
from support.h2_backend import H2Backend
from support.h2_door import ROUTES, count
from support.websocket import accept_key, handshake


class Tunnels(Case):  # RFC 8441
    """The app's side is HTTP/1.1 (RFC 6455)."""

    def door(self, accept=None, status="101 Switching Protocols"):
        def app_side(exchange):
            self.seen = exchange.request
            right = accept_key(exchange.request["sec-websocket-key"])
            exchange.send(f"HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept or right}\r\nSec-WebSocket-Protocol: chat\r\n"
                          f"{'' if status.startswith('101') else 'Content-Length: 0'}\r\n".encode() +
                          (b"" if status.startswith("101") else b"\r\n"))
            exchange.close_after = True
            while data := exchange.socket.recv(65536):
                exchange.send(data)

        lintel = self.lintel("--h2c", "allow", routes=ROUTES % self.backend(app_side).url, access_log="-", workers=1)
        lintel.until("nobody.test", status=404)
        return lintel

    def ask(self, peer, *extra, path="/chat?x"):
        return peer.open([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "app.test"),
                          (":path", path), ("sec-websocket-version", "13"), ("origin", "http://app.test"), *extra], end=False)

    def test_a_tunnel(self):
        lintel = self.door()
        with H2(lintel.http) as peer:
            stream = self.ask(peer, ("sec-websocket-protocol", "chat"))
            answer = peer.answer(stream, until=lambda answer: answer.fields)
            self.assertEqual([(":status", "200"), ("sec-websocket-protocol", "chat")], answer.fields)
            self.assertEqual(("GET", "/chat?x", "websocket", "13"), (self.seen.method, self.seen.target,
                             self.seen["upgrade"], self.seen["sec-websocket-version"]))
            self.assertEqual(16, len(base64.b64decode(self.seen["sec-websocket-key"])))
            sent = os.urandom(300_000)
            for at in range(0, len(sent), 10_000):
                piece = sent[at:at + 10_000]
                peer.send(frame(h2.DATA, stream, payload=piece))
                peer.answer(stream, until=lambda answer: len(answer.body) >= at + len(piece))
            self.assertEqual(sent, answer.body)
            peer.send(frame(h2.DATA, stream, h2.END_STREAM))
            self.assertTrue(peer.answer(stream).ended)

    def test_a_reset_ends_the_apps_side(self):
        lintel = self.door()
        with H2(lintel.http) as peer:
            stream = self.ask(peer)
            peer.answer(stream, until=lambda answer: answer.fields)
            wait_for(lambda: count("tunnels_open", lintel) == 1, "it is open")
            peer.reset(stream)
            wait_for(lambda: count("tunnels_open", lintel) == 0, "it is over")

    def test_an_app_that_does_not_switch(self):
        for how in ({"accept": "wrong"}, {"status": "200 OK"}):
            lintel = self.door(**how)
            with self.subTest(**how), H2(lintel.http) as peer:
                answer = peer.answer(self.ask(peer))
                self.assertIn((answer.status, answer.reset), ((502, None), (None, h2.INTERNAL_ERROR)))
                if answer.status:
                    line = wait_for(lambda: [each for each in lintel.log.splitlines() if '"/chat' in each], "its line")[0]
                    self.assertEqual((502, "bad-response"), tuple(json.loads(line)[key] for key in ("status", "reason")))

    def test_an_app_that_refuses(self):
        with H2(self.door(status="403 Forbidden").http) as peer:
            self.assertEqual(403, peer.answer(self.ask(peer)).status)

    def test_an_app_of_http_2_is_asked_without_the_upgrade(self):
        """Even one that would take the CONNECT: tunnels to apps are HTTP/1.1's."""
        upstream = H2Backend(lambda stream: stream.reply("page", int(stream.request.target[1:])),
                             settings={h2.EXTENDED_CONNECT: 1, h2.MAX_STREAMS: 100})
        self.addCleanup(upstream.stop)
        lintel = self.lintel("--h2c", "allow", routes=ROUTES % upstream.url, workers=1)
        lintel.until("app.test", path="/200")
        with H2(lintel.http) as peer:
            for status, seen, reason in (("403", 403, None), ("200", 502, "bad-response")):
                answer = peer.answer(self.ask(peer, path="/" + status))
                self.assertEqual((seen, reason), (answer.status, answer["lintel-reason"]))
                request = upstream.requests[-1]
                self.assertEqual(("GET", None), (request.method, request["upgrade"]))
            self.assertEqual(200, peer.get(path="/200").status, "the connection goes on")
        with lintel.connect() as client:
            response = handshake(client, "app.test", "/200")
            self.assertEqual((200, "page"), (response.status, response.text))


if __name__ == "__main__":
    main()
