"""How soon after the engine's `start` event a container answers through the front door."""
import statistics
import subprocess
import time

from support.case import Case, main, wait_for
from support.containers import ENGINE, HELLO, IMAGE, Events, docker, unique

CONTAINERS = 20
LIMIT_MS = 20


class StartLatency(Case):
    def test_the_median_is_at_most_20_ms_in_clear_text(self):
        def labels(name):
            return {f"traefik.http.routers.{name}.rule": f"Host(`{name}.localhost`)",
                    f"traefik.http.routers.{name}.entrypoints": "http",
                    f"traefik.http.services.{name}.loadbalancer.server.port": "8080"}

        def ask_until_200(lintel, host):
            with lintel.connect() as client:
                wait_for(lambda: client.request(host).status == 200, f"{host} answers", every=0.001)

        self.measure("clear text", labels, ask_until_200)

    def test_the_median_is_at_most_20_ms_over_https(self):
        def labels(name):
            return {"lintel.host": f"{name}.localhost", "lintel.port": "8080"}

        def ask_until_200(lintel, host):
            def asked():
                try:
                    return lintel.get_tls(host).status == 200
                except OSError:
                    return False  # no certificate for a name that isn't there yet

            wait_for(asked, f"{host} answers", every=0.001)

        self.measure("HTTPS, each try with its own handshake", labels, ask_until_200)

    def measure(self, what, labels, ask_until_200):
        lintel = self.lintel(engine=ENGINE)
        events = Events(self, type=["container"], event=["start"])
        taken = []
        for _ in range(CONTAINERS):
            name = unique("start")
            flags = [part for pair in labels(name).items() for part in ("--label", "=".join(pair))]
            container = docker("create", "--name", name, *flags, IMAGE, *HELLO)
            self.addCleanup(docker, "rm", "-f", container, check=False)
            started = subprocess.Popen(["docker", "start", container], stdout=subprocess.DEVNULL)
            ask_until_200(lintel, f"{name}.localhost")
            answered = time.time_ns()
            started.wait()
            event = wait_for(lambda: next((each for each in events.seen if each["Actor"]["ID"] == container), None),
                             "the engine's start event")
            taken.append((answered - event["timeNano"]) / 1e6)
            docker("rm", "-f", container)
        median = statistics.median(taken)
        print(f"{what}: start event to first 200 in {median:.1f} ms at the median of {len(taken)}, "
              f"{min(taken):.1f} to {max(taken):.1f}")
        self.assertLessEqual(median, LIMIT_MS)


if __name__ == "__main__":
    main()
