"""Endpoints by name: their addresses may change, the name server may die, and either family may be the dead one."""
import time

from support.case import Case, main, wait_for
from support.dns import NameServer
from support.routes import routes


def says(text):
    """Answers `text` and closes, so that the next request needs a connection of its own."""
    def answer(exchange):
        exchange.read_body()
        exchange.close_after = True
        exchange.reply(text, fields=[("Connection", "close")])
    return answer


class Names(Case):
    def setUp(self):
        self.dns = NameServer()
        self.addCleanup(lambda: self.dns.stop() if self.dns.socket.fileno() >= 0 else None)

    def front_door(self, port):
        return self.lintel("--dns", self.dns.address, routes=routes({"app.test": f"http://app.internal:{port}"}), workers=1)

    def assert_served_until(self, lintel, condition, what):
        """Every request is answered, and soon, until `condition` holds."""
        def served():
            begun = time.monotonic()
            response = lintel.get("app.test")
            self.assertEqual((200, "one"), (response.status, response.text), response["lintel-reason"])
            self.assertLess(time.monotonic() - begun, 1)
            return condition()

        wait_for(served, what, within=20)

    def test_a_changed_address_is_followed_after_its_ttl(self):
        one = self.backend(says("one"))
        self.backend(says("two"), host="127.0.0.2", port=one.port)
        self.dns.set("app.internal", ["127.0.0.1"])
        lintel = self.front_door(one.port)
        self.assertEqual("one", lintel.until("app.test").text)
        self.dns.set("app.internal", ["127.0.0.2"])
        wait_for(lambda: lintel.get("app.test").text == "two", "the new address is used", within=5)
        self.assertEqual({"two"}, {lintel.get("app.test").text for _ in range(10)})

    def test_an_answer_is_used_for_its_ttl(self):
        one = self.backend(says("one"))
        self.dns.set("app.internal", ["127.0.0.1"], ttl=60)
        lintel = self.front_door(one.port)
        lintel.until("app.test")
        lintel.get("app.test")
        asked = len(self.dns.questions)
        for _ in range(20):
            self.assertEqual(200, lintel.get("app.test").status)
        self.assertEqual(asked, len(self.dns.questions))

    def test_a_silent_a_failing_and_a_dead_name_server_stop_nothing(self):
        one = self.backend(says("one"))
        self.dns.set("app.internal", ["127.0.0.1"])
        lintel = self.front_door(one.port)
        lintel.until("app.test")
        for mood in ("fails", "silent"):
            self.dns.mood = mood
            asked = len(self.dns.questions)
            self.assert_served_until(lintel, lambda: len(self.dns.questions) >= asked + 4, f"it is asked and {mood}")
        self.dns.stop()
        dead_since = time.monotonic()
        self.assert_served_until(lintel, lambda: time.monotonic() > dead_since + 3, "three lives of the answer")

    def test_either_family_may_be_dead(self):
        six = self.backend(says("six"), host="::1")
        four = self.backend(says("four"))
        for alive, says_what in ((six, "six"), (four, "four")):
            with self.subTest(says_what):
                self.dns.set("app.internal", ["127.0.0.1", "::1"], ttl=60)
                lintel = self.front_door(alive.port)
                lintel.until("app.test")
                for _ in range(20):
                    response = lintel.get("app.test")
                    self.assertEqual((200, says_what), (response.status, response.text))

    def test_a_name_that_is_gone_is_unreachable(self):
        one = self.backend(says("one"))
        self.dns.set("app.internal", ["127.0.0.1"])
        lintel = self.front_door(one.port)
        lintel.until("app.test")
        del self.dns.names["app.internal"]
        response = lintel.until("app.test", 502)
        self.assertEqual("unreachable", response["lintel-reason"])


if __name__ == "__main__":
    main()
