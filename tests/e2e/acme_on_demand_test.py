"""Certificates for names that no route names: the owner's URL says which, and the handshake that asked first gets it."""
import concurrent.futures
import json
import os
import signal
import ssl
import threading
import time
import urllib.parse

from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.tls_backend import Authority
from support.wire import connect

PATIENCE = 10  # seconds that a handshake waits at most


class Owner:
    """Whoever `ask` names. `answers`: status by name; `asked`: the names, in order of coming."""

    def __init__(self, case, **answers):
        self.answers = {name.replace("_", "."): status for name, status in answers.items()}
        self.asked, self.hold = [], threading.Event()
        self.hold.set()
        self.backend = case.backend(self._answer)
        self.url = f"{self.backend.url}/allowed?of=shop"

    def _answer(self, exchange):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(exchange.request.target).query)
        assert query["of"] == ["shop"], query
        name = query["domain"][0]
        self.asked.append(name)
        self.hold.wait(30)
        status = self.answers.get(name, 404)
        exchange.reply("", f"{status} so")


class OnDemandCase(AcmeCase):
    def routes_with(self, ask, named=""):
        upstream = self.backend().url
        more = f'named: {{rule: "Host(`{named}`)", entryPoints: [https], service: all, tls: {{}}}}' if named else ""
        return f"""
http:
  routers:
    any: {{rule: "PathPrefix(`/`)", entryPoints: [https], service: all, tls: {{}}, lintel: {{ask: "{ask}"}}}}
    {more}
  services: {{all: {{loadBalancer: {{servers: [{{url: "{upstream}"}}]}}}}}}
"""

    def asking(self, ca, ask, named="", **options):
        return self.front(ca, [], self.routes_with(ask, named), **options)

    def once(self, lintel, host, root, within=15.0):
        """The names of the certificate that one single handshake gets, or the alert that it gets, and how long it took."""
        began = time.monotonic()
        try:
            with connect(lintel.https, tls=ssl.create_default_context(cafile=str(root)), server_name=host,
                         within=within) as connection:
                told = [value for _, value in connection.socket.getpeercert()["subjectAltName"]]
        except ssl.SSLError as failure:
            told = failure.reason
        return told, time.monotonic() - began

    def assert_refused(self, lintel, host, root, within=2.0):
        told, took = self.once(lintel, host, root)
        self.assertEqual("TLSV1_UNRECOGNIZED_NAME", told, host)
        self.assertLess(took, within, host)


class Allowed(OnDemandCase):
    def test_the_handshake_that_asked_first_gets_the_certificate(self):
        ca, owner = self.pebble(nonce_reject=20, sleep=1), Owner(self, a_test=200)
        lintel = self.asking(ca, owner.url)
        self.assertEqual([], ca.orders(), "nobody came yet")
        self.assertEqual(["a.test"], self.once(lintel, "a.test", ca.roots())[0])
        self.assertEqual(["a.test"], self.once(lintel, "a.test", ca.roots())[0])
        answer = self.ask(lintel, "a.test", ca.roots())
        self.assertEqual((200, "ok"), (answer.status, answer.text))
        self.assertEqual((["a.test"], 1), (owner.asked, len(ca.orders())))
        self.assertEqual([], lintel.problems())

    def test_a_default_certificate_is_for_names_of_which_nobody_says_yes(self):
        ca, owner = self.server(), Owner(self, a_test=200)
        authority = Authority(self.folder)
        certificate, key = authority.issue("default", "DNS:default.test")
        default = f"tls: {{stores: {{default: {{defaultCertificate: {{certFile: {certificate}, keyFile: {key}}}}}}}}}\n"
        lintel = self.front(ca, [], self.routes_with(owner.url) + default)
        self.assertEqual(["a.test"], self.once(lintel, "a.test", ca.issuing.root)[0])
        self.assertEqual("CERTIFICATE_VERIFY_FAILED", self.once(lintel, "b.test", authority.file)[0], "another's name")
        self.assertEqual(["a.test", "b.test"], owner.asked)

    def test_many_who_come_at_once_make_one_question_and_one_order(self):
        ca, owner = self.pebble(), Owner(self, a_test=204)
        owner.hold.clear()
        lintel = self.asking(ca, owner.url)
        root = ca.roots()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            waiting = [pool.submit(self.once, lintel, "a.test", root) for _ in range(12)]
            wait_for(lambda: owner.asked, "the owner is asked")
            owner.hold.set()
            self.assertEqual([["a.test"]] * 12, [each.result()[0] for each in waiting])
        self.assertEqual((["a.test"], 1), (owner.asked, len(ca.orders())))

    def test_a_restart_serves_it_without_asking(self):
        ca, owner = self.pebble(), Owner(self, a_test=200)
        text = self.routes_with(owner.url)
        lintel = self.front(ca, [], text)
        self.once(lintel, "a.test", ca.roots())
        first = self.shown(lintel, "a.test", ca.roots())
        lintel = self.again(lintel, ca, [], text)
        self.assertEqual(first, self.shown(lintel, "a.test", ca.roots()))
        self.assertEqual((["a.test"], 1), (owner.asked, len(ca.orders())))

    def test_others_go_on_while_one_waits(self):
        ca, owner = self.pebble(), Owner(self, b_test=200)
        lintel = self.asking(ca, owner.url, named="a.test")
        root = ca.roots()
        self.until_verified(lintel, "a.test", root)
        owner.hold.clear()
        with self.client(lintel, "a.test", root) as before, concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.once, lintel, "b.test", root)
            wait_for(lambda: owner.asked, "the owner is asked")
            for _ in range(20):
                self.assertEqual(200, before.request("a.test").status)
                self.assertEqual(200, self.ask(lintel, "a.test", root).status)
            self.assertFalse(waiting.done())
            owner.hold.set()
            self.assertEqual(["b.test"], waiting.result()[0])

    def test_a_control_that_dies_meanwhile_is_asked_again_for_the_same_handshake(self):
        ca, owner = self.pebble(), Owner(self, a_test=200)
        lintel = self.asking(ca, owner.url)
        owner.hold.clear()
        root = ca.roots()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.once, lintel, "a.test", root)
            wait_for(lambda: owner.asked, "the owner is asked")
            os.kill(lintel.role("control"), signal.SIGKILL)
            owner.hold.set()
            self.assertEqual(["a.test"], waiting.result()[0])
        self.assertEqual(1, len(ca.orders()))

    def test_the_issuers_of_such_hosts_are_those_of_lintel_yaml(self):
        ca, other, owner = self.server(), self.server("other"), Owner(self, a_test=200, b_test=200)
        lintel = self.asking(ca, owner.url, others={"theirs": other}, flags=["--host-issuers", "b.test=theirs"])
        self.assertEqual(["a.test"], self.once(lintel, "a.test", ca.issuing.root)[0])
        self.assertEqual(["b.test"], self.once(lintel, "b.test", other.issuing.root)[0])


