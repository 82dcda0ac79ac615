"""Ways to write the same bytes to a TCP socket, so that the reader's every pause is tried. Between two pieces the
kernel is asked whether the reader has taken the first: they arrive as two reads, without a sleep."""
import re
import socket
import struct

from support.waiting import wait_for

SOCK_DIAG, BY_FAMILY, REQUEST, FAILED = 4, 20, 1, 2  # linux/netlink.h, linux/sock_diag.h
NOBODY = struct.pack("=II", 0xFFFFFFFF, 0xFFFFFFFF)  # no cookie: any socket with these addresses
QUEUE_AT = 16 + 4 + 48 + 4  # of inet_diag_msg's idiag_rqueue, behind nlmsghdr


def in_one(connection, data):
    connection.sendall(data)


def byte_by_byte(connection, data):
    in_pieces(connection, [data[at:at + 1] for at in range(len(data))])


def at_line_ends(connection, data):
    """Cut before and after each CR and LF, and within each other word."""
    in_pieces(connection, re.findall(rb"[\r\n]|[^\r\n]{1,24}", data))


def in_pieces(connection, pieces):
    here, there = connection.getsockname()[:2], connection.getpeername()[:2]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        for piece in pieces:
            connection.sendall(piece)
            wait_for(lambda: not unread_bytes(kernel, there, here), "the reader takes what was sent", every=0.0001)


def unread_bytes(kernel, local, remote):
    """How much the socket with these IPv4 addresses has in its receive queue; 0 when there is none such."""
    ports = struct.pack(">HH", local[1], remote[1])
    addresses = b"".join(socket.inet_aton(host).ljust(16, b"\0") for host, _ in (local, remote))
    which = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + ports + addresses
    asked = which + struct.pack("=I", 0) + NOBODY
    kernel.send(struct.pack("=IHHII", 16 + len(asked), BY_FAMILY, REQUEST, 0, 0) + asked)
    answer = kernel.recv(4096)
    _, kind = struct.unpack_from("=IH", answer)
    return 0 if kind == FAILED else struct.unpack_from("=I", answer, QUEUE_AT)[0]
