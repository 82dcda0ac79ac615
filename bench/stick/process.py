"""A started program: a session of its own, a log, ended by TERM and, where that doesn't help, KILL, by id."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from support.lintel import alive, children_of
from support.waiting import wait_for

from stick.machine import pinned


class Process:
    def __init__(self, command, core=None, env=None, folder=None, **options):
        """`core`: as for `pinned`. `folder`: becomes this process's, removed when it stops."""
        self.folder = folder or temporary_folder()
        self.log_file = self.folder / "log"
        with open(self.log_file, "wb") as log:
            self.child = subprocess.Popen(pinned(command, core), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**os.environ, **(env or {})}, start_new_session=True, **options)

    @property
    def pids(self):
        """Its own pid and those of all that descend from it."""
        known = [self.child.pid]
        for pid in known:
            known += children_of(pid)
        return known

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def ended(self):
        return self.child.poll() is not None

    def end(self, within=5.0):
        """TERM, and after `within` seconds KILL; returns when all of `pids` are gone."""
        known = self.pids
        if not self.ended():
            self.child.terminate()
        try:
            wait_for(lambda: self.ended() and not any(map(alive, known)), "it ends", within)
        except AssertionError:
            for pid in filter(alive, known):
                os.kill(pid, signal.SIGKILL)
            self.child.wait()

    def close(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def temporary_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="lintel-bench-"))
