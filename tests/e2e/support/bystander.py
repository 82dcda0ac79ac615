"""A client of HTTP/2 that behaves well while others don't, in a process of its own."""
import sys
import time

from support.beside import Beside, input_ended, ready, report
from support.h2 import H2

PAUSE = 0.005


class Bystander(Beside):
    """A request every 5 ms on one connection while it lives; then `times` has the seconds that each took, `failures`
    what wasn't answered with 200."""

    def __init__(self, address):
        super().__init__("support.bystander", address, niceness=0)

    @property
    def times(self):
        return self.report["times"]

    @property
    def failures(self):
        return self.report["failures"]

    @property
    def p99(self):
        return sorted(self.times)[int(len(self.times) * 0.99)]


def ask(address):
    times, failures = [], []
    with H2(address) as peer:
        ready()
        while not input_ended(PAUSE):
            began = time.perf_counter()
            try:
                answer = peer.get()
            except OSError as failure:
                failures.append(repr(failure))
                break
            times.append(time.perf_counter() - began)
            if answer.status != 200:
                failures.append(repr(answer))
    report(times=times, failures=failures)


if __name__ == "__main__":
    ask(sys.argv[1])
