"""DNS-01: a script of the owner's writes the record, and takes it down; wildcards by it."""
from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.dns import TXT


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
        upstream = self.backend()
        text = f"""
http:
  routers:
    one: {{rule: "Host(`one.w.test`)", entryPoints: [https], service: app, tls: {{domains: [{{main: "*.w.test"}}]}}}}
    two: {{rule: "Host(`two.w.test`)", entryPoints: [https], service: app, tls: {{}}}}
  services:
    app: {{loadBalancer: {{servers: [{{url: "{upstream.url}"}}]}}}}
"""
        lintel = self.door(ca, [], routes_text=text)
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


if __name__ == "__main__":
    main()
