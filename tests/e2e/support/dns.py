"""A name server on loopback, UDP and TCP, whose answers a test decides (RFC 1035 §4.1)."""
import ipaddress
import socket
import struct
import threading

A, NS, CNAME, SOA, TXT, AAAA, CAA = 1, 2, 5, 6, 16, 28, 257
SERVFAIL, NXDOMAIN = 2, 3


class NameServer:
    """Knows the names that a test told it. What it does not know does not exist, or, with `default`, has these
    addresses. `zone`: it answers as the one server of this zone (SOA, NS). `mood`: "answers", "fails" (SERVFAIL) or
    "silent", for all names; `moods` says it for one."""

    def __init__(self, host="127.0.0.1", port=0, default=(), zone=None):
        self.names = {}  # name → (addresses, ttl)
        self.records = {}  # (name, type) → the data of each record
        self.default = [ipaddress.ip_address(ip) for ip in default]
        self.zone = zone
        self.mood, self.moods = "answers", {}
        self.questions = []  # (name, type) as they came
        self.socket, self.listener = _same_port(host, port)
        self.address = "%s:%d" % self.socket.getsockname()
        if zone:
            self.set(f"ns.{zone}", [host])
            self.records[zone, NS] = [wire_name(f"ns.{zone}")]
            self.records[zone, SOA] = [wire_name(f"ns.{zone}") + wire_name(f"owner.{zone}") + struct.pack(
                ">IIIII", 1, 60, 60, 600, 1)]
        self._ending = False
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._serve, self._accept)]
        for thread in self._threads:
            thread.start()

    def set(self, name, ips, ttl=1):
        self.names[name] = ([ipaddress.ip_address(ip) for ip in ips], ttl)

    def set_alias(self, name, target):
        self.records[name, CNAME] = [wire_name(target)]

    def set_texts(self, name, texts):
        """What TXT says, each a string of 255 bytes at most; none: nothing."""
        self.records[name, TXT] = [bytes([len(text)]) + text.encode() for text in texts]

    def texts(self, name):
        return [data[1:].decode() for data in self.records.get((name, TXT), ())]

    def set_authorities(self, name, *properties):
        """CAA (RFC 8659 §4.1). `properties`: (tag, value)."""
        self.records[name, CAA] = [bytes([0, len(tag)]) + tag.encode() + value.encode() for tag, value in properties]

    def asked(self, name, kind):
        return self.questions.count((name, kind))

    def stop(self):
        """From here on the port is closed."""
        self._ending = True
        self.listener.shutdown(socket.SHUT_RDWR)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.socket.getsockname())
        for thread in self._threads:
            thread.join()
        self.listener.close()
        self.socket.close()

    def _serve(self):
        while True:
            question, client = self.socket.recvfrom(512)
            if self._ending:
                return
            if len(question) > 16 and (answer := self._answer(question)):
                self.socket.sendto(answer, client)

    def _accept(self):
        while not self._ending:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return  # stopped
            client.settimeout(10)
            threading.Thread(target=self._serve_stream, args=(client,), daemon=True).start()

    def _serve_stream(self, client):
        """Each message after two bytes of its length (RFC 1035 §4.2.2)."""
        with client, client.makefile("rb") as messages:
            try:
                while size := messages.read(2):
                    answer = self._answer(messages.read(int.from_bytes(size, "big")))
                    if answer is None:
                        return
                    client.sendall(struct.pack(">H", len(answer)) + answer)
            except OSError:
                pass  # the client went, or says nothing

    def _answer(self, question):
        labels, at = [], 12
        while size := question[at]:
            labels.append(question[at + 1:at + 1 + size].decode())
            at += 1 + size
        name, kind = ".".join(labels).lower(), struct.unpack_from(">H", question, at + 1)[0]
        self.questions.append((name, kind))
        mood = self.moods.get(name, self.mood)
        if mood == "silent":
            return None
        code = SERVFAIL if mood == "fails" else 0 if self._exists(name) else NXDOMAIN
        found = [] if code else self._find(name, kind)
        authority = [] if found or code == SERVFAIL or not self.zone else [self._record(
            self.zone, SOA, 1, self.records[self.zone, SOA][0])]
        head = question[:2] + struct.pack(">HHHHH", 0x8480 | code, 1, len(found), len(authority), 0)
        return head + question[12:at + 5] + b"".join(found + authority)

    def _exists(self, name):
        return bool(self.default) or name in self.names or any(known == name for known, _ in list(self.records))

    def _find(self, name, kind):
        """The records that answer, an alias and what it leads to included."""
        alias = self.records.get((name, CNAME))
        if alias and kind != CNAME:
            target = read_name(alias[0])
            return [self._record(name, CNAME, 1, alias[0]), *(self._find(target, kind) if target != name else [])]
        ips, ttl = self.names.get(name, (self.default, 1))
        addresses = [ip.packed for ip in ips if kind == (A if ip.version == 4 else AAAA)]
        return [self._record(name, kind, ttl, data) for data in [*addresses, *self.records.get((name, kind), ())]]

    @staticmethod
    def _record(name, kind, ttl, data):
        return wire_name(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def wire_name(name):
    """Uncompressed (RFC 1035 §3.1)."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def read_name(data):
    labels, at = [], 0
    while size := data[at]:
        labels.append(data[at + 1:at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels)


def _same_port(host, port):
    """A datagram socket and a listener on one port: another one is tried where the first is taken for streams."""
    for attempt in range(20):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind((host, port))
            return datagrams, socket.create_server((host, datagrams.getsockname()[1]))
        except OSError:
            datagrams.close()
            if port or attempt == 19:
                raise
    raise AssertionError("unreachable")
