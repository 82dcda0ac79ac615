"""Ports that are known before anybody listens on them: where two programs have to be told of each other."""
import itertools
import os
import socket

# Below the kernel's own choices (ip_local_port_range), so that no outgoing connection takes one meanwhile. Every
# process begins elsewhere, every call goes on from the last.
_next = itertools.count(os.getpid() * 37)


def free_port(host="127.0.0.1"):
    for number in itertools.islice(_next, 2000):
        port = 12000 + number % 20000
        try:
            with socket.socket() as probe:
                probe.bind((host, port))
                return port
        except OSError:
            continue
    raise AssertionError(f"no free port on {host}")
