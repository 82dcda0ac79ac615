"""429 with Retry-After: no second request before that, across a restart, for what it was said of."""
from support.acme_case import AcmeCase
from support.acme_server import refuse, too_many
from support.case import main, wait_for
from support.ports import free_port
from support.routes import routes

WAIT = 75  # longer than a first pause of ours, so that it is the CA's word that counts


class RetryAfter(AcmeCase):
    def refused(self, resource):
        """A front door that was refused at `resource` and started again: (its CA, it, how many were seen then)."""
        self.http_port, self.tls_port = free_port(), free_port()
        ca = self.server(resource)
        ca.behave(resource, too_many(WAIT), times=1)
        lintel = self.front(ca, ["a.test"])
        wait_for(lambda: any(each.status == 429 for each in ca.seen(resource)), "the CA refuses")
        self.until_told(lintel, "a.test", "too many new orders recently")
        lintel = self.again(lintel, ca, ["a.test"])
        self.until_told(lintel, "a.test", "too many new orders recently")
        return ca, lintel

    def test_is_kept_across_a_restart(self):
        waiting = {resource: self.refused(resource) for resource in ("new-account", "new-order")}
        for resource, (ca, lintel) in waiting.items():
            wait_for(lambda ca=ca, resource=resource: len(ca.seen(resource)) > 1, "it is asked for again",
                     within=2 * WAIT)
            first, second = (each.at for each in ca.seen(resource)[:2])
            self.assertGreaterEqual(second - first, WAIT, resource)
            self.until_verified(lintel, "a.test", ca.issuing.root)
            self.until_no_problem_names(lintel, "a.test")


class ForWhatItWasSaidOf(AcmeCase):
    def add(self, lintel, host):
        lintel.write_routes(routes({host: self.backend().url}, tls=True), f"{host}.yml")

    def ordered(self, ca):
        return [each.payload["identifiers"][0]["value"] for each in ca.seen("new-order")]

    def wait_for_refusal(self, ca):
        wait_for(lambda: any(each.status == 429 for each in ca.seen("new-order")), "the CA refuses")

    def test_an_order_that_was_placed_before_ends_well_and_ends_nobodys_wait(self):
        ca = self.server()
        ca.stuck = True
        lintel = self.front(ca, ["b.test"])
        wait_for(lambda: ca.seen("finalize"), "an order is under way")
        ca.behave("new-order", too_many(300), times=1)
        self.add(lintel, "a.test")
        self.wait_for_refusal(ca)
        self.add(lintel, "c.test")
        self.until_told(lintel, "c.test", "too many new orders recently")
        ca.unstick()
        self.until_verified(lintel, "b.test", ca.issuing.root)
        for host in ("a.test", "c.test"):
            self.until_told(lintel, host, "too many new orders recently")
        self.assertEqual(["b.test", "a.test"], self.ordered(ca))

    def test_of_a_domain_it_holds_for_all_its_names_and_no_others(self):
        ca = self.server()
        said = "too many certificates (50) already issued for shop.test in the last week"
        ca.behave("new-order", refuse(429, "rateLimited", said, Retry_After=300), times=1)
        lintel = self.front(ca, ["a.shop.test"])
        self.wait_for_refusal(ca)
        self.add(lintel, "b.shop.test")
        self.until_told(lintel, "b.shop.test", said)
        self.assertEqual(0, lintel.cli("cert", "renew", "b.shop.test").returncode)
        self.add(lintel, "other.test")
        self.until_verified(lintel, "other.test", ca.issuing.root)
        self.assertEqual(["a.shop.test", "other.test"], self.ordered(ca))


if __name__ == "__main__":
    main()
