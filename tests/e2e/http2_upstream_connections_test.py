"""Connections to upstreams that speak HTTP/2: how many, what each carries, how they end, and TLS."""
import json
import pathlib
import shutil
import tempfile
import threading

from support import h2
from support.case import main, wait_for
from support.h2_backend import ok
from support.h2_upstream_case import Upstream, goaway
from support.routes import routes
from support.tls_backend import Authority, TlsBackend
from support.websocket import echo_server, handshake
from support.wire import Truncated


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
