"""Three roles under one command: rights, names, signals, locks."""
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from support.case import Case, main, wait_for
from support.lintel import Lintel, alive
from support.routes import routes

AS_ROOT = unittest.skipUnless(os.getuid() == 0, "only root can drop to another user")


def status_of(pid):
    """/proc/PID/status as a dictionary."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


class Rights(Case):
    @AS_ROOT
    def test_the_edge_runs_as_its_own_user_without_any_right(self):
        lintel = self.lintel()
        edge = status_of(lintel.role("edge"))
        uids = set(edge["Uid"].split())
        self.assertEqual(1, len(uids))
        self.assertNotIn(uids.pop(), ("0", "65534"), "neither root nor nobody")
        self.assertNotIn("0", edge["Gid"].split())
        self.assertEqual("1", edge["NoNewPrivs"])
        self.assertEqual(0, int(edge["CapEff"], 16) | int(edge["CapPrm"], 16))
        self.assertNotIn("0", edge["Groups"].split())
        self.assertEqual("0", status_of(lintel.role("control"))["Uid"].split()[0], "control keeps its rights")

    @AS_ROOT
    def test_edge_user_names_the_user(self):
        lintel = self.lintel("--edge-user", "54321")
        self.assertEqual({"54321"}, set(status_of(lintel.role("edge"))["Uid"].split()))

    def test_ps_shows_which_role_each_process_is(self):
        lintel = self.lintel()
        for role, pid in (("run", lintel.pid), ("edge", lintel.role("edge")), ("control", lintel.role("control"))):
            shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], text=True, capture_output=True, check=True)
            self.assertRegex(shown.stdout, rf"^(\S*/)?lintel {role}\b")


class Signals(Case):
    def held(self, drain_timeout="20s"):
        """A front door, a request that its backend answers only once the event is set, and an idle connection."""
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if exchange.request.target == "/held":
                release.wait(20)
            exchange.reply("the whole answer")

        backend = self.backend(answer)
        lintel = self.lintel(routes=routes({"app.test": backend.url}), drain_timeout=drain_timeout, workers=1)
        lintel.until("app.test")
        client, idle = lintel.connect(), lintel.connect()
        self.addCleanup(client.close)
        self.addCleanup(idle.close)
        self.assertEqual(200, idle.request("app.test").status)
        client.send("GET /held HTTP/1.1\r\nHost: app.test\r\n\r\n")
        wait_for(lambda: any(each.target == "/held" for each in backend.requests), "the request is upstream")
        return lintel, client, idle, release

    def test_sigterm_finishes_what_runs_and_exits_0(self):
        lintel, client, idle, release = self.held()
        lintel.signal(signal.SIGTERM)
        self.assertTrue(idle.ended(), "idle connections are closed")
        self.assertIsNone(lintel.process.poll(), "it waits for the request")
        release.set()
        answer = client.read_response()
        self.assertEqual((200, "the whole answer"), (answer.status, answer.text))
        self.assertEqual("close", (answer["connection"] or "").lower())
        self.assertEqual(0, lintel.wait(5))

    def test_sigterm_waits_no_longer_than_the_drain_timeout(self):
        lintel, client, _, _ = self.held(drain_timeout="600ms")
        started = time.monotonic()
        lintel.signal(signal.SIGTERM)
        self.assertEqual(0, lintel.wait(5))
        self.assertGreater(time.monotonic() - started, 0.5)
        self.assertTrue(client.ended())

    def test_a_second_ctrl_c_stops_at_once(self):
        lintel, client, idle, _ = self.held()
        roles = [lintel.role("edge"), lintel.role("control")]
        lintel.signal(signal.SIGINT)
        self.assertTrue(idle.ended(), "the first begins to drain")
        self.assertIsNone(lintel.process.poll(), "and lets the request finish")
        lintel.signal(signal.SIGINT)
        lintel.wait(3)
        self.assertTrue(client.ended())
        wait_for(lambda: not any(map(alive, roles)), "the roles are gone", within=3)


class Locks(Case):
    def refused(self, *flags, **options):
        """Runs a front door that must not start; returns its exit code and what it said."""
        lintel = Lintel(*flags, **options)
        self.addCleanup(lintel.remove_files)
        ready, edge_end = os.pipe()
        self.addCleanup(os.close, ready)
        lintel.spawn(edge_end)
        os.close(edge_end)
        self.addCleanup(lintel.stop)
        code = lintel.wait(10)
        return code, lintel.log

    def test_a_taken_port_is_named_with_its_owner(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, said = self.refused(http=f"127.0.0.1:{port}")
        self.assertEqual(1, code)
        self.assertIn(str(port), said)
        self.assertIn(str(os.getpid()), said)
        self.assertIn("python3", said)

    def test_a_port_that_another_lintel_has_is_taken_too(self):
        first = self.lintel()
        code, said = self.refused(http=first.http)
        self.assertEqual(1, code)
        self.assertRegex(said, rf"lintel\D+{first.pid}|{first.pid}\D+lintel")

    def test_a_second_one_on_the_same_state_is_refused_and_says_by_whom(self):
        first = self.lintel()
        code, said = self.refused(state=first.state)
        self.assertEqual(1, code)
        self.assertIn(str(first.pid), said)
        self.assertIn(str(first.state), said)
        self.assertEqual(404, first.get("any.test").status, "the first goes on")

    def test_state_left_by_a_killed_one_can_be_used_again(self):
        first = self.lintel()
        roles = [first.role("edge"), first.role("control")]
        first.signal(signal.SIGKILL)
        first.wait(5)
        wait_for(lambda: not any(map(alive, roles)), "its roles are gone", within=5)
        second = self.lintel(state=first.state)
        self.assertEqual(404, second.get("any.test").status)


if __name__ == "__main__":
    main()
