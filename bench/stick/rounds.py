"""The run: the backend, then for each case rounds in which every contestant has its turn, forwards and backwards."""
import contextlib
import sys
import time

from stick import changes, idle, load, machine
from stick.contestants import CONTESTANTS, PEERS
from stick.counts import counts
from stick.process import Process

KINDS = {"load": load, "idle": idle, "changes": changes}


def run(cases, options):
    """All results: what the machine is, and per case the samples by contestant or why it failed."""
    contestants, skipped = present(options.against)
    results = {"machine": machine.description(), "rounds": options.rounds, "seconds": options.seconds,
               "versions": {each.name: each.version_text() for each in contestants if each.version},
               "skipped": skipped, "cases": {}}
    port = machine.free_port()
    with contextlib.closing(Process([machine.BACKEND, port], machine.LOAD_CORE)):
        jobs = {case.name: Jobs(case, contestants, port, options) for case in cases}
        progress = Progress(sum(map(len, jobs.values())))
        for name, of_case in jobs.items():
            results["cases"][name] = of_case.done(progress)
    return results


def present(peers):
    """The contestants that are here, and the names of peers that are not."""
    missing = [name for name in peers if not CONTESTANTS[name].found]
    for name in missing:
        say(f"skipped: {name} is not installed")
    return [each for each in CONTESTANTS.values() if each.name not in {*PEERS} - {*peers} | {*missing}], missing


class Jobs:
    """What has to be done for one case."""

    def __init__(self, case, contestants, backend_port, options):
        self.case, self.port, self.options = case, backend_port, options
        self.turns = KINDS[case.kind].turns(case, contestants, backend_port, options.seconds)
        counted = case.kind == "load" and not case.scaled and not options.no_counts
        self.counted = [each for each in contestants if each.name != "lintel again"] if counted else []

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
            found[each.name] = counts(each, self.case, self.port)
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
