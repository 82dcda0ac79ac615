"""Real containers. The image is `FROM scratch` with busybox; apps in Python use the host's own interpreter, read-only."""
import http.client
import json
import os
import pathlib
import socket
import subprocess
import threading
import urllib.parse
import uuid

from support.waiting import wait_for

IMAGE = "lintel-e2e:1"
APPS = pathlib.Path(__file__).resolve().parents[1] / "apps"
SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
ENGINE = f"unix://{SOCKET}"  # for --engine

# A web server that says its container's name. `-h` is where busybox httpd finds its pages.
HELLO = ["/bin/sh", "-c", "hostname >/www/index.html; exec httpd -f -p 8080 -h /www"]


def docker(*arguments, check=True, within=60):
    done = subprocess.run(["docker", *map(str, arguments)], text=True, timeout=within, check=False, capture_output=True)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout.strip()


def python_app(name, *arguments):
    """The command for tests/e2e/apps/NAME."""
    return ["/usr/bin/python3", "-I", "-S", f"/apps/{name}", *map(str, arguments)]


def unique(name):
    """A name that no other test run uses: containers and hosts are seen by every Lintel on this engine."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


class Container:
    """Runs at once; `case` removes it at its end. `labels`: {key: value}; `options`: more flags of docker run.
    `healthy_when`: a shell command for its HEALTHCHECK."""

    def __init__(self, case, labels, command=None, name=None, healthy_when=None, options=()):
        self.name = name or unique("e2e")
        flags = ["--name", self.name, "--hostname", self.name, "--stop-timeout", "10",
                 "-v", "/usr:/usr:ro", "-v", f"{APPS}:/apps:ro"]
        for label, value in labels.items():
            flags += ["--label", f"{label}={value}"]
        if healthy_when:
            flags += ["--health-cmd", healthy_when, "--health-interval", "300ms", "--health-retries", "1"]
        case.addCleanup(self.remove)
        self.id = docker("run", "-d", *flags, *options, IMAGE, *(command or HELLO))

    def remove(self):
        docker("rm", "-f", "-v", self.id if hasattr(self, "id") else self.name, check=False)

    def inspect(self, template):
        return docker("inspect", "-f", template, self.id)

    def execute(self, *command):
        return docker("exec", self.id, *command)

    def wait_healthy(self, within=20):
        wait_for(lambda: self.inspect("{{.State.Health.Status}}") == "healthy", f"{self.name} is healthy", within)


class Events:
    """The engine's own event stream from now on, for tests that measure from its time stamps."""

    def __init__(self, case, **filters):
        self.seen = []
        self._connection = http.client.HTTPConnection("docker")
        self._connection.sock = socket.socket(socket.AF_UNIX)
        self._connection.sock.connect(SOCKET)
        query = urllib.parse.quote(json.dumps(filters))
        self._connection.request("GET", f"/events?filters={query}")
        self._response = self._connection.getresponse()
        self._raw = self._connection.sock
        case.addCleanup(self._end)
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        try:
            for line in self._response:
                self.seen.append(json.loads(line))
        except (OSError, ValueError, http.client.HTTPException):
            pass  # _end() cut it

    def _end(self):
        self._raw.shutdown(socket.SHUT_RDWR)
        self._connection.close()
