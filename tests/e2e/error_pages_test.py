"""An error of ours is a page for a browser, problem details for a program and a line for a terminal."""
import html.parser
import json
import re

from support.case import Case, main
from support.routes import document, routes

CHROME = ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
          "application/signed-exchange;v=b3;q=0.7")
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
AXIOS = "application/json, text/plain, */*"
HTML, JSON, PLAIN = "text/html; charset=utf-8", "application/problem+json", "text/plain; charset=utf-8"


class Page(html.parser.HTMLParser):
    """Well-formed enough to be read: every element that is opened is closed, in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words += data


class ErrorPages(Case):
    def ask(self, lintel, accept, **options):
        fields = [] if accept is None else [("Accept", accept)]
        return lintel.get("nobody.test", fields=fields, **options)

    def assert_fields(self, response, content_type):
        self.assertEqual(content_type, response["content-type"])
        self.assertEqual("no-store", response["cache-control"])
        self.assertEqual("nosniff", response["x-content-type-options"])
        self.assertIn("Accept", response["vary"])
        self.assertIsNotNone(response["lintel-reason"])
        self.assertIsNotNone(response["date"])

    def test_the_client_chooses_the_form(self):
        lintel = self.lintel()
        for who, accept, expected in (("Chrome", CHROME, HTML), ("Firefox", FIREFOX, HTML), ("curl", "*/*", PLAIN),
                                      ("fetch()", "*/*", PLAIN), ("nothing", None, PLAIN), ("axios", AXIOS, JSON),
                                      ("an API client", "application/json", JSON),
                                      ("RFC 9457", "application/problem+json", JSON), ("garbage", ";;q=/,", PLAIN)):
            with self.subTest(who):
                response = self.ask(lintel, accept)
                self.assertEqual((404, "no-route"), (response.status, response["lintel-reason"]))
                self.assert_fields(response, expected)

    def test_each_form_says_all_of_it(self):
        lintel = self.lintel()
        plain = self.ask(lintel, None).text
        problem = json.loads(self.ask(lintel, "application/json").body)
        page = Page(self.ask(lintel, CHROME).text)
        self.assertEqual([], page.open)
        self.assertEqual({"type": "about:blank", "title": "Not Found", "status": 404, "reason": "no-route"},
                         {key: problem[key] for key in ("type", "title", "status", "reason")})
        self.assertEqual(1, plain.count("\n"))
        for text in (plain, page.words):
            for part in ("404 Not Found", "no-route", problem["detail"], problem["advice"]):
                self.assertIn(part, text)
        self.assertIn(("html", {"lang": "en"}), page.seen)
        self.assertIn(("meta", {"name": "robots", "content": "noindex"}), page.seen)
        tags = {tag for tag, _ in page.seen}
        self.assertLessEqual({"title", "main", "h1"}, tags)
        self.assertFalse(tags & {"script", "link", "img", "iframe"}, "nothing active, nothing from elsewhere")

    def test_head_has_the_same_head_and_no_body(self):
        lintel = self.lintel()
        with lintel.connect() as client:
            for accept in (CHROME, "application/json", "*/*"):
                whole = client.request("nobody.test", fields=[("Accept", accept)])
                head = client.request("nobody.test", method="HEAD", fields=[("Accept", accept)])
                self.assertEqual(sorted(each for each in whole.fields if each[0] != "Date"),
                                 sorted(each for each in head.fields if each[0] != "Date"))
                self.assertEqual(str(len(whole.body)), head["content-length"])
                self.assertEqual(b"", head.body)

    def test_nothing_of_the_request_comes_back(self):
        lintel = self.lintel()
        for accept in (CHROME, "application/json", "*/*"):
            response = lintel.get("nobody.test", "/%3Cscript%3Emarker?marker", fields=[("Accept", accept), ("Referer", "marker")])
            self.assertNotIn("marker", response.text)
            self.assertNotIn("nobody.test", response.text)

    def test_what_an_operator_wrote_is_escaped(self):
        text = routes({"app.test": self.backend().url}).replace("      service:", '      middlewares: ["<b>&"]\n      service:')
        lintel = self.lintel(routes=text)
        lintel.until("app.test", 503)
        page = lintel.get("app.test", fields=[("Accept", CHROME)])
        self.assertEqual("closed", page["lintel-reason"])
        self.assertNotIn("<b>", page.text)
        self.assertIn("<b>", Page(page.text).words)
        self.assertIn("<b>", json.loads(lintel.get("app.test", fields=[("Accept", "application/json")]).body)["detail"])
        self.assertIsNone(page["retry-after"], "only the owner can open it")

    def test_503_asks_to_try_again(self):
        text = document({"app.test": ("Host(`app.test`)", [])}).replace("servers:", "servers: []")
        response = self.lintel(routes=text).until("app.test", 503)
        self.assertEqual(("no-endpoint", "1"), (response["lintel-reason"], response["retry-after"]))

    def test_a_malformed_request_is_refused_in_the_same_forms(self):
        lintel = self.lintel()
        for accept, expected in ((CHROME, HTML), ("application/json", JSON), ("*/*", PLAIN)):
            with self.subTest(expected), lintel.connect() as client:
                client.send(f"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nAccept: {accept}\r\n\r\n")
                response = client.read_response()
                self.assertEqual((400, "bad-request"), (response.status, response["lintel-reason"]))
                self.assert_fields(response, expected)
                self.assertIn("Host field", response.text)
                self.assertTrue(client.ended())
        with lintel.connect() as client:
            client.send("BAD\r\n\r\n")
            response = client.read_response()
            self.assert_fields(response, PLAIN)
            self.assertTrue(re.match(r"The request is refused: .*\.\n$", response.text), response.text)


if __name__ == "__main__":
    main()
