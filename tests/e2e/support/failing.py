"""Lintel with the n-th system call of one kind failing in its edge (tests/support/failing_calls.cpp), the scenarios that
this is done to, and what must hold afterwards."""
import collections
import errno
import mmap
import os
import pathlib
import struct
import tempfile
import threading

from support import websocket
from support.backend import Backend
from support.lintel import Lintel
from support.proc import sockets_to
from support.routes import document, routes
from support.waiting import wait_for
from support.wire import Truncated

LIBRARY = os.environ.get("LINTEL_FAILING_CALLS_LIBRARY", "")
SHORT = "SHORT"  # no failure: the call moves one byte
LONG_BODY = bytes(range(256)) * 512  # 128 KiB
SHORT_BODY = b"0123456789" * 100

# The kinds that strace shows while the edge serves, and how each can fail.
ERRORS = {
    "accept4": ("EINTR", "ECONNABORTED", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPROTO"),
    "recv": (SHORT, "EINTR", "EAGAIN", "ECONNRESET", "ENOMEM", "ETIMEDOUT"),
    "send": (SHORT, "EINTR", "EAGAIN", "EPIPE", "ECONNRESET", "ENOBUFS", "ENOMEM"),
    "sendmsg": (SHORT, "EINTR", "EAGAIN", "EPIPE", "ECONNRESET", "ENOBUFS", "ENOMEM"),
    "socket": ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"),
    "connect": ("EADDRNOTAVAIL", "EAGAIN", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT"),
    "epoll_ctl": ("ENOMEM", "ENOSPC"),
    "epoll_wait": ("EINTR",),
    "poll": ("EINTR", "ENOMEM"),
    "setsockopt": ("ENOBUFS", "ENOMEM"),
    "getsockopt": ("ENOBUFS",),
    "getsockname": ("ENOBUFS",),
    "shutdown": ("ENOTCONN",),
    "close": ("EINTR", "EIO"),
    "ioctl": ("ENOMEM",),
    "fcntl": ("EMFILE", "ENOMEM"),
    "open": ("EMFILE", "ENFILE", "ENOMEM"),
    "timerfd_settime": ("ENOMEM",),
    "eventfd": ("EMFILE",),
    "read": ("EINTR", "EAGAIN"),
    "write": ("EINTR", "EAGAIN"),
    "recvmsg": ("EINTR", "EAGAIN", "ENOMEM"),
}


class Wrong(AssertionError):
    """What a client or the upstream saw that must never be."""


class FailingCalls:
    """The control file that the library in the edge maps."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lintel-failing-")
        os.chmod(self.folder.name, 0o755)
        path = pathlib.Path(self.folder.name, "control")
        path.write_bytes(bytes(32))
        self.env = {"LD_PRELOAD": LIBRARY, "LINTEL_FAILING_CALLS": str(path)}
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 32)

    def arm(self, kind, nth, error):
        number = -1 if error == SHORT else getattr(errno, error)
        self._shared[8:32] = struct.pack("<Ii16s", nth, number, kind.encode())
        self._shared[0:8] = struct.pack("<II", 1, 0)

    def calls(self):
        return struct.unpack_from("<I", self._shared, 4)[0]

    def disarm(self):
        self._shared[0:4] = struct.pack("<I", 0)

    def close(self):
        self._shared.close()
        self.folder.cleanup()


def answer(exchange):
    """The upstream: what it is asked tells what it must get and what it answers."""
    request = exchange.request
    if request.target == "/tunnel":
        return websocket.echo_server(exchange)
    if request.target == "/long":
        if exchange.read_body() != LONG_BODY:
            raise Wrong(f"{len(request.body)} bytes reached the upstream as a whole body of {len(LONG_BODY)}")
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces(LONG_BODY):
            exchange.send(chunk(piece))
        return exchange.send("0\r\n\r\n")
    if not request.target.startswith("/short/"):
        raise Wrong(f"the upstream is asked for {request.target}")
    body = exchange.read_body()
    if body != (SHORT_BODY if request.method == "POST" else b""):
        raise Wrong(f"{len(body)} bytes reached the upstream with {request.method}")
    exchange.reply(request.target.encode() + body)


def pieces(body, size=16 * 1024):
    return (body[at:at + size] for at in range(0, len(body), size))


def chunk(piece):
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


# -- the scenarios. What breaks off is no finding (OSError, Truncated); what takes too long, or is wrong, is.


def check(response, body):
    """True when the exchange went well, False when it was refused honestly."""
    if response.status == 200:
        if response.body != body:
            raise Wrong(f"200 with {len(response.body)} bytes for {len(body)}: {response.body[:60]!r}")
        return True
    if response.status not in (502, 503, 504) or response["lintel-reason"] is None:
        raise Wrong(f"{response.status} {response.reason} {response['lintel-reason']}: {response.body[:200]!r}")
    return False


def keep_alive(lintel):
    """GETs and a POST with a body over one connection."""
    with lintel.connect(within=3) as client:
        for n in range(2):
            check(client.request("app.test", f"/short/{n}"), f"/short/{n}".encode())
        check(client.request("app.test", "/short/post", "POST", body=SHORT_BODY), b"/short/post" + SHORT_BODY)
        check(client.request("app.test", "/short/last"), b"/short/last")


def long_bodies(lintel):
    """A chunked upload and download, each of 128 KiB, over HTTPS."""
    with lintel.connect("app.test", within=3) as client:
        client.send("POST /long HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for piece in pieces(LONG_BODY):
                client.send(chunk(piece))
            client.send("0\r\n\r\n")
        except ConnectionError:
            pass  # an early answer is perhaps there
        check(client.read_response("POST"), LONG_BODY)


def tunnel(lintel):
    """A WebSocket that echoes, and a client that leaves."""
    with lintel.connect(within=3) as client:
        response = websocket.handshake(client, "app.test", "/tunnel")
        if response.status != 101:
            return check(response, None)
        for n in range(3):
            text = f"message {n}"
            if (got := websocket.echo_text(client, text)) != text:
                raise Wrong(f"{got!r} came back for {text!r}")
    return True


SCENARIOS = {"keep-alive": keep_alive, "long bodies over HTTPS": long_bodies, "WebSocket": tunnel}


class Trial:
    """One Lintel and its upstream, on which scenario after scenario is run. `findings` collects what was wrong."""

    def __init__(self):
        self.findings = []
        self.runs = 0
        self.failing = FailingCalls()
        self._wrong_upstream = []
        self._excepthook = threading.excepthook
        threading.excepthook = lambda what: self._wrong_upstream.append(f"{what.exc_type.__name__}: {what.exc_value}")
        self.lintel = None
        self.backend = Backend(answer)
        self._start()

    def _start(self):
        self.lintel = Lintel(workers=1, env=self.failing.env, routes=routes({"app.test": self.backend.url}))
        self.lintel.write_routes(document({"secure": ("Host(`app.test`)", self.backend.url)}, tls=True), "tls.yml")
        try:
            self.lintel.start()
            self._settle()
        except BaseException:
            self.lintel.stop()
            raise

    def _restart(self):
        """What was wrong once must not be found again in the runs that follow."""
        self.lintel.stop()
        self.lintel.remove_files()
        self._start()

    def _settle(self):
        self.lintel.until("app.test", path="/short/warm")
        self.lintel.until("app.test", path="/short/warm", get=self.lintel.get_tls)
        self.edge = wait_for(lambda: self.lintel.role("edge"), "the edge's pid")
        counts = collections.deque(maxlen=20)

        def steady():
            counts.append(self._own_descriptors())
            return counts.count(counts[-1]) == 20

        wait_for(steady, "the number of descriptors is steady")
        self._baseline = counts[-1]

    def end(self):
        wrong = self.lintel.stop()
        log = self.lintel.log
        self.lintel.remove_files()
        self.backend.stop()
        self.failing.close()
        threading.excepthook = self._excepthook
        if wrong:
            self.findings.append(f"how it ended: {wrong}")
        return log

    def every_nth(self, scenario, kind, error, most=1000):
        """Fails call 1, 2, … until the scenario makes fewer calls, at most `most`. Stops early when much is wrong."""
        before = len(self.findings)
        for nth in range(1, most + 1):
            if self._once(scenario, kind, nth, error) < nth or len(self.findings) - before >= 3:
                break
        try:
            wait_for(self._pool_is_whole, "dead upstream connections are let go", within=5)
        except AssertionError as failure:
            self.findings.append(f"{scenario}, {kind} {error}: {failure}")
            self._restart()

    def _once(self, scenario, kind, nth, error):
        """Returns how many calls of this kind the edge made."""
        self.runs += 1
        self._forget_pooled()
        self._wrong_upstream.clear()
        wrong = []
        self.failing.arm(kind, nth, error)
        try:
            SCENARIOS[scenario](self.lintel)
        except TimeoutError:
            wrong.append("a client waits for ever")
        except Wrong as failure:
            wrong.append(str(failure))
        except (OSError, Truncated):
            pass  # cut: nobody can take it for complete
        except (ValueError, AssertionError) as failure:
            wrong.append(f"malformed: {type(failure).__name__} {failure}")
        self._settles(0.05)  # what the edge does after the client left is part of it
        calls = self.failing.calls()
        self.failing.disarm()
        wrong += self._wrong_upstream + self._serving()
        if wrong:
            self.findings.append(f"{scenario}, {kind} no. {nth} {error}: {'; '.join(wrong)}")
            self._restart()
        return calls

    def _forget_pooled(self):
        """The upstream closes what idles, so that each run connects anew."""
        for each in list(self.backend._sockets.values()):
            try:
                each.shutdown(2)
            except OSError:
                pass  # gone already

    def _own_descriptors(self):
        """The edge's descriptors but those to the upstream: what the upstream closed stays in the pool for a moment."""
        try:
            return len(os.listdir(f"/proc/{self.edge}/fd")) - sockets_to(self.edge, {self.backend.port})
        except FileNotFoundError:
            return 0

    def _pool_is_whole(self):
        """Every connection of the edge to the upstream has its other end there."""
        return sockets_to(self.edge, {self.backend.port}) == len(self.backend.open_connections)

    def _settles(self, within):
        """True when the edge has as many descriptors as before."""
        try:
            return wait_for(lambda: self._own_descriptors() == self._baseline, "settled", within, 0.001)
        except AssertionError:
            return False

    def _serving(self):
        """The edge is the one it was, answers, and has lost nothing."""
        try:
            with self.lintel.connect(within=2) as client:
                served = client.request("app.test", "/short/next").status == 200
            if not served:
                self.lintel.until("app.test", path="/short/next", within=3)
            with self.lintel.connect("app.test", within=2) as client:
                client.request("app.test", "/short/next")
            if self.lintel.role("edge") != self.edge:
                raise AssertionError("another edge")
        except (AssertionError, OSError, EOFError) as failure:
            lines = [line for line in self.lintel.log.splitlines() if '"level":"error"' in line][-2:]
            died = not os.path.exists(f"/proc/{self.edge}")
            return [f"{'the edge died' if died else 'it no longer serves'} ({failure}) {' '.join(lines)}"]
        if self._settles(3.5):
            return []
        return [f"{self._own_descriptors() - self._baseline:+} descriptors"]
