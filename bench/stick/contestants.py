"""Who is measured: the floor, Lintel twice, and the peers that this machine has."""
import os
import shutil
from dataclasses import dataclass
from typing import Callable

from support.waiting import wait_for
from support.wire import connect

from stick import ours, peers
from stick.machine import FLOOR, LINTEL, first_line, free_port
from stick.process import Process, temporary_folder
from stick.requests import HOST
from stick.setting import Tls

# Servers lie in /usr/sbin, which a user's PATH may lack.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True)
class Contestant:
    """`prepare(setting, port, folder)`: writes what it needs into `folder`; returns the command and what its
    environment has besides. `told`: the fields that it sends to the application; `scales`: can be measured with many
    hosts, two workers, idle connections; `tls`: what it can do with TLS."""
    name: str
    program: str
    prepare: Callable
    version: tuple = ("--version",)
    told: tuple = ()
    scales: bool = False
    tls: tuple = ()

    @property
    def found(self):
        return shutil.which(self.program, path=PATH)

    def takes_part(self, case):
        if case.tls is not Tls.NONE:
            return case.tls in self.tls
        return self.scales or not (case.scaled or case.kind == "idle")

    def version_text(self):
        return first_line(self.found, *self.version) if self.version else "of this tree"


BASIC = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
ALL = (*BASIC, "X-Forwarded-Port", "X-Real-IP", "X-Request-Id")

BOTH = (Tls.ENDED, Tls.PASSED_ON)

CONTESTANTS = {each.name: each for each in (
    Contestant("floor", str(FLOOR), ours.floor, version=(), tls=BOTH),
    Contestant("lintel", str(LINTEL), ours.lintel, version=(), told=ALL, scales=True, tls=BOTH),
    Contestant("lintel again", str(LINTEL), ours.lintel, version=(), told=ALL, scales=True, tls=BOTH),
    Contestant("nginx", "nginx", peers.nginx, version=("-v",), told=ALL, scales=True, tls=(Tls.ENDED,)),
    Contestant("haproxy", "haproxy", peers.haproxy, version=("-v",), told=ALL, scales=True, tls=BOTH),
    Contestant("caddy", "caddy", peers.caddy, version=("version",), told=ALL),
    Contestant("h2o", "h2o", peers.h2o, told=ALL[:4]),
    Contestant("traefik", "traefik", peers.traefik, version=("version",), told=ALL[:5]),
    Contestant("kamal-proxy", "kamal-proxy", peers.kamal_proxy, version=(), told=BASIC),
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

    def connect(self, within=10.0):
        """A client; over TLS where that is what the contestant was started for."""
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
