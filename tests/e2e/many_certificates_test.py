"""10,000 certificates: how long `lintel run` takes to its first handshake, and a new certificate to be shown."""
import contextlib
import datetime
import json
import pathlib
import shutil
import sqlite3
import ssl
import statistics
import tempfile
import time

from support.backend import Backend
from support.case import Case, main, wait_for
from support.lintel import Lintel
from support.many import copy_of, make_state
from support.routes import routes
from support.wire import connect

COUNT = 10_000
HOSTS = [f"n{i}.test" for i in range(COUNT)]
WANTED = HOSTS[4711]
ADDED = 10
START_LIMIT = 2.0  # seconds from exec to the end of the first handshake
LIVE_LIMIT = 0.005  # seconds from when control has a new one


class ManyCertificates(Case):
    @classmethod
    def setUpClass(cls):
        """A state in which the local CA has issued one for each host, as a run with their routes leaves it."""
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-certificates-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        upstream = Backend()
        cls.addClassCleanup(upstream.stop)
        cls.url = upstream.url
        cls.routes = routes({host: cls.url for host in HOSTS}, tls=True)
        cls.made = cls.folder / "made"
        make_state(cls.made, HOSTS, cls.url)

    def copy_of_the_state(self):
        return copy_of(self.made, self.folder)

    def started(self, what, **options):
        """A front door that has made its first handshake, and the seconds that this took from its start."""
        door = Lintel("--log-format", "json", **options)
        self.addCleanup(self._end, door)
        begun = time.monotonic()
        door.start(within=60)
        trust = trusting(self.made)
        wait_for(lambda: shown(door, trust, WANTED), f"a handshake for {WANTED}", within=60, every=0.005)
        taken = time.monotonic() - begun
        print(f"{what}: first handshake {taken:.2f} s after the start", flush=True)
        return door, taken

    def test_a_start_with_them_from_the_local_ca(self):
        for what, text in (("without their routes", ""), ("with their routes", self.routes)):
            with self.subTest(what):
                _, taken = self.started(f"local CA, {what}", routes=text, state=self.copy_of_the_state())
                self.assertLessEqual(taken, START_LIMIT)

    def test_a_start_with_them_from_files(self):
        folder = self.folder / "pairs"
        folder.mkdir()
        with contextlib.closing(sqlite3.connect(self.made / "lintel.db")) as records:
            for names, chain, key in records.execute("SELECT names, chain_pem, key_pem FROM certificates"):
                (folder / f"{json.loads(names)[0]}.pem").write_text(key + chain)
        pairs = sorted(folder.iterdir())
        self.assertEqual(len(pairs), COUNT)
        listed = "tls:\n  certificates:\n" + "".join(f"    - {{certFile: {each}, keyFile: {each}}}\n" for each in pairs)
        state = self.folder / "from-files"
        door, _ = self.started("files, nothing known from before", routes=listed, state=state)
        wait_for((state / "last-good.json").exists, "the last good snapshot is saved", within=60)
        self.assertIsNone(door.stop(within=60))
        _, taken = self.started("files, known from before", routes=listed, state=state)
        self.assertLessEqual(taken, START_LIMIT)

    def test_one_more(self):
        door, _ = self.started("local CA, without their routes", routes="", state=self.copy_of_the_state())
        from_control = self.add(door, "one more")
        few = self.lintel("--log-format", "json")
        self.add(few, "for comparison, one more to none")
        self.assertLessEqual(statistics.median(from_control), LIVE_LIMIT)

    def test_one_more_beside_their_routes(self):
        door, _ = self.started("local CA, with their routes", routes=self.routes, state=self.copy_of_the_state())
        from_control = self.add(door, "one more beside the routes")
        self.assertLessEqual(statistics.median(from_control), LIVE_LIMIT)

    def add(self, door, what):
        """A host more, ten times: the seconds from when the local CA has issued its certificate to a handshake with it.
        (The log has milliseconds: up to one is too much.)"""
        from_file, from_control = [], []
        trust = trusting(door.state)
        for number in range(ADDED):
            host = f"added{number}.test"
            text = routes({host: self.url}, tls=True)
            begun = time.time()
            door.write_routes(text, f"{host}.yml")
            wait_for(lambda: shown(door, trust, host), f"a handshake for {host}", every=0.0005)
            ended = time.time()
            from_file.append(ended - begun)
            from_control.append(ended - issued_at(door, host))
        print(f"{what}: from control {in_ms(from_control)}, from the file {in_ms(from_file)}", flush=True)
        return from_control


def trusting(state):
    return ssl.create_default_context(cafile=str(state / "ca.pem"))


def shown(door, trust, host):
    try:
        connect(door.https, tls=trust, server_name=host).close()
        return True
    except OSError:
        return False


def issued_at(door, host):
    """When the log says that control has made the certificate of this host."""
    for line in reversed(door.log.splitlines()):
        said = json.loads(line)
        if said["event"] == "local_ca.issued" and said["host"] == host:
            return datetime.datetime.fromisoformat(said["ts"]).timestamp()
    raise AssertionError(f"no certificate was issued for {host}")


def in_ms(times):
    low, middle, high = (value * 1000 for value in (min(times), statistics.median(times), max(times)))
    return f"{middle:.1f} ms at the median of {len(times)} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
