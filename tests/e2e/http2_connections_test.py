"""How HTTP/2 connections with clients begin and end (RFC 9113 §3, §6.8, §9.1)."""
import json
import os
import threading
import time

from support import h2
from support.case import Case, main
from support.h2 import H2, settings
from support.h2_door import ROUTES, app, client, door, gates, secured
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
