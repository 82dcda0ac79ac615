"""What the kernel says about processes: the time they had a CPU, and the memory they hold."""
import pathlib
import re


def cpu_ns(pids):
    """User and system time of all their threads so far, in nanoseconds (proc(5): the first number of schedstat)."""
    total = 0
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(thread.read_text().split()[0])
    return total


def memory_kib(pids):
    """The memory they hold in KiB; what several share is counted once among them (PSS)."""
    total = 0
    for pid in pids:
        rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss: +(\d+) kB$", rollup, re.M)[1])
    return total
