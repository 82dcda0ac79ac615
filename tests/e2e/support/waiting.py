"""Waiting for conditions, never for time to pass."""
import time


def wait_for(condition, what, within=10.0, every=0.01):
    """Calls `condition` until it returns something true, and returns that. `what` names it in the failure."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what} (last seen: {value!r})")
        time.sleep(every)
