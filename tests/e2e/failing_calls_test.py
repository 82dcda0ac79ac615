"""A system call fails in the edge: nobody but the one exchange notices, and that one is never told anything wrong. The
first dozen of the most important calls; failing_calls_all_test.py has all of them."""
import unittest

from support.failing import LIBRARY, SCENARIOS, Trial

MOST_IMPORTANT = {"accept4": "EMFILE", "recv": "ECONNRESET", "send": "EPIPE", "connect": "ECONNREFUSED",
                  "epoll_ctl": "ENOMEM", "socket": "EMFILE"}


@unittest.skipUnless(LIBRARY, "LINTEL_FAILING_CALLS_LIBRARY names the library of tests/support/failing_calls.cpp")
class FailingCalls(unittest.TestCase):
    def test_a_failing_call_harms_one_exchange_at_most(self):
        trial = Trial()
        try:
            for scenario in SCENARIOS:
                for kind, error in MOST_IMPORTANT.items():
                    trial.every_nth(scenario, kind, error, most=12)
        finally:
            log = trial.end()
        print(f"{trial.runs} runs, {len(trial.findings)} findings")
        self.assertFalse(trial.findings, "\n".join([*trial.findings, log[-4000:]]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
