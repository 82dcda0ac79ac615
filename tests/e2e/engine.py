#!/usr/bin/python3
"""The container engine for the tests, as a ctest fixture.

engine.py ensure FOLDER   starts dockerd when no engine answers, and builds the tests' image
engine.py stop FOLDER     stops the dockerd that `ensure` started, no other; FOLDER keeps its pid and log
"""
import io
import os
import pathlib
import signal
import subprocess
import sys
import tarfile

from support.containers import IMAGE, SOCKET, docker
from support.lintel import alive
from support.waiting import wait_for


def answers():
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


def as_root(*command):
    return list(command) if os.getuid() == 0 else ["sudo", *command]


def ensure(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if not answers():
        start(folder)
    if not docker("image", "ls", "-q", IMAGE):
        build_image()
    print(docker("version", "--format", "engine {{.Server.Version}}, API {{.Server.APIVersion}}"), "image", IMAGE)


def start(folder):
    command = as_root("dockerd", "--host", f"unix://{SOCKET}", "--group", str(os.getgid()),
                      "--pidfile", str(folder / "dockerd.pid"), "--log-level", "warn")
    with open(folder / "dockerd.log", "wb") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: answers() or daemon.poll() is not None, "dockerd answers", within=60)
        assert answers(), f"dockerd ended with {daemon.returncode}"
    except AssertionError:
        sys.exit(f"dockerd did not start:\n{(folder / 'dockerd.log').read_text()}")


def build_image():
    """busybox under its names, and the links that make the host's /usr usable when it is mounted."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as root:
        root.add("/bin/busybox", "bin/busybox", filter=lambda entry: entry)
        for applet in ("sh", "httpd", "hostname", "touch", "rm", "test", "cat", "echo"):
            link(root, f"bin/{applet}", "busybox")
        link(root, "lib", "usr/lib")
        link(root, "lib64", "usr/lib64")
        for folder in ("usr", "apps", "tmp", "www", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            root.addfile(entry)
    subprocess.run(["docker", "import", "-", IMAGE], input=tar.getvalue(), stdout=subprocess.DEVNULL, check=True)


def link(root, name, target):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    root.addfile(entry)


def stop(folder):
    pid_file = folder / "dockerd.pid"
    if not pid_file.exists():
        return  # it isn't ours
    pid = int(pid_file.read_text())
    subprocess.run(as_root("kill", f"-{signal.SIGTERM.value}", str(pid)), check=False)
    wait_for(lambda: not alive(pid), "dockerd ends", within=60)
    pid_file.unlink(missing_ok=True)


if __name__ == "__main__":
    what, where = sys.argv[1:]
    {"ensure": ensure, "stop": stop}[what](pathlib.Path(where))
