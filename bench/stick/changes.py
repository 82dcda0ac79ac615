"""Measures whether clients notice that routes change: the same paced load while nothing else happens, and while an
unrelated route is rewritten every 10 ms."""
import threading

from support.routes import routes
from support.waiting import wait_for
from support.wire import connect

from stick import wrk
from stick.checks import check
from stick.contestants import CONTESTANTS, Running
from stick.setting import Setting

EVERY = 0.01  # seconds between two changes
DELAY_MS = 4  # of a connection between two requests: the load leaves most of the machine idle


def turns(case, _contestants, backend_port, seconds):
    """One round, as a function that gives a sample of each phase. Only Lintel is measured, with all its roles. No core is
    assigned: control works beside the edge where there is room, as it would elsewhere."""
    return [("lintel", lambda: phases(case, backend_port, seconds))]


def phases(case, backend_port, seconds):
    with Running(CONTESTANTS["lintel"], Setting(backend_port, core=None, supervised=True)) as running:
        def quiet():
            result = wrk.run(running, case.requests(), len(case.request.answer), seconds, case.connections,
                             core=None, delay_ms=DELAY_MS)
            return {metric: result[metric] for metric in ("p50_us", "p99_us")}

        check(running, case)
        quiet()
        samples = {"quiet": quiet()}
        with Churn(running) as churn:
            samples["changing"] = quiet()
        churn.wait_until_served()
        samples["quiet again"] = quiet()
        check(running, case)
        return samples


class Churn:
    """Rewrites one file of the watched folder, in one step each time, until the end of the block."""

    def __init__(self, running):
        self.address, self.folder = running.address, running.process.folder / "routes"
        self.url = f"http://127.0.0.1:{running.setting.backend_port}"
        self.host = None  # the one that the file names now
        self._writes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def _write(self):
        while not self._stop.wait(EVERY):
            self._writes += 1
            self.host = f"churn{self._writes}.test"
            half = self.folder / ".churn.yml"
            half.write_text(routes({self.host: self.url}))
            half.rename(self.folder / "churn.yml")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def wait_until_served(self):
        """The changes were not only written: the last one is in force."""
        def served():
            with connect(self.address) as client:
                return client.request(self.host, "/small").status == 200

        wait_for(served, f"{self.host} is served")
