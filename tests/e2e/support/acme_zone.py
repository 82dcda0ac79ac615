"""A zone that a script may change: what DNS-01 needs."""
from support.backend import Backend
from support.dns import NameServer
from support.ports import free_port


class Zone(NameServer):
    """"test", on port 53 of a loopback address of its own, where whoever checks the propagation asks a zone's servers
    (PermissionError: only root may). `script`: a program of lego's exec contract; `calls`: (what, name) of each of its
    runs."""

    def __init__(self, folder):
        super().__init__(f"127.53.{free_port() % 250}.{free_port() % 250 + 1}", 53, default=["127.0.0.1"], zone="test")
        self.calls = []
        self._writer = Backend(self._write)
        self.script = folder / "change-zone"
        self.script.write_text(f'#!/bin/sh\nexec curl --silent --fail --data "$1 $2 $3" {self._writer.url}/\n')
        self.script.chmod(0o755)

    def stop(self):
        self._writer.stop()
        super().stop()

    def _write(self, exchange):
        what, name, value = exchange.read_body().decode().split()
        self.calls.append((what, name))
        record = name.rstrip(".")
        others = [text for text in self.texts(record) if text != value]
        self.set_texts(record, [*others, value] if what == "present" else others)
        exchange.reply()
