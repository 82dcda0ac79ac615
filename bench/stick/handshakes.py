"""Runs bench_handshakes, and refuses its figures when one handshake was not of the kind that is measured."""
import json
import subprocess

from stick.checks import WrongAnswer, expect
from stick.machine import HANDSHAKES, LOAD_CORE, pinned
from stick.requests import HOST


def run(running, kind, seconds, connections):
    """`kind`: "full" or "resumed". `connections`: at a time. Returns what bench_handshakes prints."""
    command = [HANDSHAKES, running.port, HOST, kind, connections, seconds]
    done = subprocess.run(pinned(command, LOAD_CORE), text=True, capture_output=True, timeout=seconds + 30, check=False,
                          start_new_session=True)
    name = f"{running.contestant.name}, {kind} handshakes"
    if done.returncode != 0:
        raise WrongAnswer(f"{name}: {done.stderr or done.stdout}")
    result = json.loads(done.stdout)
    if result["errors"] or result["bad_answers"] or result["requests"] == 0:
        raise WrongAnswer(f"{name}: {result} {done.stderr}")
    expect(name, "of them resumed", result["resumed"], result["requests"] if kind == "resumed" else 0)
    return result
