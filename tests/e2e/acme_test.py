"""Certificates from a real CA: ordered, proven and kept, with no step beyond the route."""
import subprocess

from support.acme_case import AcmeCase
from support.case import main, wait_for


def common_name(pem_file):
    done = subprocess.run(["openssl", "x509", "-in", pem_file, "-noout", "-subject", "-nameopt", "multiline"], text=True,
                          capture_output=True, check=True)
    return next(line.split("=")[1].strip() for line in done.stdout.splitlines() if "commonName" in line)


class EachChallenge(AcmeCase):
    def served_by(self, challenge):
        ca = self.pebble(nonce_reject=20, sleep=1)
        lintel = self.front(ca, ["a.test"], issuer={"challenges": [challenge]})
        self.until_verified(lintel, "a.test", ca.roots())
        self.assertEqual(1, len(ca.orders()), "one order")
        self.until_no_problem_names(lintel, "a.test")

    def test_http_01_ends_in_a_certificate_that_clients_verify(self):
        self.served_by("http-01")

    def test_tls_alpn_01_ends_in_a_certificate_that_clients_verify(self):
        self.served_by("tls-alpn-01")

    def test_without_a_choice_one_that_works_is_taken(self):
        ca = self.pebble()
        lintel = self.front(ca, ["a.test"])
        self.until_verified(lintel, "a.test", ca.roots())
        self.assertEqual(1, len(ca.orders()))

    def test_a_token_that_is_not_ours_reaches_the_app(self):
        ca = self.pebble()
        lintel = self.front(ca, ["a.test"])
        self.until_verified(lintel, "a.test", ca.roots())
        answer = self.ask(lintel, "a.test", ca.roots(), "/.well-known/acme-challenge/theirs")
        self.assertEqual((200, "ok"), (answer.status, answer.text))


class Orders(AcmeCase):
    def test_an_address_gets_a_certificate_too(self):
        ca = self.pebble()
        lintel = self.front(ca, ["127.0.0.1"])
        self.until_verified(lintel, "127.0.0.1", ca.roots())
        self.assertEqual(["127.0.0.1"], self.names_shown(lintel, "127.0.0.1", ca.roots()))
        self.assertEqual(200, self.ask(lintel, "127.0.0.1", ca.roots()).status)

    def test_each_of_several_hosts_gets_a_certificate_of_its_own(self):
        ca = self.pebble(nonce_reject=20)
        hosts = [f"{name}.test" for name in "abcdef"]
        lintel = self.front(ca, hosts)
        root = ca.roots()
        for host in hosts:
            self.until_verified(lintel, host, root, within=60)
        self.assertEqual([[host] for host in hosts], [self.names_shown(lintel, host, root) for host in hosts])
        self.assertEqual(len(hosts), len(ca.orders()))

    def test_a_host_that_comes_later_is_served_later(self):
        ca = self.pebble()
        lintel = self.front(ca, ["a.test"])
        self.until_verified(lintel, "a.test", ca.roots())
        upstream = self.backend()
        lintel.write_routes(f"""
http:
  routers: {{b: {{rule: "Host(`b.test`)", entryPoints: [https], service: b, tls: {{}}}}}}
  services: {{b: {{loadBalancer: {{servers: [{{url: "{upstream.url}"}}]}}}}}}
""", "b.yml")
        self.until_verified(lintel, "b.test", ca.roots())
        self.assertEqual(2, len(ca.orders()))

    def test_until_the_certificate_is_there_the_local_ca_serves(self):
        ca = self.server()
        ca.stuck = True
        lintel = self.front(ca, ["a.test"])
        wait_for(lambda: ca.seen("finalize"), "the order is finalized")
        self.assert_local(lintel, "a.test")
        ca.unstick()
        self.until_verified(lintel, "a.test", ca.issuing.root)

    def test_certificates_survive_a_restart_without_another_order(self):
        ca = self.pebble()
        lintel = self.front(ca, ["a.test"])
        first = self.until_verified(lintel, "a.test", ca.roots())
        lintel = self.again(lintel, ca, ["a.test"])
        self.assertEqual(first, self.until_verified(lintel, "a.test", ca.roots()))
        self.assertEqual(1, len(ca.orders()))

    def test_a_name_without_a_route_is_not_ordered_and_a_second_name_takes_no_second_account(self):
        ca = self.server()
        lintel = self.front(ca, ["a.test", "b.test"])
        for host in ("a.test", "b.test"):
            self.until_verified(lintel, host, ca.issuing.root)
        self.assertEqual({"a.test", "b.test"}, {name for order in ca.orders for name in order.names})
        self.assertEqual(1, len(ca.accounts))
        self.assertEqual(["mailto:owner@example.test"], ca.accounts[0].contact)

    def test_an_external_account_is_bound(self):
        key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
        ca = self.pebble(external={"kid-1": key})
        secret = self.folder / "hmac"
        secret.write_text(key)
        secret.chmod(0o600)
        lintel = self.front(ca, ["a.test"], issuer={"eab": {"kid": "kid-1", "hmac_file": str(secret)}})
        self.until_verified(lintel, "a.test", ca.roots())
        self.assertNotIn(key, lintel.log)

    def test_the_preferred_chain_is_served(self):
        ca = self.pebble(alternate_roots=1, chain_length=2)
        lintel = self.front(ca, ["a.test"], issuer={"preferred_chain": common_name(ca.roots(1))})
        self.until_verified(lintel, "a.test", ca.roots(1))
        self.assertIsNone(self.is_verified(lintel, "a.test", ca.roots(0)))

    def test_curl_needs_the_cas_root_and_nothing_else(self):
        ca = self.pebble()
        lintel = self.front(ca, ["a.test"])
        root = ca.roots()
        self.until_verified(lintel, "a.test", root)
        done = subprocess.run(["curl", "-sS", "--cacert", root, "--resolve", f"a.test:{self.tls_port}:127.0.0.1",
                               f"https://a.test:{self.tls_port}/"], capture_output=True, check=False)
        self.assertEqual((0, b"ok"), (done.returncode, done.stdout), done.stderr)


if __name__ == "__main__":
    main()
