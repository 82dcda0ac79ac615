"""What /proc says about a process: whether it stands still, and which connections it has accepted."""
import os
import pathlib

ESTABLISHED = "01"
LISTENING = "0A"


def descriptors_of(pid):
    """What its descriptors lead to: "socket:[123]", paths."""
    targets = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            targets.add(os.readlink(descriptor))
        except OSError:
            pass  # closed meanwhile
    return targets


def accepted_by(pid, port, established=True):
    """The client ports of the IPv4 connections to local `port` that this process has accepted: a connection that
    still waits in the kernel's queue belongs to nobody. Without `established`: those that it still holds, too."""
    own = descriptors_of(pid)
    clients = set()
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *rest = line.split()
        wanted = state == ESTABLISHED if established else state != LISTENING
        if wanted and int(local.split(":")[1], 16) == port and f"socket:[{rest[5]}]" in own:
            clients.add(int(remote.split(":")[1], 16))
    return clients


def stands_still(pid):
    """True once SIGSTOP has reached every thread."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text().rsplit(")", 1)[1].split()[0] == "T" for thread in threads)


def sockets_to(pid, ports):
    """How many of a process's IPv4 connections, in whatever state, lead to one of these ports."""
    own = descriptors_of(pid)
    lines = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(line[2].split(":")[1], 16) in ports and f"socket:[{line[9]}]" in own for line in lines)


def is_traced(pid):
    """True once every thread has its tracer."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/status")
    return not any("TracerPid:\t0\n" in thread.read_text() for thread in threads)
