"""`docker run -l lintel.host=NAME`, and the certificate of a real CA is there. Until then clients are told what is awaited."""
import subprocess

from support.acme_case import AcmeCase
from support.acme_server import Held
from support.case import main, wait_for
from support.containers import ENGINE, Container, unique


class OneLabel(AcmeCase):
    def setUp(self):
        super().setUp()
        self.host = unique("app") + ".test"

    def door(self, ca, **options):
        return self.front(ca, [], routes_text="", engine=ENGINE, **options)

    def container(self):
        return Container(self, {"lintel.host": self.host, "lintel.port": 8080})

    def curl(self, root, url, *options):
        resolve = [part for port in (self.http_port, self.tls_port)
                   for part in ("--resolve", f"{self.host}:{port}:127.0.0.1")]
        return subprocess.run(["curl", "-sS", "--cacert", root, *resolve, *options, url], text=True, capture_output=True,
                              check=False)

    def assert_enough(self, ca, **options):
        lintel = self.door(ca, **options)
        container = self.container()
        root = ca.roots()
        self.until_verified(lintel, self.host, root)
        lintel.until(self.host, get=lambda host, path: self.ask(lintel, host, root, path))  # the app is there, too
        done = self.curl(root, f"https://{self.host}:{self.tls_port}/")
        self.assertEqual((0, container.name), (done.returncode, done.stdout.strip()), done.stderr)
        followed = self.curl(root, f"http://{self.host}:{self.http_port}/", "--location")
        self.assertEqual((0, container.name), (followed.returncode, followed.stdout.strip()), followed.stderr)

    def test_is_enough_for_a_certificate_by_http_01(self):
        self.assert_enough(self.pebble(nonce_reject=20, sleep=1), issuer={"challenges": ["http-01"]})

    def test_is_enough_for_a_certificate_by_tls_alpn_01(self):
        self.assert_enough(self.pebble(nonce_reject=20, sleep=1), issuer={"challenges": ["tls-alpn-01"]})

    def test_is_enough_for_a_certificate_by_dns_01(self):
        zone = self.writable_zone()
        self.assert_enough(self.pebble(dns=zone, nonce_reject=20, sleep=1), dns=zone, issuer=self.by_dns(zone))

    def test_until_it_is_there_plain_http_says_what_is_awaited(self):
        ca = self.server()
        held = Held()
        self.addCleanup(held.let_go)
        ca.behave("new-order", held)
        lintel = self.door(ca)
        self.container()
        wait_for(lambda: lintel.get(self.host)["lintel-reason"] == "tls-pending", "the certificate is awaited")
        answer = lintel.get(self.host)
        self.assertEqual(503, answer.status)
        self.assertGreater(int(answer["retry-after"]), 0)
        self.assertIn("ours", answer.text, "it names the issuer")
        wait_for(lambda: held.count, "the order is on its way")
        lintel.until(self.host, get=lintel.get_tls)  # with the local CA's certificate
        held.let_go()
        self.until_verified(lintel, self.host, ca.issuing.root)
        self.assertEqual(f"https://{self.host}:{self.tls_port}/", lintel.until(self.host, 308)["location"])

    def test_a_host_that_waits_does_not_hold_up_its_neighbours(self):
        ca = self.server()
        waits = unique("waits") + ".test"
        self.dns.set(waits, [])
        lintel = self.door(ca)
        Container(self, {"lintel.host": f"{self.host},{waits}", "lintel.port": 8080})
        self.until_verified(lintel, self.host, ca.issuing.root)
        lintel.until(self.host, 308)
        wait_for(lambda: lintel.get(waits)["lintel-reason"] == "tls-pending", "it waits")
        self.assertEqual(308, lintel.get(self.host).status)

    def test_a_container_that_leaves_takes_its_want_with_it(self):
        ca = self.server(life=30)
        lintel = self.door(ca)
        stays = unique("app") + ".test"
        Container(self, {"lintel.host": stays, "lintel.port": 8080})
        container = self.container()
        first = {host: self.until_verified(lintel, host, ca.issuing.root) for host in (stays, self.host)}
        container.remove()
        wait_for(lambda: not any(self.host in each["rule"] for each in lintel.api("/routes")[1]["routes"]),
                 "the route is gone")
        second = self.until_replaced(lintel, stays, ca.issuing.root, first[stays], within=30)
        self.until_replaced(lintel, stays, ca.issuing.root, second, within=30)
        self.assertEqual(1, len(ca.orders_for(self.host)), "names that left the routes are not renewed")


if __name__ == "__main__":
    main()
