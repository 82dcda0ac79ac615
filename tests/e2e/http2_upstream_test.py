"""Upstreams that speak HTTP/2: what is said to them, and what they answer."""
import threading

from support import h2
from support.backend import Backend
from support.case import main, wait_for
from support.h2 import H2, frame, number
from support.h2_backend import ok
from support.h2_upstream_case import Upstream
from support.wire import Truncated


def literals(*fields):
    """An HPACK block of literal fields that are not indexed (RFC 7541 §6.2.2), whatever they are."""
    def text(value):
        assert len(value) < 127
        return bytes([len(value)]) + value
    return b"".join(b"\0" + text(name) + text(value) for name, value in fields)


class Old(Backend):
    """Knows HTTP/1.1 only, and says so."""

    def _converse(self, accepted, number):
        if accepted.recv(65536):
            accepted.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class Messages(Upstream):
    def test_a_request_arrives_as_http_2_writes_it_and_its_answer_comes_back(self):
        upstream = self.upstream()
        lintel = self.door(upstream)
        response = lintel.get("app.test", "/a%20b?c=d", fields=[("X-Mixed-Case", "1"), ("Connection", "X-Own"),
                                                               ("X-Own", "2"), ("TE", "trailers, gzip")])
        self.assertEqual((200, "ok", "text/plain"), (response.status, response.text, response["content-type"]))
        request = upstream.requests[-1]
        self.assertEqual([":method", ":scheme", ":authority", ":path"], [name for name, _ in request.fields[:4]])
        self.assertEqual(("GET", "http", "app.test", "/a%20b?c=d"),
                         tuple(request[name] for name in (":method", ":scheme", ":authority", ":path")))
        self.assertEqual(("1", "trailers", None), (request["x-mixed-case"], request["te"], request["x-own"]))
        self.assertEqual("127.0.0.1", request["x-forwarded-for"])
        self.assertFalse([name for name, _ in request.fields if name != name.lower() or name in ("connection", "host")])

    def test_bodies_and_trailers_go_both_ways(self):
        def echo(stream):
            body = stream.read_body()
            stream.head(200, [("content-type", "x/y")])
            stream.data(body)
            stream.end([("x-sum", str(len(body))), ("x-got", dict(stream.request.trailers).get("x-end", "-"))])

        upstream = self.upstream(echo)
        lintel = self.door(upstream)
        for size in (1, 70_000, 1_000_000):
            body = bytes(size % 251 for size in range(size))
            response = lintel.get("app.test", method="POST", body=body)
            self.assertEqual(body, response.body)
            self.assertEqual([("x-sum", str(size)), ("x-got", "-")], response.trailers)
            self.assertEqual(str(size), upstream.requests[-1]["content-length"])
        with lintel.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
                        "3\r\nabc\r\n0\r\nX-End: here\r\n\r\n")
            response = client.read_response("POST")
        self.assertEqual((b"abc", ("x-got", "here")), (response.body, response.trailers[1]))
        self.assertIsNone(upstream.requests[-1]["content-length"])
        lintel.get("app.test", method="POST", body=b"")
        self.assertEqual("0", upstream.requests[-1]["content-length"])

    def test_interim_answers_are_passed_on_but_100(self):
        def hints(stream):
            for status in (100, 103, 102):
                stream.inform(status, [("link", f"</{status}>")])
            ok(stream)

        response = self.door(self.upstream(hints)).get("app.test")
        self.assertEqual([103, 102], [each.status for each in response.interim])
        self.assertEqual((200, "ok"), (response.status, response.text))

    def test_answers_without_a_body_have_none(self):
        def bodiless(stream):
            stream.head(int(stream.request.target[1:]), [("content-length", "7")] if stream.request.method == "HEAD" else [],
                        end=True)

        lintel = self.door(self.upstream(bodiless))
        with lintel.connect() as client:
            self.assertEqual("7", client.request("app.test", "/200", method="HEAD")["content-length"])
            for status in (204, 304, 200):
                self.assertEqual((status, b""), (lambda it: (it.status, it.body))(client.request("app.test", f"/{status}")))

    def test_an_answer_that_comes_before_the_request_is_complete_is_passed_on(self):
        upstream = self.upstream(lambda stream: stream.reply("enough", 413))
        with self.door(upstream).connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            self.assertEqual((413, "enough"), (lambda it: (it.status, it.text))(client.read_response("POST")))
        wait_for(lambda: upstream.requests[-1].reset == h2.CANCEL, "the rest is called off")

    def test_the_end_of_an_answer_of_known_length_may_come_later(self):
        ends = threading.Semaphore(0)

        def answer(stream):
            stream.read_body()
            stream.head(200, [("content-length", "2")])
            stream.data(b"ok")
            ends.acquire(timeout=20)
            stream.end([("x-sum", "2")])

        with self.door(self.upstream(answer)).connect() as client:
            for _ in range(2):
                client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
                self.assertEqual("ok", client.read_response().text)
                ends.release()
        lintel = self.door(self.upstream(answer), flags=("--h2c", "allow"))
        ends.release()
        with H2(lintel.http) as client:
            self.assertEqual((b"ok", [("x-sum", "2")]), (lambda it: (it.body, it.trailers))(client.get()))

    def test_the_end_of_an_upload_of_known_length_may_come_later(self):
        upstream = self.upstream()
        with H2(self.door(upstream, flags=("--h2c", "allow")).http) as client:
            size = 60_000  # within the windows that are open from the start
            stream = client.open(client.request(("content-length", str(size + 10_000)), method="POST"), end=False)
            for piece in (16_000, 16_000, 16_000, 12_000):
                client.send(frame(h2.DATA, stream, payload=bytes(piece)))
            wait_for(lambda: upstream.requests and len(upstream.requests[-1].body) == size, "the app has these")
            client.send(frame(h2.DATA, stream, payload=bytes(10_000)))
            wait_for(lambda: len(upstream.requests[-1].body) == size + 10_000, "the app has all of it")
            client.send(frame(h2.DATA, stream, h2.END_STREAM))
            self.assertEqual(200, client.answer(stream).status)
        self.assertIsNone(upstream.requests[-1].reset)

    def test_heads_of_many_fields(self):
        fields = [(f"x-{number:03}", "v" * 45) for number in range(990)]
        with H2(self.door(self.upstream(lambda stream: stream.reply("ok", fields=fields)), flags=("--h2c", "allow")).http) as peer:
            peer.decoder.max_header_list_size = 1 << 20
            self.assertEqual(fields, [each for each in peer.get().fields if each[0].startswith("x-")])

    def test_answers_that_can_not_be_trusted_are_502_and_cost_only_their_stream(self):
        bad = {
            "no-status": literals((b"x", b"y")),
            "status": literals((b":status", b"20")),
            "two-statuses": literals((b":status", b"200"), (b":status", b"200")),
            "late-status": literals((b"x", b"y"), (b":status", b"200")),
            "switch": literals((b":status", b"101")),
            "connection": literals((b":status", b"200"), (b"connection", b"close")),
            "coding": literals((b":status", b"200"), (b"transfer-encoding", b"chunked")),
            "upper": literals((b":status", b"200"), (b"X-Upper", b"1")),
            "control": literals((b":status", b"200"), (b"x", b"a\nb")),
            "lengths": literals((b":status", b"200"), (b"content-length", b"1"), (b"content-length", b"1")),
            "request": literals((b":status", b"200"), (b":path", b"/")),
        }
        ending = {
            "interim-end": literals((b":status", b"103")),
            "length-end": literals((b":status", b"200"), (b"content-length", b"5")),
        }

        def answer(stream):
            name = stream.request.target[1:]
            if name in bad:
                return stream.raw(frame(h2.HEADERS, stream.id, h2.END_HEADERS, bad[name]))
            if name in ending:
                return stream.raw(frame(h2.HEADERS, stream.id, h2.END_HEADERS | h2.END_STREAM, ending[name]))
            return ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream)
        for name in [*bad, *ending]:
            response = lintel.get("app.test", f"/{name}")
            self.assertEqual((502, "bad-response"), (response.status, response["lintel-reason"]), name)
            if name not in ending:
                wait_for(lambda: upstream.requests[-1].reset == h2.PROTOCOL_ERROR, f"{name} is told")
        self.assertEqual(200, lintel.get("app.test").status)
        self.assertEqual(1, len(upstream.used_connections))

    def test_a_body_that_is_not_as_long_as_its_length_is_cut(self):
        def answer(stream):
            stream.head(200, [("content-length", "5")])
            stream.raw(frame(h2.DATA, stream.id, h2.END_STREAM, b"123" if stream.request.target == "/short" else b"123456"))

        lintel = self.door(self.upstream(answer))
        for path in ("/short", "/long"):
            with self.assertRaises((Truncated, ConnectionResetError), msg=path):
                lintel.get("app.test", path)

    def test_frames_that_can_not_be_cost_the_connection(self):
        whole = h2.END_HEADERS | h2.END_STREAM
        wrong = {"data": lambda it: frame(h2.DATA, it.id, payload=b"early"), "size": lambda it: frame(h2.SETTINGS, payload=b"x"),
                 "push": lambda it: frame(h2.PUSH_PROMISE, it.id, h2.END_HEADERS, number(2)),
                 "stream": lambda it: frame(h2.HEADERS, it.id + 100, whole, literals((b":status", b"200"))),
                 "hpack": lambda it: frame(h2.HEADERS, it.id, whole, b"\xff\xff\xff\xff\xff\xff\x0f")}

        def answer(stream):
            name = stream.request.target[1:]
            return stream.raw(wrong[name](stream)) if name in wrong else ok(stream)

        lintel = self.door(self.upstream(answer))
        for name in wrong:
            response = lintel.get("app.test", f"/{name}")
            self.assertEqual((502, "bad-response"), (response.status, response["lintel-reason"]), name)
            self.assertEqual(200, lintel.get("app.test").status)

    def test_what_is_no_http_2_is_a_bad_response(self):
        upstream = Old()
        self.addCleanup(upstream.stop)
        upstream.url = upstream.url.replace("http:", "h2c:")
        response = self.door(upstream).get("app.test")
        self.assertEqual((502, "bad-response"), (response.status, response["lintel-reason"]))


if __name__ == "__main__":
    main()
