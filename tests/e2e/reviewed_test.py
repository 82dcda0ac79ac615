"""What a careful reader found wrong once."""
import os
import pathlib
import signal
import tempfile

from support.case import Case, main, wait_for
from support.lintel import cli
from support.routes import routes


class Upstreams(Case):
    def test_bytes_that_nobody_asked_for_answer_no_request(self):
        def answer(exchange):
            exchange.reply(exchange.request.target)
            if exchange.request.target == "/first":
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nPOISONED")
                sent.append(True)

        sent = []
        lintel = self.lintel(routes=routes({"app.test": self.backend(answer).url}), workers=1)
        lintel.until("app.test")
        with lintel.connect() as client:
            self.assertEqual("/first", client.request("app.test", "/first").text)
            wait_for(lambda: sent, "the stray response is out")
            for target in ("/a", "/b", "/c"):
                self.assertEqual(target, client.request("app.test", target).text)

    def test_an_upgrade_with_a_body_is_no_upgrade(self):
        seen = []

        def answer(exchange):
            seen.append(exchange.request["upgrade"])
            exchange.read_body()
            exchange.reply("plain")

        lintel = self.lintel(routes=routes({"app.test": self.backend(answer).url}))
        lintel.until("app.test")
        with lintel.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            self.assertEqual(200, client.read_response().status)
        self.assertIsNone(seen[-1])


class Clients(Case):
    def test_garbage_after_a_long_head_is_refused(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}), workers=1)
        lintel.until("app.test")
        with lintel.connect() as client:
            client.send("GET / HTTP/1.1\r\nHost: app.test\r\nX-Long: " + "x" * 25000 + "\r\n\r\n")
            self.assertEqual(200, client.read_response().status)
            client.send("BAD\nLINE\r\n\r\n")
            self.assertEqual(400, client.read_response().status)
        self.assertEqual(200, lintel.get("app.test").status)


class Files(Case):
    def test_what_may_restrict_access_and_cannot_be_read_closes_the_router(self):
        upstream = self.backend().url
        for written in ("<<: {middlewares: [auth]}", "middlewares: {auth: {}}", "middlewares: [[auth]]"):
            with self.subTest(written):
                lintel = self.lintel(routes=f"""
http:
  routers:
    r:
      rule: Host(`app.test`)
      entryPoints: [http]
      service: s
      {written}
  services:
    s: {{loadBalancer: {{servers: [{{url: "{upstream}"}}]}}}}
""")
                self.assertEqual("closed", lintel.until("app.test", 503)["lintel-reason"])

    def test_check_reads_the_files_as_a_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "r.yml"
            file.write_text("http: {routers: {r: {rule: Host(`a`), entryPoints: [htps], service: none}}}")
            done = cli("check", "--routes", file)
            self.assertEqual(3, done.returncode)
            self.assertIn("htps", done.stderr)


class Roles(Case):
    def test_a_log_that_nobody_reads_any_more_ends_nothing(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}))
        lintel.until("app.test")
        os.kill(lintel.pid, signal.SIGPIPE)
        os.kill(lintel.role("edge"), signal.SIGPIPE)
        self.assertEqual(200, lintel.get("app.test").status)
        self.assertIsNone(lintel.process.poll())

    def test_an_edge_that_cannot_start_is_started_again(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}))
        lintel.until("app.test")
        folder = lintel.state / "edge"
        folder.rename(lintel.state / "elsewhere")
        os.kill(lintel.role("edge"), signal.SIGKILL)
        wait_for(lambda: lintel.log.count('"role.died"') >= 2, "a failed start is a death")
        (lintel.state / "elsewhere").rename(folder)
        lintel.until("app.test", within=15)

    def test_a_stopped_control_does_not_hold_up_the_end(self):
        lintel = self.lintel(routes=routes({"app.test": self.backend().url}))
        os.kill(lintel.role("control"), signal.SIGSTOP)
        lintel.signal(signal.SIGTERM)
        self.assertEqual(0, lintel.wait(5))


if __name__ == "__main__":
    main()
