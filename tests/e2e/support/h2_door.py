"""A front door that takes HTTP/2 from clients, in clear text and over TLS, and the app behind it: one for all the cases of a
test file that change nothing about it."""
import functools
import json
import unittest

from support.backend import Backend
from support.h2 import H2
from support.lintel import Lintel

ROUTES = """
http:
  routers:
    app: {rule: "Host(`app.test`) || Host(`127.0.0.1`) || Host(`localhost`)", entryPoints: [http, https], service: app}
    other: {rule: "Host(`other.test`)", entryPoints: [http, https], service: app}
    small: {rule: "Host(`small.test`)", entryPoints: [http, https], service: app, lintel: {body_limit: 10}}
  services:
    app: {loadBalancer: {servers: [{url: "%s"}]}}
"""
BIG = 3_000_000
gates = {}  # path → an event that the app waits for in the middle of its answer


def app(exchange):
    """Answers with what it saw, as JSON, wherever the path asks for nothing else."""
    target = exchange.request.target
    if target.startswith("/early"):
        exchange.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        exchange.close_after = True
        return
    body = exchange.read_body()
    if target.startswith("/big"):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + bytes(BIG))
    elif target.startswith("/trailers"):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"3\r\nabc\r\n0\r\nX-Sum: 7\r\nContent-Type: no\r\n\r\n")
    elif target.startswith("/cut"):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        exchange.close_after = True
    elif target in gates:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        gates[target].wait(20)
        exchange.send(b"0\r\n\r\n")
    elif target.startswith("/hop"):
        exchange.reply("ok", fields=(("Connection", "X-Mine, keep-alive"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"),
                                     ("X-Other", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))
    else:
        exchange.reply(json.dumps({"line": f"{exchange.request.method} {target}", "fields": exchange.request.fields,
                                   "body": body.decode("latin-1"), "trailers": exchange.request.trailers}))


class H2Door:
    def __init__(self):
        self.upstream = Backend(app)
        self.lintel = Lintel("--h2c", "allow", routes=ROUTES % self.upstream.url, access_log="-", workers=1)
        try:
            self.lintel.start()
            self.lintel.until("app.test")
            self.lintel.until("app.test", get=self.lintel.get_tls)
        except BaseException:
            self.end()
            raise

    def end(self):
        wrong = self.lintel.stop() if hasattr(self.lintel, "pid") else None
        log = self.lintel.log
        self.lintel.remove_files()
        self.upstream.stop()
        if wrong:
            raise AssertionError(f"{wrong}\n{log}")


@functools.cache
def door():
    """The door of this test file; ends with it."""
    opened = H2Door()
    unittest.addModuleCleanup(opened.end)
    return opened


def client(**options):
    return H2(door().lintel.http, **options)


def secured(host="app.test", **options):
    lintel = door().lintel
    return H2(lintel.https, tls=lintel.trust(), server_name=host, **options)


def count(name, lintel=None):
    """A number of the status."""
    return (lintel or door().lintel).api("/status")[1]["stats"].get(name)
