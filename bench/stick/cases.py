"""What is measured: each case is a shape of load, and the bars that Lintel's figures are held to."""
import random
from dataclasses import dataclass

from stick.requests import HOST, Request, letters
from stick.setting import Setting, Tls

MIB = 1024 * 1024
MOST_HOSTS = 10_000


@dataclass(frozen=True)
class Bar:
    """`metric` of `who` divided by that of `of` (a contestant, "best peer", "case NAME", "largest of A, B"; None: the
    figure itself) must be at most `limit`, or at most the A/A spread where that is larger and `or_spread` says so.
    `beyond`: what would be more than that; `beyond_figure`: the same of the figure itself."""
    metric: str
    of: str | None
    limit: float
    beyond: float | None = None
    who: str = "lintel"
    beyond_figure: float | None = None
    or_spread: bool = False


@dataclass(frozen=True)
class Case:
    name: str
    what: str
    kind: str = "load"  # load, idle, changes, beside: the module that measures it
    request: Request = Request()
    connections: int = 32
    hosts: tuple = (HOST,)
    workers: int = 1
    pinned: bool = True
    scaled: bool = False  # many hosts or workers: not for contestants of one host, and nothing is counted
    websocket: bool = False
    tls: Tls = Tls.NONE
    handshakes: str | None = None  # "full", "resumed": that many connections at a time shake hands for each request
    h2: bool = False  # clients speak HTTP/2
    h2c: bool = False  # so does the backend, in clear text
    streams: int = 1  # at a time on each connection of HTTP/2
    bars: tuple = ()

    def setting(self, backend, **more):
        """What a contestant is started for; `more`: of Setting, what the case doesn't say."""
        return Setting(backend, self.hosts, self.workers, tls=self.tls, h2=self.h2, h2c=self.h2c, **more)

    def requests(self):
        """What wrk sends in turn. Cases of hosts have equally many, in an order that no cache foresees."""
        if self.hosts == (HOST,):
            return [self.request.bytes_for()]
        order = list(self.hosts) * (MOST_HOSTS // len(self.hosts))
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
    Case("chunked", "16 KiB each way in chunks of 1 KiB",
         request=Request("/chunked", "POST", body=letters(16384), chunk=1024)),
    Case("connect", "a connection per request", request=Request(fields=(("Connection", "close"),)),
         bars=(Bar("cpu_us", "nginx", 1.0),)),
    Case("hosts-1", "one host, for comparison", hosts=hosts(1), scaled=True),
    Case("hosts-1000", "1,000 hosts in turn", hosts=hosts(1000), scaled=True),
    Case("hosts-10000", "10,000 hosts in turn", hosts=hosts(MOST_HOSTS), scaled=True,
         bars=(Bar("cpu_us", "case hosts-1", 1.05),)),
    Case("idle", "3,000 idle keep-alive connections", kind="idle", connections=3000,
         bars=(Bar("kib_per_connection", None, 1.0, 0.5),)),
    Case("idle-ws", "1,000 idle WebSockets", kind="idle", connections=1000, websocket=True,
         bars=(Bar("kib_per_connection", None, 2.0),)),
    Case("changes", "a route changes every 10 ms, under a paced load", kind="changes", connections=16,
         bars=(Bar("p99_us", "quiet", 1.2, who="changing", or_spread=True),)),
    Case("tls-small", "small keep-alive over TLS", tls=Tls.ENDED,
         bars=(Bar("cpu_us", "floor", 1.15, 1.05), Bar("cpu_us", "nginx", 0.85), Bar("cpu_us", "haproxy", 0.85))),
    Case("tls-full", "a full handshake, ECDSA P-256, and a small request per connection", tls=Tls.ENDED, handshakes="full",
         connections=8, bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("tls-resumed", "the same with resumed handshakes", tls=Tls.ENDED, handshakes="resumed", connections=8,
         bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("tls-1m", "answers of 1 MiB over TLS", request=Request("/1m"), connections=8, tls=Tls.ENDED,
         bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("tls-upload", "uploads of 1 MiB over TLS", request=Request("/upload", "POST", body=letters(MIB)), connections=8,
         tls=Tls.ENDED, bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("idle-tls", "3,000 idle keep-alive connections over TLS", kind="idle", connections=3000, tls=Tls.ENDED,
         bars=(Bar("kib_per_connection", "largest of floor, nginx", 1.05, beyond_figure=12.0),)),
    Case("passthrough-64k", "answers of 64 KiB in TLS that is passed on by SNI", request=Request("/64k"), connections=8,
         tls=Tls.PASSED_ON, bars=(Bar("cpu_us", "haproxy", 1.0),)),
    Case("h2-small-1", "HTTP/2 over TLS, one small request at a time on each connection", tls=Tls.ENDED, h2=True,
         bars=(Bar("cpu_us", "best peer", 0.85),)),
    Case("h2-small-100", "HTTP/2 over TLS, a hundred small requests at a time on one connection", tls=Tls.ENDED, h2=True,
         connections=1, streams=100, bars=(Bar("cpu_us", "best peer", 0.85),)),
    Case("h2-64k", "HTTP/2 over TLS, answers of 64 KiB, four at a time on each of 8 connections", request=Request("/64k"),
         connections=8, streams=4, tls=Tls.ENDED, h2=True, bars=(Bar("cpu_us", "best peer", 1.0),)),
    Case("h2-h2c", "HTTP/2 over TLS, ten small requests at a time on each of 8 connections, and to the backend in clear text",
         connections=8, streams=10, tls=Tls.ENDED, h2=True, h2c=True,
         bars=(Bar("cpu_us", "haproxy", 1.0), Bar("cpu_us", "nghttpx", 1.0))),
    Case("h2-idle", "3,000 idle connections of HTTP/2 over TLS", kind="idle", connections=3000, tls=Tls.ENDED, h2=True,
         bars=(Bar("kib_per_connection", "best peer", 1.0),)),
    Case("h2-beside", "a small answer while 100 MiB stream on the same connection of HTTP/2, and alone", kind="beside",
         tls=Tls.ENDED, h2=True, bars=(Bar("p99_us", "lintel alone", 5.0),)),
    Case("workers-1", "one worker, no cores assigned", pinned=False, scaled=True),
    Case("workers-2", "two workers, no cores assigned", pinned=False, workers=2, scaled=True),
)}
