"""What a contestant is started for."""
from dataclasses import dataclass

from stick.machine import PROXY_CORE
from stick.requests import HOST


@dataclass(frozen=True)
class Setting:
    """`core`: None where it isn't pinned. `supervised`: Lintel with all its roles, configured by a folder of routes,
    instead of its data plane alone. `wrapper`: a command that runs the contestant, as valgrind does."""
    backend_port: int
    hosts: tuple = (HOST,)
    workers: int = 1
    core: int | None = PROXY_CORE
    supervised: bool = False
    wrapper: tuple = ()
