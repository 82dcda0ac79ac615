"""The base of every end-to-end test: starts what a test needs, ends all of it, and shows the logs when it fails."""
import sys
import unittest

from support.backend import Backend, ok
from support.lintel import Lintel
from support.waiting import wait_for  # noqa: F401  (every test file takes it from here)


class Case(unittest.TestCase):
    def run(self, result=None):
        self._logs = []
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for command, log in self._logs:
                print(f"---- {command}\n{log}----", file=sys.stderr)

    def lintel(self, *flags, **options):
        """A front door of its own for this test. It must end well, too."""
        lintel = Lintel(*flags, **options)
        self.addCleanup(self._end, lintel)
        return lintel.start()

    def backend(self, answer=ok, **options):
        backend = Backend(answer, **options)
        self.addCleanup(backend.stop)
        return backend

    def _end(self, lintel):
        wrong = lintel.stop() if hasattr(lintel, "process") else None
        self._logs.append((" ".join(lintel.command), lintel.log))
        lintel.remove_files()
        self.assertIsNone(wrong, "how it ended")


def main():
    unittest.main(verbosity=2)
