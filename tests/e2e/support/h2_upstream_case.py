"""What tests of upstreams that speak HTTP/2 have in common: the upstreams, and a front door before them."""
import threading

from support import h2
from support.case import Case, wait_for
from support.h2 import frame, number
from support.h2_backend import H2Backend, ok
from support.routes import routes


def goaway(last, code=h2.NO_ERROR):
    return frame(h2.GOAWAY, payload=number(last) + number(code))


class Upstream(Case):
    def upstream(self, answer=ok, **options):
        upstream = H2Backend(answer, **options)
        self.addCleanup(upstream.stop)
        return upstream

    def door(self, *upstreams, flags=(), options="", **lintel):
        """app.test in front of all of them, on one worker. `options`: of its router, as YAML."""
        text = routes({"app.test": [each.url for each in upstreams]})
        if options:
            text = text.replace("      service: app-test\n", f"      service: app-test\n      lintel: {{{options}}}\n", 1)
        lintel = self.lintel(*flags, routes=text, workers=1, **lintel)
        return self.ready(lintel)

    def ready(self, lintel):
        wait_for(lambda: all(endpoint["state"] == "ready" for route in lintel.api("/routes")[1]["routes"]
                             for endpoint in route["endpoints"]), "all are ready")
        return lintel

    def in_background(self, what, *arguments):
        """Runs on a thread; returns a function that waits for what it returned."""
        found = []

        def run():
            try:
                found.append(what(*arguments))
            except (OSError, EOFError):
                pass  # who wants the result misses it
        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def result():
            thread.join(20)
            self.assertTrue(found, "it ended, and well")
            return found[0]
        return result
