"""A unix socket in front of another one, which can go away and come back: an engine that is restarted."""
import pathlib
import socket
import threading


class Forwarder:
    def __init__(self, path, target):
        self.path, self.target = str(path), target
        self.listener = None
        self._pairs = set()

    def start(self):
        pathlib.Path(self.path).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        """Refuses new connections and cuts the open ones."""
        if self.listener:
            cut(self.listener)
            self.listener = None
        for each in list(self._pairs):
            cut(each)
        pathlib.Path(self.path).unlink(missing_ok=True)

    def _accept(self, listener):
        with listener:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.target)
            self._pairs |= {client, server}
            back = threading.Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join()
            self._pairs -= {client, server}


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass  # cut
    cut(source)
    cut(target)


def cut(which):
    try:
        which.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # gone already
