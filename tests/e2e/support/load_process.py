"""A Load and its app in a process of their own, so that a test that is busy doesn't slow them down."""
import multiprocessing
import ssl

from support.backend import Backend
from support.load import Load


class LoadProcess:
    """`url` is the app's. Requests flow from start() to stop(), which returns their samples."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        self.url = self._line.recv()

    def start(self, address, host, root, **options):
        """`root`: the file of the CA whose certificate the host has to show; the options are Load's."""
        self._line.send((address, host, str(root), options))

    def stop(self):
        self._line.send(None)
        samples = self._line.recv()
        self._process.join(timeout=10)
        return samples

    def end(self):
        """Whatever its state."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(line):
    app = Backend()
    line.send(app.url)
    address, host, root, options = line.recv()
    with Load(address, host, tls=ssl.create_default_context(cafile=root), **options) as load:
        line.recv()
    line.send(load.samples)
    app.stop()
