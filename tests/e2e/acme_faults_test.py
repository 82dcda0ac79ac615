"""A CA that is down, slow, confused or says no: hosts are served all the same, and the owner reads what it said."""
import time

from support.acme_case import AcmeCase
from support.acme_nouns import ERROR
from support.acme_server import Held, hang_up, refuse, says, too_many
from support.case import main, wait_for
from support.ports import free_port

PAGE = b"<html><body>Under maintenance until noon</body></html>"
SENSELESS = {
    "half a JSON text": says(b'{"status": "pend'),
    "a page": says(PAGE, content_type="text/html"),
    "500 with a page": says(PAGE, 500, "text/html"),
    "a JSON text of another shape": says(b'[{"status": 7}]'),
    "nothing": says(b""),
    "an end": hang_up,
}


class Faults(AcmeCase):
    def setUp(self):
        super().setUp()
        self.ca = self.server()
        self.root = self.ca.issuing.root

    def listen_elsewhere(self):
        """The next front door is no other's neighbour, should one be left by a case that failed."""
        self.http_port = self.ca.http_port = free_port()
        self.tls_port = self.ca.tls_port = free_port()

    def renew(self, lintel, host="a.test"):
        """At once, whatever is waited for."""
        done = lintel.cli("cert", "renew", host)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def assert_recovers(self, lintel):
        """As soon as the owner asks for it."""
        self.renew(lintel)
        self.until_verified(lintel, "a.test", self.root)
        self.until_no_problem_names(lintel, "a.test")

    def assert_told_and_served(self, lintel, *words):
        text = self.until_told(lintel, "a.test", *words)
        self.assert_local(lintel, "a.test")
        return text


class BeforeTheFirstCertificate(Faults):
    def test_a_ca_that_is_down_is_named_and_found_again(self):
        self.ca.go_down()
        lintel = self.front(self.ca, ["a.test"])
        self.assert_told_and_served(lintel, "ours", f"localhost:{self.ca.port}")
        self.ca.come_back()
        self.assert_recovers(lintel)

    def test_a_ca_that_nobody_trusts_gets_nothing(self):
        lintel = self.front(self.ca, ["a.test"], issuer={"ca_file": str(self.root)})
        self.assert_told_and_served(lintel, "ours", "certificate")
        self.assertEqual([], self.ca.requests)

    def test_a_slow_ca_slows_nobody_else(self):
        held = Held()
        self.addCleanup(held.let_go)
        self.ca.behave("new-order", held)
        lintel = self.front(self.ca, ["a.test", "b.test"])
        wait_for(lambda: held.count, "the CA has an order")
        for _ in range(50):
            begun = time.monotonic()
            self.assert_local(lintel, "a.test")
            self.assertLess(time.monotonic() - begun, 1)
        self.assertEqual(200, lintel.api("/status")[0], "control answers, too")
        held.let_go()
        for host in ("a.test", "b.test"):
            self.until_verified(lintel, host, self.root)

    def test_what_the_ca_says_is_told_word_for_word(self):
        said = "Error creating new order :: Cannot issue for \"a.test\": it is on the list of lists"
        self.ca.behave("new-order", refuse(403, "rejectedIdentifier", said), times=1)
        lintel = self.front(self.ca, ["a.test"])
        self.assert_told_and_served(lintel, "ours", said)
        self.assert_recovers(lintel)

    def test_the_words_of_subproblems_come_with_their_names(self):
        def answer(proceed):
            reply = refuse(400, "compound", "some names were refused")(proceed)
            reply.body["subproblems"] = [{"type": ERROR + "caa", "detail": "CAA record forbids it",
                                          "identifier": {"type": "dns", "value": "a.test"}}]
            return reply

        self.ca.behave("new-order", answer)
        lintel = self.front(self.ca, ["a.test"])
        self.assert_told_and_served(lintel, "some names were refused", "CAA record forbids it")

    def test_a_failed_challenge_is_told_word_for_word_and_not_repeated_at_once(self):
        said = "2001:db8::1: Invalid response from http://a.test/.well-known/acme-challenge/x: 404"
        self.ca.verdict = {"type": ERROR + "unauthorized", "detail": said}
        lintel = self.front(self.ca, ["a.test"])
        self.assert_told_and_served(lintel, said)
        self.assertLessEqual(len(self.ca.orders_for("a.test")), 2, "one order a challenge at most")
        self.assertEqual([], self.ca.unfinished())
        self.ca.verdict = None
        self.assert_recovers(lintel)

    def test_one_name_that_fails_holds_up_no_other(self):
        def refuse_a(proceed):
            asked = [each["value"] for each in self.ca.seen("new-order")[-1].payload["identifiers"]]
            return refuse(403, "rejectedIdentifier", "not this one")(proceed) if asked == ["a.test"] else proceed()

        self.ca.behave("new-order", refuse_a)
        lintel = self.front(self.ca, ["a.test", "b.test", "c.test"])
        for host in ("b.test", "c.test"):
            self.until_verified(lintel, host, self.root)
        self.assert_told_and_served(lintel, "not this one")

    def test_answers_that_make_no_sense_are_told(self):
        for resource in ("directory", "new-account", "new-order"):
            for what, fault in SENSELESS.items():
                with self.subTest(f"{resource}: {what}"):
                    self.survives(resource, fault, lambda lintel: self.assert_told_and_served(lintel, "ours"))

    def test_answers_that_make_no_sense_are_survived_in_the_middle_of_an_order(self):
        """Whether they are told or asked for again before that is the client's choice."""
        for resource in ("authorization", "finalize", "order", "certificate"):
            for what, fault in SENSELESS.items():
                with self.subTest(f"{resource}: {what}"):
                    def met(lintel, resource=resource, already=len(self.ca.seen(resource))):
                        wait_for(lambda: len(self.ca.seen(resource)) > already, f"{resource} is asked for", within=20)
                        self.assert_local(lintel, "a.test")

                    self.survives(resource, fault, met)

    def survives(self, resource, fault, wait):
        """The CA answers like this until `wait` returns, then as it should."""
        self.listen_elsewhere()
        self.ca.behave(resource, fault)
        lintel = self.front(self.ca, ["a.test"])
        control = lintel.role("control")
        wait(lintel)
        self.ca.behave(resource, None)
        self.assert_recovers(lintel)
        self.assertEqual(control, lintel.role("control"), "control is the same")
        self.assertIsNone(lintel.stop())


