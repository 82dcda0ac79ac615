"""A route that changes all the time."""
import threading

from support.routes import routes

EVERY = 0.01  # seconds between two changes


class Churn:
    """Rewrites one file of the watched `folder`, in one step each time, until the end of the block. Each time it routes
    another name, `host`, to `url`."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.writes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    @property
    def host(self):
        return f"churn{self.writes}.test"

    def _write(self):
        half = self.folder / ".churn.yml"
        while not self._stop.wait(EVERY):
            self.writes += 1
            half.write_text(routes({self.host: self.url}))
            half.rename(self.folder / "churn.yml")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
