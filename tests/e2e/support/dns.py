"""A name server on UDP loopback whose answers a test decides (RFC 1035 §4.1)."""
import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28
SERVFAIL, NXDOMAIN = 2, 3


class NameServer:
    """Knows the names that set() told it; what it does not know does not exist. `mood`: "answers", "fails" (SERVFAIL) or
    "silent"."""

    def __init__(self):
        self.names = {}
        self.mood = "answers"
        self.questions = []  # (name, type) as they came
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self._ending = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def set(self, name, ips, ttl=1):
        self.names[name] = ([ipaddress.ip_address(ip) for ip in ips], ttl)

    def stop(self):
        """From here on the port is closed."""
        self._ending = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", int(self.address.rpartition(":")[2])))
        self._thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            question, client = self.socket.recvfrom(512)
            if self._ending:
                return
            if len(question) > 16 and (answer := self._answer(question)):
                self.socket.sendto(answer, client)

    def _answer(self, question):
        labels, at = [], 12
        while size := question[at]:
            labels.append(question[at + 1:at + 1 + size].decode())
            at += 1 + size
        name, kind = ".".join(labels), struct.unpack_from(">H", question, at + 1)[0]
        self.questions.append((name, kind))
        if self.mood == "silent":
            return None
        ips, ttl = self.names.get(name, ([], 0))
        wanted = [ip for ip in ips if kind == (A if ip.version == 4 else AAAA)]
        code = SERVFAIL if self.mood == "fails" else 0 if name in self.names else NXDOMAIN
        if code:
            wanted = []
        head = question[:2] + struct.pack(">HHHHH", 0x8400 | code, 1, len(wanted), 0, 0)
        records = (struct.pack(">HHHIH", 0xC00C, kind, 1, ttl, len(ip.packed)) + ip.packed for ip in wanted)
        return head + question[12:at + 5] + b"".join(records)
