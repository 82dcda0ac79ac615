"""DNS-01: a script of the owner's or a signed update (RFC 2136) writes the record, and takes it down; wildcards by it."""
from support import knot
from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.dns import TXT

WILDCARD = """
http:
  routers:
    one: {{rule: "Host(`one.w.test`)", entryPoints: [https], service: app, tls: {{domains: [{{main: "*.w.test"}}]}}}}
    two: {{rule: "Host(`two.w.test`)", entryPoints: [https], service: app, tls: {{}}}}
  services:
    app: {{loadBalancer: {{servers: [{{url: "{url}"}}]}}}}
"""


class ByDns(AcmeCase):
    def setUp(self):
        super().setUp()
        self.zone = self.writable_zone()

    def door(self, ca, hosts, **options):
        return self.front(ca, hosts, dns=self.zone, issuer=self.by_dns(self.zone), **options)

    def assert_cleaned_up(self, record):
        wait_for(lambda: ("cleanup", f"{record}.") in self.zone.calls, "the record is taken down")
        self.assertEqual([], self.zone.texts(record))

    def test_dns_01_ends_in_a_certificate_that_clients_verify(self):
        ca = self.pebble(dns=self.zone)
        lintel = self.door(ca, ["a.test"])
        self.until_verified(lintel, "a.test", ca.roots())
        self.assertEqual(("present", "_acme-challenge.a.test."), self.zone.calls[0])
        self.assert_cleaned_up("_acme-challenge.a.test")
        self.assertGreater(self.zone.asked("_acme-challenge.a.test", TXT), 0)

    def test_one_wildcard_serves_every_host_below_it(self):
        ca = self.pebble(dns=self.zone)
        lintel = self.door(ca, [], routes_text=WILDCARD.format(url=self.backend().url))
        root = ca.roots()
        for host in ("one.w.test", "two.w.test"):
            self.until_verified(lintel, host, root)
            self.assertEqual(["*.w.test"], self.names_shown(lintel, host, root))
        self.assertEqual(1, len(ca.orders()), "names that it covers need none of their own")
        self.assert_cleaned_up("_acme-challenge.w.test")

    def test_the_record_is_written_where_an_alias_leads(self):
        self.zone.set_alias("_acme-challenge.a.test", "a.validation.test")
        ca = self.pebble(dns=self.zone)
        lintel = self.door(ca, ["a.test"])
        self.until_verified(lintel, "a.test", ca.roots())
        self.assertEqual({"a.validation.test."}, {name for _, name in self.zone.calls})
        self.assert_cleaned_up("a.validation.test")

    def test_a_script_that_fails_is_told_with_its_words(self):
        self.zone.script.write_text("#!/bin/sh\necho 'no such zone at the provider' >&2\nexit 3\n")
        ca = self.pebble(dns=self.zone)
        lintel = self.door(ca, ["a.test"])
        self.until_told(lintel, "a.test", "no such zone at the provider")
        self.assert_local(lintel, "a.test")


class ByUpdates(AcmeCase):
    def setUp(self):
        super().setUp()
        if not knot.program():
            self.skipTest("no knotd: Debian's package knot has it")
        try:
            self.zone = knot.Knot(self.folder)
        except PermissionError:
            self.skipTest("port 53 is for root only")
        self.addCleanup(self._end_zone)

    def _end_zone(self):
        self.zone.stop()
        self._logs.append(("knotd", self.zone.log))

    def door(self, ca, hosts, setting=None, **options):
        return self.front(ca, hosts, dns=self.zone, **options,
                          issuer={"challenges": ["dns-01"], "dns": setting or self.zone.dns_setting})

    def assert_cleaned_up(self, record):
        wait_for(lambda: self.zone.texts(record) == [], "the record is taken down")

    def test_a_signed_update_ends_in_a_certificate_that_clients_verify(self):
        ca = self.pebble(dns=self.zone)
        lintel = self.door(ca, ["a.test"])
        self.until_verified(lintel, "a.test", ca.roots())
        self.assert_cleaned_up("_acme-challenge.a.test")
        self.assertNotIn(self.zone.secret, lintel.log)

    def test_one_wildcard_serves_every_host_below_it(self):
        ca = self.pebble(dns=self.zone)
        lintel = self.door(ca, [], routes_text=WILDCARD.format(url=self.backend().url))
        root = ca.roots()
        for host in ("one.w.test", "two.w.test"):
            self.until_verified(lintel, host, root)
            self.assertEqual(["*.w.test"], self.names_shown(lintel, host, root))
        self.assertEqual(1, len(ca.orders()))
        self.assert_cleaned_up("_acme-challenge.w.test")

    def test_an_update_that_is_refused_is_told(self):
        ca = self.pebble(dns=self.zone)
        rules = {**self.zone.dns_setting["rfc2136"], "key_name": "another-key"}
        lintel = self.door(ca, ["a.test"], {"rfc2136": rules})
        self.until_told(lintel, "a.test", "BADKEY")
        self.assert_local(lintel, "a.test")


if __name__ == "__main__":
    main()
