"""Before a CA is asked: what is wrong with DNS, ports and CAA is found here, told, and costs nothing there."""
import contextlib
import http.server
import threading

from support.acme_case import AcmeCase
from support.acme_nouns import ERROR
from support.case import main, wait_for

ELSEWHERE = "127.0.0.9"
TIMEOUT = "203.0.113.7: Timeout during connect (likely firewall problem)"


class Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802, the base's name
        self.send_error(404)

    def log_message(self, *_):
        """Not to the test's output."""


class Preflight(AcmeCase):
    @contextlib.contextmanager
    def another_server(self):
        with http.server.ThreadingHTTPServer((ELSEWHERE, self.http_port), Stranger) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    def unproven(self):
        """A CA that does not get through either."""
        ca = self.server()
        ca.verdict = {"type": ERROR + "connection", "detail": TIMEOUT}
        return ca

    def test_where_another_server_answers_nothing_is_sent(self):
        self.dns.set("a.test", [ELSEWHERE])
        ca = self.server()
        with self.another_server():
            lintel = self.front(ca, ["a.test"])
            self.until_told(lintel, "a.test", f"A {ELSEWHERE} leads to another server", "404")
            self.assertEqual([], ca.requests)

    def test_a_name_without_an_address_is_told_though_the_ca_is_down(self):
        self.dns.set("a.test", [])
        ca = self.server()
        ca.go_down()
        self.until_told(self.front(ca, ["a.test"]), "a.test", "add an A record")

    def test_where_nobody_answers_it_is_tried_and_both_are_told(self):
        self.dns.set("a.test", [ELSEWHERE])
        lintel = self.front(self.unproven(), ["a.test"])
        self.until_told(lintel, "a.test", TIMEOUT, f"nobody answers at A {ELSEWHERE}, port {self.http_port}")

    def test_required_it_stops_what_is_not_certain(self):
        self.dns.set("a.test", [ELSEWHERE])
        ca = self.server()
        lintel = self.front(ca, ["a.test"], flags=("--preflight", "require"))
        self.until_told(lintel, "a.test", f"nobody answers at A {ELSEWHERE}")
        self.assertEqual([], ca.requests)

    def test_switched_off_the_ca_finds_out(self):
        self.dns.set("a.test", [ELSEWHERE])
        ca = self.unproven()
        with self.another_server():
            lintel = self.front(ca, ["a.test"], flags=("--preflight", "off"))
            text = self.until_told(lintel, "a.test", TIMEOUT)
        self.assertNotIn("leads to another server", text)
        wait_for(lambda: ca.seen("new-order"), "it was ordered")


if __name__ == "__main__":
    main()
