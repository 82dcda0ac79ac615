"""Certificates are replaced in time: by their life, or when the CA asks for it (RFC 9773)."""
import datetime
import subprocess

from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.clock import Clock
from support.issuing import serial_of


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
