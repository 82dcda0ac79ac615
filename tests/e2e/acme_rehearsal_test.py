"""After a failure the next try goes to the staging directory, as it would go to production; what it says there counts."""
from support.acme_case import AcmeCase
from support.acme_nouns import ERROR
from support.acme_server import hang_up, refuse, too_many
from support.case import main, wait_for

AGAIN = 40  # seconds; the second try comes after 10 where no CA was reached


def orders(ca):
    return ca.seen("new-order")


class Rehearsal(AcmeCase):
    def front_that_failed(self, issuer=(), production=(), staging=(), dns=None, failures=1):
        """A front door whose first orders get no answer: (it, production, staging)."""
        ca, stage = self.server("production", **dict(production)), self.server("staging", **dict(staging))
        self.dress(ca, stage)
        ca.behave("new-order", hang_up, times=failures)
        lintel = self.front(ca, ["a.test"], dns=dns, issuer={**dict(issuer), "staging": "stage"},
                            others={"stage": stage})
        wait_for(lambda: orders(ca), "production is asked")
        return lintel, ca, stage

    def dress(self, production, staging):
        """What a test wants of the two before anybody asks them."""


class GoesWell(Rehearsal):
    def test_what_went_well_is_asked_for_in_earnest(self):
        profiles = {"shortlived": "6 days"}
        lintel, ca, stage = self.front_that_failed({"profile": "shortlived"}, {"profiles": profiles},
                                                   {"profiles": profiles})
        self.until_verified(lintel, "a.test", ca.issuing.root, within=AGAIN)
        self.assertEqual("valid", stage.orders[0].status)
        self.assertLess(orders(stage)[0].at, orders(ca)[1].at)
        self.assertEqual(orders(stage)[0].payload, orders(ca)[1].payload, "it asks the same")
        self.until_no_problem_names(lintel, "a.test")

    def test_a_profile_that_staging_has_not_is_no_obstacle(self):
        lintel, ca, stage = self.front_that_failed({"profile": "shortlived"}, {"profiles": {"shortlived": "6 days"}})
        self.until_verified(lintel, "a.test", ca.issuing.root, within=AGAIN)
        self.assertNotIn("profile", orders(stage)[0].payload)


class Refuses(Rehearsal):
    def dress(self, production, staging):
        staging.verdict = {"type": ERROR + "connection", "detail": "Timeout during connect (likely firewall problem)"}

    def test_what_staging_refuses_production_is_not_asked_for(self):
        lintel, ca, stage = self.front_that_failed()
        self.until_told(lintel, "a.test", "in the rehearsal at stage", "Timeout during connect", within=AGAIN)
        self.assertEqual(1, len(orders(ca)))


class ByDns(Rehearsal):
    def test_dns_01_is_rehearsed_by_dns_01(self):
        zone = self.writable_zone()
        lintel, ca, stage = self.front_that_failed(self.by_dns(zone), dns=zone, production={"validates": False},
                                                   staging={"validates": False})
        self.until_verified(lintel, "a.test", ca.issuing.root, within=AGAIN)
        self.assertEqual("valid", stage.orders[0].status)

    def test_a_script_that_fails_there_would_fail_in_earnest(self):
        zone = self.writable_zone()
        zone.script.write_text("#!/bin/sh\necho 'no such zone at the provider' >&2\nexit 3\n")
        lintel, ca, _ = self.front_that_failed(self.by_dns(zone), dns=zone, production={"validates": False},
                                               staging={"validates": False})
        self.until_told(lintel, "a.test", "in the rehearsal at stage", "no such zone at the provider", within=AGAIN)
        self.assertEqual(1, len(orders(ca)))


class IsBusy(Rehearsal):
    def dress(self, production, staging):
        staging.behave("new-order", too_many(600))

    def test_nobody_waits_for_a_staging_that_is_busy_and_it_is_left_alone_as_long_as_it_said(self):
        lintel, ca, stage = self.front_that_failed(failures=2)
        self.until_verified(lintel, "a.test", ca.issuing.root, within=2 * AGAIN)
        self.assertEqual(3, len(orders(ca)))
        self.assertEqual(1, len(orders(stage)))


class AnotherIssuer(AcmeCase):
    def test_when_one_refuses_the_next_is_asked_at_once(self):
        first, second = self.server("first"), self.server("second")
        first.behave("new-order", refuse(403, "rejectedIdentifier", "not this one"))
        lintel = self.front(first, ["a.test"], others={"second": second},
                            flags=("--host-issuers", "a.test=ours+second"))
        self.until_verified(lintel, "a.test", second.issuing.root, within=10)
        self.assertEqual(1, len(orders(first)))


if __name__ == "__main__":
    main()
