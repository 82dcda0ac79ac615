"""A container is served because of its labels, with no other step, and is gone when it is gone."""
import subprocess

from support.case import Case, main, wait_for
from support.containers import ENGINE, Container, docker, unique
from support.curl import curl, https_url


class Labels(Case):
    def setUp(self):
        self.front = self.lintel(engine=ENGINE, workers=1)
        self.host = unique("app") + ".localhost"

    def traefik(self, host, **more):
        """Labels for a router in clear text. `more`: name → label key with R for the router's name."""
        name = host.split(".")[0]
        return {f"traefik.http.routers.{name}.rule": f"Host(`{host}`)",
                f"traefik.http.routers.{name}.entrypoints": "http",
                f"traefik.http.services.{name}.loadbalancer.server.port": "8080", **more}

    def problems_of(self, container):
        return [each for each in self.front.problems() if container.name in each["where"]]

    def routes_of(self, host):
        return [each for each in self.front.api("/routes")[1]["routes"] if host in each["rule"]]

    def test_one_label_is_enough_for_https(self):
        container = Container(self, {"lintel.host": self.host, "lintel.port": 8080})
        self.front.until(self.host, get=self.front.get_tls)
        done = curl(self.front, https_url(self.front, self.host), "--write-out", "%{http_code}")
        self.assertEqual((0, f"{container.name}\n200"), (done.returncode, done.stdout.decode()), done.stderr)
        docker("rm", "-f", container.id)
        self.assertEqual("no-route", self.front.until(self.host, 404, get=self.front.get_tls)["lintel-reason"])

    def test_plain_http_redirects_to_the_https_port(self):
        Container(self, {"lintel.host": self.host, "lintel.port": 8080})
        answer = self.front.until(self.host, 308, path="/a%2Fb?c=d")
        port = self.front.https.rpartition(":")[2]
        self.assertEqual(f"https://{self.host}:{port}/a%2Fb?c=d", answer["location"])
        with self.front.connect() as client:
            self.assertEqual(f"https://{self.host}:{port}", client.request(self.host, "*", "OPTIONS")["location"])
        self.front.until(self.host, get=self.front.get_tls)
        followed = curl(self.front, f"http://{self.host}:{self.front.http.rpartition(':')[2]}/", "--location",
                        "--write-out", "%{http_code}")
        self.assertTrue(followed.stdout.endswith(b"200"), followed)

    def test_strict_transport_and_the_other_host_of_a_pair(self):
        Container(self, {"lintel.host": self.host, "lintel.port": 8080, "lintel.hsts": "true, includeSubDomains",
                         "lintel.redirect": "non-www"})
        answer = self.front.until(self.host, get=self.front.get_tls)
        self.assertEqual("max-age=31536000; includeSubDomains", answer["strict-transport-security"])
        port = self.front.https.rpartition(":")[2]
        other = self.front.until(f"www.{self.host}", 308, path="/a?b", get=self.front.get_tls)
        self.assertEqual(f"https://{self.host}:{port}/a?b", other["location"])
        plain = self.front.until(self.host, 308)
        self.assertIsNone(plain["strict-transport-security"], "said over TLS only (RFC 6797 7.2)")

    def test_several_hosts_and_a_path(self):
        other = unique("app") + ".localhost"
        Container(self, {"lintel.host": f"{self.host}, {other}", "lintel.port": 8080, "lintel.path": "/blog"})
        for host in (self.host, other):
            answer = self.front.until(host, 404, path="/blog/post", get=self.app_answer)
            self.assertIsNone(answer["lintel-reason"], "the app's own 404")
            self.assertEqual("no-route", self.front.get_tls(host, "/blogger")["lintel-reason"])

    def app_answer(self, host, path):
        """Over HTTPS; an answer of ours counts as none."""
        answer = self.front.get_tls(host, path)
        answer.status = 0 if answer["lintel-reason"] else answer.status
        return answer

    def test_traefik_labels_keep_their_meaning(self):
        container = Container(self, self.traefik(self.host))
        self.assertEqual(container.name, self.front.until(self.host).text.strip())
        with self.assertRaises(OSError, msg="no tls, so nothing on https"):
            self.front.get_tls(self.host)
        disabled = unique("app") + ".localhost"
        Container(self, {**self.traefik(disabled), "traefik.enable": "false"})
        after = unique("app") + ".localhost"
        Container(self, self.traefik(after))
        self.front.until(after)
        self.assertEqual(404, self.front.get(disabled).status)

    def test_without_a_port_label_the_lowest_exposed_port_is_taken(self):
        labels = self.traefik(self.host)
        labels.pop(next(key for key in labels if key.endswith(".port")))
        Container(self, labels, options=["--expose", "9090", "--expose", "8080"])
        self.front.until(self.host)

    def test_rules_with_paths_and_alternatives(self):
        other = unique("app") + ".localhost"
        labels = self.traefik(self.host)
        name = self.host.split(".")[0]
        labels[f"traefik.http.routers.{name}.rule"] = (
            f"(Host(`{self.host}`) || Host(`{other}`)) && PathPrefix(`/index`)")
        Container(self, labels)
        self.front.until(self.host, path="/index.html")
        self.assertEqual(200, self.front.get(other, "/index.html").status)
        self.assertEqual(404, self.front.get(other, "/").status)

    def test_a_container_with_a_healthcheck_is_used_only_while_healthy(self):
        container = Container(self, self.traefik(self.host), healthy_when="test -f /tmp/healthy")
        self.assertIn(self.front.until(self.host, 503)["lintel-reason"], ("starting", "unhealthy"))
        container.execute("touch", "/tmp/healthy")
        self.front.until(self.host)
        container.execute("rm", "/tmp/healthy")
        self.assertEqual("unhealthy", self.front.until(self.host, 503)["lintel-reason"])

    def test_containers_with_the_same_label_take_turns(self):
        pair = [Container(self, self.traefik(self.host)) for _ in range(2)]
        names = {each.name for each in pair}
        wait_for(lambda: {self.front.get(self.host).text.strip() for _ in range(2)} == names, "both answer")
        turns = [self.front.get(self.host).text.strip() for _ in range(20)]
        self.assertEqual(2, len(set(turns)))
        self.assertTrue(all(one != next for one, next in zip(turns, turns[1:])), turns)
        docker("rm", "-f", pair[0].id)
        wait_for(lambda: len(self.routes_of(self.host)[0]["endpoints"]) == 1, "one endpoint is left")
        self.assertEqual({pair[1].name}, {self.front.get(self.host).text.strip() for _ in range(10)})

    def test_a_one_off_container_of_compose_is_ignored(self):
        Container(self, {**self.traefik(self.host), "com.docker.compose.project": "p",
                         "com.docker.compose.service": "s", "com.docker.compose.oneoff": "True"})
        after = unique("app") + ".localhost"
        Container(self, self.traefik(after))
        self.front.until(after)
        self.assertEqual(404, self.front.get(self.host).status)

    def test_a_router_that_names_a_middleware_is_closed_and_says_why(self):
        name = self.host.split(".")[0]
        container = Container(self, {**self.traefik(self.host), f"traefik.http.routers.{name}.middlewares": "auth@file"})
        answer = self.front.until(self.host, 503)
        self.assertIn("middleware", answer.text)
        self.assertTrue(any("auth@file" in each["what"] for each in self.problems_of(container)), self.front.problems())

    def test_a_wrong_label_costs_itself_only_and_is_reported(self):
        neighbour = unique("app") + ".localhost"
        wrong = Container(self, {**self.traefik(self.host), "lintel.hots": "typo.localhost"})
        Container(self, self.traefik(neighbour))
        self.front.until(self.host)
        self.front.until(neighbour)
        said = " ".join(each["where"] + each["what"] for each in self.problems_of(wrong))
        self.assertIn("lintel.hots", said)
        self.assertIn("lintel.host", said.replace("lintel.hots", ""), "the nearest key is named")
        shown = self.front.cli("problems")
        self.assertIn(wrong.name, shown.stdout)

    def test_a_rule_that_cannot_be_read_leaves_its_router_out(self):
        name = self.host.split(".")[0]
        broken = Container(self, {**self.traefik(self.host),
                                  f"traefik.http.routers.{name}.rule": f"Host(`{self.host}`) && Path("})
        wait_for(lambda: self.problems_of(broken), "it is reported")
        self.assertEqual(404, self.front.get(self.host).status)

    def test_containers_that_run_already_are_found_at_the_start(self):
        Container(self, self.traefik(self.host))
        later = self.lintel(engine=ENGINE)
        later.until(self.host)
        self.assertIn(self.host, later.cli("routes").stdout)

    def test_a_real_docker_run_with_a_rule_in_backticks(self):
        name = unique("e2e")
        self.addCleanup(docker, "rm", "-f", name, check=False)
        subprocess.run(
            f"docker run -d --name {name} -l 'traefik.http.routers.{name}.rule=Host(`{self.host}`)' "
            "--expose 8080 lintel-e2e:1 /bin/sh -c 'exec httpd -f -p 8080 -h /'",
            shell=True, check=True, capture_output=True)
        answer = self.front.until(self.host, 404, get=lambda host, path: self.own(self.front.get(host, path)))
        self.assertIsNone(answer["lintel-reason"])
        over_tls = self.front.until(self.host, 404, get=lambda host, path: self.own(self.front.get_tls(host, path)))
        self.assertIsNone(over_tls["lintel-reason"], "no entrypoints named: http in clear text and https over TLS")

    @staticmethod
    def own(answer):
        answer.status = 0 if answer["lintel-reason"] else answer.status
        return answer


if __name__ == "__main__":
    main()
