"""The run: the backend, then for each case rounds in which every contestant has its turn, forwards and backwards."""
import contextlib
import socket
import sys
import time

from support.waiting import wait_for

from stick import beside, changes, h2c_backend, idle, load, machine
from stick.contestants import CONTESTANTS, PEERS
from stick.counts import counts
from stick.credentials import Credentials
from stick.process import Process, temporary_folder
from stick.setting import Backend

KINDS = {"load": load, "idle": idle, "changes": changes, "beside": beside}


def run(cases, options):
    """All results: what the machine is, and per case the samples by contestant or why it failed."""
    contestants, skipped = present(options.against)
    results = {"machine": machine.description(), "rounds": options.rounds, "seconds": options.seconds,
               "versions": {each.name: each.version_text() for each in contestants if each.version},
               "skipped": skipped, "cases": {}}
    with started_backend(h2c=any(case.h2c for case in cases)) as backend:
        jobs = {case.name: Jobs(case, contestants, backend, options) for case in cases}
        progress = Progress(sum(map(len, jobs.values())))
        for name, of_case in jobs.items():
            results["cases"][name] = of_case.done(progress)
    return results


@contextlib.contextmanager
def started_backend(core=machine.LOAD_CORE, h2c=False):
    """The application; for TLS that is passed on, the floor of TLS stands before it. `h2c`: and one of HTTP/2."""
    folder = temporary_folder()  # goes with the process that has it
    credentials = Credentials(folder)
    backend = Backend(machine.free_port(), machine.free_port(), credentials, machine.free_port() if h2c else None)
    tls = [machine.TLS_FLOOR, backend.tls_port, backend.port, credentials.chain, credentials.key]
    with contextlib.ExitStack() as processes:
        plain = [machine.BACKEND, backend.port]
        for port, command, files in ((backend.port, plain, None), (backend.tls_port, tls, folder)):
            processes.enter_context(contextlib.closing(Process(command, core, folder=files)))
            wait_for(lambda port=port: listens(port), f"{command[0].name} listens")
        if h2c:
            processes.enter_context(h2c_backend.started(backend.h2c_port, core))
            wait_for(lambda: listens(backend.h2c_port), "the backend of HTTP/2 listens")
        yield backend


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def present(peers):
    """The contestants that are here, and the names of peers that are not."""
    missing = [name for name in peers if not CONTESTANTS[name].found]
    for name in missing:
        say(f"skipped: {name} is not installed")
    return [each for each in CONTESTANTS.values() if each.name not in {*PEERS} - {*peers} | {*missing}], missing


class Jobs:
    """What has to be done for one case."""

    def __init__(self, case, contestants, backend, options):
        self.case, self.backend, self.options = case, backend, options
        self.turns = KINDS[case.kind].turns(case, contestants, backend, options.seconds)
        counted = case.kind == "load" and not (case.scaled or case.handshakes or case.h2 or options.no_counts)
        self.counted = [each for each in contestants
                        if counted and each.takes_part(case) and each.name != "lintel again"]

    def __len__(self):
        return self.options.rounds * len(self.turns) + len(self.counted)

    def done(self, progress):
        try:
            return {"what": self.case.what, "samples": self.sampled(progress), "counts": self.counts(progress)}
        except Exception as failure:  # a wrong answer, a contestant that doesn't start: the other cases go on
            why = f"{type(failure).__name__}: {failure}"
            say(f"{self.case.name} FAILED: {why}")
            return {"what": self.case.what, "failed": why}

    def sampled(self, progress):
        """Every round goes the other way, so that whatever changes slowly concerns all alike."""
        samples = {}
        for number in range(self.options.rounds):
            for name, turn in self.turns if number % 2 == 0 else reversed(self.turns):
                progress.next(f"{self.case.name}: {name}, round {number + 1} of {self.options.rounds}")
                for who, sample in turn().items():
                    samples.setdefault(who, []).append(sample)
        return samples

    def counts(self, progress):
        found = {}
        for each in self.counted:
            progress.next(f"{self.case.name}: counting what {each.name} does")
            found[each.name] = counts(each, self.case, self.backend)
        return found


class Progress:
    """Says on standard error what is done now, and how long the rest will take."""

    def __init__(self, jobs):
        self.left, self.done, self.began = jobs, 0, time.monotonic()

    def next(self, what):
        each = (time.monotonic() - self.began) / max(1, self.done)
        rest = f", about {self.left * each / 60:.0f} min left" if self.done else ""
        say(f"{what}{rest}")
        self.left -= 1
        self.done += 1


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