class Refused(OnDemandCase):
    def test_no_is_no_and_is_remembered(self):
        ca, owner = self.pebble(), Owner(self)
        lintel = self.asking(ca, owner.url)
        for _ in range(3):
            self.assert_refused(lintel, "a.test", ca.roots())
        self.assertEqual((["a.test"], []), (owner.asked, ca.orders()))

    def test_a_name_that_is_none_is_not_asked_for(self):
        ca, owner = self.pebble(), Owner(self)
        lintel = self.asking(ca, owner.url)
        for name in ("localhost", "a_b.test"):
            self.assert_refused(lintel, name, ca.roots())
        self.assertEqual([], owner.asked)

    def test_an_owner_who_is_away_means_no(self):
        ca, owner = self.pebble(), Owner(self, a_test=200)
        lintel = self.asking(ca, owner.url)
        owner.backend.stop()
        self.assert_refused(lintel, "a.test", ca.roots())
        self.assertIn("acme.ask_failed", lintel.log)

    def test_an_owner_who_is_slow_means_no_after_two_seconds(self):
        ca, owner = self.pebble(), Owner(self, a_test=200)
        owner.hold.clear()
        lintel = self.asking(ca, owner.url)
        self.assert_refused(lintel, "a.test", ca.roots(), within=4)
        self.assertIn("acme.ask_failed", lintel.log)
        owner.hold.set()
        self.assertEqual([], ca.orders())

    def test_a_ca_that_takes_its_time_costs_the_handshake_no_more_than_its_patience(self):
        ca, owner = self.server(), Owner(self, a_test=200)
        ca.stuck = True
        lintel = self.asking(ca, owner.url)
        self.assert_refused(lintel, "a.test", ca.issuing.root, within=PATIENCE + 2)
        ca.unstick()
        wait_for(lambda: self.is_verified(lintel, "a.test", ca.issuing.root), "it is there for those who come later",
                 within=20)
        self.assertEqual(1, len(ca.orders))

    def test_names_that_no_public_ca_issues_for_are_not_asked_about(self):
        ca, owner = self.server(), Owner(self, a_test=200, a_localhost=200, a_b_internal=200)
        lintel = self.asking(ca, owner.url, issuer={"private": False})
        for name in ("a.test", "a.localhost", "a.b.internal"):
            self.assert_refused(lintel, name, ca.issuing.root)
        self.assertEqual(([], []), (owner.asked, ca.requests))

    def test_so_many_new_names_an_hour_of_one_domain(self):
        names = [f"s{number}.shop.test" for number in range(12)]
        ca, owner = self.server(), Owner(self)
        owner.answers = {name: 200 for name in names + ["else.test"]}
        lintel = self.asking(ca, owner.url)
        root = ca.issuing.root
        for name in names[:10]:
            self.assertEqual([name], self.once(lintel, name, root)[0])
        for name in names[10:]:
            self.assert_refused(lintel, name, root)
        asked = len(owner.asked)
        self.assert_refused(lintel, names[10], root)
        self.assertEqual(asked, len(owner.asked), "that is remembered, too")
        self.assertEqual(["else.test"], self.once(lintel, "else.test", root)[0], "another domain")
        self.assertEqual(["s0.shop.test"], self.once(lintel, "s0.shop.test", root)[0])
        self.assertIn("acme.ask_capped", lintel.log)


if __name__ == "__main__":
    main()
