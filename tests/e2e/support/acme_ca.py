"""A small CA by RFC 8555 that behaves: its state, and what it answers to each request. AcmeServer puts it on a socket."""
import secrets
import threading

from support.acme_nouns import ERROR, Account, Authorization, Challenge, Order, Reply
from support.acme_proofs import by_http, by_tls
from support.issuing import Issuing, der_of, names_of, serial_of
from support.jws import Unacceptable, check_binding, check_signature, from_base64url, take_apart, thumbprint


class AcmeCa:
    """Validates HTTP-01 and TLS-ALPN-01 for real, every name at 127.0.0.1 and the given ports; `validates` False:
    everybody is believed, and DNS-01 is offered too. Switches for a test:
    `verdict`: a problem that every validation ends in; `stuck`: finalized orders stay "processing" until unstick();
    `bad_nonces`: so many good nonces are refused; `window`: (start, end) as ISO texts that ARI says for every
    certificate; `life`: seconds of what is issued."""

    def __init__(self, folder, http_port=None, tls_port=None, validates=True, life=90 * 86400, lists_orders=True,
                 external=None, profiles=None, ari=False):
        self.http_port, self.tls_port, self.validates, self.life = http_port, tls_port, validates, life
        self.lists_orders, self.external, self.profiles, self.ari = lists_orders, external, profiles, ari
        self.verdict, self.stuck, self.bad_nonces, self.window = None, False, 0, None
        self.poll_after, self.ask_again = 1, 1
        self.issuing = Issuing(folder / "ca")
        self.lock = threading.RLock()
        self.nonces = set()
        self.accounts, self.orders, self.authorizations, self.challenges = [], [], [], []
        self.issued = []  # (names, chain as PEM), in turn
        self.revoked = set()  # serial numbers

    # -- what tests ask

    def orders_for(self, name):
        return [order for order in self.orders if name in order.names]

    def certificates_for(self, name):
        return [chain for names, chain in self.issued if name in names]

    def unfinished(self):
        """The orders that the CA still waits for."""
        return [order for order in self.orders if order.status in ("pending", "ready", "processing")]

    def unstick(self):
        with self.lock:
            self.stuck = False
            for order in self.orders:
                if order.status == "processing":
                    self._issue(order)

    # -- requests

    def fresh_nonce(self):
        with self.lock:
            nonce = secrets.token_urlsafe(16)
            self.nonces.add(nonce)
            return nonce

    def answer(self, resource, number, method, url, body):
        """`number`: which one of the resource's kind."""
        handler = getattr(self, "_" + resource.replace("-", "_"))
        wanted = {"directory": ("GET",), "new-nonce": ("HEAD", "GET"), "renewal-info": ("GET",)}.get(resource, ("POST",))
        if method not in wanted:
            raise Unacceptable("malformed", f"{method} {resource}", 405)
        with self.lock:
            if "POST" not in wanted:
                return handler(url, number)
            header, payload, jws = take_apart(body)
            account = self._authenticate(resource, url, header, jws)
            return handler(account, header, payload, number)

    def _authenticate(self, resource, url, header, jws):
        """The account's number; None where the request brings its own key (newAccount)."""
        if header.get("alg") != "ES256":
            raise Unacceptable("badSignatureAlgorithm", f"alg {header.get('alg')}")
        if ("jwk" in header) == ("kid" in header) or ("jwk" in header) != (resource == "new-account"):
            raise Unacceptable("malformed", f"jwk or kid for {resource}: {sorted(header)}")
        account = None if "jwk" in header else self._number_of(header["kid"], "account")
        check_signature(jws, header["jwk"] if account is None else self.accounts[account].jwk)
        if header.get("url") != url:
            raise Unacceptable("unauthorized", f"url {header.get('url')} at {url}", 403)
        if header.get("nonce") not in self.nonces:
            raise Unacceptable("badNonce", "this nonce isn't one of ours, or was used")
        self.nonces.remove(header["nonce"])
        if self.bad_nonces > 0:
            self.bad_nonces -= 1
            raise Unacceptable("badNonce", "refused as the test has it")
        if account is not None and self.accounts[account].status != "valid":
            raise Unacceptable("unauthorized", "the account is deactivated", 403)
        return account

    def _number_of(self, url, resource):
        start, _, number = url.rpartition("/")
        if start != f"{self.base}/{resource}" or int(number) >= len(self.accounts):
            raise Unacceptable("accountDoesNotExist", f"no account {url}")
        return int(number)

    def _directory(self, _url, _number):
        meta = {"termsOfService": f"{self.base}/terms", "externalAccountRequired": bool(self.external)}
        if self.profiles:
            meta["profiles"] = self.profiles
        paths = {"newNonce": "new-nonce", "newAccount": "new-account", "newOrder": "new-order",
                 "revokeCert": "revoke", "keyChange": "key-change", **({"renewalInfo": "renewal-info"} if self.ari else {})}
        return Reply(200, {**{name: f"{self.base}/{path}" for name, path in paths.items()}, "meta": meta})

    def _new_nonce(self, _url, _number):
        return Reply(204, b"", {"Cache-Control": "no-store"})

    def _new_account(self, _account, header, payload, _number):
        known = [number for number, each in enumerate(self.accounts) if each.jwk == header["jwk"]]
        if known:
            return self._account_reply(known[0], 200)
        if payload.get("onlyReturnExisting"):
            raise Unacceptable("accountDoesNotExist", "no account has this key")
        if not payload.get("termsOfServiceAgreed"):
            raise Unacceptable("userActionRequired", "the terms of service have to be agreed to", 403)
        if self.external is not None:
            if "externalAccountBinding" not in payload:
                raise Unacceptable("externalAccountRequired", "an external account is required", 403)
            check_binding(payload["externalAccountBinding"], header["jwk"], header["url"], self.external)
        self.accounts.append(Account(header["jwk"], payload.get("contact", [])))
        return self._account_reply(len(self.accounts) - 1, 201)

    def _account(self, account, _header, payload, number):
        if account != number:
            raise Unacceptable("unauthorized", "another's account", 403)
        one = self.accounts[number]
        one.contact = (payload or {}).get("contact", one.contact)
        one.status = (payload or {}).get("status", one.status)
        return self._account_reply(number, 200)

    def _account_reply(self, number, status):
        one = self.accounts[number]
        orders = {"orders": f"{self.base}/orders/{number}"} if self.lists_orders else {}
        return Reply(status, {"status": one.status, "contact": one.contact, **orders},
                     {"Location": f"{self.base}/account/{number}"})

    def _key_change(self, *_):
        raise Unacceptable("serverInternal", "no key changes here", 500)

    def _orders(self, account, _header, _payload, number):
        """Those that the CA still waits for: it may leave out what is invalid (RFC 8555 §7.1.2.1)."""
        if account != number:
            raise Unacceptable("unauthorized", "another's orders", 403)
        return Reply(200, {"orders": [f"{self.base}/order/{each}" for each, order in enumerate(self.orders)
                                      if order.account == number and order.status != "invalid"]})

    def _new_order(self, account, _header, payload, _number):
        names = payload["identifiers"]
        profile = payload.get("profile")
        if not names or any(each["type"] not in ("dns", "ip") for each in names):
            raise Unacceptable("malformed", f"identifiers {names}")
        if profile and profile not in (self.profiles or {}):
            raise Unacceptable("invalidProfile", f"profile {profile} isn't one of {sorted(self.profiles or {})}")
        order = Order(account, [each["value"] for each in names], profile, payload.get("replaces"))
        self.orders.append(order)
        for each in names:
            self._demand(order, each["type"], each["value"])
        number = len(self.orders) - 1
        return Reply(201, self._order_text(number), {"Location": f"{self.base}/order/{number}"})

    def _demand(self, order, kind, value):
        wildcard = value.startswith("*.")
        types = ["dns-01"] if wildcard else ["http-01", "tls-alpn-01"]
        if not self.validates and kind == "dns" and not wildcard:
            types.append("dns-01")
        here = len(self.authorizations)
        self.authorizations.append(Authorization(len(self.orders) - 1, kind, value.removeprefix("*."), wildcard))
        order.authorizations.append(here)
        for each in types:
            self.authorizations[here].challenges.append(len(self.challenges))
            self.challenges.append(Challenge(each, here))

    def _order_text(self, number):
        order = self.orders[number]
        kinds = [self.authorizations[each].type for each in order.authorizations]
        text = {"status": order.status, "expires": "2099-01-01T00:00:00Z", "finalize": f"{self.base}/finalize/{number}",
                "identifiers": [{"type": kind, "value": name} for kind, name in zip(kinds, order.names)],
                "authorizations": [f"{self.base}/authorization/{each}" for each in order.authorizations]}
        if order.certificate is not None:
            text["certificate"] = f"{self.base}/certificate/{order.certificate}"
        if order.error:
            text["error"] = order.error
        return {**text, **({"profile": order.profile} if order.profile else {})}

    def _own_order(self, account, number):
        if number >= len(self.orders) or self.orders[number].account != account:
            raise Unacceptable("unauthorized", "no order of this account", 403)
        return self.orders[number]

    def _order(self, account, _header, _payload, number):
        order = self._own_order(account, number)
        return Reply(200, self._order_text(number), self._later(order.status == "processing"))

    def _later(self, unfinished):
        return {"Retry-After": str(self.poll_after)} if unfinished else {}

    def _authorization(self, account, _header, payload, number):
        one = self.authorizations[number]
        self._own_order(account, one.order)
        if payload and payload.get("status") == "deactivated":
            one.status = "deactivated"
            if self.orders[one.order].status in ("pending", "ready"):
                self.orders[one.order].status = "invalid"
        text = {"status": one.status, "expires": "2099-01-01T00:00:00Z",
                "identifier": {"type": one.type, "value": one.name},
                "challenges": [self._challenge_text(each) for each in one.challenges]}
        busy = any(self.challenges[each].status == "processing" for each in one.challenges)
        return Reply(200, {**text, **({"wildcard": True} if one.wildcard else {})}, self._later(busy))

    def _challenge_text(self, number):
        one = self.challenges[number]
        return {"type": one.type, "url": f"{self.base}/challenge/{number}", "token": one.token, "status": one.status,
                **({"error": one.error} if one.error else {})}

    def _challenge(self, account, _header, payload, number):
        one = self.challenges[number]
        authorization = self.authorizations[one.authorization]
        self._own_order(account, authorization.order)
        if payload is not None and one.status == "pending" and authorization.status == "pending":
            one.status = "processing"
            expected = f"{one.token}.{thumbprint(self.accounts[account].jwk)}"
            threading.Thread(target=self._validate, args=(one, authorization, expected), daemon=True).start()
        up = f'<{self.base}/authorization/{one.authorization}>;rel="up"'
        return Reply(200, self._challenge_text(number), {"Link": up, **self._later(one.status == "processing")})

    def _validate(self, challenge, authorization, expected):
        """On a thread of its own."""
        wrong = self.verdict
        if wrong is None and self.validates:
            try:
                prove, port = {"http-01": (by_http, self.http_port), "tls-alpn-01": (by_tls, self.tls_port)}[challenge.type]
                wrong = prove(port, authorization.name, challenge.token, expected)
            except (OSError, EOFError) as failure:
                wrong = {"type": ERROR + "connection", "detail": f"127.0.0.1: {failure}"}
        with self.lock:
            challenge.error = wrong
            challenge.status = authorization.status = "invalid" if wrong else "valid"
            order = self.orders[authorization.order]
            if wrong:
                order.status = "invalid"
                order.error = wrong
            elif all(self.authorizations[each].status == "valid" for each in order.authorizations):
                order.status = "ready"

    def _finalize(self, account, _header, payload, number):
        order = self._own_order(account, number)
        if order.status != "ready":
            raise Unacceptable("orderNotReady", f"the order is {order.status}", 403)
        request = from_base64url(payload["csr"])
        if sorted(names_of(request)) != sorted(order.names):
            raise Unacceptable("badCSR", f"{names_of(request)} where {order.names} were ordered")
        order.request, order.status = request, "processing"
        reply = Reply(200, self._order_text(number), {"Location": f"{self.base}/order/{number}", **self._later(True)})
        if not self.stuck:
            self._issue(order)
        return reply

    def _issue(self, order):
        chain = self.issuing.issue(order.request, self.life, len(self.issued))
        order.certificate, order.status = len(self.issued), "valid"
        self.issued.append((order.names, chain))

    def _certificate(self, _account, _header, _payload, number):
        return Reply(200, self.issued[number][1].encode(), content_type="application/pem-certificate-chain")

    def _revoke(self, _account, _header, payload, _number):
        der = from_base64url(payload["certificate"])
        found = [chain for _, chain in self.issued if der_of(chain) == der]
        if not found:
            raise Unacceptable("malformed", "this certificate isn't one of ours")
        if serial_of(found[0]) in self.revoked:
            raise Unacceptable("alreadyRevoked", "it is revoked")
        self.revoked.add(serial_of(found[0]))
        return Reply(200)

    def _renewal_info(self, url, _number):
        """RFC 9773 §4.1: the last segment is AKI.SERIAL."""
        serial = int.from_bytes(from_base64url(url.rpartition("/")[2].partition(".")[2]), "big")
        if not any(serial_of(chain) == serial for _, chain in self.issued):
            raise Unacceptable("malformed", "this certificate isn't one of ours", 404)
        start, end = self.window or ("2098-01-01T00:00:00Z", "2098-01-02T00:00:00Z")
        return Reply(200, {"suggestedWindow": {"start": start, "end": end}}, {"Retry-After": str(self.ask_again)})
