"""Whoever is killed at any request of an order goes on with it: one certificate, and no order left over at the CA."""
import os
import signal

from support.acme_case import AcmeCase
from support.acme_server import Gate
from support.case import main, wait_for
from support.lintel import alive, children_of
from support.ports import free_port

MOST_REQUESTS = 60  # of one order, polling included; more than that is a bug of its own
STEPS = ("new-account", "new-order", "authorization", "challenge", "finalize", "certificate")


class Crash(AcmeCase):
    def ordering(self, name):
        """A CA of its own for one crash, and where the next front door will listen."""
        self.http_port, self.tls_port = free_port(), free_port()
        return self.server(name)

    def assert_served(self, lintel, root):
        """With the local CA's certificate, or that which was ordered."""
        def answers():
            if self.is_verified(lintel, "a.test", root):
                return True
            try:
                return lintel.get_tls("a.test").status == 200
            except OSError:
                return False  # it came between the two

        wait_for(answers, "the host is served", within=3)

    def assert_finished(self, lintel, ca):
        shown = self.until_verified(lintel, "a.test", ca.issuing.root, within=60)
        self.assertEqual([shown], [leaf(chain) for chain in ca.certificates_for("a.test")], "one certificate")
        self.assertEqual([], ca.unfinished(), "no order is left over")
        self.assertEqual(1, len(ca.accounts), "one account")
        self.assertIsNone(lintel.stop())
        ca.stop()


class ControlIsKilled(Crash):
    def kill_at(self, where, after):
        """One order from nothing, with control killed at the request with this number, or at the first for this
        resource. What that request was for; None where the order took fewer."""
        ca = self.ordering(f"{where}-{after}")
        if where in STEPS:
            gate = Gate(0, after)
            gate.resource = where
            ca.behave(where, gate, times=1)
            self.addCleanup(gate.open)
        else:
            gate = ca.stop_at(where, after)
        lintel = self.front(ca, ["a.test"])
        wait_for(lambda: gate.reached.is_set() or self.is_verified(lintel, "a.test", ca.issuing.root),
                 f"request {where}, or the certificate", within=60)
        reached = gate.reached.is_set()
        if reached:
            control = lintel.role("control")
            os.kill(control, signal.SIGKILL)
            self.assert_served(lintel, ca.issuing.root)
            wait_for(lambda: lintel.role("control") not in (control, None), "control is back", within=20)
            gate.open()
        self.assert_finished(lintel, ca)
        return gate.resource if reached else None

    def kill_at_each(self, after):
        killed_at, wrong = [], []

        def kill(where):
            try:
                return self.kill_at(where, after)
            except AssertionError as failure:
                wrong.append(f"killed at {where}, after {', '.join(killed_at)}: {failure}")
                return "?"

        for number in range(1, MOST_REQUESTS):
            resource = kill(number)
            if resource is None or len(wrong) == 3:
                break
            killed_at.append(resource)
        else:
            self.fail(f"an order takes more than {MOST_REQUESTS} requests: {killed_at}")
        # How often the CA is asked how far it is differs, so that the n-th request is not always for the same.
        killed_at += [kill(step) for step in STEPS if step not in killed_at]
        print(f"killed at: {', '.join(map(str, killed_at))}")
        self.assertFalse(wrong, "\n".join(wrong))
        for step in STEPS:
            self.assertIn(step, killed_at)

    def test_before_each_request_is_carried_out(self):
        self.kill_at_each(after=False)

    def test_after_each_request_was_carried_out_and_before_its_answer(self):
        self.kill_at_each(after=True)


class AllOfItIsKilled(Crash):
    """As when a machine loses its power: nothing in memory is left, the CA knows what we have not heard."""

    def test_at_the_steps_that_only_the_ca_has_seen(self):
        for resource in ("new-account", "new-order", "challenge", "finalize"):
            with self.subTest(resource):
                ca = self.ordering(resource)
                gate = Gate(0, after=True)
                ca.behave(resource, gate, times=1)
                self.addCleanup(gate.open)
                lintel = self.front(ca, ["a.test"])
                self.assertTrue(gate.reached.wait(30), f"{resource} is asked for")
                wait_for(lambda ca=ca: not any(each.status == "processing" for each in ca.challenges),
                         "the CA has looked: it can't after the edge's end")
                self.kill(lintel)
                gate.open()
                self.assert_finished(self.front(ca, ["a.test"], state=lintel.state), ca)

    def kill(self, lintel):
        roles = children_of(lintel.pid)
        lintel.signal(signal.SIGKILL)
        lintel.wait(5)
        wait_for(lambda: not any(map(alive, roles)), "edge and control end with their supervisor", within=5)


def leaf(chain):
    """The first certificate, as PEM."""
    return chain[chain.index("-----BEGIN"):chain.index("-----END")] + "-----END CERTIFICATE-----\n"


if __name__ == "__main__":
    main()
