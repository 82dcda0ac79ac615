"""`lintel cert` and `lintel account` as an operator uses them, against a real CA."""
import json
import ssl

from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.issuing import serial_of


class CertCommands(AcmeCase):
    def setUp(self):
        super().setUp()
        self.ca = self.pebble()
        self.front_door = self.front(self.ca, ["a.test", "b.test"])
        self.root = self.ca.roots()
        self.first = self.until_verified(self.front_door, "a.test", self.root)
        self.until_verified(self.front_door, "b.test", self.root)

    def run_cli(self, *words):
        done = self.front_door.cli(*words, within=30)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def row_of(self, host):
        """The line of `cert list` for this host: its words."""
        lines = [line.split() for line in self.run_cli("cert", "list").splitlines()]
        return next((words for words in lines if host in words), None)

    def replaced(self, host="a.test"):
        return self.until_replaced(self.front_door, host, self.root, self.first, within=30)

    def test_list_says_how_each_name_fares(self):
        text = self.run_cli("cert", "list")
        self.assertEqual(["STATE", "NAMES", "ISSUER"], text.split()[:3])
        for host in ("a.test", "b.test"):
            self.assertEqual(["valid", host, "ours"], self.row_of(host)[:3], text)
        body = json.loads(self.run_cli("cert", "list", "-o", "json"))
        self.assertEqual(["a.test", "b.test"], sorted(each["names"][0] for each in body["wants"]))
        self.assertNotIn("PRIVATE KEY", json.dumps(body))

    def test_show_prints_the_chain_that_is_served(self):
        text = self.run_cli("cert", "show", "a.test")
        self.assertIn(self.first.strip(), text)
        self.assertNotIn("PRIVATE KEY", text)
        self.assertIn("There is no certificate", self.run_cli("cert", "show", "c.test"))

    def test_explain_tells_of_a_valid_one_and_of_a_name_that_nobody_wants(self):
        text = self.run_cli("cert", "explain", "a.test")
        self.assertIn("not due for renewal", text)
        self.assertIn("No route is served over TLS under this name", self.run_cli("cert", "explain", "c.test"))

    def test_renew_replaces_it(self):
        self.assertIn("lintel cert explain a.test", self.run_cli("cert", "renew", "a.test"))
        self.replaced()
        refused = self.front_door.cli("cert", "renew", "c.test")
        self.assertEqual(1, refused.returncode)
        self.assertIn("c.test", refused.stderr)

    def test_export_writes_a_pair_that_fits_and_its_key_for_nobody_else(self):
        files = self.run_cli("cert", "export", "a.test", "--to", self.folder).split()
        self.assertEqual([str(self.folder / "a.test.pem"), str(self.folder / "a.test-key.pem")], files)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)
        self.assertEqual(0o600, (self.folder / "a.test-key.pem").stat().st_mode & 0o777)

    def test_revoke_has_the_ca_revoke_it_and_another_ordered(self):
        self.run_cli("cert", "revoke", "a.test", "--reason", "superseded")
        self.assertEqual("Revoked", self.ca.status_of(serial_of(self.first)))
        wait_for(lambda: self.is_verified(self.front_door, "a.test", self.root) not in (None, self.first),
                 "another one is served", within=30)
        refused = self.front_door.cli("cert", "revoke", "c.test")
        self.assertEqual(1, refused.returncode)
        self.assertIn("lintel cert list", refused.stderr)

    def test_an_account_has_a_new_key_and_goes_on(self):
        self.run_cli("account", "rotate-key", "ours")
        self.run_cli("cert", "renew", "a.test")
        self.replaced()
        refused = self.front_door.cli("account", "rotate-key", "theirs")
        self.assertEqual(1, refused.returncode)
        self.assertIn("there is no issuer theirs", refused.stderr)

    def test_a_closed_account_is_followed_by_another_one(self):
        self.run_cli("account", "deactivate", "ours")
        self.run_cli("cert", "renew", "a.test")
        self.replaced()

    def test_what_stands_in_the_way_is_explained(self):
        self.ca.stop()
        self.run_cli("cert", "renew", "a.test")
        text = wait_for(lambda: (lambda said: said if "localhost" in said else None)(
            self.run_cli("cert", "explain", "a.test")), "the CA that is down is named")
        self.assertIn("next try", text)


if __name__ == "__main__":
    main()
