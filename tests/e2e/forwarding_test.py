"""What an upstream is told about the client, which fields end at the proxy, and which connections are used again."""
import re

from support.case import Case, main
from support.routes import routes
from support.wire import connect

FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded")


class Fields(Case):
    def door(self, *flags, tls=False, answer=None, **options):
        self.upstream = self.backend(answer) if answer else self.backend()
        lintel = self.lintel(*flags, routes=routes({"app.test": self.upstream.url}, tls=tls), **options)
        lintel.until("app.test", get=lintel.get_tls if tls else None)
        return lintel

    @property
    def received(self):
        return self.upstream.requests[-1]

    def test_the_forwarded_fields_are_set(self):
        lintel = self.door()
        lintel.get("app.test:80")
        self.assertEqual("127.0.0.1", self.received["x-forwarded-for"])
        self.assertEqual("127.0.0.1", self.received["x-real-ip"])
        self.assertEqual("http", self.received["x-forwarded-proto"])
        self.assertEqual("app.test:80", self.received["x-forwarded-host"])
        self.assertTrue(self.received["x-forwarded-port"].isdigit())

    def test_over_tls_the_proto_is_https(self):
        lintel = self.door(tls=True)
        lintel.get_tls("app.test")
        self.assertEqual("https", self.received["x-forwarded-proto"])
        self.assertTrue(self.received["x-forwarded-port"].isdigit())

    LIES = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"),
            ("X-Forwarded-Port", "666"), ("X-Real-IP", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"),
            ("X-Forwarded-For", "6.6.6.7")]

    def test_what_an_untrusted_client_says_of_them_is_dropped(self):
        lintel = self.door()
        lintel.get("app.test", fields=self.LIES)
        for name in FORWARDED:
            self.assertNotRegex(self.received[name] or "", r"6\.6\.6|evil|666", name)
        self.assertEqual("127.0.0.1", self.received["x-forwarded-for"])
        self.assertEqual("http", self.received["x-forwarded-proto"])

    def test_a_lie_hidden_behind_connection_does_not_help(self):
        lintel = self.door()
        lintel.get("app.test", fields=[("Connection", "X-Forwarded-For, X-Real-IP"), ("X-Forwarded-For", "6.6.6.6")])
        self.assertEqual("127.0.0.1", self.received["x-forwarded-for"])
        self.assertEqual("127.0.0.1", self.received["x-real-ip"])

    def test_what_a_trusted_proxy_says_is_kept_and_continued(self):
        lintel = self.door("--trusted-proxies", "127.0.0.0/8,::1")
        lintel.get("app.test", fields=[("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"),
                                       ("X-Forwarded-Host", "public.test"), ("X-Forwarded-Port", "443")])
        self.assertEqual("203.0.113.9, 127.0.0.1", self.received["x-forwarded-for"])
        self.assertEqual("203.0.113.9", self.received["x-real-ip"])
        self.assertEqual("https", self.received["x-forwarded-proto"])
        self.assertEqual("public.test", self.received["x-forwarded-host"])
        self.assertEqual("443", self.received["x-forwarded-port"])

    def test_a_trusted_list_without_this_client_trusts_nobody_else(self):
        lintel = self.door("--trusted-proxies", "10.0.0.0/8")
        lintel.get("app.test", fields=self.LIES)
        self.assertEqual("127.0.0.1", self.received["x-forwarded-for"])

    def test_hop_by_hop_fields_end_here_in_both_directions(self):
        def answer(exchange):
            exchange.reply("ok", fields=[("Connection", "X-Inner"), ("X-Inner", "1"), ("Keep-Alive", "timeout=5"),
                                         ("Proxy-Authenticate", "Basic"), ("X-Outer", "kept")])

        lintel = self.door(answer=answer)
        response = lintel.get("app.test", fields=[
            ("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"), ("TE", "gzip"),
            ("Proxy-Connection", "keep-alive"), ("Upgrade", "h2c"), ("X-End", "kept")])
        for name in ("x-hop", "keep-alive", "proxy-connection", "upgrade"):
            self.assertIsNone(self.received[name], name)
        self.assertNotIn("gzip", self.received["te"] or "")
        self.assertEqual("kept", self.received["x-end"])
        self.assertIsNone(response["x-inner"])
        self.assertIsNone(response["keep-alive"])
        self.assertEqual("kept", response["x-outer"])

    def test_each_request_has_an_id_and_a_given_one_is_kept_from_trusted_clients(self):
        lintel = self.door("--trusted-proxies", "127.0.0.1")
        lintel.get("app.test")
        first = self.received["x-request-id"]
        lintel.get("app.test")
        self.assertRegex(first, r"^[\w-]{16,}$")
        self.assertNotEqual(first, self.received["x-request-id"])
        lintel.get("app.test", fields=[("X-Request-Id", "given-by-the-proxy-before")])
        self.assertEqual("given-by-the-proxy-before", self.received["x-request-id"])

    def test_trace_context_is_passed_on(self):
        lintel = self.door()
        parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        lintel.get("app.test", fields=[("traceparent", parent), ("tracestate", "a=1,b=2")])
        self.assertEqual(parent, self.received["traceparent"])
        self.assertEqual("a=1,b=2", self.received["tracestate"])

    def test_other_fields_the_host_and_the_target_arrive_as_they_were(self):
        lintel = self.door()
        lintel.get("app.test", "/a%2Fb;c?q=%20&q=1", fields=[("Cookie", "a=1; b=2"), ("X-Twice", "1"),
                                                               ("X-Twice", "2"), ("X-Empty", "")])
        self.assertEqual("/a%2Fb;c?q=%20&q=1", self.received.target)
        self.assertEqual("app.test", self.received["host"])
        self.assertEqual("a=1; b=2", self.received["cookie"])
        self.assertEqual(["1", "2"], self.received.all("x-twice"))
        self.assertEqual([""], self.received.all("x-empty"))

    def test_the_path_that_is_matched_is_the_path_that_is_forwarded(self):
        lintel = self.door()
        for sent, forwarded in (("/a/./b/../c", "/a/c"), ("/a//b", "/a/b"), ("/%61%7Eb", "/a~b"),
                                ("/../../etc", "/etc"), ("/%2e%2e/x", "/x"), ("/a%2fb", "/a%2Fb")):
            lintel.get("app.test", sent)
            self.assertEqual(forwarded, self.received.target, sent)
        self.assertEqual(400, lintel.get("app.test", "/a%00b").status)

    def test_an_absolute_target_replaces_the_host(self):
        lintel = self.door()
        self.assertEqual(200, lintel.get("other.test", "http://app.test/x?y").status)
        self.assertEqual(("app.test", "/x?y"), (self.received["host"], self.received.target))


