"""A client of HTTP/2 that behaves well while others don't."""
import threading
import time

from support.h2 import H2


class Bystander:
    """While it lives: a request every 5 ms, on one connection. `failures`: what wasn't answered with 200."""

    def __init__(self, address):
        self.times, self.failures = [], []
        self._stop = threading.Event()
        self._peer = H2(address)
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)
        self._peer.close()

    def _ask(self):
        while not self._stop.wait(0.005):
            began = time.perf_counter()
            try:
                answer = self._peer.get()
                if answer.status != 200:
                    self.failures.append(answer)
            except OSError as failure:
                self.failures.append(failure)
                return
            self.times.append(time.perf_counter() - began)

    @property
    def p99(self):
        """Seconds."""
        return sorted(self.times)[int(len(self.times) * 0.99)]
