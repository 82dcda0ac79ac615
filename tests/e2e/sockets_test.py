"""Sockets that a service manager bound already, and the data plane alone."""
import json
import os
import select
import signal
import socket
import subprocess

from support.case import Case, main
from support.lintel import BINARY, Lintel
from support.routes import routes
from support.wire import connect


class Inherited(Case):
    def test_a_connection_that_queued_before_the_start_is_answered(self):
        bound = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(bound.close)
        port = bound.getsockname()[1]
        with connect(f"127.0.0.1:{port}") as early:
            early.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            lintel = Lintel(http=None, routes=routes({"app.test": self.backend().url}))
            self.addCleanup(self._end, lintel)
            # The descriptor is 3 and LISTEN_PID the process's own id, as sd_listen_fds(3) has it.
            script = f'exec 3<&{bound.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec "$@"'
            lintel.command = ["/bin/bash", "-c", script, "sh", *lintel.command]
            os.set_inheritable(bound.fileno(), True)
            self.start_with(lintel, bound.fileno())
            self.assertEqual(f"127.0.0.1:{port}", lintel.http)
            self.assertEqual(200, early.read_response().status)

    @staticmethod
    def start_with(lintel, descriptor):
        ready, edge_end = os.pipe()
        with open(lintel.log_file, "ab") as log:
            lintel.process = subprocess.Popen([*lintel.command, "--ready-fd", str(edge_end)], stdout=log, stderr=log,
                                              pass_fds=[edge_end, descriptor], start_new_session=True)
        lintel.pid = lintel.process.pid
        os.close(edge_end)
        with os.fdopen(ready) as pipe:
            lintel.ready = json.loads(pipe.readline())
        lintel.http = lintel.ready["entrypoints"]["http"]


class LoneEdge(Case):
    def test_serves_a_snapshot_without_control(self):
        upstream = self.backend()
        host, _, port = upstream.url.removeprefix("http://").rpartition(":")
        lintel = Lintel()
        self.addCleanup(lintel.remove_files)
        snapshot = lintel.folder / "snapshot.json"
        snapshot.write_text(json.dumps({"commit": True, "upsert": [
            {"kind": "endpoint", "id": "e", "spec": {"host": host, "port": int(port)}},
            {"kind": "service", "id": "s", "spec": {"endpoints": ["e"]}},
            {"kind": "router", "id": "r",
             "spec": {"rule": "Host(`app.test`)", "entrypoints": ["http"], "service": "s"}}]}))
        ready, edge_end = os.pipe()
        with open(lintel.log_file, "ab") as log:
            edge = subprocess.Popen([BINARY, "edge", "--snapshot", snapshot, "--http", "127.0.0.1:0", "--https",
                                     "127.0.0.1:0", "--ready-fd", str(edge_end)], stdout=log, stderr=log,
                                    pass_fds=[edge_end], start_new_session=True)
        self.addCleanup(lambda: edge.poll() is None and edge.kill())
        os.close(edge_end)
        with os.fdopen(ready) as pipe:
            self.assertTrue(select.select([pipe], [], [], 10)[0], lintel.log)
            address = json.loads(pipe.readline())["entrypoints"]["http"]
        with connect(address) as client:
            self.assertEqual(200, client.request("app.test").status)
            self.assertEqual(404, client.request("other.test").status)
        edge.send_signal(signal.SIGTERM)
        self.assertEqual(0, edge.wait(10))

    def test_says_what_is_wrong_with_a_snapshot(self):
        done = subprocess.run([BINARY, "edge", "--snapshot", "/nonexistent"], capture_output=True, text=True, timeout=10,
                              check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("/nonexistent", done.stderr)


if __name__ == "__main__":
    main()
