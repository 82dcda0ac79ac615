"""A role that dies or hangs costs at most what it had in its hands."""
import os
import signal
import threading
import time

from support.case import Case, main, wait_for
from support.lintel import alive
from support.load import Load
from support.routes import routes
from support.proc import accepted_by, stands_still
from support.wire import split_address


class TheEdgeIsKilled(Case):
    def test_exactly_the_requests_that_it_had_accepted_are_lost(self):
        takes_a_while = threading.Event()  # never set: each request is in flight for 20 ms

        def answer(exchange):
            takes_a_while.wait(0.02)
            exchange.reply("ok")

        lintel = self.lintel(routes=routes({"app.test": self.backend(answer).url}))
        lintel.until("app.test")
        edge = lintel.role("edge")
        with Load(lintel.http, "app.test", clients=16, rate=600, per_connection=1) as load:
            wait_for(lambda: load.answered() > 200, "the load runs")
            os.kill(edge, signal.SIGSTOP)  # holds it still while we look at what it has accepted
            wait_for(lambda: stands_still(edge), "the edge stands still")
            before = load.answered()
            accepted = accepted_by(edge, split_address(lintel.http)[1])
            os.kill(edge, signal.SIGKILL)
            killed = time.monotonic()
            wait_for(lambda: load.answered() > before + 400, "the load goes on")
        lost = load.failed()
        print(f"{len(load.samples)} requests, {len(accepted)} connections accepted at the kill, {len(lost)} lost")
        self.assertGreater(len(lost), 0, "the kill came while requests were in flight")
        self.assertEqual([], [each for each in lost if each.connected is None], "connections refused")
        self.assertEqual([], [each for each in lost if each.local_port not in accepted], "lost but never accepted")
        self.assertEqual([], [each for each in lost if each.connected > killed], "lost after the kill")
        self.assertNotEqual(edge, wait_for(lambda: lintel.role("edge"), "the status names an edge"))

    def test_what_waits_in_the_kernel_is_served_by_the_next_edge(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def answer(exchange):
            if exchange.request.target == "/held":
                release.wait(20)
            exchange.reply("ok")

        backend = self.backend(answer)
        lintel = self.lintel(routes=routes({"app.test": backend.url}))
        lintel.until("app.test")
        edge = lintel.role("edge")
        held = [lintel.connect() for _ in range(5)]
        for connection in held:
            self.addCleanup(connection.close)
            connection.send("GET /held HTTP/1.1\r\nHost: app.test\r\n\r\n")
        wait_for(lambda: sum(each.target == "/held" for each in backend.requests) == 5, "five requests are upstream")
        os.kill(edge, signal.SIGSTOP)
        wait_for(lambda: stands_still(edge), "the edge stands still: it accepts nothing any more")
        queued = [lintel.connect() for _ in range(20)]
        for connection in queued:
            self.addCleanup(connection.close)
            connection.send("GET /queued HTTP/1.1\r\nHost: app.test\r\n\r\n")
        os.kill(edge, signal.SIGKILL)
        self.assertEqual([200] * 20, [connection.read_response().status for connection in queued])
        self.assertTrue(all(connection.ended() for connection in held), "the accepted ones are lost, not answered")

    def test_it_is_replaced_every_time(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}))
        lintel.until("app.test")
        for _ in range(3):
            edge = lintel.role("edge")
            os.kill(edge, signal.SIGKILL)
            wait_for(lambda: lintel.role("edge") not in (edge, None), "the status names another edge")
            self.assertEqual(200, lintel.get("app.test").status)
        deaths = [line for line in lintel.log.splitlines() if "edge" in line and "9" in line]
        self.assertGreaterEqual(len(deaths), 3, "one log line for each death says which role and how it ended")


class ControlIsAway(Case):
    def loaded(self):
        """A front door under load on connections that stay."""
        backend = self.backend()
        lintel = self.lintel(routes=routes({"app.test": backend.url}))
        lintel.until("app.test")
        load = Load(lintel.http, "app.test", clients=8, rate=300)
        self.addCleanup(load.stop)
        return lintel, load

    def carries_on(self, lintel):
        """New routes are served again."""
        lintel.write_routes(routes({"new.test": self.backend().url}), "new.yml")
        lintel.until("new.test", within=20)

    def test_traffic_never_notices_that_control_was_killed(self):
        lintel, load = self.loaded()
        edge = lintel.role("edge")
        with load:
            for _ in range(3):
                control = lintel.role("control")
                os.kill(control, signal.SIGKILL)
                wait_for(lambda: lintel.role("control") not in (control, None), "control is back", within=20)
            seen = load.answered()
            wait_for(lambda: load.answered() > seen + 100, "the load goes on")
            self.carries_on(lintel)
        self.assertEqual([], load.failed())
        self.assertEqual(edge, lintel.role("edge"), "the edge stays the same")

    def test_traffic_never_notices_that_control_hangs_for_ten_seconds(self):
        lintel, load = self.loaded()
        control = lintel.role("control")
        self.addCleanup(lambda: alive(control) and os.kill(control, signal.SIGCONT))
        with load:
            os.kill(control, signal.SIGSTOP)
            load.run_for(10)
            os.kill(control, signal.SIGCONT)
            self.carries_on(lintel)
        self.assertGreater(load.answered(), 2000)
        self.assertEqual([], load.failed())


class TheSupervisorIsKilled(Case):
    def test_both_roles_end_with_it(self):
        lintel = self.lintel()
        roles = [lintel.role("edge"), lintel.role("control")]
        self.assertTrue(all(map(alive, roles)))
        lintel.signal(signal.SIGKILL)
        wait_for(lambda: not any(map(alive, roles)), "edge and control end", within=5)
        lintel.wait(5)


if __name__ == "__main__":
    main()