class TheOrder(Faults):
    def test_refused_nonces_are_replaced(self):
        self.ca.bad_nonces = 3
        lintel = self.front(self.ca, ["a.test"])
        self.until_verified(lintel, "a.test", self.root)
        self.assertEqual(1, len(self.ca.orders))

    def test_nonces_that_are_always_refused_are_not_replaced_for_ever(self):
        self.ca.bad_nonces = 10_000
        lintel = self.front(self.ca, ["a.test"])
        self.assert_told_and_served(lintel, "ours", "badNonce")
        self.assertLessEqual(len(self.ca.seen("new-account")), 11, "ten repetitions")

    def test_an_order_that_stays_in_processing_is_waited_for_and_not_repeated(self):
        self.ca.stuck = True
        lintel = self.front(self.ca, ["a.test"])
        wait_for(lambda: len(self.ca.seen("order")) >= 3, "the order is looked at again and again", within=20)
        self.assert_local(lintel, "a.test")
        self.assertEqual((1, 1), (len(self.ca.orders), len(self.ca.seen("finalize"))))
        looked = [each.at for each in self.ca.seen("order")]
        self.assertGreaterEqual(min(b - a for a, b in zip(looked, looked[1:])), 0.9, "as its Retry-After says")
        self.ca.unstick()
        self.until_verified(lintel, "a.test", self.root)
        self.assertEqual(1, len(self.ca.orders))

    def test_an_order_that_stays_in_processing_goes_on_after_a_restart(self):
        self.ca.stuck = True
        lintel = self.front(self.ca, ["a.test"])
        wait_for(lambda: self.ca.seen("order"), "the order is looked at")
        lintel = self.again(lintel, self.ca, ["a.test"])
        self.ca.unstick()
        self.until_verified(lintel, "a.test", self.root)
        self.assertEqual((1, 1), (len(self.ca.orders), len(self.ca.issued)))

    def test_an_answer_that_is_lost_costs_no_second_certificate(self):
        for resource in ("new-order", "finalize", "certificate"):
            with self.subTest(resource):
                self.loses_the_answer(resource)

    def loses_the_answer(self, resource):
        self.listen_elsewhere()
        before, lost = len(self.ca.issued), []
        self.ca.behave(resource, lambda proceed: lost.append(proceed()), times=1)
        lintel = self.front(self.ca, ["a.test"])
        wait_for(lambda: lost, "an answer is lost")
        wait_for(lambda: self.is_verified(lintel, "a.test", self.root) or self.problem_texts(lintel),
                 "it is asked for again, or told", within=30)
        if not self.is_verified(lintel, "a.test", self.root):
            self.renew(lintel)
        self.until_verified(lintel, "a.test", self.root)
        self.assertEqual(before + 1, len(self.ca.issued))
        self.assertEqual([], self.ca.unfinished())
        self.assertIsNone(lintel.stop())


class ARenewal(Faults):
    def test_while_it_fails_the_old_certificate_is_served(self):
        lintel = self.front(self.ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", self.root)
        for what, fault in (("the database is away", refuse(500, "serverInternal", "the database is away")),
                            ("too many new orders recently", too_many(3600))):
            with self.subTest(what):
                self.ca.behave("new-order", fault)
                lintel.cli("cert", "renew", "a.test")
                self.until_told(lintel, "a.test", what)
                self.assertEqual(first, self.shown(lintel, "a.test", self.root))
        self.ca.go_down()
        lintel = self.again(lintel, self.ca, ["a.test"])
        self.assertEqual(first, self.until_verified(lintel, "a.test", self.root), "after a restart, too")


if __name__ == "__main__":
    main()
