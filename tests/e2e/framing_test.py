"""HTTP/1.1 messages keep their meaning on the way through, and what is ambiguous is refused."""
from support.case import Case, main
from support.routes import routes

CHUNKED = "Transfer-Encoding: chunked\r\n"


class Framing(Case):
    def door(self, answer=None):
        """A front door to one backend; `app.test` is up."""
        def up_or_answer(exchange):
            if exchange.request.target == "/up" or answer is None:
                exchange.read_body()
                return exchange.reply("ok")
            return answer(exchange)

        self.upstream = self.backend(up_or_answer)
        lintel = self.lintel(routes=routes({"app.test": self.upstream.url}))
        lintel.until("app.test", path="/up")
        self.upstream.requests.clear()
        return lintel


class Bodies(Framing):
    def test_a_content_length_goes_both_ways(self):
        lintel = self.door(lambda exchange: exchange.reply(exchange.read_body()))
        for size in (0, 1, 65536, 65537, 1_000_000):
            body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
            answer = lintel.get("app.test", method="POST", body=body)
            self.assertEqual(body, answer.body)
            self.assertEqual(str(size), answer["content-length"])
            self.assertEqual(str(size), self.upstream.requests[-1]["content-length"])

    def test_chunks_and_trailers_go_both_ways(self):
        def answer(exchange):
            body = exchange.read_body()
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
            exchange.send(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\nX-Sum: 42\r\n\r\n")

        lintel = self.door(answer)
        with lintel.connect() as client:
            client.send(f"POST / HTTP/1.1\r\nHost: app.test\r\n{CHUNKED}Trailer: X-Check\r\n\r\n")
            client.send("5;note=ignored\r\nhello\r\n6\r\n world\r\n0\r\nX-Check: 7\r\n\r\n")
            response = client.read_response()
            self.assertEqual(b"hello world", response.body)
            self.assertEqual([("X-Sum", "42")], response.trailers)
            received = self.upstream.requests[-1]
            self.assertEqual(b"hello world", received.body)
            self.assertEqual([("X-Check", "7")], received.trailers)
            self.assertEqual(200, client.request("app.test", "/up").status, "the connection goes on")

    def test_a_body_that_ends_with_the_connection_arrives_whole(self):
        def answer(exchange):
            exchange.close_after = True
            exchange.send("HTTP/1.1 200 OK\r\n\r\nuntil I close")

        lintel = self.door(answer)
        with lintel.connect() as client:
            self.assertEqual("until I close", client.request("app.test").text)

    def test_head_and_204_and_304_have_no_body(self):
        def answer(exchange):
            status = {"/204": "204 No Content", "/304": "304 Not Modified"}.get(exchange.request.target)
            if status:
                exchange.send(f"HTTP/1.1 {status}\r\nETag: \"a\"\r\n\r\n")
            else:
                exchange.reply("1234567")

        lintel = self.door(answer)
        with lintel.connect() as client:
            head = client.request("app.test", "/", "HEAD")
            self.assertEqual((200, "7", b""), (head.status, head["content-length"], head.body))
            for status in (204, 304):
                response = client.request("app.test", f"/{status}")
                self.assertEqual(status, response.status)
                self.assertIsNone(response["transfer-encoding"])
                self.assertEqual('"a"', response["etag"])
            self.assertEqual("1234567", client.request("app.test").text, "still in step on one connection")

    def test_a_chunked_answer_reaches_an_http_1_0_client_without_chunks(self):
        def answer(exchange):
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")

        lintel = self.door(answer)
        with lintel.connect() as client:
            client.send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n")
            response = client.read_response()
            self.assertIsNone(response["transfer-encoding"])
            self.assertEqual(b"abcdef", response.body)
            self.assertTrue(client.ended(), "an HTTP/1.0 client without keep-alive reads until the end")

    def test_pipelined_requests_are_answered_in_order(self):
        lintel = self.door(lambda exchange: exchange.reply(exchange.request.target))
        with lintel.connect() as client:
            client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: app.test\r\n\r\n" for n in range(5)))
            self.assertEqual([f"/{n}" for n in range(5)], [client.read_response().text for _ in range(5)])


class Interim(Framing):
    def test_early_hints_are_passed_on(self):
        def answer(exchange):
            exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
            exchange.reply("done")

        response = self.door(answer).get("app.test")
        self.assertEqual([(103, "</a.css>; rel=preload")], [(each.status, each["link"]) for each in response.interim])
        self.assertEqual("done", response.text)

    def test_an_expected_100_continue_comes_before_the_body(self):
        def answer(exchange):
            if exchange.request["expect"]:  # it may have come this far, or been answered on the way
                exchange.send("HTTP/1.1 100 Continue\r\n\r\n")
            exchange.reply(str(len(exchange.read_body())))

        lintel = self.door(answer)
        for framing, body in (("Content-Length: 5", "hello"), ("Content-Length: 100000", "x" * 100000),
                              ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")):
            with self.subTest(framing), lintel.connect() as client:
                client.send(f"POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\n{framing}\r\n\r\n")
                self.assertEqual(100, client.read_head().status)
                client.send(body)
                self.assertEqual("100000" if "100000" in framing else "5", client.read_response().text)

    def test_a_refusal_instead_of_100_continue_is_passed_on(self):
        def answer(exchange):
            exchange.close_after = True
            exchange.reply("too much", status="413 Content Too Large", fields=[("Connection", "close")])

        lintel = self.door(answer)
        with lintel.connect() as client:
            client.send("POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
            self.assertEqual(413, client.read_response().status)


class Refused(Framing):
    def test_ambiguous_framing_gets_400_and_the_end_of_the_connection(self):
        lintel = self.door()
        post = "POST / HTTP/1.1\r\nHost: app.test\r\n"
        cases = {
            "Content-Length with Transfer-Encoding": f"{post}Content-Length: 3\r\n{CHUNKED}\r\n0\r\n\r\n",
            "two different lengths": f"{post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "a list of lengths": f"{post}Content-Length: 3, 3\r\n\r\nabc",
            "a signed length": f"{post}Content-Length: +3\r\n\r\nabc",
            "chunked is not last": f"{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "an unknown coding": f"{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "chunked in HTTP/1.0": f"POST / HTTP/1.0\r\nHost: app.test\r\n{CHUNKED}\r\n0\r\n\r\n",
            "a bad chunk size": f"{post}{CHUNKED}\r\n0x5\r\nhello\r\n0\r\n\r\n",
            "a chunk longer than it says": f"{post}{CHUNKED}\r\n3\r\nhello\r\n0\r\n\r\n",
            "two Hosts": "GET / HTTP/1.1\r\nHost: app.test\r\nHost: app.test\r\n\r\n",
            "no Host": "GET / HTTP/1.1\r\n\r\n",
            "space before the colon": "GET / HTTP/1.1\r\nHost : app.test\r\n\r\n",
            "a folded line": "GET / HTTP/1.1\r\nHost: app.test\r\nX-A: 1\r\n 2\r\n\r\n",
            "a bare CR in a field": "GET / HTTP/1.1\r\nHost: app.test\r\nX-A: 1\r2\r\n\r\n",
            "a NUL in a field": "GET / HTTP/1.1\r\nHost: app.test\r\nX-A: 1\0002\r\n\r\n",
        }
        for name, request in cases.items():
            with self.subTest(name), lintel.connect() as client:
                client.send(request)
                response = client.read_response()
                self.assertEqual(400, response.status)
                self.assertIsNotNone(response["lintel-reason"])
                self.assertEqual("close", (response["connection"] or "").lower())
                self.assertTrue(client.ended())
        whole = [each for each in self.upstream.requests if each.method == "GET" or each.body]
        self.assertEqual([], whole, "nothing of it reached the backend as a whole request")

    def test_an_ambiguous_answer_is_refused_too(self):
        answers = {
            "/both": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "/lengths": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "/garbage": "HELLO\r\n\r\n",
        }

        def answer(exchange):
            exchange.close_after = True
            exchange.send(answers[exchange.request.target])

        lintel = self.door(answer)
        for path in answers:
            with self.subTest(path):
                response = lintel.get("app.test", path)
                self.assertEqual(502, response.status)
                self.assertIsNotNone(response["lintel-reason"])


if __name__ == "__main__":
    main()
