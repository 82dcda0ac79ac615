"""Upstreams that speak HTTP/2: in clear text with prior knowledge, or over TLS where they agree to it."""
import json
import pathlib
import shutil
import tempfile
import threading

from support import h2
from support.backend import Backend
from support.case import Case, main, wait_for
from support.h2 import H2, frame, number
from support.h2_backend import H2Backend, ok
from support.routes import routes
from support.tls_backend import Authority, TlsBackend
from support.websocket import echo_server, handshake
from support.wire import Truncated


def goaway(last, code=h2.NO_ERROR):
    return frame(h2.GOAWAY, payload=number(last) + number(code))


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


class Upstream(Case):
    def upstream(self, answer=ok, **options):
        upstream = H2Backend(answer, **options)
        self.addCleanup(upstream.stop)
        return upstream

    def door(self, *upstreams, flags=(), options="", **lintel):
        """app.test in front of all of them, on one worker. `options`: of its router, as YAML."""
        text = routes({"app.test": [each.url for each in upstreams]})
        if options:
            text = text.replace("      service: app-test\n", f"      service: app-test\n      lintel: {{{options}}}\n", 1)
        lintel = self.lintel(*flags, routes=text, workers=1, **lintel)
        return self.ready(lintel)

    def ready(self, lintel):
        wait_for(lambda: all(endpoint["state"] == "ready" for route in lintel.api("/routes")[1]["routes"]
                             for endpoint in route["endpoints"]), "all are ready")
        return lintel

    def in_background(self, what, *arguments):
        """Runs on a thread; returns a function that waits for what it returned."""
        found = []

        def run():
            try:
                found.append(what(*arguments))
            except (OSError, EOFError):
                pass  # who wants the result misses it
        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def result():
            thread.join(20)
            self.assertTrue(found, "it ended, and well")
            return found[0]
        return result


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


