"""1,000 names through pebble while the edge serves: what that costs the requests, beside a neighbour who orders as much."""
import os
import pathlib
import time
from dataclasses import dataclass

from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.load_process import LoadProcess
from support.routes import routes

COUNT = 1000
LOAD = "load.test"
RATE = 250  # requests a second
QUIET_SECONDS = 8
LIMIT = 1.3  # p99 while it orders itself, to p99 while the neighbour does
ELSEWHERE = "127.0.0.2"  # the neighbour's address: the CA knows one pair of ports


@dataclass
class Phase:
    begun: float
    ended: float
    cpu: float = 0  # seconds of the control that orders

    @property
    def seconds(self):
        return self.ended - self.begun

    def latencies(self, samples):
        return [each.ended - each.started for each in samples if self.begun <= each.started < self.ended]


class ManyNames(AcmeCase):
    def setUp(self):
        super().setUp()
        self.load = LoadProcess()
        self.addCleanup(self.load.end)
        self.ca = self.pebble(nonce_reject=2, retry_after=0)

    def door(self, host, **options):
        """A front door whose first name has its certificate."""
        door = self.front(self.ca, [host], routes_text=routes({host: self.load.url}, tls=True), **options)
        self.until_verified(door, host, self.ca.roots())
        return door

    def order(self, door, name, first, end):
        """Routes for names from `first` to `end`, each with its certificate when this returns; how long that took."""
        hosts = {f"{name}{number}.test": self.load.url for number in range(first, end)}
        wanted = issued_by(door) + len(hosts)
        control = door.role("control")
        begun, spent = time.monotonic(), cpu_seconds(control)
        door.write_routes(routes(hosts, tls=True), f"{name}{first}.yml")
        wait_for(lambda: issued_by(door) >= wanted, f"{wanted} certificates are issued", within=150, every=0.25)
        return Phase(begun, time.monotonic(), cpu_seconds(control) - spent)

    def quiet(self):
        begun = time.monotonic()
        time.sleep(QUIET_SECONDS)  # its duration is what is measured
        return Phase(begun, time.monotonic())

    def test_requests_hardly_notice_that_their_front_door_orders(self):
        for number in range(COUNT):
            self.dns.set(f"o{number}.test", [ELSEWHERE])
        self.dns.set("neighbour.test", [ELSEWHERE])
        door = self.door(LOAD)
        neighbour = self.door("neighbour.test", http=f"{ELSEWHERE}:{self.http_port}",
                              https=f"{ELSEWHERE}:{self.tls_port}")
        edge = door.role("edge")
        self.load.start(door.https, LOAD, self.ca.roots(), clients=4, rate=RATE, per_connection=50)
        first, again = self.quiet(), self.quiet()
        before = self.order(neighbour, "o", 0, COUNT // 2)
        ordering = self.order(door, "m", 0, COUNT)
        after = self.order(neighbour, "o", COUNT // 2, COUNT)
        samples = self.load.stop()

        quiet = [summary("quiet", first.latencies(samples)), summary("quiet again", again.latencies(samples))]
        beside = summary("the neighbour orders", before.latencies(samples) + after.latencies(samples))
        own = summary("it orders itself", ordering.latencies(samples))
        print(f"p99 ratio: quiet to quiet {max(quiet) / min(quiet):.2f}, own to the neighbour's {own / beside:.2f} "
              f"(limit {LIMIT})")
        for who, phase, count in (("neighbour", before, COUNT // 2), ("own", ordering, COUNT),
                                  ("neighbour", after, COUNT // 2)):
            print(f"{who}: {count} certificates in {phase.seconds:.1f} s, {count / phase.seconds:.1f} a second, "
                  f"control's CPU {phase.cpu / count * 1000:.1f} ms each", flush=True)
        self.assertEqual([], [each.failure for each in samples if each.failure][:5])
        self.assertEqual(edge, door.role("edge"))
        self.check_all(door)
        self.assertLessEqual(own / beside, LIMIT)

    def check_all(self, door):
        """Each name is shown, verified, and was ordered once."""
        root = self.ca.roots()
        self.assertEqual([], [host for host in (f"m{number}.test" for number in range(COUNT))
                              if not self.is_verified(door, host, root)])
        self.assertEqual(2 * COUNT + 2, len(self.ca.orders()), "one order for each name")
        self.assertEqual(2 * COUNT + 2, len(self.ca.issued()))


def issued_by(door):
    return door.log.count('"acme.issued"')


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def summary(what, taken):
    """Prints it; the p99 in seconds."""
    taken.sort()
    p50, p99 = (taken[min(len(taken) - 1, len(taken) * percent // 100)] for percent in (50, 99))
    print(f"{what}: {len(taken)} requests, p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms, most {taken[-1] * 1e3:.1f} ms")
    return p99


if __name__ == "__main__":
    main()
