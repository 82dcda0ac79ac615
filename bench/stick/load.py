"""Measures a case of requests under load: rounds in which every contestant has its turn."""
from stick import h2load, handshakes, wrk
from stick.checks import WrongAnswer, check
from stick.contestants import Running
from stick.machine import LOAD_CORE, PROXY_CORE
from stick.measure import cpu_ns, memory_kib


def one_turn(contestant, case, backend, seconds):
    """Starts a contestant, measures it, ends it. Returns requests per second, microseconds and KiB."""
    with Running(contestant, case.setting(backend, core=PROXY_CORE if case.pinned else None)) as running:
        try:
            check(running, case)
            load(running, case, 1)
            before = cpu_ns(running.process.pids)
            result = load(running, case, seconds)
            spent = cpu_ns(running.process.pids) - before
            held = memory_kib(running.process.pids)
            check(running, case)
        except WrongAnswer as failure:
            raise WrongAnswer(f"{failure}\n{running.process.log}") from None
    cpu = {"cpu_us": spent / 1000 / result["requests"]}
    if not case.pinned:
        return cpu  # the load generator and the backend take what they like of the proxy's cores
    return {"requests_per_second": result["requests"] / result["microseconds"] * 1e6, "p50_us": result["p50_us"],
            "p99_us": result["p99_us"], **cpu, "memory_kib": held}


def load(running, case, seconds):
    if case.h2:
        return h2load.run(running, case.request, seconds, case.connections, case.streams)
    if case.handshakes:
        return handshakes.run(running, case.handshakes, seconds, case.connections)
    return wrk.run(running, case.requests(), len(case.request.answer), seconds, case.connections,
                   LOAD_CORE if case.pinned else None)


def turns(case, contestants, backend, seconds):
    """One round: (name, function) in which a function gives samples by name."""
    return [(each.name, lambda each=each: {each.name: one_turn(each, case, backend, seconds)})
            for each in contestants if each.takes_part(case)]
