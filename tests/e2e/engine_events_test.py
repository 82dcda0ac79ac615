"""What happens to a container, and to the engine itself, is followed at once."""
import os
import shutil
import signal
import tempfile
import threading

from support.case import Case, main, wait_for
from support.containers import ENGINE, SOCKET, Container, docker, python_app, unique
from support.forwarder import Forwarder
from support.routes import routes


def labels(host, **more):
    name = host.split(".")[0]
    return {f"traefik.http.routers.{name}.rule": f"Host(`{host}`)", f"traefik.http.routers.{name}.entrypoints": "http",
            f"traefik.http.services.{name}.loadbalancer.server.port": "8080", **more}


class ContainerEvents(Case):
    def setUp(self):
        self.front = self.lintel(engine=ENGINE)
        self.host = unique("app") + ".localhost"

    def route(self):
        return next(each for each in self.front.api("/routes")[1]["routes"] if self.host in each["rule"])

    def test_a_stopped_container_keeps_its_router_and_a_started_one_is_served_again(self):
        container = Container(self, labels(self.host))
        self.front.until(self.host)
        docker("stop", "-t", "0", container.id)
        self.assertIsNotNone(self.front.until(self.host, 503)["lintel-reason"])
        docker("start", container.id)
        self.front.until(self.host)
        docker("restart", "-t", "0", container.id)
        self.front.until(self.host)

    def impatiently(self, host, path):
        """A request that overtook the engine's event waits in the paused container."""
        with self.front.connect(within=1) as client:
            return client.request(host, path)

    def test_a_paused_container_gets_no_request(self):
        container = Container(self, labels(self.host))
        self.front.until(self.host)
        docker("pause", container.id)
        self.front.until(self.host, 503, get=self.impatiently)
        docker("unpause", container.id)
        self.front.until(self.host)

    def test_a_renamed_container_is_known_by_its_new_name(self):
        container = Container(self, labels(self.host))
        self.front.until(self.host)
        name = unique("renamed")
        docker("rename", container.id, name)
        wait_for(lambda: name in self.route()["source"], "the route's source has the new name")
        self.assertEqual(200, self.front.get(self.host).status)

    def test_networks_can_come_and_go(self):
        network = unique("e2e-net")
        docker("network", "create", network)
        self.addCleanup(docker, "network", "rm", network, check=False)
        container = Container(self, labels(self.host, **{"lintel.network": network}))
        self.addCleanup(docker, "network", "disconnect", "-f", network, container.id, check=False)
        docker("network", "connect", network, container.id)
        address = container.inspect(f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}')
        wait_for(lambda: self.route()["endpoints"][0]["address"] == f"{address}:8080", "the label's network is used")
        self.front.until(self.host)
        docker("network", "disconnect", "bridge", container.id)
        self.assertEqual(200, self.front.get(self.host).status)
        docker("network", "disconnect", network, container.id)
        self.front.until(self.host, 503)

    def test_a_request_in_flight_at_docker_stop_is_finished(self):
        container = Container(self, labels(self.host), python_app("worker.py", "drain", "1.5"),
                              healthy_when="test -f /tmp/up")
        self.front.until(self.host, within=20)
        answers = []
        client = threading.Thread(target=lambda: answers.append(self.front.get(self.host, "/slow").status))
        before = container.execute("cat", "/tmp/started")
        client.start()
        wait_for(lambda: container.execute("cat", "/tmp/started") != before, "the request runs")
        docker("stop", container.id)
        client.join(10)
        self.assertEqual([200], answers)
        self.front.until(self.host, 503)


class EngineAway(Case):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="lintel-e2e-engine-")
        self.addCleanup(shutil.rmtree, folder)
        self.forwarder = Forwarder(f"{folder}/engine.sock", SOCKET)
        self.addCleanup(self.forwarder.stop)
        self.engine = f"unix://{self.forwarder.path}"

    def provider(self, lintel):
        providers = lintel.api("/status")[1]["providers"]
        return next(each for each in providers if each["name"] == "docker")

    def test_routes_stay_while_the_engine_is_away_and_follow_when_it_is_back(self):
        gone, stays, new = (unique("app") + ".localhost" for _ in range(3))
        self.forwarder.start()
        lintel = self.lintel(engine=self.engine)
        going = Container(self, labels(gone))
        Container(self, labels(stays))
        lintel.until(gone)
        lintel.until(stays)
        self.forwarder.stop()
        wait_for(lambda: not self.provider(lintel)["available"], "the status says that the engine is away")
        self.assertTrue(any("docker" in each["where"] for each in lintel.problems()), lintel.problems())
        self.assertEqual([200] * 20, [lintel.get(stays).status for _ in range(20)])
        going.remove()
        Container(self, labels(new))
        self.assertEqual(404, lintel.get(new).status)
        self.forwarder.start()
        lintel.until(new, within=20)
        lintel.until(gone, 404)
        self.assertEqual(200, lintel.get(stays).status)
        wait_for(lambda: self.provider(lintel)["available"], "the status says that it is back")

    def test_routes_stay_when_control_restarts_while_the_engine_is_away(self):
        host = unique("app") + ".localhost"
        self.forwarder.start()
        lintel = self.lintel(engine=self.engine)
        Container(self, labels(host))
        lintel.until(host)
        saved = lintel.state / "last-good.json"
        wait_for(lambda: saved.exists() and host in saved.read_text(), "the last good snapshot is written")
        self.forwarder.stop()
        wait_for(lambda: not self.provider(lintel)["available"], "the status says that the engine is away")
        before = lintel.role("control")
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: lintel.role("control") not in (None, before), "control is back")
        wait_for(lambda: lintel.api("/status")[1]["edge"]["connected"], "the edge is connected")
        wait_for(lambda: (edge := lintel.api("/status")[1]["edge"])["applied"] == edge["version"], "all is in force")
        self.assertEqual([200] * 20, [lintel.get(host).status for _ in range(20)])
        self.forwarder.start()
        wait_for(lambda: self.provider(lintel)["available"], "the engine is back", within=20)
        self.assertEqual(200, lintel.get(host).status)

    def test_an_engine_that_is_not_there_yet_costs_only_its_containers(self):
        host = unique("app") + ".localhost"
        Container(self, labels(host))
        upstream = self.backend()
        lintel = self.lintel(engine=self.engine, routes=routes({"file.test": upstream.url}))
        lintel.until("file.test")

        def named():
            return any(self.forwarder.path in each["what"] for each in lintel.problems())

        wait_for(named, "the problem names the socket")
        self.forwarder.start()
        lintel.until(host, within=20)
        wait_for(lambda: not named(), "the problem is gone")


if __name__ == "__main__":
    main()
