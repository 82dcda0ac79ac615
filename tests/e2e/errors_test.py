"""Each error of ours says that it is ours, and why, in a field for machines and a sentence for people."""
import socket

from support.case import Case, main
from support.routes import document, routes


def unused_url():
    """A URL on loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


class Errors(Case):
    def assert_ours(self, response, status, reason):
        self.assertEqual((status, reason), (response.status, response["lintel-reason"]))
        self.assertRegex(response.text, r"^[A-Z].*\.\s*$", "a plain sentence")
        self.assertNotIn("<", response.text)
        self.assertIn("text/plain", response["content-type"])

    def test_no_route_is_404(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}))
        self.assert_ours(lintel.get("other.test"), 404, "no-route")
        self.assert_ours(lintel.get("app.test.evil"), 404, "no-route")

    def test_a_route_on_one_entrypoint_is_not_on_the_other(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}, tls=True))
        lintel.until("app.test", get=lintel.get_tls)
        self.assert_ours(lintel.get("app.test"), 404, "no-route")

    def test_a_refused_upstream_is_5xx_and_says_so(self):
        lintel = self.lintel(routes=routes({"app.test": unused_url()}))
        response = lintel.get("app.test")
        self.assertIn((response.status, response["lintel-reason"]), [(502, "refused"), (503, "starting"), (503, "unhealthy")])
        self.assertRegex(response.text, r"^[A-Z].*\.\s*$")

    def test_an_upstream_that_hangs_up_is_502_for_what_may_not_be_sent_again(self):
        def answer(exchange):
            if exchange.request.target == "/up":
                return exchange.reply("ok")
            exchange.close_after = True
            return exchange.read_body()

        upstream = self.backend(answer)
        lintel = self.lintel(routes=routes({"app.test": upstream.url}))
        lintel.until("app.test", path="/up")
        response = lintel.get("app.test", method="POST", body=b"x" * 100_000)
        self.assertEqual(502, response.status)
        self.assertIsNotNone(response["lintel-reason"])
        self.assertEqual(1, sum(each.method == "POST" for each in upstream.requests), "sent once")

    def test_a_service_without_endpoints_is_503(self):
        lintel = self.lintel(routes=document({"app.test": ("Host(`app.test`)", [])}).replace("servers:", "servers: []"))
        response = lintel.until("app.test", 503)
        self.assertIsNotNone(response["lintel-reason"])

    def test_a_service_that_nobody_declares_is_503_not_404(self):
        text = routes({"app.test": self.backend().url}).replace("service: app-test", "service: missing")
        lintel = self.lintel(routes=text)
        response = lintel.until("app.test", 503)
        self.assertIsNotNone(response["lintel-reason"])
        self.assertTrue(any("missing" in each["what"] for each in lintel.problems()), lintel.problems())

    def test_a_router_that_names_a_middleware_is_503_and_says_why(self):
        text = routes({"app.test": self.backend().url}).replace("      service:", "      middlewares: [auth]\n      service:")
        lintel = self.lintel(routes=text)
        response = lintel.until("app.test", 503)
        self.assertIn("middleware", response.text)
        self.assertTrue(any("auth" in each["what"] for each in lintel.problems()), lintel.problems())

    def test_a_connect_request_is_405(self):
        lintel = self.lintel()
        with lintel.connect() as client:
            client.send("CONNECT app.test:443 HTTP/1.1\r\nHost: app.test:443\r\n\r\n")
            self.assertEqual(405, client.read_response().status)

    def test_a_head_that_is_too_long_is_431(self):
        lintel = self.lintel()
        response = lintel.get("app.test", fields=[("X-Long", "x" * 1_000_000)])
        self.assertIn(response.status, (400, 431))
        self.assertIsNotNone(response["lintel-reason"])


if __name__ == "__main__":
    main()
