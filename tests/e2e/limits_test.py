"""What may take how long, and how many may come: for all, for an entrypoint, for a route."""
import threading
import time

from support.case import Case, main, wait_for
from support.proc import accepted_by
from support.routes import document, key, routes
from support.websocket import BINARY, echo_server, echo_text, handshake, read_frame, write_frame
from support.wire import connect


def with_options(text, host, **options):
    """`text`, where the router of `host` has these options."""
    lines = "".join(f"\n        {name}: {value}" for name, value in options.items())
    service = f"      service: {key(host)}\n"
    return text.replace(service, f"{service}      lintel:{lines}\n", 1)


def refused(answer):
    return answer.status, answer["lintel-reason"]


class Limits(Case):
    def door(self, *flags, answer=None, options=None, **more):
        backend = self.backend(*([answer] if answer else []))
        text = routes({"app.test": backend.url, "other.test": backend.url})
        lintel = self.lintel(*flags, routes=with_options(text, "app.test", **options) if options else text, **more)
        lintel.until("other.test")
        port = int(lintel.http.rpartition(":")[2])
        wait_for(lambda: not accepted_by(lintel.role("edge"), port, established=False), "the connections that asked for the route are gone")
        backend.requests.clear()
        self.upstream = backend
        return lintel


class Timeouts(Limits):
    def test_a_head_that_drips_gets_408(self):
        lintel = self.door("--head-timeout", "300ms")
        with lintel.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: other.test\r\n")
            self.assertEqual((408, "bad-request"), refused(client.read_response()))
            self.assertTrue(client.ended())

    def test_an_entrypoint_has_its_own(self):
        lintel = self.door("--entrypoints", "quick=127.0.0.1:0+head_timeout=300ms")
        slow, quick = lintel.connect(), connect(lintel.ready["entrypoints"]["quick"])
        with slow, quick:
            for each in (slow, quick):
                each.send("GET / HTTP/1.1\r\nHost: other.test\r\n")
            self.assertEqual(408, quick.read_response().status)
            slow.send("\r\n")
            self.assertEqual(200, slow.read_response().status)

    def test_a_route_has_its_own(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if exchange.request.target == "/slow":
                release.wait(10)
            exchange.reply("ok")

        lintel = self.door(answer=answer, options={"first_byte_timeout": "300ms"})
        with lintel.connect() as patient:
            patient.send("GET /slow HTTP/1.1\r\nHost: other.test\r\n\r\n")
            self.assertEqual((504, "timeout"), refused(lintel.get("app.test", "/slow")))
            release.set()
            self.assertEqual(200, patient.read_response().status)

    def test_a_body_that_falls_behind_its_rate_gets_408(self):
        """Each byte comes soon after the last: a time-out of single waits would never end this."""
        lintel = self.door("--body-timeout", "400ms", "--body-rate", "1KiB")
        for framing in ("Content-Length: 1000", "Content-Length: 1000000"):
            with self.subTest(framing), lintel.connect() as client:
                client.send(f"POST / HTTP/1.1\r\nHost: other.test\r\n{framing}\r\n\r\n")
                pace = threading.Thread(target=self.drip, args=(client, 0.05))
                pace.start()
                self.assertEqual((408, "client-timeout"), refused(client.read_response()))
                client.close()
                pace.join(10)

    def test_a_slow_body_that_keeps_its_rate_arrives(self):
        lintel = self.door("--body-timeout", "1s", "--body-rate", "100")
        with lintel.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 400\r\n\r\n")
            pace = threading.Event()
            for _ in range(20):
                client.send(b"x" * 20)
                pace.wait(0.075)  # 267 bytes a second, for longer than the time-out
            self.assertEqual(200, client.read_response().status)

    def drip(self, client, every):
        pace = threading.Event()
        try:
            while not pace.wait(every):
                client.send(b"x")
        except OSError:
            pass  # cut, as it should be

    def test_a_websocket_may_stop_reading_for_longer_than_the_write_timeout(self):
        def answer(exchange):
            return echo_server(exchange) if exchange.request["upgrade"] else exchange.reply("ok")

        lintel = self.door("--write-timeout", "300ms", answer=answer)
        with lintel.connect() as client:
            self.assertEqual(101, handshake(client, "other.test").status)
            payload = b"x" * 20_000_000  # more than all buffers hold on the way back
            write_frame(client, BINARY, payload, mask=True)
            threading.Event().wait(1.5)  # not reading, for longer than the time-out
            self.assertEqual(len(payload), len(read_frame(client)[1]))

    def test_a_silent_websocket_ends_and_a_talkative_one_lives(self):
        def answer(exchange):
            return echo_server(exchange) if exchange.request["upgrade"] else exchange.reply("ok")

        lintel = self.door("--tunnel-idle-timeout", "500ms", answer=answer)
        with lintel.connect() as silent, lintel.connect() as talkative:
            for each in (silent, talkative):
                self.assertEqual(101, handshake(each, "other.test").status)
            pace, ended = threading.Event(), threading.Thread(target=self.until_ended, args=(silent,))
            ended.start()
            started = time.monotonic()
            while ended.is_alive() or time.monotonic() < started + 1:
                self.assertEqual("hello", echo_text(talkative, "hello"))
                pace.wait(0.1)
                self.assertLess(time.monotonic(), started + 5, "the silent one lives on")

    @staticmethod
    def until_ended(connection):
        try:
            while connection.socket.recv(100):
                pass
        except ConnectionError:
            pass


class Caps(Limits):
    def test_the_longest_idle_leaves_for_a_newcomer(self):
        lintel = self.door("--max-connections", "2", "--max-connections-per-client", "9", "--workers", "1")
        first, second = lintel.connect(), lintel.connect()
        with first, second:
            for each in (first, second):
                self.assertEqual(200, each.request("other.test").status)
            self.assertEqual(200, lintel.get("other.test").status)
            self.assertEqual(b"", first.read_to_end())
            self.assertEqual(200, second.request("other.test").status)

    def test_where_nobody_is_idle_the_newcomer_gets_503(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if exchange.request.target == "/slow":
                release.wait(10)
            exchange.reply("ok")

        lintel = self.door("--max-connections", "1", "--max-connections-per-client", "9", "--workers", "1", answer=answer)
        with lintel.connect() as busy:
            busy.send("GET /slow HTTP/1.1\r\nHost: other.test\r\n\r\n")
            wait_for(lambda: self.upstream.requests, "the request is upstream")
            with lintel.connect() as newcomer:
                answer = newcomer.read_response()
                self.assertEqual((503, "full", "1"), (*refused(answer), answer["retry-after"]))
                self.assertTrue(newcomer.ended())
            release.set()
            self.assertEqual(200, busy.read_response().status)
        wait_for(lambda: lintel.get("other.test").status == 200, "its place is free again")

    def test_a_client_has_its_share(self):
        lintel = self.door("--max-connections-per-client", "2")
        with lintel.connect() as first, lintel.connect() as second:
            for each in (first, second):
                self.assertEqual(200, each.request("other.test").status)
            with lintel.connect() as third:
                self.assertEqual((429, "too-many-connections"), refused(third.read_response()))
        wait_for(lambda: lintel.get("other.test").status == 200, "the first two are gone")

    def test_the_oldest_of_too_many_heads_is_cut(self):
        lintel = self.door("--max-heads", "2", "--workers", "1")
        clients = [lintel.connect() for _ in range(3)]
        for each in clients:
            self.addCleanup(each.close)
            each.send("GET / HTTP/1.1\r\nHost: ot")
            if each is not clients[2]:  # the answer says, too, that the half heads before it were read
                self.assertEqual(200, lintel.get("other.test").status, "a whole head is none on its way")
        with self.assertRaises((ConnectionError, EOFError)):
            clients[0].read_response()
        for each in clients[1:]:
            each.send("her.test\r\n\r\n")
            self.assertEqual(200, each.read_response().status)

    def test_a_line_end_that_is_half_there_is_a_head_too(self):
        lintel = self.door("--max-heads", "1", "--workers", "1")
        with lintel.connect() as first, lintel.connect() as second:
            first.send("\r")
            self.assertEqual(200, lintel.get("other.test").status, "it was read")
            second.send("\r")
            self.assertTrue(first.ended())
            second.send("\nGET / HTTP/1.1\r\nHost: other.test\r\n\r\n")
            self.assertEqual(200, second.read_response().status)

    def test_uploads_wait_their_turn(self):
        """One streams; the next is not sent to the app before it ends."""
        lintel = self.door("--max-uploads-per-service", "1", "--workers", "1")
        head = "POST /{} HTTP/1.1\r\nHost: other.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        with lintel.connect() as first, lintel.connect() as second:
            first.send(head.format(1))
            wait_for(lambda: self.upstream.requests, "the first is upstream")
            second.send(head.format(2) + "0\r\n\r\n")
            self.assertEqual(200, lintel.get("other.test", "/get").status)
            self.assertEqual(["/1", "/get"], [each.target for each in self.upstream.requests])
            first.send("0\r\n\r\n")
            self.assertEqual([200, 200], [each.read_response().status for each in (first, second)])

    def test_an_upload_that_waits_too_long_gets_503(self):
        lintel = self.door("--max-uploads-per-service", "1", "--workers", "1", "--connect-timeout", "300ms")
        head = "POST / HTTP/1.1\r\nHost: other.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        with lintel.connect() as first, lintel.connect() as second:
            first.send(head)
            wait_for(lambda: self.upstream.requests, "the first is upstream")
            second.send(head)
            self.assertEqual((503, "busy"), refused(second.read_response()))

    def test_no_more_connections_to_an_endpoint_are_kept_than_said(self):
        lintel = self.door("--pooled-per-endpoint", "0")
        with lintel.connect() as client:
            for _ in range(3):
                self.assertEqual(200, client.request("other.test").status)
        self.assertEqual(3, len(self.upstream.used_connections))


class Fairness(Limits):
    def crowd(self, lintel, first, again, count=1):
        """Connections that send `again` for as long as it is taken."""
        stopped = threading.Event()

        def pour(client):
            try:
                client.send(first)
                while not stopped.is_set():
                    client.send(again)
            except OSError:
                pass  # cut

        threads = []
        for _ in range(count):
            client = lintel.connect()
            reader = threading.Thread(target=self.swallow, args=(client,), daemon=True)
            threads += [reader, threading.Thread(target=pour, args=(client,), daemon=True)]
            self.addCleanup(client.close)
        for each in threads:
            each.start()
        self.addCleanup(stopped.set)

    @staticmethod
    def swallow(client):
        try:
            while client.socket.recv(1 << 20):
                pass
        except OSError:
            pass  # cut

    def assert_others_are_served(self, lintel):
        for _ in range(20):
            started = time.monotonic()
            self.assertEqual(200, lintel.get("other.test").status)
            self.assertLess(time.monotonic() - started, 1.0)

    def test_an_upload_of_tiny_chunks_leaves_room_for_others(self):
        lintel = self.door("--workers", "1")
        head = "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.crowd(lintel, head, b"1\r\na\r\n" * 10000)
        wait_for(lambda: self.upstream.requests, "the upload is under way")
        self.assert_others_are_served(lintel)

    def test_pipelined_requests_leave_room_for_others(self):
        lintel = self.door("--workers", "1", "--requests-per-connection", "100000000")
        self.crowd(lintel, b"", b"GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n" * 1000, count=3)
        self.assert_others_are_served(lintel)

    def test_an_answer_of_tiny_chunks_leaves_room_for_others(self):
        def answer(exchange):
            if exchange.request.target != "/tiny":
                return exchange.reply("ok")
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                exchange.send(b"1\r\na\r\n" * 10000)

        lintel = self.door("--workers", "1", answer=answer)
        self.crowd(lintel, b"GET /tiny HTTP/1.1\r\nHost: app.test\r\n\r\n", b"", count=1)
        wait_for(lambda: self.upstream.requests, "the download is under way")
        self.assert_others_are_served(lintel)

    def test_an_upload_gives_its_place_back_when_its_body_is_out(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            exchange.read_body()
            if exchange.request.target == "/1":
                release.wait(10)
            exchange.reply("ok")

        lintel = self.door("--max-uploads-per-service", "1", "--workers", "1", answer=answer)
        head = "POST /{} HTTP/1.1\r\nHost: other.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        with lintel.connect() as first, lintel.connect() as second:
            first.send(head.format(1))
            wait_for(lambda: self.upstream.requests, "the first is upstream")
            second.send(head.format(2))
            self.assertEqual(200, second.read_response().status)
            release.set()
            self.assertEqual(200, first.read_response().status)

    def test_another_spelling_does_not_walk_around_a_route_that_takes_paths_as_they_are(self):
        url = self.backend().url
        text = document({"admin-test": ("Host(`a.test`) && PathPrefix(`/admin`)", url), "rest-test": ("Host(`a.test`)", url)})
        lintel = self.lintel(routes=with_options(text, "admin-test", path="as-is"))
        lintel.until("a.test", path="/admin/x")
        for path in ("/%61dmin/x", "//admin/x", "/x/../admin/x"):
            self.assertEqual((400, "bad-request"), refused(lintel.get("a.test", path)), path)
        self.assertEqual(200, lintel.get("a.test", "/other/%61").status)


class Mistakes(Limits):
    def test_a_wrong_option_of_a_route_costs_itself_and_is_reported(self):
        url = self.backend().url
        text = with_options(document({"app-test": ("Host(`app.test`)", url)}), "app-test", first_byte_timeuot="1s", path="as-is")
        lintel = self.lintel(routes=text)
        lintel.until("app.test", path="/a//b")
        self.assertIn("first_byte_timeout?", str(lintel.problems()))

    def test_a_wrong_option_of_an_entrypoint_is_said_at_the_start(self):
        done = self.lintel(routes="").cli("run", "--entrypoints", "x=127.0.0.1:0+head_timeout=0")
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn("head_timeout: 0 must be more than 0", done.stderr)


if __name__ == "__main__":
    main()
