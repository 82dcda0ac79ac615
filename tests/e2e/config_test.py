"""One set of keys, as lintel.yaml, LINTEL_… variables and flags; mistakes are found before they cost anything."""
import pathlib
import shutil
import tempfile

from support.case import Case, main, wait_for
from support.lintel import cli
from support.routes import routes
from support.wire import connect


class WithFolder(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-config-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.config = self.folder / "lintel.yaml"


class Check(WithFolder):
    def check(self, text, *flags):
        self.config.write_text(text)
        return cli("check", "--config", self.config, *flags)

    def assert_bad(self, done, place, *words):
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn(f"{place}: ", done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_good_file_exits_0(self):
        done = self.check("http: 127.0.0.1:8080\nstate: /tmp/x\ndrain_timeout: 10s\ntrusted_proxies: [10.0.0.0/8]\n"
                          "entrypoints:\n  internal: 127.0.0.1:9000\n  websecure:\n    address: :8443\n    public_port: 443\n")
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_an_unknown_key_names_the_nearest_known_one(self):
        self.assert_bad(self.check("http: :80\n\n  \ndrain_timeuot: 3s\n"), f"{self.config}:4:1", "drain_timeuot",
                        "drain_timeout")

    def test_a_value_that_makes_no_sense(self):
        self.assert_bad(self.check("workers: many\n"), f"{self.config}:1:10", "workers", "many")
        self.assert_bad(self.check("https: nowhere\n"), f"{self.config}:1:8", "https")
        self.assert_bad(self.check("drain_timeout: 3 parsecs\n"), f"{self.config}:1:16", "drain_timeout")

    def test_all_mistakes_are_told_at_once(self):
        done = self.check("workers: many\nlog_level: loud\n")
        self.assert_bad(done, f"{self.config}:1:10")
        self.assert_bad(done, f"{self.config}:2:12")

    def test_text_that_is_no_yaml(self):
        self.assert_bad(self.check("http: [\n"), f"{self.config}:2:1")

    def test_routes_are_checked_too(self):
        file = self.folder / "routes.yml"
        file.write_text("http:\n  routers:\n    a:\n      rule: Host(`a.test`\n      service: a\n")
        self.assert_bad(self.check("http: :80\n", "--routes", file), f"{file}:4:13")
        file.write_text(routes({"a.test": "http://127.0.0.1:1"}))
        self.assertEqual(0, self.check("http: :80\n", "--routes", file).returncode)

    def test_issuers_are_checked_too(self):
        secret = self.folder / "hmac"
        good = (f"email: a@b.test\nissuers:\n  inner:\n    directory: https://ca.internal/dir\n    ca_file: {self.config}\n"
                f"    eab: {{kid: k, hmac_file: {secret}}}\nresolvers: {{le: inner}}\n")
        self.assert_bad(self.check(good), f"{self.config}:3:3", "issuers.inner.eab.hmac_file", str(secret))
        secret.write_text("YWJj\n")
        self.assertEqual(0, self.check(good).returncode)
        self.assert_bad(self.check(good.replace("le: inner", "le: iner")), f"{self.config}:7:12", "did you mean inner?")
        self.assert_bad(self.check(good.replace(f"ca_file: {self.config}", "ca_file: /nowhere/ca.pem")), "/nowhere/ca.pem",
                        "can't be read")
        self.assert_bad(self.check(good + "import: /nowhere/acme.json\n"), "/nowhere/acme.json", "can't be read")

    def test_a_missing_file_is_named(self):
        done = cli("check", "--config", "/nowhere/lintel.yaml")
        self.assertEqual(3, done.returncode)
        self.assertIn("/nowhere/lintel.yaml", done.stderr)

    def test_run_refuses_what_check_refuses(self):
        self.config.write_text("htpp: :80\n")
        done = cli("run", "--config", self.config)
        self.assert_bad(done, f"{self.config}:1:1", "htpp", "http")

    def test_a_wrong_flag_is_a_usage_error(self):
        self.assertEqual(2, cli("run", "--no-such-flag").returncode)
        self.assertEqual(2, cli("no-such-command").returncode)

    def test_the_commented_example_in_docs_is_good(self):
        examples = list(pathlib.Path(__file__).resolve().parents[2].glob("docs/**/lintel.yaml"))
        self.assertTrue(examples, "docs/ has an example")
        for example in examples:
            done = cli("check", "--config", example)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertRegex(example.read_text(), r"(?m)^\s*#", "it is commented")


class Precedence(WithFolder):
    def test_flags_win_over_variables_and_variables_over_the_file(self):
        logs = {source: self.folder / f"{source}.log" for source in ("file", "variable", "flag")}
        self.config.write_text(f"access_log: {logs['file']}\n")
        variable = {"LINTEL_ACCESS_LOG": str(logs["variable"])}
        for source, env, flags in (("file", {}, ()), ("variable", variable, ()),
                                   ("flag", variable, ("--access-log", logs["flag"]))):
            with self.subTest(source):
                lintel = self.lintel("--config", self.config, *flags, access_log=None, env=env)
                lintel.get("any.test", f"/{source}")
                wait_for(lambda: logs[source].exists() and f"/{source}" in logs[source].read_text(), "the line is there")
                self.assertIsNone(lintel.stop())
        for source, log in logs.items():
            self.assertEqual(1, len(log.read_text().splitlines()), source)

    def test_entrypoints_can_be_declared_and_have_names(self):
        self.config.write_text("http: 127.0.0.1:0\nhttps: 127.0.0.1:0\nentrypoints:\n  internal: 127.0.0.1:0\n")
        upstream = self.backend()
        text = routes({"app.test": upstream.url}).replace("entryPoints: [http]", "entryPoints: [internal]")
        lintel = self.lintel("--config", self.config, http=None, https=None, routes=text)
        self.assertEqual({"http", "https", "internal"}, set(lintel.ready["entrypoints"]))
        internal = lintel.ready["entrypoints"]["internal"]

        def ask(host, path):
            with connect(internal) as client:
                return client.request(host, path)

        lintel.until("app.test", get=ask)
        self.assertEqual(404, lintel.get("app.test").status, "the router names that entrypoint only")

    def test_variables_alone_are_enough(self):
        state = self.folder / "state"
        lintel = self.lintel(http=None, https=None, engine=None, drain_timeout=None, access_log=None, state=state,
                             env={"LINTEL_HTTP": "127.0.0.1:0", "LINTEL_HTTPS": "127.0.0.1:0", "LINTEL_ENGINE": "off",
                                  "LINTEL_WORKERS": "1", "LINTEL_DRAIN_TIMEOUT": "1s"})
        self.assertEqual(404, lintel.get("any.test").status)


if __name__ == "__main__":
    main()
