"""Runs h2load with the request of a case, and refuses its figures when one request was not answered well."""
import re
import subprocess
import tempfile

from stick.checks import WrongAnswer
from stick.machine import LOAD_CORE, pinned
from stick.requests import HOST

# As a browser has them, about: 4 MiB a stream, 16 MiB a connection.
WINDOWS = ("--window-bits=22", "--connection-window-bits=24")
# What wrk and the checks agree on.
TLS = ("--tls13-ciphers=TLS_AES_256_GCM_SHA384", "--groups=X25519")


def run(running, request, seconds, connections, streams, core=LOAD_CORE):
    """GETs over TLS; `streams` at a time on each connection. Returns {requests, microseconds, p50_us, p99_us}."""
    with tempfile.NamedTemporaryFile("r", prefix="lintel-bench-") as log:
        command = ["h2load", f"--duration={seconds}", f"--clients={connections}", f"--max-concurrent-streams={streams}",
                   *WINDOWS, *TLS, f"--connect-to={running.address}", f"--header=:authority: {HOST}",
                   f"--log-file={log.name}", f"https://{HOST}:{running.port}{request.path}"]
        done = subprocess.run(pinned(command, core), text=True, capture_output=True, timeout=seconds + 30, check=False,
                              start_new_session=True)
        rows = [line.split("\t") for line in log]
    if done.returncode != 0:
        raise AssertionError(f"h2load: {done.stderr or done.stdout}")
    name = f"{running.contestant.name}, under load"
    said = numbers(done.stdout)
    wrong = {what: said[what] for what in ("failed", "errored", "timeout", "3xx", "4xx", "5xx") if said[what]}
    wrong |= {} if all(row[1] == "200" for row in rows) else {"other than 200": sum(row[1] != "200" for row in rows)}
    if wrong or said["2xx"] < said["succeeded"] or not rows:
        raise WrongAnswer(f"{name}: {wrong}, {said}")
    if said["data"] < len(request.answer) * said["succeeded"]:
        raise WrongAnswer(f"{name}: {said['data']} bytes in {said['succeeded']} answers of {len(request.answer)} bytes")
    times = sorted(int(row[2]) for row in rows)
    return {"requests": said["succeeded"], "microseconds": seconds * 1e6,
            "p50_us": times[(len(times) - 1) // 2], "p99_us": times[(len(times) - 1) * 99 // 100]}


def numbers(text):
    """h2load's summary: {"succeeded": 1000, "2xx": 1000, "data": bytes of bodies, …}."""
    lines = "\n".join(re.findall(r"^(?:requests|status codes): .*$", text, re.M))
    found = {what: int(number) for number, what in re.findall(r"(\d+) (\w+)", lines)}
    found["data"] = int(re.search(r"\((\d+)\) data$", text, re.M)[1])
    return found
