"""Slow clients by the thousand, slow readers, and no descriptors left: the others hardly notice."""
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

from support.attack import Attack
from support.bulk import Bulk
from support.case import Case, main, wait_for
from support.lintel import Lintel
from support.routes import routes
from support.wire import split_address

SLOW = 2000
RATE = 100
SECONDS = 8


class Starvation(Case):
    def door(self, *flags, answer=None, **options):
        bulk = Bulk()
        self.addCleanup(bulk.stop)
        self.bulk = bulk
        self.quick = self.backend(answer) if answer else self.backend()
        lintel = self.lintel(*flags, routes=routes({"app.test": self.quick.url, "bulk.test": bulk.url}), **options)
        lintel.until("app.test")
        lintel.until("bulk.test")
        self.edge = lintel.role("edge")
        return lintel

    def latencies(self, lintel, seconds=SECONDS):
        """One client at 100 requests/s, half of them on a connection of their own: seconds, sorted."""
        taken, failed = [], []
        due = time.monotonic()
        kept = lintel.connect()
        pace = threading.Event()
        for n in range(int(seconds * RATE)):
            pace.wait(max(0.0, due - time.monotonic()))
            due += 1 / RATE
            started = time.monotonic()
            try:
                if n % 2:
                    response = lintel.get("app.test")
                else:
                    response = kept.request("app.test")
                if response.status != 200:
                    failed.append(f"{response.status} {response['lintel-reason']}")
            except (OSError, EOFError) as failure:
                failed.append(repr(failure))
                kept.close()
                kept = lintel.connect()
            taken.append(time.monotonic() - started)
        kept.close()
        self.assertEqual([], failed)
        return sorted(taken)

    def test_slowloris_leaves_a_normal_client_its_latency(self):
        lintel = self.door()
        first, again = self.latencies(lintel), self.latencies(lintel)
        quiet = [percentile(first, 99), percentile(again, 99)]
        limit = 2 * max(quiet)
        print(f"quiet: {summary(first)}; again: {summary(again)}; A/A p99 ratio {max(quiet) / min(quiet):.2f}")
        for kind in ("head", "body", "read"):
            with self.subTest(kind):
                with Attack(kind, f"127.0.0.1:{self.bulk.port}", SLOW):
                    beside = self.latencies(lintel)  # what the attack costs by being on the same machine
                with Attack(kind, lintel.http, SLOW) as attack:
                    arriving = self.latencies(lintel)
                    wait_for(self.is_calm, "the buffers of the slow ones have filled", within=20)
                    under = self.latencies(lintel)
                print(f"{SLOW} slow clients ({kind}): {summary(under)}; p99 ratio to quiet {percentile(under, 99) / min(quiet):.2f}; "
                      f"{attack.report['cut']} cut; while they arrive: {summary(arriving)}; "
                      f"the same attack on another server: {summary(beside)}")
                self.assertLessEqual(percentile(under, 99), limit)
        self.assertEqual(self.edge, lintel.role("edge"))

    def is_calm(self):
        before, pause = cpu_seconds(self.edge), 0.5
        threading.Event().wait(pause)
        return cpu_seconds(self.edge) - before < 0.1 * pause

    def test_500_slow_readers_hold_less_than_100_mib_in_the_kernel(self):
        lintel = self.door()
        port = lintel.http.rpartition(":")[2]
        resident = resident_kib(self.edge)
        quiet = self.latencies(lintel, 4)
        with Attack("read", lintel.http, 500):
            seen = []

            def steady():
                seen.append(self.kernel_memory(port))
                return len(seen) > 5 and max(map(sum, seen[-5:])) < 1.02 * min(map(sum, seen[-5:]))

            wait_for(steady, "the buffers have filled", within=20, every=0.3)
            clients, upstreams = seen[-1]
            under = self.latencies(lintel, 4)
            grown = resident_kib(self.edge) - resident
        mib = 1024 * 1024
        print(f"500 slow readers of 4 MB: r+w+f+bl {clients / mib:.1f} MiB towards clients, {upstreams / mib:.1f} MiB towards "
              f"upstreams (limit 100 together); resident +{grown / 1024:.1f} MiB; "
              f"quiet {summary(quiet)}, bystander {summary(under)}")
        self.assertLess(clients + upstreams, 100 * mib)
        self.assertLess(percentile(under, 99), 0.05)

    def kernel_memory(self, port):
        """Bytes of kernel memory of the edge's sockets: towards clients, towards the upstream."""
        return skmem(f"sport = :{port}"), skmem(f"dport = :{self.bulk.port}")

    def test_1000_slow_posts_take_less_than_100_upstream_connections(self):
        lintel = self.door()
        for kind in ("short-body", "chunked-body"):
            with self.subTest(kind), Attack(kind, lintel.http, 1000, every=0.5):
                most, end = 0, time.monotonic() + 5
                pace = threading.Event()
                while time.monotonic() < end:
                    most = max(most, len(sockets(f"dport = :{self.bulk.port}")))
                    pace.wait(0.1)
                print(f"1000 slow POSTs ({kind}): {most} upstream connections at most (limit 99)")
                self.assertLess(most, 100)
                self.assertEqual(200, lintel.get("app.test").status)


