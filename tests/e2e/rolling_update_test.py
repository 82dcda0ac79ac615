"""The rolling update that today's tools do: a new container with the same labels starts, gets healthy, and `docker stop`
ends the old one. No request fails."""
import collections

from support.case import Case, main, wait_for
from support.containers import ENGINE, Container, docker, python_app, unique
from support.load import Load

UPDATES = 20
RATE = 200


class RollingUpdate(Case):
    def update_under_load(self, habit, make):
        """Returns the load and what the containers' logs say was done."""
        lintel = self.lintel(engine=ENGINE)
        name = unique("app")
        host = f"{name}.localhost"
        labels = {f"traefik.http.routers.{name}.rule": f"Host(`{host}`)",
                  f"traefik.http.routers.{name}.entrypoints": "http",
                  f"traefik.http.services.{name}.loadbalancer.server.port": "8080"}

        def start():
            container = Container(self, labels, python_app("worker.py", habit), healthy_when="test -f /tmp/up")
            container.wait_healthy()
            return container

        current, done = start(), []
        lintel.until(host)
        with Load(lintel.http, host, clients=16, rate=RATE, make=make) as load:
            for _ in range(UPDATES):
                before = load.answered()
                wait_for(lambda: load.answered() >= before + 50, "the load goes on")
                new = start()
                docker("stop", current.id)
                done += docker("logs", current.id).splitlines()
                docker("rm", current.id)
                current = new
        done += docker("logs", current.id).splitlines()
        failures = collections.Counter(f"{each.method}: {each.failure}" for each in load.failed())
        print(f"{habit}: {UPDATES} updates, {len(load.samples)} requests, {sum(failures.values())} failed {dict(failures)}")
        return load, done

    def test_an_app_that_finishes_what_runs_loses_no_get_and_no_post(self):
        def make(number):
            return ("POST", "/", f"{number}\nsome work to do".encode()) if number % 2 else ("GET", "/", None)

        load, done = self.update_under_load("drain", make)
        self.assertEqual([], load.failed())
        twice = [line for line, count in collections.Counter(done).items() if count > 1]
        self.assertEqual([], twice, "no POST was done twice")
        self.assertGreater(len(done), UPDATES * 20)

    def test_an_app_that_exits_at_once_loses_no_get(self):
        load, _ = self.update_under_load("exit", lambda number: ("GET", "/", None))
        self.assertEqual([], load.failed())
        self.assertGreater(len(load.samples), UPDATES * 50)


if __name__ == "__main__":
    main()
