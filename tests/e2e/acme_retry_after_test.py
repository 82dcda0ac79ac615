"""429 with Retry-After: no second request before that, across a restart, for what it was said of."""
from support.acme_case import AcmeCase
from support.acme_server import too_many
from support.case import main, wait_for
from support.ports import free_port

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


if __name__ == "__main__":
    main()
