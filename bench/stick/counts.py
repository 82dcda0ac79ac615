"""Figures that don't depend on the machine's mood: system calls and instructions per request of one connection."""
import contextlib
import re
import signal
import subprocess

from support.proc import is_traced
from support.waiting import wait_for

from stick.checks import WrongAnswer, check
from stick.contestants import Running
from stick.setting import Tls

REQUESTS = 1000
RARE = 0.05  # what is called less often per request belongs to the connection or to a timer
INSTRUCTED = ("floor", "lintel")  # whose instructions are counted: valgrind takes long
ENCRYPTED = 64 * 1024  # bytes of a body; more of them over TLS takes valgrind many minutes


def counts(contestant, case, backend):
    """{"system_calls": {name: per request}, "instructions": per request, where they are counted}."""
    found = {"system_calls": system_calls(contestant, case, backend)}
    if contestant.name in INSTRUCTED and not is_long_to_encrypt(case):
        found["instructions"] = instructions(contestant, case, backend)
    return found


def is_long_to_encrypt(case):
    return case.tls is Tls.ENDED and max(len(case.request.answer), len(case.request.body or b"")) > ENCRYPTED


def send(running, case, number):
    """Sends requests one after the other on one connection, or on one each where the case closes them."""
    message = case.request.bytes_for()
    with contextlib.ExitStack() as clients:
        client = None
        for _ in range(number):
            if client is None or case.request.closes:
                clients.close()
                client = clients.enter_context(running.connect(within=30))
            client.send(message)
            answer = client.read_response()
            if answer.status != 200 or answer.body != case.request.answer:
                raise WrongAnswer(f"{running.contestant.name}: {answer.status} while counting")


def system_calls(contestant, case, backend):
    with Running(contestant, case.setting(backend)) as running:
        check(running, case)  # what is done for the first request only, is done
        table = running.process.folder / "strace"
        pids = running.process.pids
        tracer = subprocess.Popen(["strace", "-f", "-c", "-U", "calls,name", "-o", table,
                                   *(f"--attach={pid}" for pid in pids)], stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_for(lambda: all(map(is_traced, pids)), "strace is attached")
            send(running, case, REQUESTS)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
        calls = re.findall(r"^ *(\d+) +(\w+)$", table.read_text(), re.M)
    per_request = {name: round(int(number) / REQUESTS, 2) for number, name in calls if name != "total"}
    return {name: number for name, number in sorted(per_request.items()) if number >= RARE}


def instructions(contestant, case, backend):
    """What a run of twice as many requests executes more: starting, ending and the first requests don't count."""
    once, twice = (executed(contestant, case, backend, number) for number in (REQUESTS, 2 * REQUESTS))
    return round((twice - once) / REQUESTS)


def executed(contestant, case, backend, number):
    """The instructions in user space of a whole run, from callgrind."""
    tool = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    with Running(contestant, case.setting(backend, wrapper=tool)) as running:
        send(running, case, number)
        running.process.end(within=60)
        collected = re.search(r"Collected : (\d+)", running.process.log)
    if not collected:
        raise AssertionError("callgrind said nothing")
    return int(collected[1])
