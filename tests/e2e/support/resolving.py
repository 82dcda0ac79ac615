"""One question to a name server (RFC 1035 §4.1)."""
import secrets
import socket
import struct

from support.dns import wire_name


def ask(ip, name, kind, port=53, within=2):
    """The data of each record of this type; OSError where nobody answers."""
    number = secrets.token_bytes(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(within)
        client.connect((ip, port))
        client.send(number + struct.pack(">HHHHH", 0, 1, 0, 0, 0) + wire_name(name) + struct.pack(">HH", kind, 1))
        reply = client.recv(4096)
    if reply[:2] != number:
        raise OSError("an answer to another question")
    at, found = 12 + len(wire_name(name)) + 4, []
    for _ in range(struct.unpack_from(">H", reply, 6)[0]):
        at = _after_name(reply, at)
        here, _, _, size = struct.unpack_from(">HHIH", reply, at)
        at += 10 + size
        if here == kind:
            found.append(reply[at - size:at])
    return found


def _after_name(reply, at):
    while size := reply[at]:
        if size >= 0xC0:
            return at + 2  # the rest is elsewhere (§4.1.4)
        at += 1 + size
    return at + 1