class Connections(Upstream):
    def hold(self):
        """An answer that waits to be let go, and the count of those that wait."""
        self.go, self.waiting = threading.Event(), []
        self.addCleanup(self.go.set)

        def answer(stream):
            self.waiting.append(stream)
            self.go.wait(20)
            ok(stream)
        return answer

    def test_many_requests_share_one_connection(self):
        upstream = self.upstream(self.hold())
        lintel = self.door(upstream)
        results = [self.in_background(lintel.get, "app.test") for _ in range(40)]
        wait_for(lambda: len(self.waiting) == 40, "all are under way")
        self.go.set()
        self.assertEqual({200}, {result().status for result in results})
        self.assertEqual(1, len(upstream.used_connections))

    def test_no_more_streams_than_the_app_takes_on_no_more_connections_than_we_may(self):
        upstream = self.upstream(self.hold(), settings={3: 3})  # MAX_CONCURRENT_STREAMS
        lintel = self.door(upstream, flags=("--h2-connections-per-endpoint", "2"))
        self.in_background(lintel.get, "app.test")
        wait_for(lambda: self.waiting, "the connection is known")
        results = [self.in_background(lintel.get, "app.test") for _ in range(9)]
        wait_for(lambda: len(self.waiting) >= 6, "six are under way")
        counts = {each: sum(stream.request.connection == each for stream in self.waiting)
                  for each in upstream.used_connections}
        self.assertEqual([3, 3], list(counts.values()))
        self.go.set()
        self.assertEqual({200}, {result().status for result in results})
        self.assertEqual(2, len(upstream.used_connections))

    def test_who_finds_no_room_within_the_connect_timeout_is_told(self):
        upstream = self.upstream(self.hold(), settings={3: 1})
        lintel = self.door(upstream, flags=("--h2-connections-per-endpoint", "1"), options="connect_timeout: 300ms")
        self.in_background(lintel.get, "app.test")
        wait_for(lambda: self.waiting, "the only place is taken")
        response = lintel.get("app.test")
        self.assertEqual((504, "connect-timeout"), (response.status, response["lintel-reason"]))
        self.assertNotIn("endpoint.suspect", lintel.log, "it is busy, not gone")

    def test_a_request_that_a_goaway_leaves_out_goes_to_another_connection(self):
        seen = []

        def answer(stream):
            seen.append(stream.request.connection)
            if len(seen) == 2:
                return stream.raw(goaway(stream.id - 2))
            return ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream)
        for method, body in (("GET", None), ("POST", b"small"), ("POST", b"again")):
            self.assertEqual(200, lintel.get("app.test", method=method, body=body).status)
        self.assertEqual(4, len(seen), "one was sent twice")
        self.assertNotEqual(seen[1], seen[2])
        self.assertEqual(b"small", upstream.requests[2].body)

    def test_what_a_goaway_takes_in_ends_well_and_nothing_new_begins(self):
        upstream = self.upstream(self.hold())
        lintel = self.door(upstream)
        first = self.in_background(lintel.get, "app.test")
        wait_for(lambda: self.waiting, "it is under way")
        self.waiting[0].raw(goaway(2**31 - 1))
        second = self.in_background(lintel.get, "app.test")
        wait_for(lambda: len(self.waiting) == 2, "the next one, too")
        self.go.set()
        self.assertEqual([200, 200], [first().status, second().status])
        self.assertEqual([1, 2], [each.request.connection - self.waiting[0].request.connection + 1 for each in self.waiting])

    def test_a_refused_stream_is_sent_again_whole_or_not_at_all(self):
        refused = []

        def answer(stream):
            if len(refused) < 1:
                refused.append(stream.id)
                return stream.reset(h2.REFUSED_STREAM)
            return ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream)
        self.assertEqual(200, lintel.get("app.test", method="POST", body=b"small").status)
        self.assertEqual(b"small", upstream.requests[-1].body)
        refused.clear()
        with lintel.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            response = client.read_response("POST")
        self.assertEqual((502, "upstream-closed"), (response.status, response["lintel-reason"]))

    def test_an_app_that_refuses_everything_is_not_asked_for_ever(self):
        upstream = self.upstream(lambda stream: stream.reset(h2.REFUSED_STREAM))
        response = self.door(upstream).get("app.test")
        self.assertEqual((502, "upstream-closed"), (response.status, response["lintel-reason"]))
        self.assertLessEqual(len(upstream.requests), 6)

    def test_a_stream_that_is_reset_is_an_error_of_that_stream(self):
        def answer(stream):
            if stream.request.target == "/late":
                stream.head(200)
                stream.data(b"half")
            if stream.request.target != "/":
                return stream.reset()
            return ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream)
        response = lintel.get("app.test", "/early", method="POST", body=b"x")
        self.assertEqual((502, "upstream-closed"), (response.status, response["lintel-reason"]))
        with self.assertRaises((Truncated, ConnectionResetError)):
            lintel.get("app.test", "/late")
        self.assertEqual(200, lintel.get("app.test").status)
        before = len(upstream.requests)
        response = lintel.get("app.test", "/early")  # that may be repeated, and for which there is no other app
        self.assertEqual((502, "upstream-closed"), (response.status, response["lintel-reason"]))
        self.assertLessEqual(len(upstream.requests) - before, 5, "a reset is no connection that died: not again and again")
        self.assertEqual(1, len(upstream.used_connections))

    def test_a_connection_that_dies_costs_no_request_that_can_be_repeated(self):
        died = []

        def answer(stream):
            if stream.request.target == "/die" and not died:
                died.append(stream)
                stream.served.accepted.shutdown(2)
                return None
            return ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream)
        self.assertEqual(200, lintel.get("app.test").status)
        self.assertEqual(200, lintel.get("app.test", "/die").status)
        died.clear()
        response = lintel.get("app.test", "/die", method="POST", body=b"x")
        self.assertEqual((502, "upstream-closed"), (response.status, response["lintel-reason"]))

    def test_a_client_that_leaves_frees_its_stream_and_no_other(self):
        upstream = self.upstream(self.hold())
        lintel = self.door(upstream)
        stays = self.in_background(lintel.get, "app.test", "/stays")
        wait_for(lambda: len(self.waiting) == 1, "one is under way")
        with lintel.connect() as leaves:
            leaves.send("GET /leaves HTTP/1.1\r\nHost: app.test\r\n\r\n")
            wait_for(lambda: len(self.waiting) == 2, "the other one, too")
        request = self.waiting[1].request
        wait_for(lambda: request.reset == h2.CANCEL, "its stream is called off", within=2)
        self.go.set()
        self.assertEqual(200, stays().status)
        self.assertEqual(1, len(upstream.used_connections))

    def test_a_silent_stream_is_given_up_and_its_connection_stays(self):
        def answer(stream):
            if stream.request.target == "/silent":
                return stream.inform(103)
            return ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream, options="first_byte_timeout: 300ms, between_bytes_timeout: 300ms")
        self.assertEqual(200, lintel.get("app.test").status)
        with lintel.connect() as client:
            client.send("GET /silent HTTP/1.1\r\nHost: app.test\r\n\r\n")
            response = client.read_response()
        self.assertEqual((502, "response-cut"), (response.status, response["lintel-reason"]))
        wait_for(lambda: upstream.requests[-1].reset == h2.CANCEL, "its stream is called off")
        self.assertEqual(200, lintel.get("app.test").status)
        self.assertEqual(1, len(upstream.used_connections))

    def test_a_connection_on_which_nothing_is_heard_gets_no_further_request(self):
        deaf = []

        def answer(stream):
            if stream.request.target == "/deaf":
                deaf.append(stream.request.connection)
            return None if stream.request.connection in deaf else ok(stream)

        upstream = self.upstream(answer)
        lintel = self.door(upstream, options="first_byte_timeout: 300ms")
        self.assertEqual(200, lintel.get("app.test").status)
        response = lintel.get("app.test", "/deaf")
        self.assertEqual((504, "timeout"), (response.status, response["lintel-reason"]))
        self.assertEqual(200, lintel.get("app.test").status)

    def test_an_app_that_leaves_the_routes_finishes_what_it_has(self):
        held = self.hold()
        upstream = self.upstream(lambda stream: held(stream) if stream.request.target == "/old" else ok(stream))
        other = self.upstream()
        lintel = self.door(upstream)
        result = self.in_background(lintel.get, "app.test", "/old")
        wait_for(lambda: self.waiting, "it is under way")
        lintel.write_routes(routes({"app.test": other.url}))
        wait_for(lambda: lintel.get("app.test", "/new").status == 200 and other.requests, "the other one serves")
        self.go.set()
        self.assertEqual((200, "ok"), (lambda it: (it.status, it.text))(result()))
        wait_for(lambda: not upstream.open_connections, "the connection ends with its last stream")


