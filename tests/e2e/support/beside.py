"""Programs of ours in processes of their own, so that a test that is busy doesn't slow them down, nor they the test."""
import json
import pathlib
import resource
import select
import subprocess
import sys


class Beside:
    """Runs a module as a program: its first line says that it is ready; it ends when its input ends, with a line of JSON
    where it has something to report. `niceness`: above zero it gets what others leave it."""

    def __init__(self, module, *arguments, niceness):
        command = ["nice", "-n", str(niceness), sys.executable, "-B", "-m", module, *map(str, arguments)]
        self._process = subprocess.Popen(command, cwd=pathlib.Path(__file__).parents[1], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self.report = None
        self.greeting = self._process.stdout.readline().rstrip()
        if not self.greeting:
            raise AssertionError(f"{module} {arguments} did not get ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._process.stdin.close()
        self.report = json.loads(self._process.stdout.readline() or "null")
        self._process.stdout.close()
        self._process.wait(timeout=10)


# The program's side.


def take_all_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def ready(greeting="ready"):
    """From here on the test goes on."""
    print(greeting, flush=True)


def input_ended(within=0.0):
    return bool(select.select([sys.stdin], [], [], within)[0])


def report(**what):
    print(json.dumps(what), flush=True)
