"""Measures how long a small answer takes while a large one streams on the same HTTP/2 connection, beside how long it takes
alone."""
import json
import subprocess

from stick.checks import WrongAnswer, check
from stick.contestants import Running
from stick.machine import H2_BESIDE, LOAD_CORE, PROXY_CORE, pinned
from stick.requests import HOST


def turns(case, contestants, backend, seconds):
    """One round: (name, function) in which a function gives samples by name: NAME and NAME alone."""
    return [(each.name, lambda each=each: one_turn(each, case, backend, seconds))
            for each in contestants if each.takes_part(case)]


def one_turn(contestant, case, backend, seconds):
    with Running(contestant, case.setting(backend, core=PROXY_CORE)) as running:
        check(running, case)
        command = pinned([H2_BESIDE, running.port, HOST, seconds], LOAD_CORE)
        done = subprocess.run(command, text=True, capture_output=True, timeout=2 * seconds + 60, check=False,
                              start_new_session=True)
        if done.returncode != 0:
            raise WrongAnswer(f"{contestant.name}: {done.stderr or done.stdout}")
        check(running, case)
    result = json.loads(done.stdout)
    return {contestant.name: sample(result["beside"], seconds), f"{contestant.name} alone": sample(result["alone"], seconds)}


def sample(phase, seconds):
    return {"requests_per_second": phase["requests"] / seconds, "p50_us": phase["p50_us"], "p99_us": phase["p99_us"],
            "mib_per_second": phase["streamed_bytes"] / 2**20 / seconds}
