"""Runs wrk with the requests of a case, and refuses its figures when one request was not answered well."""
import json
import pathlib
import subprocess
import tempfile

from stick.checks import WrongAnswer
from stick.credentials import LOCAL_NAME
from stick.machine import LOAD_CORE, pinned
from stick.setting import Tls

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "load.lua"


def run(running, requests, answer_bytes, seconds, connections, core=LOAD_CORE, delay_ms=None):
    """`running`: the contestant that is asked. `requests`: whole requests of the same length, sent in turn.
    `answer_bytes`: what each answer has at least. `delay_ms`: as in load.lua. Returns what load.lua prints."""
    clear = running.setting.tls is Tls.NONE
    url = f"http://{running.address}/" if clear else f"https://{LOCAL_NAME}:{running.port}/"
    with tempfile.NamedTemporaryFile(prefix="lintel-bench-") as file:
        file.write(b"".join(requests))
        file.flush()
        command = ["wrk", "--threads", 1, "--connections", connections, "--duration", f"{seconds}s", "--timeout", "5s",
                   "--script", SCRIPT, url, "--", file.name, len(requests[0])]
        if delay_ms:
            command.append(delay_ms)
        done = subprocess.run(pinned(command, core), text=True, capture_output=True, timeout=seconds + 30, check=False,
                              start_new_session=True)
    if done.returncode != 0:
        raise AssertionError(f"wrk: {done.stderr or done.stdout}")
    result = json.loads(done.stdout.splitlines()[-1])
    wrong = {key: result.pop(key) for key in list(result) if key.endswith(("errors", "timeouts", "statuses"))}
    if any(wrong.values()) or result["requests"] == 0:
        raise WrongAnswer(f"{running.contestant.name}, under load: {wrong}, {result['requests']} requests")
    if result["bytes"] < answer_bytes * result["requests"]:
        raise WrongAnswer(f"{running.contestant.name}, under load: {result['bytes']} bytes in {result['requests']} answers "
                          f"of {answer_bytes} bytes")
    return result
