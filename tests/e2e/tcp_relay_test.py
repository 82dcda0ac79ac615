"""What passes between a client and the backend that a TCP router gives it: every byte, both ways, without copying."""
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from support.case import main, wait_for
from support.proc import is_traced
from support.tcp import TcpCase, TcpRouter, count, hello
from support.wire import connect

MUCH = 8 * 1024 * 1024


class Relay(TcpCase):
    def opaque(self, *flags, **options):
        """TLS passed on to a backend that takes the client's bytes as they are."""
        self.backend_there = self.echo()
        return self.door(*flags, db=TcpRouter("HostSNI(`db.localhost`)", self.backend_there.address, "https",
                                              self.PASSING), **options)

    def both_ways(self, address, first, data):
        """Sends `first` and `data` and then its end, and reads meanwhile. What came back."""
        with connect(address, within=30) as client:
            def send():
                client.send(first + data)
                client.socket.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send)
            sender.start()
            back = client.read_to_end()
            sender.join()
        return back

    def assert_same(self, expected, seen):
        """Without megabytes of message."""
        self.assertEqual(len(expected), len(seen))
        self.assertEqual(hashlib.sha256(expected).hexdigest(), hashlib.sha256(seen).hexdigest())

    def test_no_byte_is_lost_either_way_and_the_end_of_one_side_is_not_that_of_the_other(self):
        lintel = self.opaque()
        first, data = hello("db.localhost"), os.urandom(MUCH)
        for size in (0, 1, 16 * 1024 - 1, 64 * 1024 + 1, MUCH):
            with self.subTest(size=size):
                part = data[:size]
                self.assert_same(b"hello " + first + part + b" bye", self.both_ways(lintel.https, first, part))

    def test_many_at_once_keep_their_bytes_apart(self):
        lintel = self.opaque()
        first, seen = hello("db.localhost"), {}

        def one(number):
            data = bytes([number]) * 1_000_000
            seen[number] = self.both_ways(lintel.https, first, data) == b"hello " + first + data + b" bye"

        threads = [threading.Thread(target=one, args=(number,)) for number in range(24)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual({number: True for number in range(24)}, seen)

    def test_the_backend_may_end_first(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        heard = []

        def serve():
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.shutdown(socket.SHUT_WR)
                    heard.append(b"".join(iter(lambda: client.recv(65536), b"")))

        threading.Thread(target=serve, daemon=True).start()
        lintel = self.clear(addresses=f"127.0.0.1:{listening.getsockname()[1]}")
        with connect(lintel.ready["entrypoints"]["db"]) as client:
            self.assertEqual(b"", client.read_to_end())
            client.send(b"still listened to")
            client.socket.shutdown(socket.SHUT_WR)
            wait_for(lambda: b"still listened to" in heard, "what came after the backend's end")

    def test_a_side_that_fails_ends_the_other(self):
        log = self.folder() / "access.log"
        lintel = self.clear(options={"access_log": log})
        client = self.greeted(lintel)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, no end
        client.close()
        wait_for(lambda: count(lintel, "tcp_connections") == 1, "it is counted")
        wait_for(lambda: count(lintel, "tcp_connections_open") == 0, "the relay is over")
        self.assertEqual("client-gone", self.lines(log)[0]["reason"])

    @unittest.skipUnless(shutil.which("strace"), "strace is missing")
    def test_the_kernel_moves_what_is_passed_on_in_bulk(self):
        lintel = self.opaque(options={"workers": 1})
        first, data = hello("db.localhost"), os.urandom(MUCH)
        with Traced(self.folder() / "strace", lintel.role("edge")) as traced:
            back = self.both_ways(lintel.https, first, data)
        self.assert_same(b"hello " + first + data + b" bye", back)
        spliced, copied = traced.moved("splice"), traced.moved("recvfrom|recvmsg|read|readv")
        print(f"{MUCH} bytes, twice: {spliced} spliced in and out, {copied} read")
        self.assertGreater(spliced, 4 * MUCH * 0.8, "each byte goes through a pipe, there and back")
        self.assertLess(copied, 2 * MUCH * 0.2)


class Silence(TcpCase):
    def test_a_silent_connection_ends_and_a_talkative_one_lives(self):
        log = self.folder() / "access.log"
        lintel = self.clear("--tunnel-idle-timeout", "500ms", options={"access_log": log})
        self.assert_silence_ends(self.greeted(lintel), self.greeted(lintel))
        self.assertEqual("silent", self.lines(log)[0]["reason"])

    def test_an_entrypoint_has_its_own_bound(self):
        echo = self.echo().address
        lintel = self.door(entrypoints="db=127.0.0.1:0+tunnel_idle_timeout=500ms,other=127.0.0.1:0",
                           db=TcpRouter("HostSNI(`*`)", echo, "db"), other=TcpRouter("HostSNI(`*`)", echo, "other"))
        unbound = self.greeted(lintel, "other")
        self.assert_silence_ends(self.greeted(lintel), self.greeted(lintel))
        self.echoes(unbound)

    def test_one_way_is_enough_to_live(self):
        """A backend that only listens, as for a backup that is being written."""
        lintel = self.clear("--tunnel-idle-timeout", "500ms", addresses=self.listener())
        with connect(lintel.ready["entrypoints"]["db"]) as client:
            pace, began = threading.Event(), time.monotonic()
            while time.monotonic() < began + 1.5:
                client.send(b"x")
                pace.wait(0.1)

    def listener(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        self.addCleanup(listening.shutdown, socket.SHUT_RDWR)

        def serve():
            try:
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=lambda: list(iter(lambda: client.recv(65536), b"")), daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listening.getsockname()[1]}"

    def assert_silence_ends(self, silent, talkative):
        began, pace = time.monotonic(), threading.Event()
        ended = threading.Thread(target=silent.ended, daemon=True)
        ended.start()
        while ended.is_alive() or time.monotonic() < began + 1:
            self.echoes(talkative)
            pace.wait(0.05)
            self.assertLess(time.monotonic(), began + 5, "the silent one lives on")
        self.assertGreater(time.monotonic(), began + 0.4)


class Traced:
    """The system calls of a process between entry and exit, and how many bytes each kind of them moved."""

    def __init__(self, table, pid):
        self.table, self.pid = table, pid

    def __enter__(self):
        self.tracer = subprocess.Popen(["strace", "-f", "-o", self.table, "-e", "signal=none", "-e",
                                        "trace=splice,read,readv,recvfrom,recvmsg", "--attach", str(self.pid)],
                                       stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for(lambda: is_traced(self.pid), "strace is attached")
        return self

    def __exit__(self, *_):
        self.tracer.send_signal(signal.SIGINT)
        self.tracer.wait(10)

    def moved(self, kinds):
        calls = re.findall(rf"^\d+ +(?:<\.\.\. )?(?:{kinds})\b.*= (\d+)$", self.table.read_text(errors="replace"), re.M)
        return sum(map(int, calls))


if __name__ == "__main__":
    main()
