"""A port that takes the first connection (Lintel's probe) and then no other: its queue is full, so that SYNs are dropped."""
import select
import socket


class BlackHole:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._waiting = []

    def take_one(self, within=10):
        """Waits for the probe, and lets it go."""
        self.listener.settimeout(within)
        self.listener.accept()[0].close()

    def close_up(self):
        """Fills the queue with connections of our own until one is not answered."""
        while True:
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))
            self._waiting.append(one)
            if not select.select([], [one], [], 0.2)[1]:
                return self

    def stop(self):
        for each in [self.listener, *self._waiting]:
            each.close()
