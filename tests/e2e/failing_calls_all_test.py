"""Every n-th system call of every kind that the edge makes while it serves fails, in every way it can, until a run is clean."""
import collections
import time
import unittest

from support.failing import ERRORS, LIBRARY, SCENARIOS, Trial


@unittest.skipUnless(LIBRARY, "LINTEL_FAILING_CALLS_LIBRARY names the library of tests/support/failing_calls.cpp")
class FailingCallsAll(unittest.TestCase):
    def test_keep_alive(self):
        self.fail_all("keep-alive")

    def test_long_bodies_over_https(self):
        self.fail_all("long bodies over HTTPS")

    def test_websocket(self):
        self.fail_all("WebSocket")

    def fail_all(self, scenario):
        self.assertIn(scenario, SCENARIOS)
        trial = Trial()
        started, runs = time.monotonic(), collections.Counter()
        try:
            for kind, errors in ERRORS.items():
                for error in errors:
                    before = trial.runs
                    trial.every_nth(scenario, kind, error)
                    runs[kind] += trial.runs - before
        finally:
            log = trial.end()
        print(f"{scenario}: {trial.runs} runs in {time.monotonic() - started:.0f} s, {len(trial.findings)} findings; {dict(runs)}")
        self.assertFalse(trial.findings, "\n".join([*trial.findings, log[-4000:]]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
