"""The commands that start the floor and Lintel."""
import json

from support.routes import routes

from stick.credentials import NAMES
from stick.machine import FLOOR, LINTEL, TLS_FLOOR
from stick.setting import Tls

# A certificate among the routes' files, as Traefik has it.
TLS_FILE = """tls:
  certificates:
    - certFile: {0.chain}
      keyFile: {0.key}
"""


def floor(setting, port, _folder):
    """TLS that is passed on is bytes like any other."""
    if setting.tls is Tls.ENDED:
        return [TLS_FLOOR, port, setting.backend_port, setting.credentials.chain, setting.credentials.key], {}
    return [FLOOR, port, setting.backend_port], {}


def lintel(setting, port, folder):
    clear = setting.tls is Tls.NONE
    measured, other = ("--http", "--https") if clear else ("--https", "--http")
    flags = [measured, f"127.0.0.1:{port}", other, "127.0.0.1:0", "--workers", setting.workers, "--engine", "off",
             "--access-log", "off", "--drain-timeout", "1s", "--idle-timeout", "10m",
             "--requests-per-connection", "1000000000", "--pooled-per-endpoint", "128"]
    if setting.supervised:
        (folder / "routes").mkdir()
        url = f"http://127.0.0.1:{setting.backend_port}"
        (folder / "routes/routes.yml").write_text(routes({host: url for host in setting.hosts}, tls=not clear))
        if not clear:
            (folder / "routes/tls.yml").write_text(TLS_FILE.format(setting.credentials))
        return [LINTEL, "run", "--state", folder / "state", "--routes", folder / "routes", *flags], {}
    snapshot = folder / "snapshot.json"
    snapshot.write_text(json.dumps({"commit": True, "upsert": objects(setting)}))
    return [LINTEL, "edge", "--snapshot", snapshot, *flags], {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=64"}  # as under `run`


def objects(setting):
    """A snapshot's objects: every host has a router and a service of its own; all lead to the one backend."""
    made = [{"kind": "endpoint", "id": "backend", "spec": {"host": "127.0.0.1", "port": setting.backend_port}}]
    if setting.tls is Tls.ENDED:
        files = {"chain_file": str(setting.credentials.chain), "key_file": str(setting.credentials.key)}
        made.append({"kind": "certificate", "id": "the one", "spec": {"names": NAMES, **files}})
    spoken = {"scheme": "h2c"} if setting.h2c else {}
    for host in setting.hosts:
        made.append({"kind": "service", "id": host, "spec": {"endpoints": ["backend"], **spoken}})
        if setting.tls is Tls.PASSED_ON:
            spec = {"names": NAMES, "entrypoints": ["https"], "security": "passed_on", "service": host}
            made.append({"kind": "tcp_router", "id": host, "spec": spec})
        else:
            entrypoint = "http" if setting.tls is Tls.NONE else "https"
            spec = {"rule": f"Host(`{host}`)", "entrypoints": [entrypoint], "service": host}
            made.append({"kind": "router", "id": host, "spec": spec})
    return made
