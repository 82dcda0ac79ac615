"""The commands that start the floor and Lintel."""
import json

from support.routes import routes

from stick.machine import FLOOR, LINTEL


def floor(setting, port, _folder):
    return [FLOOR, port, setting.backend_port], {}


def lintel(setting, port, folder):
    flags = ["--http", f"127.0.0.1:{port}", "--https", "127.0.0.1:0", "--workers", setting.workers, "--engine", "off",
             "--access-log", "off", "--drain-timeout", "1s", "--idle-timeout", "10m",
             "--requests-per-connection", "1000000000"]
    if setting.supervised:
        (folder / "routes").mkdir()
        url = f"http://127.0.0.1:{setting.backend_port}"
        (folder / "routes/routes.yml").write_text(routes({host: url for host in setting.hosts}))
        return [LINTEL, "run", "--state", folder / "state", "--routes", folder / "routes", *flags], {}
    snapshot = folder / "snapshot.json"
    snapshot.write_text(json.dumps({"commit": True, "upsert": objects(setting)}))
    return [LINTEL, "edge", "--snapshot", snapshot, *flags], {}


def objects(setting):
    """A snapshot's objects: every host has a router and a service of its own; all lead to the one backend."""
    made = [{"kind": "endpoint", "id": "backend", "spec": {"host": "127.0.0.1", "port": setting.backend_port}}]
    for host in setting.hosts:
        rule = {"rule": f"Host(`{host}`)", "entrypoints": ["http"], "service": host}
        made += [{"kind": "service", "id": host, "spec": {"endpoints": ["backend"]}},
                 {"kind": "router", "id": host, "spec": rule}]
    return made
