"""What a request costs in system calls, which don't depend on the machine's mood: counted beside a relay that parses
nothing, with the tools of ./dev bench."""
import pathlib
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

from stick.cases import CASES  # noqa: E402
from stick.contestants import CONTESTANTS  # noqa: E402
from stick.counts import system_calls  # noqa: E402
from stick.rounds import started_backend  # noqa: E402


class SystemCalls(unittest.TestCase):
    def test_one_small_keep_alive_connection_costs_two_more_than_a_bare_relay_at_most(self):
        with started_backend(core=None) as backend:
            counted = {name: system_calls(CONTESTANTS[name], CASES["small"], backend) for name in ("floor", "lintel")}
        print(counted)
        sums = {name: sum(calls.values()) for name, calls in counted.items()}
        self.assertGreater(sums["floor"], 5, "a request was counted")
        self.assertLessEqual(sums["lintel"], sums["floor"] + 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
