"""The README's first command: `./dev run` opens a front door with a demo app behind it, and Ctrl-C ends all of it."""
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import unittest

from support.lintel import ROOT, alive, children_of
from support.waiting import wait_for


class DevRun(unittest.TestCase):
    def setUp(self):
        state = tempfile.TemporaryDirectory(prefix="lintel-e2e-dev-")
        self.addCleanup(state.cleanup)
        self.said = []
        self.process = subprocess.Popen(
            ["./dev", "run", "--state", state.name, "--http", "127.0.0.1:0", "--https=127.0.0.1:0", "--engine", "off"],
            cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        reader = threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True)
        reader.start()
        self.addCleanup(self.end, reader)
        wait_for(lambda: "Ctrl-C stops everything" in self.output or self.process.poll() is not None,
                 "it says what to try next", within=60)
        self.assertIsNone(self.process.poll(), self.output)
        self.started = [pid for pid in children_of(self.process.pid) if "lintel" in command_of(pid)]
        self.started += [pid for parent in self.started for pid in children_of(parent)]

    @property
    def output(self):
        return "".join(self.said)

    def end(self, reader):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait(20)
        reader.join(5)
        self.process.stdout.close()

    def curl_as_printed(self):
        command = re.search(r"curl --cacert \S+ https://hello\.localhost\S+", self.output)
        self.assertIsNotNone(command, self.output)
        return subprocess.run([*shlex.split(command[0]), "-sS", "--max-time", "10"], text=True, capture_output=True,
                              check=False)

    def test_the_printed_curl_command_reaches_the_demo_app_and_ctrl_c_ends_everything(self):
        done = self.curl_as_printed()
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("demo app", done.stdout)
        self.assertEqual(4, len(self.started), "demo app, supervisor, edge and control")
        os.kill(self.process.pid, signal.SIGINT)
        self.assertEqual(0, self.process.wait(20), self.output)
        self.assertEqual([], list(filter(alive, self.started)))

    def test_when_one_of_them_dies_the_other_is_ended_too(self):
        supervisor = next(pid for pid in self.started if " run " in command_of(pid))
        os.kill(supervisor, signal.SIGTERM)
        self.assertEqual(1, self.process.wait(20))
        self.assertEqual([], list(filter(alive, self.started)))


def command_of(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().replace(b"\0", b" ").decode()


if __name__ == "__main__":
    unittest.main(verbosity=2)
