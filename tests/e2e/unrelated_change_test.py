"""A route that changes all the time is noticed by nobody but its own clients."""
from support.case import Case, main, wait_for
from support.churn import Churn
from support.routes import routes
from support.websocket import echo_server, echo_text, handshake


class UnrelatedChange(Case):
    def test_no_pool_websocket_turn_or_counter_notices(self):
        pair = [self.backend(lambda exchange, name=name: exchange.reply(name)) for name in "ab"]
        talker, bystander = self.backend(echo_server), self.backend()
        lintel = self.lintel(workers=1, routes=routes({"app.test": [each.url for each in pair], "ws.test": talker.url}))
        wait_for(lambda: {lintel.get("app.test").text for _ in range(2)} == {"a", "b"}, "both endpoints are ready")
        lintel.until("ws.test", 426)
        chat = lintel.connect()
        self.addCleanup(chat.close)
        self.assertEqual(101, handshake(chat, "ws.test").status)
        wait_for(lambda: lintel.api("/status")[1]["stats"], "the first counts arrive")
        first_version = lintel.api("/status")[1]["edge"]["version"]
        connections = [set(each.used_connections) for each in pair]
        turns, counts = [], []
        with lintel.connect() as client, Churn(lintel.routes, bystander.url) as churn:
            while churn.writes < 300:
                turns.append(client.request("app.test").text)
                self.assertEqual(f"message {len(turns)}", echo_text(chat, f"message {len(turns)}"))
                if len(turns) % 50 == 0:
                    counts.append(lintel.api("/status")[1]["stats"])
        lintel.until(churn.host)
        last_version = lintel.api("/status")[1]["edge"]["version"]
        print(f"{churn.writes} changes, {last_version - first_version} versions, {len(turns)} requests beside them")

        self.assertGreater(last_version - first_version, 100, "the changes came through")
        self.assertGreater(len(turns), 300)
        self.assertTrue(all(one != next for one, next in zip(turns, turns[1:])), "strict turns")
        self.assertEqual(connections, [each.used_connections for each in pair], "the same upstream connections")
        self.assertEqual(1, len({each.connection for each in talker.requests if each["upgrade"]}))
        for earlier, later in zip(counts, counts[1:]):
            self.assertGreaterEqual(later["requests"], earlier["requests"], "the count never falls")
        wait_for(lambda: lintel.api("/status")[1]["stats"]["requests"] >= len(turns), "every request was counted")


if __name__ == "__main__":
    main()
