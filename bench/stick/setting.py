"""What a contestant is started for."""
import enum
from dataclasses import dataclass

from stick.credentials import Credentials
from stick.machine import PROXY_CORE
from stick.requests import HOST


class Tls(enum.Enum):
    """What becomes of the clients' TLS."""
    NONE = "clear text"
    ENDED = "the contestant ends it"
    PASSED_ON = "it goes to the backend untouched, chosen by SNI"


@dataclass(frozen=True)
class Backend:
    """The application: on `tls_port` it speaks TLS itself, with the same credentials as the contestants; on `h2c_port`,
    where that is measured, HTTP/2 in clear text."""
    port: int
    tls_port: int
    credentials: Credentials
    h2c_port: int | None = None


@dataclass(frozen=True)
class Setting:
    """`core`: None where it isn't pinned. `supervised`: Lintel with all its roles, configured by a folder of routes,
    instead of its data plane alone. `wrapper`: a command that runs the contestant, as valgrind does."""
    backend: Backend
    hosts: tuple = (HOST,)
    workers: int = 1
    core: int | None = PROXY_CORE
    supervised: bool = False
    wrapper: tuple = ()
    tls: Tls = Tls.NONE
    h2: bool = False  # clients may speak HTTP/2
    h2c: bool = False  # the backend does, in clear text

    @property
    def backend_port(self):
        if self.h2c:
            return self.backend.h2c_port
        return self.backend.tls_port if self.tls is Tls.PASSED_ON else self.backend.port

    @property
    def scheme(self):
        """What a contestant tells the application: (X-Forwarded-Proto, X-Forwarded-Port)."""
        return ("http", 80) if self.tls is Tls.NONE else ("https", 443)

    @property
    def credentials(self):
        return self.backend.credentials
