"""The run: the backend, then for each case rounds in which every contestant has its turn, forwards and backwards."""
import sys
import time

from stick import load, machine
from stick.checks import WrongAnswer
from stick.contestants import CONTESTANTS
from stick.process import Process

KINDS = {"load": load}


def run(cases, options):
    """All results: what the machine is, and per case the samples by contestant or why it failed."""
    contestants = available(options.against)
    results = {"machine": machine.description(), "rounds": options.rounds, "seconds": options.seconds,
               "versions": {each.name: each.version_text() for each in contestants}, "cases": {}}
    port = machine.free_port()
    backend = Process([machine.BACKEND, port], machine.LOAD_CORE)
    progress = Progress(cases, contestants, options)
    try:
        for case in cases:
            results["cases"][case.name] = measured(case, contestants, port, options, progress)
    finally:
        backend.stop()
    return results


def available(peers):
    chosen = []
    for each in CONTESTANTS.values():
        if each.name in peers and not each.found:
            say(f"skipped: {each.name} is not installed")
        elif each.name in peers or each.name in ("floor", "lintel", "lintel again"):
            chosen.append(each)
    return chosen


def measured(case, contestants, backend_port, options, progress):
    samples = {}
    turns = KINDS[case.kind].turns(case, contestants, backend_port, options.seconds)
    try:
        for number in range(options.rounds):
            for name, turn in turns if number % 2 == 0 else reversed(turns):
                progress.next(case, name, number)
                for who, sample in turn().items():
                    samples.setdefault(who, []).append(sample)
    except WrongAnswer as failure:
        progress.failed(case, failure)
        return {"what": case.what, "failed": str(failure)}
    return {"what": case.what, "samples": samples}


class Progress:
    """Says on standard error what is being measured, and how long the rest will take."""

    def __init__(self, cases, contestants, options):
        self.options = options
        self.turns = {case.name: options.rounds * len(KINDS[case.kind].turns(case, contestants, 0, 0)) for case in cases}
        self.left, self.done, self.began = sum(self.turns.values()), 0, time.monotonic()

    def next(self, case, name, number):
        each = (time.monotonic() - self.began) / self.done if self.done else self.options.seconds + 2
        say(f"{case.name}: {name}, round {number + 1} of {self.options.rounds}, {self.left * each / 60:.0f} min left")
        self.left -= 1
        self.done += 1

    def failed(self, case, failure):
        say(f"{case.name} FAILED: {failure}")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
