"""Requests and their answers over HTTP/2 (RFC 9113 §8.1), all the ways that they may go. What is malformed: http2_malformed_test.py."""
import json
import threading

from support import h2
from support.case import Case, main, wait_for
from support.h2 import frame
from support.h2_door import BIG, client, door, gates


class Exchanges(Case):  # §8.1
    def test_many_at_a_time_in_any_order(self):
        gates["/wait"] = threading.Event()
        self.addCleanup(gates.pop, "/wait")
        with client() as peer:
            slow = peer.open(path="/wait")
            self.assertEqual(b"abc", peer.answer(slow, until=lambda answer: answer.body).body)
            quick = [peer.open(path=f"/{n}") for n in range(50)]
            for n, stream in enumerate(quick):
                self.assertEqual(f"GET /{n}", json.loads(peer.answer(stream).body)["line"])
            gates["/wait"].set()
            self.assertTrue(peer.answer(slow).ended)

    def test_interim_responses_and_trailers(self):
        with client() as peer:
            answer = peer.get(path="/trailers")
        self.assertEqual([[(":status", "103"), ("link", "</a>")]], answer.interim)
        self.assertEqual((b"abc", [("x-sum", "7")]), (answer.body, answer.trailers))

    def test_trailers_of_a_request(self):
        with client() as peer:
            stream = peer.open(method="POST", end=False)
            peer.send(frame(h2.DATA, stream, payload=b"abc") + peer.headers([("x-sum", "7"), ("content-type", "no")], stream))
            seen = json.loads(peer.answer(stream).body)
        self.assertEqual(("abc", [["x-sum", "7"]]), (seen["body"], seen["trailers"]))

    def test_trailers_that_do_not_end_or_have_pseudo_fields(self):
        for trailers, end in (([("x-a", "1")], False), ([(":path", "/")], True), ([("X-A", "1")], True)):
            with self.subTest(trailers=trailers, end=end), client() as peer:
                stream = peer.open(method="POST", end=False)
                peer.send(peer.headers(trailers, stream, end))
                self.assertEqual(400, peer.answer(stream).status)
                self.assertEqual(h2.PROTOCOL_ERROR, peer.after_answer(stream))

    def test_head_and_statuses_without_a_body(self):
        with client() as peer:
            answer = peer.get(method="HEAD", path="/big")
            self.assertEqual((200, str(BIG), b"", True),
                             (answer.status, answer["content-length"], answer.body, answer.ended))

    def test_what_concerns_one_connection_stays_there(self):
        with client() as peer:
            answer = peer.get(path="/hop")
        self.assertEqual([(":status", "200"), ("x-other", "2"), ("set-cookie", "a=1"), ("set-cookie", "b=2"),
                          ("content-length", "2")], answer.fields)

    def test_100_continue(self):
        with client() as peer:
            stream = peer.open(peer.request(("expect", "100-continue"), ("content-length", "3"), method="POST"), end=False)
            peer.answer(stream, until=lambda answer: answer.interim)
            peer.send(frame(h2.DATA, stream, h2.END_STREAM, b"abc"))
            answer = peer.answer(stream)
        self.assertEqual([[(":status", "100")]], answer.interim)
        self.assertEqual("abc", json.loads(answer.body)["body"])

    def test_a_response_that_breaks_off_is_never_complete(self):
        with client() as peer:
            answer = peer.get(path="/cut")
            self.assertFalse(answer.ended)
            self.assertEqual(h2.INTERNAL_ERROR, answer.reset)
            self.assertEqual(200, peer.get().status, "the connection goes on")

    def test_an_early_answer_ends_the_upload(self):
        with client() as peer:
            stream = peer.open(method="POST", path="/early", end=False)
            answer = peer.answer(stream)
            self.assertEqual((413, b"big"), (answer.status, answer.body))
            while answer.reset is None:
                self.assertIsNotNone(peer.next_frame())
            self.assertEqual(h2.NO_ERROR, answer.reset)
            self.assertEqual(200, peer.get().status)

    def test_a_body_over_the_limit_of_its_route(self):
        with client() as peer:
            answer = peer.get(method="POST", host="small.test", body=b"x" * 11)
            self.assertEqual((413, "too-large"), (answer.status, answer["lintel-reason"]))
            self.assertEqual(200, peer.get(method="POST", host="small.test", body=b"x" * 10).status)

    def test_the_access_log_says_which_version(self):
        with client() as peer:
            peer.get(path="/logged-here")
        line = wait_for(lambda: [each for each in door().lintel.log.splitlines() if "/logged-here" in each], "its line")[0]
        self.assertEqual("HTTP/2", json.loads(line)["protocol"])


if __name__ == "__main__":
    main()