class Windows(Upstream):
    SIZE = 8 * 1024 * 1024

    def test_a_slow_reader_holds_nobody_up(self):
        sent = {}

        def answer(stream):
            if stream.request.target == "/":
                return ok(stream)
            sent[stream.id] = 0
            stream.head(200)
            for _ in range(self.SIZE // 65536):
                stream.data(bytes(65536))
                sent[stream.id] += 65536
            stream.end()

        upstream = self.upstream(answer)
        lintel = self.door(upstream, flags=("--h2-connections-per-endpoint", "1"))
        clients = [lintel.connect() for _ in range(30)]
        for client in clients:
            self.addCleanup(client.close)
            client.socket.setsockopt(1, 8, 4096)  # SO_RCVBUF
            client.send("GET /large HTTP/1.1\r\nHost: app.test\r\n\r\n")
        wait_for(lambda: len(sent) == 30, "all are under way")
        for _ in range(20):
            self.assertEqual(200, lintel.get("app.test").status)
        self.assertLess(max(sent.values()), self.SIZE // 2, "what nobody reads is not fetched")
        self.assertEqual(self.SIZE, len(lintel.get("app.test", "/large").body), "who reads gets it beside them")
        self.assertEqual(1, len(upstream.used_connections))

    def test_an_upload_goes_as_fast_as_the_app_takes_it(self):
        upstream = self.upstream(lambda stream: None, takes=False)
        lintel = self.door(upstream, options="write_timeout: 1s")
        with lintel.connect() as client:
            client.send(f"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: {self.SIZE}\r\n\r\n")
            sending = threading.Thread(target=lambda: self.send_all(client), daemon=True)
            sending.start()
            response = client.read_response("POST")
        self.assertEqual((504, "timeout"), (response.status, response["lintel-reason"]))
        arrived = sum(len(event.data) for event in upstream.events if hasattr(event, "data") and hasattr(event, "stream_id"))
        self.assertLessEqual(arrived, 65535, "no more than its window")

    def send_all(self, client):
        try:
            client.send(bytes(self.SIZE))
        except OSError:
            pass  # answered before


class Tls(Upstream):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-h2-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.ca = Authority(self.folder)
        self.pair = self.ca.issue("server", "IP:127.0.0.1")

    def tls_door(self, upstream, **members):
        text = routes({"app.test": upstream.url})
        how = {"rootCAs": [str(self.ca.file)], **members}
        text = (text.replace("loadBalancer:\n", "loadBalancer:\n        serversTransport: how\n") +
                "  serversTransports:\n    how: " + json.dumps(how) + "\n")
        return self.ready(self.lintel(routes=text, workers=1))

    def test_http_2_is_spoken_where_the_app_agrees_to_it(self):
        upstream = self.upstream(pair=self.pair, protocols=("h2", "http/1.1"))
        lintel = self.tls_door(upstream)
        results = [self.in_background(lintel.get, "app.test") for _ in range(10)]
        self.assertEqual({200}, {result().status for result in results})
        self.assertEqual("https", upstream.requests[-1][":scheme"])
        self.assertEqual({"h2"}, set(filter(None, upstream.agreed)))
        self.assertEqual(1, len(upstream.used_connections))

    def test_http_1_is_spoken_where_it_does_not(self):
        upstream = TlsBackend(self.pair)
        upstream.context.set_alpn_protocols(["http/1.1"])
        self.addCleanup(upstream.stop)
        lintel = self.tls_door(upstream)
        results = [self.in_background(lintel.get, "app.test") for _ in range(10)]
        self.assertEqual({200}, {result().status for result in results})

    def test_a_transport_may_keep_http_2_from_its_servers(self):
        upstream = TlsBackend(self.pair)
        upstream.context.set_alpn_protocols(["h2", "http/1.1"])  # it would agree, and speak HTTP/1.1 all the same
        self.addCleanup(upstream.stop)
        lintel = self.tls_door(upstream, disableHTTP2=True)
        self.assertEqual(200, lintel.get("app.test").status)

    def test_a_websocket_is_asked_for_in_http_1(self):
        upstream = TlsBackend(self.pair, echo_server)
        upstream.context.set_alpn_protocols(["http/1.1"])
        self.addCleanup(upstream.stop)
        lintel = self.tls_door(upstream)
        wait_for(lambda: self.switched(lintel), "the app switches")

    def switched(self, lintel):
        with lintel.connect() as client:
            return handshake(client, "app.test").status == 101


if __name__ == "__main__":
    main()
