"""One JSON line for each exchange, without secrets."""
import json
import pathlib
import shutil
import tempfile

from support.backend import ok
from support.case import Case, main, wait_for
from support.routes import routes
from support.websocket import echo_server, echo_text, handshake


class AccessLog(Case):
    def door(self, answer=ok, **options):
        self.upstream = self.backend(answer)
        lintel = self.lintel(routes=routes({"app.test": self.upstream.url}), **options)
        lintel.until("app.test", path="/up")
        return lintel

    def logged(self, **options):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-log-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.file = folder / "access.log"
        return self.door(access_log=self.file, **options)

    def lines_about(self, path, count=1):
        """The parsed lines that mention `path`, once there are `count` of them."""
        def lines():
            whole = self.file.read_text().splitlines() if self.file.exists() else []
            found = [json.loads(line) for line in whole if path in line]
            return len(found) >= count and found
        return wait_for(lines, f"{count} lines about {path}")

    def test_each_exchange_has_one_line_that_tells_what_happened(self):
        lintel = self.logged()
        with lintel.connect() as client:
            for _ in range(3):
                client.request("app.test", "/counted", method="POST", body=b"12345")
        lines = self.lines_about("/counted", 3)
        self.assertEqual(3, len(lines))
        values = [str(value) for value in lines[0].values()]
        for expected in ("POST", "app.test", "/counted", "200", "127.0.0.1"):
            self.assertTrue(any(expected in value for value in values), f"{expected} in {lines[0]}")
        self.assertEqual(3, len({json.dumps(line) for line in lines}), "each has an id or a time of its own")

    def test_errors_of_ours_carry_their_reason(self):
        lintel = self.logged()
        lintel.get("other.test", "/nowhere")
        line = self.lines_about("/nowhere")[0]
        self.assertIn("no-route", line.values())
        self.assertIn("404", [str(value) for value in line.values()])

    def test_query_strings_cookies_and_tokens_never_appear(self):
        lintel = self.logged()
        lintel.get("app.test", "/private?token=s3cret", fields=[("Cookie", "a=s3cret"), ("Authorization", "Bearer s3cret")])
        self.lines_about("/private")
        self.assertNotIn("s3cret", self.file.read_text())
        self.assertNotIn("s3cret", lintel.log)

    def test_a_tunnel_has_its_line_when_it_ends(self):
        lintel = self.logged(answer=lambda e: echo_server(e) if e.request["upgrade"] else e.reply("ok"))
        with lintel.connect() as client:
            self.assertEqual(101, handshake(client, "app.test", "/chat").status)
            self.assertEqual("hello", echo_text(client, "hello"))
            lintel.get("app.test", "/meanwhile")
            self.lines_about("/meanwhile")
            self.assertNotIn("/chat", self.file.read_text(), "it goes on")
        line, = self.lines_about("/chat")
        self.assertEqual((101, "GET", "HTTP/1.1"), (line["status"], line["method"], line["protocol"]))
        self.assertEqual(2 + len("hello"), line["sent_bytes"], "the frames, without the head")
        self.assertNotIn("received_bytes", line)

    def test_quotes_in_a_path_stay_json(self):
        lintel = self.logged()
        lintel.get("app.test", '/odd"<')
        self.assertIn('/odd"<', self.lines_about("/odd")[0].values())

    def test_a_request_that_is_refused_for_its_form_has_a_line_too(self):
        lintel = self.logged()
        with lintel.connect() as client:
            client.send("GET /twice HTTP/1.1\r\nHost: app.test\r\nHost: app.test\r\n\r\n")
            reason = client.read_response()["lintel-reason"]
        wait_for(lambda: f'"{reason}"' in self.file.read_text(), f"a line that says {reason}")

    def test_a_dash_means_standard_output(self):
        lintel = self.door(access_log="-")
        lintel.get("app.test", "/on-stdout")
        wait_for(lambda: any("/on-stdout" in line and json.loads(line) for line in lintel.log.splitlines()
                             if line.startswith("{")), "the line is on standard output")

    def test_off_writes_nothing(self):
        lintel = self.door(access_log="off")
        lintel.get("app.test", "/unseen")
        self.assertIsNone(lintel.stop())
        self.assertNotIn("/unseen", lintel.log)


if __name__ == "__main__":
    main()
