"""Nothing is asked of a CA that could not be written down before: hosts are served, the owner is told, and it goes on
when it can be written."""
import errno
import pathlib
import sqlite3
import subprocess

from support.acme_case import AcmeCase
from support.acme_server import Held
from support.case import main, wait_for


class Storage(AcmeCase):
    def setUp(self):
        super().setUp()
        self.ca = self.server()
        self.root = self.ca.issuing.root

    def with_one(self, **options):
        """A front door that has its first certificate, and waits to be told of b.test."""
        lintel = self.front(self.ca, ["a.test"], **options)
        self.until_verified(lintel, "a.test", self.root)
        return lintel

    def add_b(self, lintel):
        upstream = self.backend()
        lintel.write_routes(f"""
http:
  routers: {{b: {{rule: "Host(`b.test`)", entryPoints: [https], service: b, tls: {{}}}}}}
  services: {{b: {{loadBalancer: {{servers: [{{url: "{upstream.url}"}}]}}}}}}
""", "b.yml")
        lintel.until("b.test", get=lintel.get_tls)  # the local CA's

    def assert_waits_and_goes_on(self, lintel, *words, again):
        """b.test is not ordered until `again` was called."""
        self.add_b(lintel)
        self.until_told(lintel, "lintel.db", *words)
        self.assertEqual([], self.ca.orders_for("b.test"))
        self.assertEqual(200, self.ask(lintel, "a.test", self.root).status)
        again()
        self.until_verified(lintel, "b.test", self.root, within=90)
        self.assertEqual(1, len(self.ca.orders_for("b.test")))
        wait_for(lambda: not any("lintel.db" in text for text in self.problem_texts(lintel)), "the problem is gone")

    def lock(self, lintel):
        """Holds the database as another program would; returns what lets it go."""
        other = sqlite3.connect(lintel.state / "lintel.db", isolation_level=None, check_same_thread=False)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        return lambda: other.execute("ROLLBACK")

    def test_a_database_that_is_locked_is_waited_for(self):
        lintel = self.with_one()
        self.assert_waits_and_goes_on(lintel, "another program holds a lock", again=self.lock(lintel))

    def test_a_database_that_is_locked_in_the_middle_of_an_order_costs_no_second_one(self):
        held = Held()
        self.addCleanup(held.let_go)
        self.ca.behave("new-order", held)
        lintel = self.front(self.ca, ["a.test"])
        wait_for(lambda: held.count, "the order is at the CA")
        unlock = self.lock(lintel)
        held.let_go()
        self.until_told(lintel, "lintel.db")
        self.assertEqual([], self.ca.seen("challenge"), "the order's URL is written down before the CA is told \"ready\"")
        self.assert_local(lintel, "a.test")
        unlock()
        self.until_verified(lintel, "a.test", self.root, within=90)
        self.assertEqual(1, len(self.ca.issued))
        self.assertEqual([], self.ca.unfinished())

    def test_a_disk_that_is_full_is_waited_for(self):
        state = self.folder / "small"
        state.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", state], capture_output=True,
                                 text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no file system of its own: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", state], check=True)
        lintel = self.with_one(state=state)
        ballast = state / "ballast"
        fill(ballast)
        self.assert_waits_and_goes_on(lintel, "the disk is full", again=ballast.unlink)


def fill(path: pathlib.Path):
    """Takes all that is left of its file system."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise


if __name__ == "__main__":
    main()
