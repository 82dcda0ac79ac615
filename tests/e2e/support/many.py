"""A state folder with as many certificates as a test wants."""
import contextlib
import pathlib
import shutil
import sqlite3
import tempfile
import time

from support.lintel import Lintel
from support.routes import routes
from support.waiting import wait_for


def make_state(state, hosts, url):
    """The local CA has issued one for each host there, as a run with their routes leaves it. Says how long it took."""
    begun = time.monotonic()
    lintel = Lintel(routes=routes(dict.fromkeys(hosts, url), tls=True), state=state)
    try:
        lintel.start(within=60)
        lintel.until(hosts[-1], get=lintel.get_tls, within=60)
        wait_for((lintel.state / "last-good.json").exists, "the last good snapshot is saved", within=60)
    finally:
        wrong = lintel.stop(within=60)
        lintel.remove_files()
    assert wrong is None, f"{wrong}\n{lintel.log}"
    count = issued_in(state)
    assert count == len(hosts), f"{count} are issued"
    print(f"\n{count} are issued and served {time.monotonic() - begun:.1f} s after the first start", flush=True)


def copy_of(state, folder):
    """Another folder like it, in a new one below `folder`."""
    copy = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "state"
    shutil.copytree(state, copy, ignore=shutil.ignore_patterns("*.sock"))
    return copy


def issued_in(state):
    with contextlib.closing(sqlite3.connect(state / "lintel.db")) as records:
        return records.execute("SELECT count(*) FROM certificates").fetchone()[0]
