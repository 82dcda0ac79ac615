"""An app as people write them: HTTP/1.1 with keep-alive, a little work for each request, and a habit at SIGTERM.

worker.py drain [S]   refuses new connections, closes idle ones, finishes what runs, then ends (as Go's Shutdown does)
worker.py exit [S]    ends at once

GET says the host name; POST gives the body back and prints its first line, so that the log shows what was done twice.
Each takes S seconds (0.02). /tmp/up exists once it listens; /tmp/started has one dot for each request that began.
"""
import os
import pathlib
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
        self.lock = threading.Lock()
        self.connections = {}  # socket → True while a request runs on it
        self.draining = False

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # draining
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
            last = self.draining and not self.connections
        connection.close()
        if last:
            os._exit(0)

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
            return not self.draining

    def drain(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        threading.Thread(target=self.close_idle, daemon=True).start()  # a signal handler must not wait for the lock

    def close_idle(self):
        with self.lock:
            self.draining = True
            for connection, busy in self.connections.items():
                if not busy:
                    connection.shutdown(socket.SHUT_RDWR)
            if not self.connections:
                os._exit(0)


worker = Worker()
signal.signal(signal.SIGTERM, worker.drain if habit == "drain" else lambda *_: os._exit(0))
pathlib.Path("/tmp/started").touch()
pathlib.Path("/tmp/up").touch()
threading.Thread(target=worker.accept, daemon=True).start()
while True:
    signal.pause()
