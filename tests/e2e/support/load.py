"""Steady load on loopback that remembers each request: when, on which connection, and how it ended."""
import threading
import time
from dataclasses import dataclass

from support.wire import connect


@dataclass
class Sample:
    method: str
    connected: float  # when the connection was established (monotonic); None: it never was
    started: float
    ended: float
    local_port: int
    failure: str  # None: answered as expected


class Load:
    """`clients` threads, together `rate` requests a second. `per_connection`: requests before a client takes a new
    connection (None: never). `make(n)` gives the n-th request as (method, path, body)."""

    def __init__(self, address, host, clients=8, rate=200, per_connection=None, tls=None, make=None):
        self.address, self.host, self.tls, self.per_connection = address, host, tls, per_connection
        self.make = make or (lambda n: ("GET", "/", None))
        self.samples = []
        self._interval = clients / rate
        self._stop = threading.Event()
        self._counter = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._client, args=(n / rate,), daemon=True) for n in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
        assert not any(thread.is_alive() for thread in self._threads), "a request never ended"

    def run_for(self, seconds):
        """Lets the load go on for this long: its duration is what is tested."""
        self._stop.wait(seconds)

    def answered(self):
        return sum(sample.failure is None for sample in list(self.samples))

    def failed(self):
        return [sample for sample in list(self.samples) if sample.failure]

    def _next(self):
        with self._lock:
            self._counter += 1
            return self._counter

    def _client(self, offset):
        due = time.monotonic() + offset
        connection, uses = None, 0
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._interval, time.monotonic() - self._interval)  # falls behind rather than bursts
            if connection and uses == self.per_connection:
                connection.close()
                connection = None
            method, path, body = self.make(self._next())
            sample = Sample(method, None, time.monotonic(), 0, 0, None)
            try:
                if not connection:
                    connection, uses = connect(self.address, tls=self.tls, server_name=self.host), 0
                    connection.connected = time.monotonic()
                sample.connected, sample.local_port = connection.connected, connection.local_port
                uses += 1
                response = connection.request(self.host, path, method, body=body)
                if response.status != 200:
                    sample.failure = f"{response.status} {response['lintel-reason']} {response.text[:80]}"
                elif body is not None and response.body != body:
                    sample.failure = f"{len(response.body)} bytes came back for {len(body)}"
                if (response["connection"] or "").lower() == "close":
                    connection.close()
                    connection = None
            except (OSError, EOFError, ValueError, AssertionError) as failure:
                sample.failure = f"{type(failure).__name__}: {failure}"
                if connection:
                    connection.close()
                connection = None
            sample.ended = time.monotonic()
            self.samples.append(sample)
        if connection:
            connection.close()
