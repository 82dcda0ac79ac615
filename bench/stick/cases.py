"""What is measured: each case is a shape of load, and the bars that Lintel's figures are held to."""
import random
from dataclasses import dataclass, field

from stick.requests import HOST, Request, letters

MIB = 1024 * 1024


@dataclass(frozen=True)
class Bar:
    """Lintel's `metric` divided by that of `of` (a contestant, "best peer", or "" for the figure itself) must be at most
    `limit`; `beyond`: what we would be proud of."""
    metric: str
    of: str
    limit: float
    beyond: float | None = None


@dataclass(frozen=True)
class Case:
    name: str
    what: str
    kind: str = "load"  # load, hosts, idle, changes: which module measures it
    request: Request = Request()
    connections: int = 32
    hosts: tuple = (HOST,)
    workers: int = 1
    pinned: bool = True
    counted: bool = True  # system calls and instructions, too
    websocket: bool = False
    bars: tuple = field(default=())

    def requests(self):
        """What wrk sends in turn: the hosts in an order that no cache foresees."""
        order = list(self.hosts)
        random.Random(1).shuffle(order)
        return [self.request.bytes_for(host) for host in order]


def hosts(count):
    """Names of the same length."""
    return tuple(f"app-{n:05}.test" for n in range(count))


TWENTY = tuple((f"X-Ask-{n}", letters(24).decode()) for n in range(1, 21))

CASES = {each.name: each for each in (
    Case("small", "small keep-alive: GET, a 128-byte answer",
         bars=(Bar("cpu_us", "floor", 1.15, 1.05), Bar("cpu_us", "nginx", 0.85), Bar("cpu_us", "haproxy", 0.85))),
    Case("fields", "the same with 20 more fields each way", request=Request("/fields", fields=TWENTY),
         bars=(Bar("cpu_us", "best peer", 0.85),)),
    Case("64k", "answers of 64 KiB", request=Request("/64k"), connections=8, bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("1m", "answers of 1 MiB", request=Request("/1m"), connections=8),
    Case("upload", "uploads of 1 MiB", request=Request("/upload", "POST", body=letters(MIB)), connections=8,
         bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("chunked", "16 KiB each way in chunks of 1 KiB", request=Request("/chunked", "POST", body=letters(16384), chunk=1024)),
    Case("connect", "a connection per request", request=Request(fields=(("Connection", "close"),)),
         bars=(Bar("cpu_us", "nginx", 1.0),)),
)}
