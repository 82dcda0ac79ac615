"""The streams of an HTTP/2 connection: states, windows, and whose turn it is (RFC 9113 §5, RFC 9218)."""
import json
import struct
import threading
import time

from support import h2
from support.case import Case, main, wait_for
from support.h2 import H2, frame, number, settings
from support.h2_door import ROUTES, client, count, door, gates


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

    def test_a_page_that_is_left_makes_room_for_the_next(self):
        gates["/left"] = threading.Event()
        self.addCleanup(lambda: gates.pop("/left").set())
        before = count("h2_rapid_reset")
        with client() as peer:
            self.assertEqual(200, peer.get().status)
            for _ in range(5):
                left = [peer.open(path="/left") for _ in range(100)]
                wait_for(lambda: count("requests_open") == 100, "all are under way")
                there = [peer.next_stream + 2 * number for number in range(100)]
                peer.next_stream += 200
                peer.send(b"".join(frame(h2.RST_STREAM, each, payload=number(h2.CANCEL)) for each in left) +
                          b"".join(peer.headers(peer.request(), each) for each in there))
                self.assertEqual([200] * 100, [peer.answer(each).status for each in there])
        self.assertEqual(before, count("h2_rapid_reset"), "nor does it look like an attack")

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

    def test_who_asks_by_frame_first_is_not_overruled_by_the_head(self):
        with client(windows=False) as peer:
            peer.window(0, 100_000_000)
            peer.send(frame(h2.PRIORITY_UPDATE, payload=number(5) + b"u=0"))
            late, soon = (peer.open(peer.request(("priority", each), path="/big")) for each in ("u=6", "u=7"))
            peer.next_stream = 5
            first = peer.open(peer.request(("priority", "u=7"), path="/big"))
            for each in (late, soon, first):
                peer.window(each, 10_000_000)
            self.assertTrue(peer.answer(first).ended)
            self.assertFalse(peer.answers[late].ended or peer.answers[soon].ended)


if __name__ == "__main__":
    main()
