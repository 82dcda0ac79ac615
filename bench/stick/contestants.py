"""Who is measured: the floor, Lintel twice, and the peers that this machine has."""
import shutil
from dataclasses import dataclass
from typing import Callable

from support.waiting import wait_for
from support.wire import connect

from stick import ours, peers
from stick.h2client import H2Client
from stick.machine import FLOOR, LINTEL, PATH, first_line, free_port
from stick.process import Process, temporary_folder
from stick.requests import HOST
from stick.setting import Tls

@dataclass(frozen=True)
class Contestant:
    """`prepare(setting, port, folder)`: writes what it needs into `folder`; returns the command and what its
    environment has besides. `told`: the fields that it sends to the application; `scales`: can be measured with many
    hosts, two workers, idle connections; `tls`: what it can do with TLS;
    `h2`: what it can speak with the application where clients speak HTTP/2; `h1`: it is measured without that, too."""
    name: str
    program: str
    prepare: Callable
    version: tuple = ("--version",)
    told: tuple = ()
    scales: bool = False
    tls: tuple = ()
    h2: tuple = ()
    h1: bool = True

    @property
    def found(self):
        return shutil.which(self.program, path=PATH)

    def takes_part(self, case):
        if case.h2:
            return ("h2c" if case.h2c else "http") in self.h2
        if case.tls is not Tls.NONE:
            return case.tls in self.tls
        return self.h1 and (self.scales or not (case.scaled or case.kind == "idle"))

    def version_text(self):
        return first_line(self.found, *self.version) if self.version else "of this tree"


BASIC = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
ALL = (*BASIC, "X-Forwarded-Port", "X-Real-IP", "X-Request-Id")

BOTH = (Tls.ENDED, Tls.PASSED_ON)
EITHER = ("http", "h2c")

CONTESTANTS = {each.name: each for each in (
    Contestant("floor", str(FLOOR), ours.floor, version=(), tls=BOTH),
    Contestant("lintel", str(LINTEL), ours.lintel, version=(), told=ALL, scales=True, tls=BOTH, h2=EITHER),
    Contestant("lintel again", str(LINTEL), ours.lintel, version=(), told=ALL, scales=True, tls=BOTH,
               h2=EITHER),
    Contestant("nginx", "nginx", peers.nginx, version=("-v",), told=ALL, scales=True, tls=(Tls.ENDED,), h2=("http",)),
    Contestant("haproxy", "haproxy", peers.haproxy, version=("-v",), told=ALL, scales=True, tls=BOTH, h2=EITHER),
    Contestant("caddy", "caddy", peers.caddy, version=("version",), told=ALL),
    Contestant("h2o", "h2o", peers.h2o, told=ALL[:4], h2=("http",)),
    Contestant("traefik", "traefik", peers.traefik, version=("version",), told=ALL[:5]),
    Contestant("kamal-proxy", "kamal-proxy", peers.kamal_proxy, version=(), told=BASIC),
    Contestant("nghttpx", "nghttpx", peers.nghttpx, told=ALL[:4], h2=("h2c",), h1=False),
)}
PEERS = tuple(CONTESTANTS)[3:]


class Running:
    """A contestant that answers; a context that ends it."""

    def __init__(self, contestant, setting):
        self.contestant, self.setting = contestant, setting
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        folder = temporary_folder()
        command, env = contestant.prepare(setting, self.port, folder)
        self.process = Process([*setting.wrapper, *command], setting.core, {"PATH": PATH, **env}, folder)
        try:
            wait_for(self.answers, f"{contestant.name} answers", within=120 if setting.wrapper else 20)
        except BaseException as failure:
            log = self.process.log
            self.process.close()
            if not isinstance(failure, AssertionError):
                raise
            raise AssertionError(f"{contestant.name} did not start: {failure}\n{log}") from None

    def client(self):
        """A client that speaks what the case is about."""
        if self.setting.h2:
            return H2Client(self.address, self.setting.credentials.h2_trust, HOST)
        return self.connect()

    def connect(self, within=10.0):
        """A client of HTTP/1.1; over TLS where that is what the contestant was started for."""
        tls = self.setting.credentials.trust if self.setting.tls is not Tls.NONE else None
        return connect(self.address, tls, HOST, within)

    def answers(self):
        if self.process.ended():
            raise AssertionError(f"exit code {self.process.child.returncode}")
        try:
            with self.connect() as client:
                return client.request(self.setting.hosts[-1], "/small").status == 200
        except (OSError, EOFError):
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.close()
