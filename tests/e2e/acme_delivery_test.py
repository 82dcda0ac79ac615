"""A certificate that was stored is live in every worker a moment later, and no connection notices."""
import json
import statistics

from support.acme_case import AcmeCase
from support.case import main, wait_for
from support.many import make_state
from support.routes import routes
from support.websocket import echo_server, echo_text, handshake

OTHERS = [f"n{number}.test" for number in range(10_000)]
COUNT = 24
LIMIT_US = 5000
LIMIT_IN_A_CROWD_US = 50_000  # control signs, encrypts and stores for all of them meanwhile


class Delivery(AcmeCase):
    def setUp(self):
        super().setUp()

        def answer(exchange):
            return echo_server(exchange) if exchange.request["upgrade"] else exchange.reply("ok")

        self.url = self.backend(answer).url
        self.ca = self.pebble(nonce_reject=0, retry_after=0)

    def door(self):
        """A front door that serves 10,000 certificates of earlier routes, and one of the CA's."""
        state = self.folder / "state"
        make_state(state, OTHERS, self.url)
        door = self.front(self.ca, ["a.test"], routes_text=routes({"a.test": self.url}, tls=True), state=state,
                          flags=("--log-format", "json"))
        self.root = self.ca.roots()
        self.until_verified(door, "a.test", self.root)
        return door

    def open(self, door):
        """A kept connection and a WebSocket, in use."""
        kept, chat = self.client(door, "a.test", self.root), self.client(door, "a.test", self.root)
        self.addCleanup(kept.close)
        self.addCleanup(chat.close)
        self.assertEqual(101, handshake(chat, "a.test").status)
        self.assert_open(kept, chat)
        return kept, chat

    def assert_open(self, kept, chat):
        self.assertEqual(200, kept.request("a.test").status)
        self.assertEqual("still there", echo_text(chat, "still there"))

    def test_one_after_the_other(self):
        door = self.door()
        kept, chat = self.open(door)
        known = len(live(door))
        for number in range(COUNT):
            host = f"one{number}.test"
            door.write_routes(routes({host: self.url}, tls=True), f"{host}.yml")
            self.until_verified(door, host, self.root)
            self.assert_open(kept, chat)
        self.check("one after the other", door, known, COUNT)
        # Now all at once: each waits for what the others do, and is told of no less.
        known = len(live(door))
        door.write_routes(routes({f"many{number}.test": self.url for number in range(COUNT)}, tls=True), "many.yml")
        for number in range(COUNT):
            self.until_verified(door, f"many{number}.test", self.root)
        self.assert_open(kept, chat)
        self.check("all at once", door, known, COUNT, LIMIT_IN_A_CROWD_US)

    def check(self, what, door, known, count, limit=LIMIT_US):
        """What was sent since has been live soon enough."""
        wait_for(lambda: sum(each["count"] for each in live(door)[known:]) >= count, f"{count} are told to be live")
        taken = [each["after_us"] for each in live(door)[known:]]
        print(f"{what}: live {statistics.median(taken) / 1000:.2f} ms after it was stored, at the median of {len(taken)} "
              f"({min(taken) / 1000:.2f} to {max(taken) / 1000:.2f})", flush=True)
        self.assertLessEqual(statistics.median(taken), limit)


def live(door):
    """What the log says of certificates of CAs that every worker has."""
    said = (json.loads(line) for line in door.log.splitlines() if '"certificate.live"' in line)
    return list(said)


if __name__ == "__main__":
    main()
