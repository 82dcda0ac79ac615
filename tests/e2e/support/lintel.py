"""One running `lintel run`: its own state folder and session, free ports, ended by TERM, a deadline, then KILL by pid."""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

from support.waiting import wait_for
from support.wire import Connection, Response, connect

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("LINTEL_BIN", str(ROOT / "build/release/lintel"))
BUG = re.compile(r"ERROR: \w+Sanitizer|runtime error:|Assertion .* failed")


class Lintel:
    """`routes`: the text of routes.yml in the watched folder; None: no folder is watched. Any other option that is
    None leaves its flag out. `flags` come last."""

    def __init__(self, *flags, routes="", http="127.0.0.1:0", https="127.0.0.1:0", engine="off", access_log="off",
                 drain_timeout="2s", workers=None, env=None, state=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-"))
        self.state = pathlib.Path(state or self.folder / "state")
        self.routes = self.folder / "routes"
        self.routes.mkdir()
        if routes is not None:
            self.write_routes(routes)
        self.log_file = self.folder / "log"
        self.exit_code = None
        defaults = {"--http": http, "--https": https, "--state": self.state, "--engine": engine,
                    "--routes": None if routes is None else self.routes, "--access-log": access_log,
                    "--drain-timeout": drain_timeout, "--workers": workers}
        self.command = [BINARY, "run"]
        for name, value in defaults.items():
            if value is not None:
                self.command += [name, str(value)]
        self.command += [str(flag) for flag in flags]
        self.env = {**os.environ, **(env or {})}

    # -- its life

    def start(self, within=20.0):
        ready, edge_end = os.pipe()
        try:
            self.spawn(edge_end)
        finally:
            os.close(edge_end)
        with os.fdopen(ready) as pipe:
            if not select.select([pipe], [], [], within)[0]:
                raise AssertionError(f"not ready within {within:g} s")
            line = pipe.readline()
        if not line:
            raise AssertionError(f"ended before it was ready, exit code {self.process.wait()}")
        self.ready = json.loads(line)
        self.http = self.ready["entrypoints"].get("http")
        self.https = self.ready["entrypoints"].get("https")
        return self

    def spawn(self, ready_fd):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--ready-fd", str(ready_fd)], env=self.env, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, pass_fds=[ready_fd],
                                            start_new_session=True)
        self.pid = self.process.pid

    def signal(self, which):
        os.kill(self.pid, which)

    def wait(self, within):
        """The exit code."""
        self.exit_code = self.process.wait(timeout=within)
        return self.exit_code

    def stop(self, within=8.0):
        """Ends it whatever its state; says what was not as it should be (None: all well)."""
        wrong = []
        known = [self.pid, *children_of(self.pid)]
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                if self.wait(within) != 0:
                    wrong.append(f"exit code {self.exit_code} after SIGTERM")
            except subprocess.TimeoutExpired:
                wrong.append(f"still there {within:g} s after SIGTERM")
        left = [pid for pid in known if alive(pid)]
        try:
            wait_for(lambda: not any(map(alive, left)), "every role ends", within=3)
        except AssertionError:
            wrong.append(f"roles that outlive their supervisor: {left}")
            for pid in filter(alive, left):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        if BUG.search(self.log):
            wrong.append("a failed assertion or a sanitizer's report in the log")
        return "; ".join(wrong) or None

    def remove_files(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # -- what a client sees

    @property
    def ca(self):
        return self.state / "ca.pem"

    def trust(self):
        """A client's TLS context that trusts this instance's CA and verifies names."""
        return ssl.create_default_context(cafile=str(self.ca))

    def connect(self, host=None, **options):
        """A connection to the http entrypoint, or, where `host` is given, to https with that name."""
        if host is None:
            return connect(self.http, **options)
        return connect(self.https, tls=self.trust(), server_name=host, **options)

    def get(self, host, path="/", **options):
        """One request on a connection of its own, in clear text."""
        with self.connect() as connection:
            return connection.request(host, path, **options)

    def get_tls(self, host, path="/", **options):
        with self.connect(host) as connection:
            return connection.request(host, path, **options)

    def until(self, host, status=200, path="/", within=10.0, get=None):
        """Asks until the answer has this status; returns that answer."""
        seen = Response("", 0, "nothing yet", [])

        def asked():
            nonlocal seen
            try:
                seen = (get or self.get)(host, path)
            except (OSError, EOFError) as failure:
                seen = Response("", 0, str(failure), [])
            return seen.status == status and seen

        try:
            return wait_for(asked, f"{host}{path} answers {status}", within)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {seen.status} {seen.reason} {seen['lintel-reason']} {seen.text}") from None

    # -- what an operator sees

    def write_routes(self, text, name="routes.yml"):
        """Replaces a file of the watched folder in one step."""
        half = self.routes / f".{name}"
        half.write_text(text)
        half.rename(self.routes / name)

    def admin(self):
        """A connection to the admin API."""
        unix = socket.socket(socket.AF_UNIX)
        unix.settimeout(10)
        try:
            unix.connect(str(self.state / "admin.sock"))
        except OSError:
            unix.close()
            raise
        return Connection(unix)

    def api(self, path):
        """The admin API's answer: the status and the JSON."""
        with self.admin() as client:
            response = client.request("lintel", path)
        return response.status, json.loads(response.body)

    def problems(self):
        return self.api("/problems")[1]["problems"]

    def role(self, name):
        """The pid of a role as the status says it; None while that role isn't there."""
        try:
            return self.api("/status")[1]["roles"][name]["pid"]
        except (OSError, EOFError, KeyError, ValueError):
            return None

    def cli(self, *arguments, within=10):
        """`lintel ARGUMENTS… --state DIR`."""
        return cli(*arguments, "--state", str(self.state), within=within)


def cli(*arguments, within=10, **options):
    return subprocess.run([BINARY, *map(str, arguments)], text=True, timeout=within, check=False,
                          capture_output=True, **options)


def children_of(pid):
    """The pids of a process's living children."""
    try:
        return [int(each) for each in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid):
    """True while the process runs (a zombie doesn't)."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
