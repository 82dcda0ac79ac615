"""The machine: its cores and who gets which, and what a reader must know to judge the figures."""
import os
import pathlib
import platform
import random
import re
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LINTEL_BUILD", ROOT / "build/release"))
LINTEL = BUILD / "lintel"
FLOOR = BUILD / "bench/bench_floor"
BACKEND = BUILD / "bench/bench_backend"
TLS_FLOOR = BUILD / "bench/bench_tls_floor"
HANDSHAKES = BUILD / "bench/bench_handshakes"
H2_BESIDE = BUILD / "bench/bench_h2_beside"

# Servers lie in /usr/sbin, which a user's PATH may lack.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])

PROXY_CORE = 0
LOAD_CORE = 1  # the load generator's and the backend's


def pinned(command, core):
    """The command, on one core; `core` None: wherever the kernel likes."""
    return [*([] if core is None else ["taskset", "--cpu-list", str(core)]), *map(str, command)]


def free_port():
    """A TCP port of 127.0.0.1 that nobody had a moment ago, and that the kernel gives to no client meanwhile."""
    lowest_of_clients = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", random.randrange(10_000, lowest_of_clients)))
                return probe.getsockname()[1]
            except OSError:
                continue


def first_line(*command):
    """What a command says first, on whichever stream; empty where it can't be run."""
    try:
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
    except OSError:
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def description():
    """Pairs of what and value: the machine, the commit, the time."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal: *(\d+)", pathlib.Path("/proc/meminfo").read_text())
    changed = first_line("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return {
        "machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {int(memory[1]) >> 20} GiB",
        "kernel": platform.release(),
        "commit": first_line("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD") + (", changed" if changed else ""),
        "date": first_line("date", "--utc", "+%Y-%m-%d %H:%M UTC"),
        "load average before": " ".join(f"{each:.2f}" for each in os.getloadavg()),
    }
