"""HTTP/2 as a browser speaks it: what its page saw, and what we and the app saw of it."""
import base64
import json
import unittest

from support import chromium
from support.case import Case, main, wait_for
from support.chromium import Chromium
from support.routes import routes
from support.websocket import echo_server

HOST = "app.localhost"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PAGE = """<!doctype html><title>page</title><link rel=stylesheet href=/style.css><link rel=icon href=/image.png>
<img src=/image.png><script src=/script.js></script>"""
SCRIPT = """
const next = (target, event) => new Promise(resolve => target.addEventListener(event, resolve, {once: true}));
const path = entry => new URL(entry.name).pathname;
async function test() { %s }
test().catch(failure => ({failure: String(failure)}))
      .then(report => fetch("/report", {method: "POST", body: JSON.stringify(report)}));
"""


@unittest.skipUnless(chromium.PROGRAM, "there is no chromium here: ./dev setup test")
class Browser(Case):
    """A page whose script says what it saw, and the lines that we wrote meanwhile."""

    def setUp(self):
        self.upstream = self.backend(self.app)
        self.front = self.lintel(routes=routes({HOST: self.upstream.url}, tls=True), access_log="-", workers=1)
        self.reports, self.script = [], ""
        self.front.until(HOST, path="/style.css", get=self.front.get_tls)

    def app(self, exchange):
        target = exchange.request.target
        if target == "/websocket":
            return echo_server(exchange)
        if target == "/never":
            return exchange.socket.recv(1)
        body = exchange.read_body()
        if target == "/report":
            self.reports.append(json.loads(body))
        kind, content = {"/page": ("text/html", PAGE), "/style.css": ("text/css", "body { color: rgb(1, 2, 3) }"),
                         "/image.png": ("image/png", PIXEL), "/script.js": ("text/javascript", self.script),
                         "/echo": ("application/octet-stream", body)}.get(target, ("text/plain", "ok"))
        return exchange.reply(content, fields=[("Content-Type", kind), ("Cache-Control", "no-store")])

    def run_in_page(self, script):
        """What the script returns, on a page of a browser of its own."""
        self.script = SCRIPT % script
        with Chromium(self.front, HOST, "/page") as browser:
            try:
                return wait_for(lambda: self.reports, "the page has its report", within=60)[0]
            except AssertionError as failure:
                raise AssertionError(f"{failure}\n{browser.log}") from None

    def lines(self, path):
        """Of the access log; the first request is the test's own, in HTTP/1.1."""
        found = lambda: [each for each in map(json.loads, self.front.log.splitlines())
                         if each.get("path") == path and each.get("protocol") == "HTTP/2"]
        return wait_for(found, f"{path} was asked for in HTTP/2")

    def test_a_page_and_all_that_belongs_to_it(self):
        report = self.run_in_page("""
            await next(window, "load");
            const fetched = await (await fetch("/fetched")).text();
            const timed = performance.getEntries().filter(entry => "nextHopProtocol" in entry);
            return {fetched, color: getComputedStyle(document.body).color, width: document.images[0].naturalWidth,
                    protocols: Object.fromEntries(timed.map(entry => [path(entry), entry.nextHopProtocol]))};""")
        self.assertEqual(("ok", "rgb(1, 2, 3)", 1), (report["fetched"], report["color"], report["width"]), report)
        paths = ("/page", "/style.css", "/image.png", "/script.js", "/fetched")
        self.assertEqual(dict.fromkeys(paths, "h2"), report["protocols"])
        for path in (*paths, "/report"):
            self.assertEqual([200], [each["status"] for each in self.lines(path)][:1])
        self.assertTrue(all(each["x-forwarded-proto"] == "https" for each in self.upstream.requests))

    def test_bodies_sent_whole_and_piece_by_piece(self):
        report = self.run_in_page("""
            const echo = async (body, more) => (await fetch("/echo", {method: "POST", body, ...more})).text();
            const whole = "0123456789".repeat(300_000);
            // What is sent while it is made goes over HTTP/2 or not at all.
            const pieces = new ReadableStream({
                turn: 0,
                pull(to) { this.turn++ < 100 ? to.enqueue(new TextEncoder().encode("piece of it ".repeat(1000))) : to.close(); }
            });
            return {whole: await echo(whole) === whole, pieces: await echo(pieces, {duplex: "half"})};""")
        self.assertEqual({"whole": True, "pieces": "piece of it " * 100_000}, report)
        self.assertEqual([200, 200], [each["status"] for each in self.lines("/echo")])
        lengths = [each["content-length"] for each in self.upstream.requests if each.target == "/echo"]
        self.assertEqual(["3000000", None], lengths)

    def test_a_websocket_is_a_stream_beside_the_page(self):
        """RFC 8441: Chromium asks so where the connection's SETTINGS say that it may."""
        report = self.run_in_page("""
            await next(window, "load");
            const socket = new WebSocket(`wss://${location.host}/websocket`);
            await next(socket, "open");
            const heard = [];
            for (const said of ["hello", "again ".repeat(20_000)]) {  // a frame each, as echo_server() wants it
                socket.send(said);
                heard.push((await next(socket, "message")).data === said);
            }
            socket.close(1000, "enough");
            const closed = await next(socket, "close");
            return {heard, code: closed.code, clean: closed.wasClean};""")
        self.assertEqual({"heard": [True, True], "code": 1000, "clean": True}, report)
        [line] = self.lines("/websocket")
        self.assertEqual(101, line["status"])
        [request] = [each for each in self.upstream.requests if each.target == "/websocket"]
        self.assertEqual(("GET", "websocket", f"https://{request['host']}"),
                         (request.method, request["upgrade"], request["origin"]))

    def test_what_the_page_calls_off_is_called_off(self):
        report = self.run_in_page("""
            const calls = new AbortController();
            const never = fetch("/never", {signal: calls.signal}).catch(failure => failure.name);
            await (await fetch("/other")).text();
            calls.abort();
            return {never: await never, after: (await fetch("/after")).status};""")
        self.assertEqual({"never": "AbortError", "after": 200}, report)
        self.assertEqual(["client-gone"], [each["reason"] for each in self.lines("/never")])
        [number] = [each.connection for each in self.upstream.requests if each.target == "/never"]
        wait_for(lambda: number not in self.upstream.open_connections, "the app's connection is cut")


if __name__ == "__main__":
    main()
