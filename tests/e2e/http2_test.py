"""HTTP/2 with clients, by sections of RFC 9113 (docs/http2.md): one front door for all that changes nothing about it."""
import base64
import hashlib
import json
import os
import struct
import threading
import time

from support import h2
from support.case import Case, main, wait_for
from support.h2 import H2, frame, number, settings
from support.h2_door import BIG, ROUTES, app, client, count, door, gates, secured
from support.wire import connect


class Starting(Case):  # §3
    def test_the_settings_say_our_limits(self):
        with client() as peer:
            self.assertEqual(200, peer.get().status)
            self.assertEqual((100, 64 * 1024, 1), (peer.settings[h2.MAX_STREAMS], peer.settings[h2.LIST_SIZE],
                                                  peer.settings[h2.EXTENDED_CONNECT]))

    def test_clear_text_only_where_it_is_allowed(self):
        lintel = self.lintel(routes="")
        with connect(lintel.http) as plain:
            plain.send(h2.PREFACE + settings())
            self.assertEqual(505, plain.read_response().status)

    def test_http_1_goes_on_beside_it(self):
        self.assertEqual(200, door().lintel.get("app.test").status)
        with connect(door().lintel.http) as slow:
            for byte in b"PRI / HTTP/1.1\r\nHost: app.test\r\n\r\n":
                slow.send(bytes((byte,)))
            self.assertEqual("PRI /", json.loads(slow.read_response().body)["line"])

    def test_a_preface_byte_by_byte(self):
        with connect(door().lintel.http) as slow:
            for byte in h2.PREFACE + settings():
                slow.send(bytes((byte,)))
            self.assertEqual(b"\x00\x00", slow.read_exactly(2))

    def test_no_preface_over_tls(self):
        context = door().lintel.trust()
        context.set_alpn_protocols(["h2"])
        with connect(door().lintel.https, tls=context, server_name="app.test") as peer:
            peer.send(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            with self.assertRaises(Exception):
                peer.read_response()


class Exchanges(Case):  # §8.1
    def test_many_at_a_time_in_any_order(self):
        gates["/wait"] = threading.Event()
        self.addCleanup(gates.pop, "/wait")
        with client() as peer:
            slow = peer.open(path="/wait")
            self.assertEqual(b"abc", peer.answer(slow, until=lambda answer: answer.body).body)
            quick = [peer.open(path=f"/{n}") for n in range(50)]
            for n, stream in enumerate(quick):
                self.assertEqual(f"GET /{n}", json.loads(peer.answer(stream).body)["line"])
            gates["/wait"].set()
            self.assertTrue(peer.answer(slow).ended)

    def test_interim_responses_and_trailers(self):
        with client() as peer:
            answer = peer.get(path="/trailers")
        self.assertEqual([[(":status", "103"), ("link", "</a>")]], answer.interim)
        self.assertEqual((b"abc", [("x-sum", "7")]), (answer.body, answer.trailers))

    def test_trailers_of_a_request(self):
        with client() as peer:
            stream = peer.open(method="POST", end=False)
            peer.send(frame(h2.DATA, stream, payload=b"abc") + peer.headers([("x-sum", "7"), ("content-type", "no")], stream))
            seen = json.loads(peer.answer(stream).body)
        self.assertEqual(("abc", [["x-sum", "7"]]), (seen["body"], seen["trailers"]))

    def test_trailers_that_do_not_end_or_have_pseudo_fields(self):
        for trailers, end in (([("x-a", "1")], False), ([(":path", "/")], True), ([("X-A", "1")], True)):
            with self.subTest(trailers=trailers, end=end), client() as peer:
                stream = peer.open(method="POST", end=False)
                peer.send(peer.headers(trailers, stream, end))
                self.assertEqual(400, peer.answer(stream).status)
                self.assertEqual(h2.PROTOCOL_ERROR, peer.after_answer(stream))

    def test_head_and_statuses_without_a_body(self):
        with client() as peer:
            answer = peer.get(method="HEAD", path="/big")
            self.assertEqual((200, str(BIG), b"", True),
                             (answer.status, answer["content-length"], answer.body, answer.ended))

    def test_what_concerns_one_connection_stays_there(self):
        with client() as peer:
            answer = peer.get(path="/hop")
        self.assertEqual([(":status", "200"), ("x-other", "2"), ("set-cookie", "a=1"), ("set-cookie", "b=2"),
                          ("content-length", "2")], answer.fields)

    def test_100_continue(self):
        with client() as peer:
            stream = peer.open(peer.request(("expect", "100-continue"), ("content-length", "3"), method="POST"), end=False)
            peer.answer(stream, until=lambda answer: answer.interim)
            peer.send(frame(h2.DATA, stream, h2.END_STREAM, b"abc"))
            answer = peer.answer(stream)
        self.assertEqual([[(":status", "100")]], answer.interim)
        self.assertEqual("abc", json.loads(answer.body)["body"])

    def test_a_response_that_breaks_off_is_never_complete(self):
        with client() as peer:
            answer = peer.get(path="/cut")
            self.assertFalse(answer.ended)
            self.assertEqual(h2.INTERNAL_ERROR, answer.reset)
            self.assertEqual(200, peer.get().status, "the connection goes on")

    def test_an_early_answer_ends_the_upload(self):
        with client() as peer:
            stream = peer.open(method="POST", path="/early", end=False)
            answer = peer.answer(stream)
            self.assertEqual((413, b"big"), (answer.status, answer.body))
            while answer.reset is None:
                self.assertIsNotNone(peer.next_frame())
            self.assertEqual(h2.NO_ERROR, answer.reset)
            self.assertEqual(200, peer.get().status)

    def test_a_body_over_the_limit_of_its_route(self):
        with client() as peer:
            answer = peer.get(method="POST", host="small.test", body=b"x" * 11)
            self.assertEqual((413, "too-large"), (answer.status, answer["lintel-reason"]))
            self.assertEqual(200, peer.get(method="POST", host="small.test", body=b"x" * 10).status)

    def test_the_access_log_says_which_version(self):
        with client() as peer:
            peer.get(path="/logged-here")
        line = wait_for(lambda: [each for each in door().lintel.log.splitlines() if "/logged-here" in each], "its line")[0]
        self.assertEqual("HTTP/2", json.loads(line)["protocol"])


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


class Flow(Case):  # §5.2, §6.9
    def test_a_response_waits_for_its_window_and_others_do_not(self):
        with client(windows=False) as peer:
            big = peer.open(path="/big")
            peer.answer(big, until=lambda answer: len(answer.body) == 65535)
            peer.window(0, 1_000_000)
            self.assertEqual(200, peer.get().status, "another stream has its own window")
            self.assertEqual(65535, len(peer.answers[big].body))
            peer.window(big, 10)
            peer.answer(big, until=lambda answer: len(answer.body) == 65545)
            peer.reset(big)

    def test_a_window_that_the_settings_open(self):
        with client(first=settings(WINDOW=0)) as peer:
            stream = peer.open(path="/")
            self.assertEqual(b"", peer.answer(stream, until=lambda answer: answer.fields).body)
            peer.send(settings(WINDOW=1000))
            self.assertTrue(peer.answer(stream).ended)

    def test_an_upload_waits_for_the_app(self):
        """The stream's window opens only as the app reads."""
        gate = threading.Event()

        def slow(exchange):
            gate.wait(20)
            exchange.reply(str(len(exchange.read_body())))

        backend = self.backend(slow)
        lintel = self.lintel("--h2c", "allow", routes=ROUTES % backend.url, workers=1)
        lintel.until("nobody.test", status=404)
        with H2(lintel.http) as peer:
            stream = peer.open(method="POST", end=False)
            while peer.settings.get(h2.WINDOW) is None:
                peer.next_frame()
            window, sent, total = peer.settings[h2.WINDOW], 0, 40_000_000
            connection = 65535
            peer.socket.settimeout(1.0)
            try:
                while sent < total:
                    while min(window, connection) < 16384:
                        seen = peer.next_frame()
                        if seen.type == h2.WINDOW_UPDATE:
                            size = struct.unpack(">I", seen.payload)[0]
                            window, connection = window + (size if seen.stream else 0), connection + (0 if seen.stream else size)
                    peer.send(frame(h2.DATA, stream, payload=bytes(16384)))
                    window, connection, sent = window - 16384, connection - 16384, sent + 16384
            except TimeoutError:
                pass
            self.assertLess(sent, 20_000_000, "what the kernel holds and the window, not all of it")
            gate.set()
            peer.socket.settimeout(5.0)
            peer.send(frame(h2.DATA, stream, h2.END_STREAM, b""))
            self.assertEqual(str(sent).encode(), peer.answer(stream).body)

    def test_a_window_above_its_maximum(self):
        with client() as peer:
            stream = peer.open(method="POST", end=False)
            peer.window(stream, 0x7FFFFFFF)
            self.assertEqual(h2.FLOW_CONTROL_ERROR, peer.answer(stream).reset)
            peer.window(0, 0x7FFFFFFF)
            self.assertEqual(h2.FLOW_CONTROL_ERROR, peer.goodbye())

    def test_data_beyond_the_window(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        lintel = self.lintel("--h2c", "allow", routes=ROUTES % self.backend(lambda _: gate.wait(20)).url, workers=1)
        lintel.until("nobody.test", status=404)
        with H2(lintel.http) as peer:
            stream = peer.open(method="POST", end=False)
            for _ in range(2_000):
                peer.send(frame(h2.DATA, stream, payload=bytes(16384)))
            self.assertEqual(h2.FLOW_CONTROL_ERROR, peer.answer(stream).reset)


class Streams(Case):  # §5.1
    def test_a_reset_breaks_off_the_request_at_once(self):
        gates["/held"] = threading.Event()
        self.addCleanup(lambda: gates.pop("/held").set())
        with client() as peer:
            stream = peer.open(path="/held")
            peer.answer(stream, until=lambda answer: answer.body)
            [held] = [each.connection for each in door().upstream.requests if each.target == "/held"]
            began = time.monotonic()
            peer.reset(stream)
            wait_for(lambda: count("requests_open") == 0, "no request is open", within=3)
            self.assertEqual(200, peer.get().status)
            self.assertLess(time.monotonic() - began, 2.5)
            gates["/held"].set()
            wait_for(lambda: held not in door().upstream.open_connections, "its connection is cut")
        line = wait_for(lambda: [each for each in door().lintel.log.splitlines() if '"/held"' in each], "its line")[0]
        self.assertEqual("client-gone", json.loads(line)["reason"])

    def test_more_than_a_hundred_are_refused(self):
        gates["/many"] = threading.Event()
        self.addCleanup(lambda: gates.pop("/many", None))
        with client() as peer:  # that has not seen our settings yet
            asked = [peer.request(path="/many") for _ in range(101)]
            numbers = range(1, 203, 2)
            peer.send(b"".join(peer.headers(fields, stream) for fields, stream in zip(asked, numbers)))
            peer.next_stream = 203
            self.assertEqual(h2.REFUSED_STREAM, peer.answer(201).reset)
            gates["/many"].set()
            for each in numbers[:100]:
                self.assertTrue(peer.answer(each).ended)
            self.assertEqual(200, peer.get().status)
        gates["/many"].clear()
        with client() as peer:  # that has
            self.assertEqual(200, peer.get().status)
            for _ in range(101):
                peer.open(path="/many")
            self.assertEqual(h2.CALM, peer.goodbye())
            gates["/many"].set()

    def test_what_breaks_the_protocol_ends_the_connection(self):
        with client() as peer:
            peer.get()
        for what, code in ((frame(h2.DATA, 0, payload=b"x"), h2.PROTOCOL_ERROR),
                           (frame(h2.DATA, 99, payload=b"x"), h2.PROTOCOL_ERROR),
                           (frame(h2.HEADERS, 2, h2.END_HEADERS, b"\x82"), h2.PROTOCOL_ERROR),
                           (frame(h2.PUSH_PROMISE, 1, h2.END_HEADERS, bytes(4)), h2.PROTOCOL_ERROR),
                           (frame(h2.PING, payload=b"short"), h2.FRAME_SIZE_ERROR),
                           (frame(h2.RST_STREAM, 7, payload=number(8)), h2.PROTOCOL_ERROR),
                           (frame(h2.CONTINUATION, 1, h2.END_HEADERS), h2.PROTOCOL_ERROR),
                           (frame(h2.PRIORITY, 0, payload=bytes(5)), h2.PROTOCOL_ERROR),
                           (frame(h2.PRIORITY, 3, payload=number(3) + b"\0"), h2.PROTOCOL_ERROR),
                           (frame(h2.WINDOW_UPDATE, 0, payload=number(0)), h2.PROTOCOL_ERROR),
                           (frame(h2.SETTINGS, payload=struct.pack(">HI", h2.WINDOW, 0x80000000)), h2.FLOW_CONTROL_ERROR),
                           (frame(h2.HEADERS, 1, h2.END_HEADERS | h2.END_STREAM, b"\xff\xff\xff\xff"), h2.COMPRESSION_ERROR),
                           (b"\xff\xff\xff" + bytes(6), h2.FRAME_SIZE_ERROR)):
            with self.subTest(what=what[:20]), client() as peer:
                peer.send(what)
                self.assertEqual(code, peer.goodbye())

    def test_frames_on_a_stream_that_has_ended(self):
        for kind in (h2.DATA, h2.HEADERS):
            with self.subTest(kind=kind), client() as peer:
                stream = peer.open()
                peer.answer(stream)
                peer.send(frame(kind, stream, h2.END_HEADERS if kind == h2.HEADERS else 0, b"\x82" if kind else b"x"))
                self.assertEqual(h2.STREAM_CLOSED, peer.goodbye())


class Priorities(Case):  # RFC 9218
    def test_the_urgent_goes_first(self):
        for signal in ("field", "frame"):
            with self.subTest(signal=signal), client(windows=False) as peer:
                extra = (("priority", "u=6"),), (("priority", "u=0"),)
                if signal == "frame":
                    peer.send(frame(h2.PRIORITY_UPDATE, payload=number(1) + b"u=6") + frame(h2.PRIORITY_UPDATE, payload=number(3) + b"u=0"))
                    extra = (), ()
                late, soon = (peer.open(peer.request(*each, path="/big")) for each in extra)
                peer.window(late, 1_000_000)
                peer.window(soon, 1_000_000)
                # The connection's window is used up; what comes next is the urgent one's.
                while sum(len(peer.answers.get(each, h2.Answer()).body) for each in (late, soon)) < 65535:
                    peer.next_frame()
                while not {late, soon} <= set(peer.answers):
                    peer.next_frame()  # heads need no window: both have something to say from here on
                before = {each: len(peer.answers[each].body) if each in peer.answers else 0 for each in (late, soon)}
                wait_for(lambda: count("requests_open") == 2, "both are under way")
                got = lambda each: len(peer.answers[each].body) if each in peer.answers else 0
                for step in range(20):
                    peer.window(0, 4096)
                    while got(late) + got(soon) < 65535 + 4096 * (step + 1):
                        peer.next_frame()
                # Where the urgent one has nothing to send at the moment, the other may.
                self.assertGreater(got(soon) - before[soon], 2 * (got(late) - before[late]))


class Tunnels(Case):  # RFC 8441
    """The app's side is HTTP/1.1 (RFC 6455)."""

    def door(self, accept=None, status="101 Switching Protocols"):
        def app_side(exchange):
            self.seen = exchange.request
            key = exchange.request["sec-websocket-key"]
            right = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            exchange.send(f"HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept or right}\r\nSec-WebSocket-Protocol: chat\r\n"
                          f"{'' if status.startswith('101') else 'Content-Length: 0'}\r\n".encode() +
                          (b"" if status.startswith("101") else b"\r\n"))
            exchange.close_after = True
            while data := exchange.socket.recv(65536):
                exchange.send(data)

        lintel = self.lintel("--h2c", "allow", routes=ROUTES % self.backend(app_side).url, workers=1)
        lintel.until("nobody.test", status=404)
        return lintel

    def ask(self, peer, *extra):
        return peer.open([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "app.test"),
                          (":path", "/chat?x"), ("sec-websocket-version", "13"), ("origin", "http://app.test"), *extra], end=False)

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
            with self.subTest(**how), H2(self.door(**how).http) as peer:
                answer = peer.answer(self.ask(peer))
                self.assertIn((answer.status, answer.reset), ((502, None), (None, h2.INTERNAL_ERROR)))

    def test_an_app_that_refuses(self):
        with H2(self.door(status="403 Forbidden").http) as peer:
            self.assertEqual(403, peer.answer(self.ask(peer)).status)


class Coalescing(Case):  # §9.1.2
    def test_another_host_of_another_certificate(self):
        with secured() as peer:
            self.assertEqual(200, peer.get().status)
            answer = peer.get(host="other.test")
            self.assertEqual((421, "misdirected"), (answer.status, answer["lintel-reason"]))
            self.assertEqual(200, peer.get().status)


class Ending(Case):  # §6.8, §9.1
    def door(self, *flags, answer=app):
        lintel = self.lintel("--h2c", "allow", *flags, routes=ROUTES % self.backend(answer).url, workers=1,
                             drain_timeout="10s")
        lintel.until("app.test")
        return lintel

    def test_a_drain_takes_two_steps_and_loses_nothing(self):
        gates["/drained"] = threading.Event()
        self.addCleanup(lambda: gates.pop("/drained", None))
        lintel = self.door()
        with H2(lintel.http) as peer, H2(lintel.http) as idle:
            idle.get()
            held = peer.open(path="/drained")
            peer.answer(held, until=lambda answer: answer.body)
            os.kill(lintel.pid, 15)
            while not peer.frames:
                seen = peer.next_frame()
            self.assertEqual((0x7FFFFFFF, h2.NO_ERROR), (peer.frames[0].last_stream, peer.frames[0].code))
            while len(peer.frames) < 2:
                seen = peer.next_frame()
            self.assertEqual((held, h2.NO_ERROR), (seen.last_stream, seen.code))
            idle.goodbye()
            self.assertEqual(2, len(idle.frames))
            gates["/drained"].set()
            self.assertTrue(peer.answer(held).ended)
            self.assertIsNone(peer.goodbye())
        self.assertEqual(0, lintel.wait(5))

    def test_an_idle_connection_closes(self):
        lintel = self.door("--idle-timeout", "1s")
        with H2(lintel.http) as peer:
            self.assertEqual(200, peer.get().status)
            began = time.monotonic()
            self.assertIsNone(peer.goodbye())
            self.assertLess(0.8, time.monotonic() - began)
            self.assertEqual(1, len(peer.frames))

    def test_the_last_request_of_a_connection(self):
        lintel = self.door("--requests-per-connection", "3")
        with H2(lintel.http) as peer:
            for _ in range(3):
                self.assertEqual(200, peer.get().status)
            self.assertIsNone(peer.goodbye())
            self.assertEqual([0x7FFFFFFF, 5], [each.last_stream for each in peer.frames])

    def test_a_slow_body(self):
        lintel = self.door("--body-timeout", "1s")
        with H2(lintel.http) as peer:
            answer = peer.get(method="POST", body=b"a", end=False)
            self.assertEqual((408, "client-timeout"), (answer.status, answer["lintel-reason"]))


if __name__ == "__main__":
    main()
