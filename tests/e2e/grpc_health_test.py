"""Apps of gRPC that say themselves whether they serve (grpc.health.v1), in clear text and over TLS."""
import json
import pathlib
import shutil
import tempfile

import grpc

from support.case import Case, main, wait_for
from support.grpc_server import channel, server
from support.h2_backend import H2Backend
from support.routes import routes
from support.tls_backend import Authority, TlsBackend

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
HOST = "app.localhost"


class Health(Case):
    def setUp(self):
        self.status, self.asked = SERVING, 0
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-grpc-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.ca = Authority(self.folder)
        self.pair = self.ca.issue("server", "IP:127.0.0.1")

    def check(self, request, context):
        return self.status

    def know_nothing_of_it(self, request, context):
        self.asked += 1
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    def app(self, check, **options):
        """A server that echoes, too. Its address."""
        methods = {"Echo": lambda request, context: request, "Check": check}
        made, port = server({name: grpc.unary_unary_rpc_method_handler(does) for name, does in methods.items()}, **options)
        self.addCleanup(made.stop, 0)
        return f"{'https' if options.get('pair') else 'h2c'}://127.0.0.1:{port}"

    def door(self, url, trusted=True):
        text = routes({HOST: url}, tls=True).replace("loadBalancer:\n", "loadBalancer:\n        serversTransport: how\n"
                                                     "        healthCheck: {mode: grpc, interval: 100ms, timeout: 1s}\n")
        how = {"rootCAs": [str(self.ca.file)]} if trusted else {}
        self.front = self.lintel(routes=text + "  serversTransports:\n    how: " + json.dumps(how) + "\n", workers=1)
        return self.front

    def state(self):
        return self.front.api("/routes")[1]["routes"][0]["endpoints"][0]["state"]

    def reason(self):
        return self.front.get_tls(HOST)["lintel-reason"]

    def goes_by_what_it_says(self, url):
        door = self.door(url)
        wait_for(lambda: self.state() == "ready", "it serves")
        over = channel(door, HOST)
        self.addCleanup(over.close)
        echo = over.unary_unary("/test.Echo/Echo")
        self.assertEqual(b"hello", echo(b"hello", timeout=10))
        self.status = NOT_SERVING
        wait_for(lambda: self.state() == "suspect", "it serves no longer")
        self.assertEqual("unhealthy", self.reason())
        with self.assertRaises(grpc.RpcError) as raised:
            echo(b"hello", timeout=10)
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, raised.exception.code())
        self.status = SERVING
        wait_for(lambda: self.state() == "ready", "it serves again")
        self.assertEqual(b"again", echo(b"again", timeout=10))

    def test_an_app_is_used_while_it_says_that_it_serves(self):
        self.goes_by_what_it_says(self.app(self.check))

    def test_the_same_over_tls(self):
        self.goes_by_what_it_says(self.app(self.check, pair=self.pair))

    def test_what_is_asked(self):
        def answer(stream):
            stream.read_body()
            stream.reply(b"\0\0\0\0\2" + SERVING, fields=[("content-type", "application/grpc")], trailers=[("grpc-status", "0")])

        for pair, scheme in ((None, "http"), (self.pair, "https")):
            with self.subTest(scheme):
                upstream = H2Backend(answer, pair=pair)
                self.addCleanup(upstream.stop)
                self.door(upstream.url)
                wait_for(lambda: self.state() == "ready", "it serves")
                request = upstream.requests[0]
                self.assertEqual(("POST", scheme, f"127.0.0.1:{upstream.port}", "/grpc.health.v1.Health/Check"),
                                 tuple(request[name] for name in (":method", ":scheme", ":authority", ":path")))
                self.assertEqual(("application/grpc", "trailers", b"\0\0\0\0\0"),
                                 (request["content-type"], request["te"], request.body))

    def test_an_app_that_knows_no_health_checks_is_not_used_where_one_is_wanted(self):
        for pair in (None, self.pair):
            with self.subTest(tls=bool(pair)):
                self.asked = 0
                self.door(self.app(self.know_nothing_of_it, pair=pair))
                wait_for(lambda: self.asked >= 2, "it was asked, and again")
                self.assertEqual("starting", self.reason())

    def test_an_app_whose_certificate_is_not_trusted_is_not_asked(self):
        upstream = TlsBackend(self.pair)
        upstream.context.set_alpn_protocols(["h2"])
        self.addCleanup(upstream.stop)
        self.door(upstream.url, trusted=False)
        wait_for(lambda: len(upstream.refused) >= 2, "the handshake was tried, and again")
        self.assertEqual("starting", self.reason())
        self.assertEqual([], upstream.requests)

    def test_an_app_that_agrees_to_http_1_only_does_not_serve(self):
        upstream = TlsBackend(self.pair)
        upstream.context.set_alpn_protocols(["http/1.1"])
        self.addCleanup(upstream.stop)
        self.door(upstream.url)
        wait_for(lambda: len(upstream.handshakes) + len(upstream.refused) >= 2, "it was tried, and again")
        self.assertEqual("starting", self.reason())


if __name__ == "__main__":
    main()