class Connections(Case):
    def test_upstream_connections_are_used_again(self):
        upstream = self.backend()
        lintel = self.lintel(routes=routes({"app.test": upstream.url}), workers=1)
        lintel.until("app.test")
        for _ in range(30):
            with lintel.connect() as client:
                client.request("app.test")
        self.assertEqual(1, len(upstream.used_connections))

    def test_a_client_connection_is_used_again_and_closed_when_asked(self):
        upstream = self.backend()
        lintel = self.lintel(routes=routes({"app.test": upstream.url}))
        lintel.until("app.test")
        with lintel.connect() as client:
            for _ in range(20):
                self.assertEqual(200, client.request("app.test").status)
            last = client.request("app.test", fields=[("Connection", "close")])
            self.assertEqual((200, "close"), (last.status, (last["connection"] or "").lower()))
            self.assertTrue(client.ended())

    def test_an_http_1_0_client_may_keep_its_connection(self):
        upstream = self.backend()
        lintel = self.lintel(routes=routes({"app.test": upstream.url}))
        lintel.until("app.test")
        with lintel.connect() as client:
            for _ in range(2):
                client.send("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n")
                response = client.read_response()
                self.assertEqual("ok", response.text)
                self.assertRegex(response["connection"] or "", re.compile("keep-alive", re.I))

    def test_ipv6_on_both_sides(self):
        upstream = self.backend(host="::1")
        lintel = self.lintel(http="[::1]:0", routes=routes({"app.test": upstream.url}))
        lintel.until("app.test")
        self.assertEqual("ok", lintel.get("app.test").text)
        self.assertEqual("::1", upstream.requests[-1]["x-forwarded-for"])

    def test_a_dual_stack_listener_shows_ipv4_clients_as_ipv4(self):
        upstream = self.backend()
        lintel = self.lintel(http=":0", routes=routes({"app.test": upstream.url}))
        port = lintel.http.rpartition(":")[2]
        lintel.http = f"127.0.0.1:{port}"
        lintel.until("app.test")
        self.assertEqual("127.0.0.1", upstream.requests[-1]["x-forwarded-for"])
        with connect(f"[::1]:{port}") as client:
            self.assertEqual(200, client.request("app.test").status)
        self.assertEqual("::1", upstream.requests[-1]["x-forwarded-for"])


if __name__ == "__main__":
    main()
