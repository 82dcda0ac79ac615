"""Measures what an idle client connection costs: the memory that a proxy's processes hold more, per connection."""
import collections
import contextlib

from support.waiting import wait_for
from support.websocket import TEXT, handshake, read_frame, write_frame

from stick.checks import check, expect
from stick.contestants import Running
from stick.h2client import ask
from stick.measure import memory_kib
from stick.requests import HOST

AT_ONCE = 100  # connections that warm the proxy up
READINGS = 10  # of memory, 0.1 s apart, that are alike once it is steady
TOLERANCE_KIB = 16


def turns(case, contestants, backend, _seconds):
    """One round: (name, function) in which a function gives samples by name."""
    return [(each.name, lambda each=each: {each.name: one_turn(each, case, backend)})
            for each in contestants if each.takes_part(case)]


def one_turn(contestant, case, backend):
    with Running(contestant, case.setting(backend, supervised=True)) as running:
        check(running, case)
        for _ in range(0, case.connections, AT_ONCE):  # as many requests as later, so that pools and arenas have grown
            with contextlib.ExitStack() as clients:
                open_all(running, case, AT_ONCE, clients)
        before = steady_memory(running)
        with contextlib.ExitStack() as clients:
            opened = open_all(running, case, case.connections, clients)
            after = steady_memory(running)
            for client in opened[:: case.connections // 10]:
                use(running, case, [client])  # idle, not dead
    return {"kib_per_connection": (after - before) / case.connections}


def open_all(running, case, number, clients):
    """Connections that each have been used once, at most AT_ONCE of them at the same time."""
    opened = [clients.enter_context(running.client()) for _ in range(number)]
    for at in range(0, number, AT_ONCE):
        group = opened[at:at + AT_ONCE]
        if case.websocket:
            for client in group:
                expect(running.contestant.name, "status of the handshake", handshake(client, HOST, "/ws").status, 101)
        use(running, case, group)
    return opened


def use(running, case, group):
    """A request, or a message there and back, on each: all are sent before the first answer is read."""
    for client in group:
        if case.websocket:
            write_frame(client, TEXT, b"a message", mask=True)
        else:
            ask(client, case.request)
    for client in group:
        got = read_frame(client)[1] if case.websocket else client.read_response().body
        expect(running.contestant.name, "answer", got, b"a message" if case.websocket else case.request.answer)


def steady_memory(running):
    """KiB, once they don't change any more."""
    readings = collections.deque(maxlen=READINGS)

    def steady():
        readings.append(memory_kib(running.process.pids))
        return len(readings) == READINGS and max(readings) - min(readings) <= TOLERANCE_KIB

    wait_for(steady, f"the memory of {running.contestant.name} is steady", within=60, every=0.1)
    return readings[-1]
