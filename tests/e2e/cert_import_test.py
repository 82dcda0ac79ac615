"""Who moves here from Traefik or Caddy brings the certificates along: nothing is ordered for a host that has one."""
import base64
import json

from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.issuing import serial_of
from support.routes import routes
from support.tls_backend import Authority


class Importing(AcmeCase):
    def setUp(self):
        super().setUp()
        self.ca = self.server()
        self.former = Authority(self.folder, "former", days=90)
        self.url = self.backend().url

    def made(self, host):
        """A pair of files that another program has obtained for `host`."""
        return self.former.issue(host, f"DNS:{host}")

    def acme_json(self, *hosts):
        """Traefik's file."""
        def entry(host):
            certificate, key = self.made(host)
            return {"domain": {"main": host}, "certificate": base64.b64encode(certificate.read_bytes()).decode(),
                    "key": base64.b64encode(key.read_bytes()).decode(), "Store": "default"}
        file = self.folder / "acme.json"
        file.write_text(json.dumps({"le": {"Account": None, "Certificates": [entry(host) for host in hosts]}}))
        return file

    def caddy_folder(self, *hosts):
        """Caddy's data folder."""
        data = self.folder / "caddy"
        for host in hosts:
            place = data / "certificates" / "acme-v02.api.letsencrypt.org-directory" / host
            place.mkdir(parents=True)
            certificate, key = self.made(host)
            (place / f"{host}.crt").write_bytes(certificate.read_bytes())
            (place / f"{host}.key").write_bytes(key.read_bytes())
        return data

    def door(self, *hosts, **options):
        return self.front(self.ca, hosts, **options)

    def ordered(self):
        return [[each["value"] for each in order.payload["identifiers"]] for order in self.ca.seen("new-order")]

    def assert_served(self, door, host, file):
        shown = self.until_verified(door, host, self.former.file)
        self.assertEqual(serial_of((self.folder / f"former-{host}.pem").read_text()), serial_of(shown), file)

    def test_at_start_before_anything_is_ordered(self):
        sources = {"a.test": self.acme_json("a.test"), "b.test": self.caddy_folder("b.test")}
        paths = ",".join(str(each) for each in sources.values())
        door = self.door("a.test", "b.test", flags=["--import", paths])
        for host, source in sources.items():
            self.assert_served(door, host, source)
        # A host without one shows that orders would have been placed by now.
        door.write_routes(routes({"c.test": self.url}, tls=True), "more.yml")
        self.until_verified(door, "c.test", self.ca.issuing.root)
        self.assertEqual([["c.test"]], self.ordered())

        again = self.again(door, self.ca, list(sources), flags=["--import", paths])
        for host, source in sources.items():
            self.assert_served(again, host, source)
        self.assertEqual([["c.test"]], self.ordered(), "what was there stays")

    def test_by_one_command(self):
        door = self.door()
        for source, host in ((self.acme_json("a.test"), "a.test"), (self.caddy_folder("b.test"), "b.test")):
            done = door.cli("cert", "import", source)
            self.assertEqual((0, "imported 1 certificate\n"), (done.returncode, done.stdout), done.stderr)
            door.write_routes(routes({host: self.url}, tls=True), f"{host}.yml")
            self.assert_served(door, host, source)
        self.assertEqual([], self.ordered())
        twice = door.cli("cert", "import", self.folder / "acme.json")
        self.assertEqual((0, f"nothing was imported: {self.folder}/acme.json holds no certificate that is not here already\n"),
                         (twice.returncode, twice.stdout), twice.stderr)

    def test_what_can_not_be_read_is_named_and_the_rest_taken(self):
        file = self.acme_json("a.test", "b.test")
        told = json.loads(file.read_text())
        told["le"]["Certificates"][1]["key"] = base64.b64encode(b"nonsense").decode()
        file.write_text(json.dumps(told))
        door = self.door()
        done = door.cli("cert", "import", file)
        self.assertEqual((1, "imported 1 certificate\n"), (done.returncode, done.stdout))
        self.assertIn("b.test", done.stderr)
        missing = door.cli("cert", "import", self.folder / "nowhere")
        self.assertEqual(1, missing.returncode)
        self.assertIn("nowhere", missing.stderr)

    def test_a_file_that_is_gone_is_a_problem_and_no_obstacle(self):
        door = self.door("a.test", flags=["--import", self.folder / "gone.json"])
        self.until_verified(door, "a.test", self.ca.issuing.root)
        wait_for(lambda: "gone.json" in json.dumps(door.problems()), "the owner reads of it")


if __name__ == "__main__":
    main()
