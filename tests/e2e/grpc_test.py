"""gRPC end to end: grpcio's client through the front door (TLS, HTTP/2) to grpcio's server (HTTP/2 in clear text;
over TLS in grpc_health_test.py)."""
import concurrent.futures
import threading
import time

import grpc

from support.case import Case, main, wait_for
from support.grpc_server import channel, server
from support.routes import routes

SERVICE = "test.Echo"


class Grpc(Case):
    def setUp(self):
        self.metadata, self.cancelled = [], threading.Event()
        self.calls = 0
        self.release = threading.Event()
        self.addCleanup(self.release.set)
        self.server, self.port = server({
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Down": grpc.unary_stream_rpc_method_handler(self.down),
            "Up": grpc.stream_unary_rpc_method_handler(self.up),
            "Both": grpc.stream_stream_rpc_method_handler(self.both),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail_with),
            "Hang": grpc.unary_unary_rpc_method_handler(self.hang),
            "Later": grpc.unary_stream_rpc_method_handler(self.later),
            "HangLater": grpc.unary_stream_rpc_method_handler(self.hang_later),
        })
        self.addCleanup(self.server.stop, 0)
        text = routes({"grpc.localhost": f"h2c://127.0.0.1:{self.port}", "none.localhost": "h2c://127.0.0.1:1"}, tls=True)
        self.door = self.lintel("--body-timeout", "1s", "--first-byte-timeout", "1s", "--between-bytes-timeout", "1s", routes=text)
        self.channel = self.to("grpc.localhost")
        wait_for(self.answers, "the app is there")
        self.metadata.clear()

    def answers(self):
        try:
            return self.call("unary_unary", "Unary")(b"?") == b"? and back"
        except grpc.RpcError:
            return False

    def to(self, host):
        made = channel(self.door, host)
        self.addCleanup(made.close)
        return made

    def call(self, kind, method, over=None):
        return getattr(over or self.channel, kind)(f"/{SERVICE}/{method}")

    # -- the app

    def unary(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        context.set_trailing_metadata((("x-trailing", "t"),))
        return request + b" and back"

    def down(self, request, context):
        for number in range(int(request)):
            yield b"%d" % number

    def up(self, requests, context):
        return b"".join(requests)

    def both(self, requests, context):
        for request in requests:
            yield request.upper()

    def fail_with(self, request, context):
        self.calls += 1
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: 100% ü")

    def hang(self, request, context):
        context.add_callback(self.cancelled.set)
        self.release.wait(20)
        return b""

    def later(self, request, context):
        self.release.wait(2.5)  # longer than anything that isn't gRPC may be silent
        yield b"first"

    def hang_later(self, request, context):
        context.add_callback(self.cancelled.set)
        yield b"first"
        self.release.wait(20)

    # -- the promises

    def test_a_unary_call(self):
        answer, call = self.call("unary_unary", "Unary").with_call(b"there", metadata=(("x-own", "1"),))
        self.assertEqual(b"there and back", answer)
        self.assertEqual((("x-trailing", "t"),), tuple((k, v) for k, v in call.trailing_metadata() if k == "x-trailing"))
        self.assertEqual("1", self.metadata[-1]["x-own"])
        self.assertEqual("127.0.0.1", self.metadata[-1]["x-forwarded-for"])

    def test_a_large_message(self):
        message = bytes(3 * 1024 * 1024)
        self.assertEqual(message + b" and back", self.call("unary_unary", "Unary")(message))

    def test_streams_in_both_directions(self):
        self.assertEqual([b"%d" % number for number in range(300)], list(self.call("unary_stream", "Down")(b"300")))
        self.assertEqual(b"abc" * 100, self.call("stream_unary", "Up")(iter([b"abc"] * 100)))

    def test_a_conversation(self):
        said = iter([b"one", b"two", b"three"])
        heard = []

        def turns():
            for each in said:
                yield each
                wait_for(lambda: heard and heard[-1] == each.upper(), "it is answered before the next is said")

        for answer in self.call("stream_stream", "Both")(turns()):
            heard.append(answer)
        self.assertEqual([b"ONE", b"TWO", b"THREE"], heard)

    def test_a_side_may_be_silent_for_as_long_as_it_likes(self):
        def hesitating():
            yield b"one"
            self.release.wait(2.5)
            yield b"two"

        with concurrent.futures.ThreadPoolExecutor() as pool:
            both = pool.submit(lambda: list(self.call("stream_stream", "Both")(hesitating())))
            up = pool.submit(lambda: self.call("stream_unary", "Up")(hesitating()))
            down = pool.submit(lambda: list(self.call("unary_stream", "Later")(b"")))
            deadline = pool.submit(lambda: list(self.call("unary_stream", "Later")(b"", timeout=20)))
            self.assertEqual([b"ONE", b"TWO"], both.result(20))
            self.assertEqual(b"onetwo", up.result(20))
            self.assertEqual([b"first"], down.result(20))
            self.assertEqual([b"first"], deadline.result(20))

    def test_many_small_messages_are_no_attack(self):
        self.assertEqual(b"abc" * 20_000, self.call("stream_unary", "Up")(iter([b"abc"] * 20_000)))
        self.assertEqual([b""] * 5_000, list(self.call("stream_stream", "Both")(iter([b""] * 5_000))))

    def test_calls_that_nobody_waits_for_are_no_attack(self):
        for _ in range(300):
            self.call("unary_unary", "Hang").future(b"").cancel()
        self.assertEqual(b"here and back", self.call("unary_unary", "Unary")(b"here"))
        self.assertEqual(0, self.door.api("/status")[1]["stats"].get("h2_rapid_reset", 0))

    def test_metadata_that_is_too_large_is_a_status(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("unary_unary", "Unary")(b"", metadata=[(f"x-{number}", "v") for number in range(110)])
        self.assertEqual(grpc.StatusCode.RESOURCE_EXHAUSTED, raised.exception.code())

    def test_many_calls_at_once(self):
        call = self.call("unary_unary", "Unary")
        futures = [call.future(b"%d" % number) for number in range(200)]
        self.assertEqual([b"%d and back" % number for number in range(200)], [each.result(20) for each in futures])

    def test_the_apps_own_error_comes_through(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("unary_unary", "Fail")(b"")
        self.assertEqual((grpc.StatusCode.FAILED_PRECONDITION, "not now: 100% ü"),
                         (raised.exception.code(), raised.exception.details()))
        self.assertEqual(1, self.calls)

    def test_our_own_errors_are_statuses(self):
        for host, status, reason in (("unknown.localhost", grpc.StatusCode.UNIMPLEMENTED, "no-route"),
                                     ("none.localhost", grpc.StatusCode.UNAVAILABLE, "starting")):
            if host == "unknown.localhost":
                continue  # no certificate covers it
            with self.assertRaises(grpc.RpcError) as raised:
                self.call("unary_unary", "Unary", self.to(host))(b"")
            initial = dict(raised.exception.initial_metadata() or ()) | dict(raised.exception.trailing_metadata() or ())
            self.assertEqual((status, reason), (raised.exception.code(), initial.get("lintel-reason")))

    def test_a_deadline_ends_the_call_on_both_sides(self):
        for kind, method in (("unary_unary", "Hang"), ("unary_stream", "HangLater")):
            self.cancelled.clear()
            with self.assertRaises(grpc.RpcError) as raised:
                answers = self.call(kind, method)(b"", timeout=0.5)
                list(answers)
            self.assertEqual(grpc.StatusCode.DEADLINE_EXCEEDED, raised.exception.code())
            self.assertTrue(self.cancelled.wait(3), "the app hears of it")

    def test_a_call_that_is_cancelled_is_cancelled_at_the_app(self):
        call = self.call("unary_stream", "HangLater")(b"")
        self.assertEqual(b"first", next(call))
        call.cancel()
        self.assertTrue(self.cancelled.wait(3))

    def test_calls_that_run_when_the_app_leaves_end_well(self):
        call = self.call("unary_stream", "Down")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [call(b"2000") for _ in range(8)]
            for each in answers:
                next(each)
            running = [pool.submit(lambda each=each: len(list(each))) for each in answers]
            stopped = self.server.stop(10)
            self.assertEqual([1999] * 8, [each.result(20) for each in running])
        self.assertTrue(stopped.wait(10))
        again, _ = server({"Unary": grpc.unary_unary_rpc_method_handler(self.unary)}, self.port)
        self.addCleanup(again.stop, 0)
        until = time.monotonic() + 10
        while not self.answers():
            self.assertLess(time.monotonic(), until, "the app is back")


if __name__ == "__main__":
    main()
