"""Bodies flow as they come, both ways at once, and what breaks off never looks complete."""
import threading

from support.case import Case, main, wait_for
from support.routes import routes
from support.wire import Truncated


class Streaming(Case):
    def door(self, answer):
        def up_or_answer(exchange):
            return exchange.reply("ok") if exchange.request.target == "/up" else answer(exchange)

        self.upstream = self.backend(up_or_answer)
        lintel = self.lintel(routes=routes({"app.test": self.upstream.url}), drain_timeout="500ms")
        lintel.until("app.test", path="/up")
        return lintel

    def test_events_arrive_one_by_one_as_they_are_sent(self):
        go_on = threading.Semaphore(0)

        def answer(exchange):
            exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for n in range(5):
                event = f"data: {n}\n\n"
                exchange.send(f"{len(event):x}\r\n{event}\r\n")
                go_on.acquire(timeout=10)
            exchange.send("0\r\n\r\n")

        with self.door(answer).connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            self.assertEqual("text/event-stream", client.read_head()["content-type"])
            for n, chunk in enumerate(client.chunks()):
                self.assertEqual(f"data: {n}\n\n".encode(), chunk)
                go_on.release()  # only now is the next one sent
            self.assertEqual(4, n)

    def test_a_long_poll_gets_its_head_before_its_body(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
            release.wait(10)
            exchange.send("late")

        with self.door(answer).connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            self.assertEqual(200, client.read_head().status)
            release.set()
            self.assertEqual(b"late", client.read_exactly(4))

    def test_request_and_response_body_flow_at_the_same_time(self):
        def echo(exchange):
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in exchange.chunks():
                exchange.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            exchange.send("0\r\n\r\n")

        with self.door(echo).connect() as client:
            # Head and first chunk come together: an answer to a body of which nothing was read closes the connection.
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            self.assertEqual(200, client.read_head().status, "before the request has ended")
            echoed = client.chunks()
            self.assertEqual(b"one", next(echoed))
            for n in range(20):
                client.send(f"4\r\n{n:04}\r\n")
                self.assertEqual(f"{n:04}".encode(), next(echoed))
            client.send("0\r\n\r\n")
            self.assertEqual([], list(echoed))
            self.assertEqual(200, client.request("app.test", "/up").status, "the connection goes on")

    def test_a_final_answer_before_the_request_body_has_ended_is_passed_on(self):
        def answer(exchange):
            exchange.close_after = True
            exchange.reply("no", status="403 Forbidden", fields=[("Connection", "close")])

        with self.door(answer).connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10000000\r\n\r\n" + "x" * 100000)
            response = client.read_response()
            self.assertEqual((403, "no"), (response.status, response.text))

    def test_a_body_that_breaks_off_upstream_never_looks_complete(self):
        heads = {"/length": "Content-Length: 10\r\n\r\n12345", "/chunked": "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
                 "/in-a-chunk": "Transfer-Encoding: chunked\r\n\r\nA\r\n12345"}

        def answer(exchange):
            exchange.close_after = True
            exchange.send(f"HTTP/1.1 200 OK\r\n{heads[exchange.request.target]}")

        lintel = self.door(answer)
        for path in heads:
            with self.subTest(path), lintel.connect() as client, self.assertRaises((Truncated, ConnectionResetError)):
                client.request("app.test", path)

    def test_a_request_body_that_breaks_off_never_looks_complete_upstream(self):
        outcomes = []

        def answer(exchange):
            try:
                exchange.read_body()
                outcomes.append("complete")
            except (Truncated, ConnectionResetError):
                outcomes.append("broken")
                raise

        lintel = self.door(answer)
        for framing in ("Content-Length: 200000\r\n\r\nonly this", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"):
            with self.subTest(framing):
                seen, requests = len(outcomes), len(self.upstream.requests)
                with lintel.connect() as client:
                    client.send(f"POST / HTTP/1.1\r\nHost: app.test\r\n{framing}")
                    wait_for(lambda: len(self.upstream.requests) > requests, "the request is upstream")
                wait_for(lambda: len(outcomes) > seen, "the upstream notices")
                self.assertEqual("broken", outcomes[-1])

    def test_a_client_that_goes_away_frees_the_upstream(self):
        freed = threading.Event()

        def answer(exchange):
            try:
                exchange.socket.settimeout(10)
                if exchange.ended():
                    freed.set()
            finally:
                exchange.close_after = True

        lintel = self.door(answer)
        with lintel.connect() as client:
            client.send("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n")
            wait_for(lambda: self.upstream.requests[-1].target == "/slow", "the request is upstream")
        self.assertTrue(freed.wait(2), "the upstream connection is closed soon after")


if __name__ == "__main__":
    main()
