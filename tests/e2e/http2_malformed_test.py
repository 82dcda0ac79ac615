"""Messages that RFC 9113 §8 calls malformed, or that are more than we take: refused, and no byte of them reaches the app."""
import json

from support import h2
from support.case import Case, main, wait_for
from support.h2 import frame
from support.h2_door import client, door


class Malformed(Case):  # §8.1.1
    def refused(self, fields, status=400, body=None):
        before = len(door().upstream.requests)
        with client() as peer:
            stream = peer.open(fields(peer) if callable(fields) else fields, body)
            answer = peer.answer(stream)
            self.assertEqual((status, "bad-request"), (answer.status, answer["lintel-reason"]))
            reset = peer.after_answer(stream)
            self.assertEqual(h2.PROTOCOL_ERROR if status == 400 else None, reset)
            self.assertEqual(before, len(door().upstream.requests), "nothing reached the app")
            self.assertEqual(200, peer.get().status, "the connection goes on")

    def test_pseudo_fields(self):
        good = dict([(":method", "GET"), (":scheme", "http"), (":authority", "app.test"), (":path", "/")])
        without = lambda name: [each for each in good.items() if each[0] != name]
        for fields in (without(":method"), without(":scheme"), without(":path"), without(":authority"),
                       [*good.items(), (":path", "/")], [*good.items(), (":method", "GET")], [*good.items(), (":new", "x")],
                       [*good.items(), (":status", "200")], [*good.items(), (":protocol", "websocket")],
                       [("x-a", "1"), *good.items()], [*without(":path"), ("x-a", "1"), (":path", "/")],
                       [*without(":path"), (":path", "")], [*without(":path"), (":path", "x")],
                       [*without(":path"), (":path", "*")], [*without(":path"), (":path", "http://app.test/")],
                       [*without(":scheme"), (":scheme", "ftp")], [*without(":method"), (":method", "")],
                       [*without(":method"), (":method", "GET /smuggled HTTP/1.1\r\nX: y")],
                       [*without(":path"), (":path", "/ HTTP/1.1\r\nX: y")], [*without(":path"), (":path", "/a b")],
                       [*without(":authority"), (":authority", "app.test/evil")],
                       [*without(":authority"), (":authority", "u@app.test")],
                       [*without(":authority"), (":authority", "app.test\r\nX: y")]):
            with self.subTest(fields=fields):
                self.refused(fields)

    def test_the_host_beside_the_authority(self):
        self.refused(lambda peer: peer.request(("host", "other.test")))
        self.refused(lambda peer: peer.request(("host", "app.test"), ("host", "other.test")))
        self.refused(lambda peer: peer.request(("host", "app.test"), ("host", "app.test"), host=False))
        with client() as peer:
            for fields in (peer.request(("host", "app.test")), peer.request(("host", "app.test"), host=False)):
                seen = json.loads(peer.get(fields).body)["fields"]
                self.assertEqual(["app.test"], [value for name, value in seen if name.lower() == "host"])

    def test_fields_of_connections(self):
        for name, value in (("connection", "close"), ("connection", "x"), ("keep-alive", "1"), ("proxy-connection", "x"),
                            ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("te", "gzip"), ("te", "trailers, gzip")):
            with self.subTest(name=name, value=value):
                self.refused(lambda peer: peer.request((name, value)))
        with client() as peer:
            seen = json.loads(peer.get(peer.request(("te", "trailers"))).body)["fields"]
            self.assertIn(["TE", "trailers"], seen)

    def test_names_and_values(self):
        for name, value in (("X-A", "1"), ("", "1"), ("x a", "1"), ("x:a", "1"), ("x\r\na", "1"), ("x-a", "a\rb"),
                            ("x-a", "a\nb"), ("x-a", "a\0b"), ("x-a", " a"), ("x-a", "a\t"), ("x-a", "a\r\nx-b: c"),
                            ("x-\xe9", "1")):
            with self.subTest(name=name, value=value):
                self.refused(lambda peer: peer.request((name.encode("latin-1"), value.encode("latin-1"))))

    def test_content_length_against_data(self):
        for length, body in (("3", b"ab"), ("3", b"abcd"), ("0", b"a"), ("3", None), ("3, 3", b"abc"), ("+3", b"abc")):
            with self.subTest(length=length, body=body):
                self.refused(lambda peer: peer.request(("content-length", length), method="POST"), body=body)

    def test_a_long_body_that_lies_never_looks_complete(self):
        with client() as peer:
            stream = peer.open(peer.request(("content-length", "100000"), method="POST", path="/lie"), body=bytes(16384), end=False)
            wait_for(lambda: any(each.target == "/lie" for each in door().upstream.requests), "the beginning reaches the app")
            peer.send(frame(h2.DATA, stream, h2.END_STREAM, b"x"))
            self.assertEqual(400, peer.answer(stream).status)
            self.assertEqual(h2.PROTOCOL_ERROR, peer.after_answer(stream))
        self.assertEqual([b""], [each.body for each in door().upstream.requests if each.target == "/lie"], "it was cut")

    def test_connect(self):
        for fields in ([(":method", "CONNECT"), (":authority", "app.test:443")],
                       [(":method", "CONNECT"), (":authority", "app.test:443"), (":scheme", "http"), (":path", "/")]):
            self.refused(fields, 405)
        self.refused([(":method", "CONNECT"), (":protocol", "connect-udp"), (":authority", "app.test"),
                      (":scheme", "http"), (":path", "/")], 501)

    def test_limits(self):
        self.refused(lambda peer: peer.request(*[("x-a", "1")] * 100), 431)
        self.refused(lambda peer: peer.request(("x-a", "a" * 40000)), 431)
        self.refused(lambda peer: peer.request(("x-a", "a" * 60000), ("x-b", "b" * 60000)), 431)
        self.refused(lambda peer: peer.request(path="/" + "a" * 8192), 414)
        self.refused(lambda peer: peer.request(method="X" * 33), 501)

    def test_cookies_are_joined(self):
        with client() as peer:
            seen = json.loads(peer.get(peer.request(("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=2"))).body)["fields"]
        self.assertEqual(["a=1; b=2"], [value for name, value in seen if name == "cookie"])


if __name__ == "__main__":
    main()
