"""Certificates are replaced in time: by their life, or when the CA asks for it (RFC 9773)."""
import datetime
import subprocess

from support.acme_case import AcmeCase
from support.acme_nouns import Reply
from support.acme_server import refuse
from support.case import main, wait_for
from support.clock import Clock
from support.issuing import serial_of
from support.routes import routes


class Renewals(AcmeCase):
    def test_a_short_life_is_renewed_before_it_ends(self):
        ca = self.pebble(profiles={"default": 7776000, "short": 40})
        if not ca.has_profiles:
            self.skipTest("this pebble has no profiles")
        lintel = self.front(ca, ["a.test"], issuer={"profile": "short"})
        first = self.until_verified(lintel, "a.test", ca.roots())
        self.until_replaced(lintel, "a.test", ca.roots(), first, within=40)
        self.assertEqual(2, len(ca.orders()))

    def test_a_renewal_has_a_new_key(self):
        ca = self.server(life=30)
        lintel = self.front(ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", ca.issuing.root)
        second = self.until_replaced(lintel, "a.test", ca.issuing.root, first, within=30)
        self.assertNotEqual(*(subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=pem, text=True,
                                             capture_output=True, check=True).stdout for pem in (first, second)))

    def test_the_ca_may_ask_for_it_earlier(self):
        ca = self.server(ari=True)
        lintel = self.front(ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", ca.issuing.root)
        wait_for(lambda: ca.seen("renewal-info"), "the CA is asked when to renew")
        self.assertEqual(1, len(ca.orders))
        ca.window = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
        # A client may take a Retry-After of a second for a minute (RFC 9773 4.3).
        self.until_replaced(lintel, "a.test", ca.issuing.root, first, within=90)
        asked_by = ca.seen("renewal-info")[0].path.rpartition("/")[2]
        self.assertEqual(asked_by, ca.orders[1].replaces, "the new order says what it replaces (RFC 9773 5)")

    def test_an_answer_that_makes_no_sense_leaves_no_second_order(self):
        ca = self.server(ari=True)
        ca.window = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")
        garbled = []

        def garble(proceed):
            reply = proceed()
            if len(ca.orders) == 2 and not garbled:
                garbled.append(reply)
                return Reply(201, b'{"status": "pend', {})
            return reply

        ca.behave("new-order", garble)
        lintel = self.front(ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", ca.issuing.root)
        wait_for(lambda: garbled, "the renewal is ordered")
        self.until_told(lintel, "a.test", "ours")
        self.assertEqual(0, lintel.cli("cert", "renew", "a.test").returncode)
        self.until_replaced(lintel, "a.test", ca.issuing.root, first, within=30)
        self.assertEqual(["valid", "valid"], [each.status for each in ca.orders])

    def test_a_predecessor_that_the_ca_refuses_is_left_out(self):
        ca = self.server(ari=True)
        ca.window = ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")

        def refuse_predecessors(proceed):
            said = ca.seen("new-order")[-1].payload if ca.seen("new-order") else {}
            return refuse(409, "alreadyReplaced", "it is replaced already")(proceed) if "replaces" in said else proceed()

        ca.behave("new-order", refuse_predecessors)
        lintel = self.front(ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", ca.issuing.root)
        self.until_replaced(lintel, "a.test", ca.issuing.root, first, within=30)
        self.assertIsNone(ca.orders[1].replaces)

    def test_a_successor_of_a_shorter_life_is_enough(self):
        ca = self.server(life=20)
        both = self.of_one_order("a.test", "b.test")
        lintel = self.front(ca, [], routes_text=both)
        self.until_verified(lintel, "a.test", ca.issuing.root)
        ca.life = 12
        lintel.write_routes(routes({host: self.backend().url for host in ("a.test", "b.test")}, tls=True))
        for host in ("a.test", "b.test"):
            wait_for(lambda host=host: ca.orders_for(host)[1:], f"{host} has an order of its own", within=30)
        lone = [self.until_named(lintel, host, ca.issuing.root) for host in ("a.test", "b.test")]
        self.assertEqual([["a.test"], ["b.test"]], lone)
        for host in ("a.test", "b.test"):
            begun = [each.at for each in ca.seen("new-order") if each.payload["identifiers"][0]["value"] == host]
            gaps = [later - earlier for earlier, later in zip(begun, begun[1:])]
            self.assertFalse([each for each in gaps if each < 2], f"{host} is ordered once in a life")

    def of_one_order(self, *hosts):
        rule = " || ".join(f"Host(`{host}`)" for host in hosts)
        return f"""
http:
  routers:
    both: {{rule: "{rule}", entryPoints: [https], service: app, tls: {{domains: [{{main: {hosts[0]}, sans: {list(hosts[1:])}}}]}}}}
  services:
    app: {{loadBalancer: {{servers: [{{url: "{self.backend().url}"}}]}}}}
"""

    def until_named(self, lintel, host, root):
        """Waits for a certificate for this host alone; returns its names."""
        return wait_for(lambda: self.is_verified(lintel, host, root) and len(self.names_shown(lintel, host, root)) == 1
                        and self.names_shown(lintel, host, root), f"a certificate for {host} alone", within=30)

    def test_pebble_may_ask_for_it_earlier(self):
        ca = self.pebble()
        if not ca.has_ari:
            self.skipTest("this pebble has no ARI")
        clock = Clock(self)
        lintel = self.front(ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", ca.roots())
        now = datetime.datetime.now(datetime.timezone.utc)
        ca.set_renewal_info(first, now, now + datetime.timedelta(hours=1))
        clock.jump("+7h")  # pebble wants to be asked every six hours only
        lintel = self.again(lintel, ca, ["a.test"], env=clock.env)
        second = self.until_replaced(lintel, "a.test", ca.roots(), first, within=30)
        self.assertEqual(1, len(ca.replaced()))
        self.assertEqual("Valid", ca.status_of(serial_of(second)))

    def test_a_clock_that_jumps_a_year_costs_one_renewal(self):
        clock = Clock(self)
        ca = self.server()
        lintel = self.front(ca, ["a.test"], env=clock.env)
        first = self.until_verified(lintel, "a.test", ca.issuing.root)
        ca.life = 3 * 365 * 86400  # of what it issues from now on: good by either clock
        clock.jump("+365d")

        def another():
            now = self.is_verified(lintel, "a.test", ca.issuing.root)
            return now if now != first else None

        second = wait_for(another, "it has another certificate", within=90, every=0.1)
        lintel = self.again(lintel, ca, ["a.test"], env=clock.env)
        self.assertEqual(second, self.until_verified(lintel, "a.test", ca.issuing.root))
        self.assertEqual(2, len(ca.orders))


if __name__ == "__main__":
    main()
