"""An app as people write them: HTTP/1.1 with keep-alive, a little work for each request, and a habit at SIGTERM.

worker.py drain [S]   refuses new connections, finishes what runs (each answer is its connection's last), gives idle
                      connections a second to end, then ends itself
worker.py exit [S]    ends at once

GET says the host name; POST gives the body back and prints its first line, so that the log shows what was done twice.
Each takes S seconds (0.02). /tmp/up exists once it listens; /tmp/started has one dot for each request that began.
"""
import os
import pathlib
import select
import signal
import socket
import sys
import threading
import time

habit = sys.argv[1]
work_seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 0.02


class Worker:
    def __init__(self):
        self.listener = socket.create_server(("", 8080), backlog=512)
        self.listener.setblocking(False)
        self.lock = threading.Lock()
        self.connections = {}  # socket → True while a request runs on it
        self.draining = False

    def run(self):
        """Accepts until SIGTERM, and then what the kernel has accepted already; ends when the last connection has."""
        wake, on_signal = socket.socketpair()
        on_signal.setblocking(False)
        signal.set_wakeup_fd(on_signal.fileno())
        signal.signal(signal.SIGTERM, lambda *_: None)
        while wake not in select.select([self.listener, wake], [], [])[0]:
            self.accept_waiting()
        if habit == "exit":
            os._exit(0)
        self.accept_waiting()
        self.listener.close()
        self.draining = True
        idle_until = time.monotonic() + 1
        while self.connections:
            time.sleep(0.01)
            if time.monotonic() > idle_until:
                self.close_idle()

    def accept_waiting(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(True)
            with self.lock:
                self.connections[connection] = False
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while self.answer(connection, stream):
                pass
        except OSError:
            pass
        with self.lock:
            del self.connections[connection]
        connection.close()

    def answer(self, connection, stream):
        """One request; False when the connection is to be closed."""
        line = stream.readline()
        if not line:
            return False
        with self.lock:
            self.connections[connection] = True
            with open("/tmp/started", "a", encoding="ascii") as started:
                started.write(".")
        length = 0
        while (field := stream.readline()) not in (b"\r\n", b""):
            name, _, value = field.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = stream.read(length)
        if len(body) < length:
            return False
        time.sleep(work_seconds)
        if line.startswith(b"POST"):
            print(body.split(b"\n")[0].decode(), flush=True)
        else:
            body = os.uname().nodename.encode()
        last = "Connection: close\r\n" if self.draining else ""
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{last}\r\n".encode() + body)
        with self.lock:
            self.connections[connection] = False
        return not last

    def close_idle(self):
        with self.lock:
            for connection, busy in self.connections.items():
                if not busy:
                    connection.shutdown(socket.SHUT_RDWR)


worker = Worker()
pathlib.Path("/tmp/started").touch()
pathlib.Path("/tmp/up").touch()
worker.run()
