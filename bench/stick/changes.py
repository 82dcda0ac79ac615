"""Measures whether clients notice that routes change: the same paced load while an unrelated route is rewritten every
10 ms, and while the same file is written as often where nobody looks. (Writing costs CPU time, too, and isn't Lintel's.)"""
import pathlib
import tempfile

from support.churn import Churn
from support.waiting import wait_for
from support.wire import connect

from stick import wrk
from stick.checks import check
from stick.contestants import CONTESTANTS, Running
from stick.setting import Setting

DELAY_MS = 4  # of a connection between two requests: the load leaves most of the machine idle


def turns(case, _contestants, backend, seconds):
    """One round, as a function that gives a sample of each phase. Only Lintel is measured, with all its roles. No core is
    assigned: control works beside the edge where there is room, as it would elsewhere."""
    return [("lintel", lambda: phases(case, backend, seconds))]


def phases(case, backend, seconds):
    with Running(CONTESTANTS["lintel"], Setting(backend, core=None, supervised=True)) as running:
        url = f"http://127.0.0.1:{backend.port}"

        def load():
            result = wrk.run(running, case.requests(), len(case.request.answer), seconds, case.connections,
                             core=None, delay_ms=DELAY_MS)
            return {metric: result[metric] for metric in ("p50_us", "p99_us")}

        def quiet():
            with tempfile.TemporaryDirectory(prefix="lintel-bench-") as unwatched, Churn(pathlib.Path(unwatched), url):
                return load()

        check(running, case)
        quiet()
        samples = {"quiet": quiet()}
        with Churn(running.process.folder / "routes", url) as churn:
            samples["changing"] = load()
        wait_until_served(running.address, churn.host)
        samples["quiet again"] = quiet()
        check(running, case)
        return samples


def wait_until_served(address, host):
    """The changes were not only written: the last one is in force."""
    def served():
        with connect(address) as client:
            return client.request(host, "/small").status == 200

    wait_for(served, f"{host} is served")
