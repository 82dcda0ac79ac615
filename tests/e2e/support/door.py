"""One running Lintel in front of one Recorder, shared by all the cases of a test file that want the same settings."""
import functools
import re
import unittest

from support.lintel import Lintel
from support.recorder import Recorder

PATIENCE = 3.0  # seconds for any one wait of a client; what is right needs milliseconds

ROUTES = """
http:
  routers:
    app: {{rule: "{hosts}", entryPoints: [http], service: app{options}}}
    hostless: {{rule: "PathPrefix(`/hostless`)", entryPoints: [http], service: app}}
  services:
    app: {{loadBalancer: {{servers: [{{url: "{url}"}}]}}}}
"""
HOSTS = " || ".join(f"Host(`{host}`)" for host in ("app.test", "127.0.0.1", "[::1]"))

OURS = {b"X-Forwarded-For": rb"127\.0\.0\.1", b"X-Forwarded-Proto": rb"http", b"X-Forwarded-Port": rb"[0-9]+",
        b"X-Forwarded-Host": rb".*", b"X-Real-IP": rb"127\.0\.0\.1", b"X-Request-Id": rb"[0-9a-f]{32}"}


class Door:
    def __init__(self, flags=(), options=()):
        self.recorder = Recorder()
        written = "".join(f", {key}: {value}" for key, value in options)
        written = f", lintel: {{{written[2:]}}}" if options else ""
        self.lintel = Lintel(*flags, workers=1, routes=ROUTES.format(hosts=HOSTS, options=written,
                url=self.recorder.url))
        self.start()

    def start(self):
        try:
            self.lintel.start()
            self.lintel.until("app.test", within=5)
        except BaseException:
            self.end()
            raise

    def drain(self):
        """Ends Lintel, so that all it ever sends has reached the recorder."""
        wrong = self.lintel.stop()
        if wrong:
            raise AssertionError(f"{wrong}\n{self.lintel.log}")
        self.recorder.wait_all_ended()

    def end(self):
        wrong = self.lintel.stop() if hasattr(self.lintel, "pid") else None
        log = self.lintel.log
        self.lintel.remove_files()
        self.recorder.stop()
        if wrong:
            raise AssertionError(f"{wrong}\n{log}")

    def client(self):
        return self.lintel.connect(within=PATIENCE)


@functools.cache
def _opened(flags, options):
    try:
        door = Door(flags, options)
    except AssertionError as failure:
        return failure  # once is enough to know
    unittest.addModuleCleanup(door.end)
    return door


def door(*flags, **options):
    """The door with these flags of `lintel run` and these `lintel:` options on the router of app.test."""
    found = _opened(flags, tuple(options.items()))
    if isinstance(found, AssertionError):
        raise AssertionError(f"no Lintel with {flags} {options}: {found}")
    return found


def normal(message):
    """A whole message without the fields that Lintel adds, its chunks joined into one: what a test can foretell. Fails
    where one of those fields isn't there exactly once, as Lintel itself writes it."""
    head = message.head
    host = re.search(rb"\r\n[Hh]ost: ?(.*?)\r\n", head)[1]
    for name, form in OURS.items():
        values = re.findall(rb"\r\n" + name + rb": ?(.*?)(?=\r\n)", head, re.IGNORECASE)
        fits = len(values) == 1 and re.fullmatch(form, values[0])
        if not fits or (name == b"X-Forwarded-Host" and values[0] != host):
            raise AssertionError(f"{name.decode()} isn't what Lintel writes: {values} in {head!r}")
        head = re.sub(rb"\r\n" + name + rb":.*?(?=\r\n)", b"", head, count=1, flags=re.IGNORECASE)
    if not message.chunked:
        return head + message.body
    return head + chunked(message.body, message.trailers)


def chunked(body, trailers=b""):
    """The body as one chunk."""
    data = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return data + b"0\r\n" + trailers + b"\r\n"
