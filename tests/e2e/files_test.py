"""Routes from files are followed as they change; a bad file never takes good routes down."""
import json
import pathlib
import shutil
import tempfile

from support.case import Case, main, wait_for
from support.routes import document, routes


class Files(Case):
    def setUp(self):
        self.upstream = self.backend()
        self.front = self.lintel(routes=routes({"first.test": self.upstream.url}))
        self.front.until("first.test")

    def problems(self):
        shown = self.front.cli("problems", "-o", "json")
        self.assertEqual(0, shown.returncode, shown.stderr)
        return json.loads(shown.stdout)["problems"]

    def test_a_route_is_there_as_soon_as_its_file_is_and_gone_with_it(self):
        self.front.write_routes(routes({"second.test": self.upstream.url}), "second.yml")
        self.front.until("second.test")
        (self.front.routes / "second.yml").unlink()
        self.front.until("second.test", 404)
        self.assertEqual(200, self.front.get("first.test").status)

    def test_a_file_that_is_written_in_place_is_followed_too(self):
        with open(self.front.routes / "slow.yaml", "w", encoding="utf-8") as half:
            half.write("http:\n")
            half.flush()
            half.write(routes({"second.test": self.upstream.url}).removeprefix("http:\n"))
        self.front.until("second.test")

    def test_another_upstream_takes_over(self):
        other = self.backend(lambda exchange: exchange.reply("the other"))
        self.front.write_routes(routes({"first.test": other.url}))
        wait_for(lambda: self.front.get("first.test").text == "the other", "the new upstream answers")

    def test_other_files_of_the_folder_are_left_alone(self):
        self.front.write_routes(routes({"backup.test": self.upstream.url}), "routes.yml~")
        self.front.write_routes("certainly: [not yaml", "README.txt")
        self.front.write_routes(routes({"second.test": self.upstream.url}), "second.yml")
        self.front.until("second.test")
        self.assertEqual(404, self.front.get("backup.test").status)
        self.assertEqual([], self.problems())

    def test_a_bad_file_keeps_its_last_good_routes_and_says_where_it_is_wrong(self):
        good = routes({"first.test": self.upstream.url, "third.test": self.upstream.url})
        self.front.write_routes("http:\n  routers:\n    a: [not: closed\n")
        problem = wait_for(self.problems, "the problem is told")[0]
        self.assertRegex(problem["where"], r"routes\.yml:[34]:\d+$")
        self.assertEqual(200, self.front.get("first.test").status)
        self.front.write_routes(routes({"other.test": self.upstream.url}), "other.yml")
        self.front.until("other.test")
        self.assertEqual(200, self.front.get("first.test").status)
        self.front.write_routes(good)
        self.front.until("third.test")
        self.assertEqual([], self.problems())

    def test_a_wrong_key_costs_only_itself_and_is_named_with_its_place(self):
        text = document({"fine": ("Host(`fine.test`)", self.upstream.url), "odd": ("Host(`odd.test`)", self.upstream.url)})
        lines = text.splitlines()
        at = next(number for number, line in enumerate(lines) if "odd.test" in line)
        lines.insert(at, "      ruel: Host(`typo.test`)")
        self.front.write_routes("\n".join(lines) + "\n")
        self.front.until("fine.test")
        self.assertEqual(200, self.front.get("odd.test").status, "the rest of the router counts")
        problem = next(each for each in self.problems() if "ruel" in each["what"])
        self.assertRegex(problem["where"], rf"routes\.yml:{at + 1}:7$")
        self.assertIn("rule", problem["what"].replace("ruel", ""), "the nearest key is named")

    def test_a_rule_that_cannot_be_read_leaves_only_its_router_out(self):
        text = document({"fine": ("Host(`fine.test`)", self.upstream.url),
                         "broken": ("Host(`broken.test`) &&", self.upstream.url)})
        line = text[:text.index("broken.test")].count("\n") + 1
        self.front.write_routes(text)
        self.front.until("fine.test")
        self.assertEqual(404, self.front.get("broken.test").status)
        self.assertRegex(self.problems()[0]["where"], rf"routes\.yml:{line}:13$")

    def test_an_empty_file_is_no_problem(self):
        self.front.write_routes("# nothing yet\n")
        self.front.until("first.test", 404)
        self.assertEqual([], self.problems())

    def test_aliases_of_entrypoints_and_priorities(self):
        other = self.backend(lambda exchange: exchange.reply("the other"))
        text = document({"wide": ("Host(`first.test`)", self.upstream.url),
                         "narrow": ("Host(`first.test`) && PathPrefix(`/api`)", other.url)})
        self.front.write_routes(text.replace("entryPoints: [http]", "entryPoints: [web]"))
        wait_for(lambda: self.front.get("first.test", "/api/x").text == "the other", "the longer rule comes first")
        self.assertEqual("ok", self.front.get("first.test", "/").text)


class OneFile(Case):
    def test_a_single_file_is_watched_even_when_it_comes_later(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-routes-"))
        self.addCleanup(shutil.rmtree, folder)
        upstream = self.backend()
        lintel = self.lintel("--routes", folder / "later.yml", routes=None)
        self.assertEqual(404, lintel.get("late.test").status)
        (folder / "later.yml").write_text(routes({"late.test": upstream.url}))
        lintel.until("late.test")


if __name__ == "__main__":
    main()
