"""Why is it there, why is it not: the read-only API and the commands on it."""
import json
import stat

from support.case import Case, main, wait_for
from support.lintel import ROOT, cli
from support.routes import document, routes


class Api(Case):
    def setUp(self):
        self.upstream = self.backend()
        self.front = self.lintel(routes=routes({"app.test": self.upstream.url}))
        self.front.until("app.test")

    def test_status_tells_what_runs_and_how_much(self):
        def in_force():
            edge = self.front.api("/status")[1]["edge"]
            return edge["connected"] and edge["version"] == edge["applied"]

        wait_for(in_force, "the edge has all that it should have")
        code, status = self.front.api("/status")
        self.assertEqual(200, code)
        self.assertEqual({"supervisor", "control", "edge"}, set(status["roles"]))
        self.assertEqual(self.front.pid, status["roles"]["supervisor"]["pid"])
        self.assertEqual({("http", self.front.http, False), ("https", self.front.https, True)},
                         {(each["name"], each["address"], each["tls"]) for each in status["entrypoints"]})
        self.assertTrue(next(each for each in status["providers"] if each["name"] == "file")["available"])
        counts = status["counts"]
        self.assertEqual((1, 1, 1, 0), tuple(counts[each] for each in ("routers", "services", "endpoints", "problems")))

    def test_requests_are_counted(self):
        def requests():
            return self.front.api("/status")[1]["stats"].get("requests", 0)

        before = wait_for(requests, "the first count arrives")
        for _ in range(7):
            self.front.get("app.test")
        wait_for(lambda: requests() >= before + 7, "the count of these arrives", within=5)

    def test_every_counter_is_in_the_documentation(self):
        stats = wait_for(lambda: self.front.api("/status")[1]["stats"], "the first count arrives")
        text = (ROOT / "docs/observability.md").read_text()
        self.assertEqual([], [name for name in stats if f"`{name}`" not in text])

    def test_routes_tell_rule_service_source_and_state(self):
        def served():
            route = self.front.api("/routes")[1]["routes"][0]
            return route["state"] == "serving" and route

        route = wait_for(served, "the edge has said that the endpoint is ready")
        self.assertEqual("Host(`app.test`)", route["rule"])
        self.assertEqual(["http"], route["entrypoints"])
        self.assertIn("routes.yml", route["source"])
        endpoint = route["endpoints"][0]
        self.assertEqual((f"127.0.0.1:{self.upstream.port}", "ready"), (endpoint["address"], endpoint["state"]))
        self.upstream.stop()
        wait_for(lambda: self.front.get("app.test").status != 200, "the upstream is gone")

    def test_a_dead_endpoint_is_shown_as_such(self):
        self.upstream.stop()

        def state():
            self.front.get("app.test")
            return self.front.api("/routes")[1]["routes"][0]["endpoints"][0]["state"]

        wait_for(lambda: state() != "ready", "the endpoint isn't ready", within=20, every=0.1)

    def test_problems_say_where_and_what(self):
        self.assertEqual([], self.front.problems())
        self.front.write_routes(document({"a": ("Hots(`a.test`)", self.upstream.url)}), "wrong.yml")
        problem = wait_for(self.front.problems, "the problem is told")[0]
        self.assertIn("wrong.yml", problem["where"])
        self.assertIn("Hots", problem["what"])
        self.assertIn("wrong.yml", self.front.cli("problems").stdout)

    def test_health_is_good_while_all_is_well(self):
        code, health = wait_for(lambda: (answer := self.front.api("/health"))[1]["healthy"] and answer, "healthy")
        self.assertEqual(200, code)
        self.assertTrue(health["checks"])
        self.assertEqual(0, self.front.cli("health").returncode)

    def test_health_fails_while_a_source_is_away(self):
        lintel = self.lintel(engine="unix:///nowhere/docker.sock")
        code, health = wait_for(lambda: (answer := lintel.api("/health"))[0] == 503 and answer, "not healthy")
        self.assertFalse(health["healthy"])
        self.assertEqual(1, lintel.cli("health").returncode)
        self.assertIn("/nowhere/docker.sock", lintel.cli("problems").stdout)

    def test_commands_print_tables_and_json(self):
        for name in ("status", "routes", "problems", "health"):
            with self.subTest(name):
                table, data = self.front.cli(name), self.front.cli(name, "-o", "json")
                self.assertEqual((0, 0), (table.returncode, data.returncode), table.stderr + data.stderr)
                self.assertEqual(set(self.front.api(f"/{name}")[1]), set(json.loads(data.stdout)))
                self.assertNotIn("{", table.stdout)
        self.assertIn("Host(`app.test`)", self.front.cli("routes").stdout)

    def test_nobody_there_is_a_failure_of_its_own(self):
        done = cli("status", "--state", "/nowhere")
        self.assertEqual(5, done.returncode)
        self.assertIn("/nowhere", done.stderr)

    def test_it_can_only_be_read_and_only_by_the_owner(self):
        self.assertEqual(0, stat.S_IMODE((self.front.state / "admin.sock").stat().st_mode) & 0o077)
        for method, path, status in (("POST", "/routes", 405), ("DELETE", "/status", 405), ("GET", "/nothing", 404)):
            with self.subTest(f"{method} {path}"), self.front.admin() as client:
                response = client.request("lintel", path, method)
                self.assertEqual(status, response.status)


if __name__ == "__main__":
    main()