class NoDescriptors(Case):
    LIMIT = 200

    def door(self, *flags):
        self.release = threading.Event()
        self.addCleanup(self.release.set)

        def answer(exchange):
            if exchange.request.target == "/wait":
                self.release.wait(30)
            exchange.reply("ok")

        lintel = Lintel(*flags, routes=routes({"app.test": self.backend(answer).url}), workers=1, drain_timeout="500ms")
        lintel.command = ["prlimit", f"--nofile={self.LIMIT}", "--", *lintel.command]
        self.addCleanup(self._end, lintel)
        lintel.start()
        lintel.until("app.test")
        self.edge = lintel.role("edge")
        return lintel

    def crowd(self, lintel, count, path):
        """Connections from a hundred clients that each have sent one request; nothing is read."""
        where = split_address(lintel.http)
        crowd = [socket.create_connection(where, 10, (f"127.0.0.{2 + n % 100}", 0)) for n in range(count)]
        for each in crowd:
            self.addCleanup(each.close)
            each.sendall(f"GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n".encode())
        return crowd

    def is_full(self):
        return len(os.listdir(f"/proc/{self.edge}/fd")) >= self.LIMIT - 8

    def cpu_share(self, seconds=2.0):
        """Of one CPU, over this long."""
        before, started = cpu_seconds(self.edge), time.monotonic()
        threading.Event().wait(seconds)
        return (cpu_seconds(self.edge) - before) / (time.monotonic() - started)

    # By default half of the descriptors are for clients; a larger limit lets them run out for real.
    LIMITS = {"as it comes": (), "no limit but the kernel's": ("--max-connections", "10000")}

    def test_idle_connections_are_shed_for_newcomers(self):
        for name, flags in self.LIMITS.items():
            with self.subTest(name):
                lintel = self.door(*flags)
                self.crowd(lintel, 2 * self.LIMIT, "/")
                started = time.monotonic()
                self.assertEqual(200, lintel.until("app.test", within=5).status)
                served = time.monotonic() - started
                share = self.cpu_share()
                print(f"no descriptors, the others idle, {name}: a newcomer is served in {served * 1e3:.0f} ms (limit 1000), "
                      f"CPU {share:.1%} (limit 10 %)")
                self.assertLess(served, 1)
                self.assertLess(share, 0.1)
                self.assertEqual(self.edge, lintel.role("edge"))

    def test_nothing_spins_and_service_is_back_after_relief(self):
        for name, flags in self.LIMITS.items():
            with self.subTest(name):
                lintel = self.door(*flags)
                waiting = self.crowd(lintel, 2 * self.LIMIT, "/wait")
                if flags:
                    wait_for(self.is_full, "it is starved")
                share = self.cpu_share()
                self.release.set()
                started = time.monotonic()
                for each in waiting:
                    each.close()
                lintel.until("app.test", within=5)
                back = time.monotonic() - started
                print(f"no descriptors, all busy, {name}: CPU {share:.1%} (limit 10 %), served {back * 1e3:.0f} ms after "
                      "relief (limit 1000)")
                self.assertLess(share, 0.1)
                self.assertLess(back, 1)
                self.assertEqual(self.edge, lintel.role("edge"))


def percentile(taken, percent):
    return taken[min(len(taken) - 1, len(taken) * percent // 100)]


def summary(taken):
    return f"p50 {percentile(taken, 50) * 1e3:.2f} ms, p99 {percentile(taken, 99) * 1e3:.2f} ms"


def sockets(which):
    return subprocess.run(["ss", "-tmnHO", "state", "connected", *which.split()], capture_output=True, text=True,
                          check=True, timeout=10).stdout.splitlines()


def skmem(which):
    """r (receive queue) + w (send queue) + f (allocated ahead) + bl (backlog) of these sockets, in bytes."""
    return sum(int(bytes_) for line in sockets(which)
               for bytes_ in re.findall(r"[(,](?:r|w|f|bl)(\d+)", line.rpartition("skmem:")[2]))


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
