"""The questions of a certificate authority (RFC 8555 §8.3, RFC 8737): answered ahead of everything else that a host has,
and by nobody else."""
import json
import pathlib
import shutil
import tempfile

from support.case import Case, main, wait_for
from support.lintel import Lintel
from support.wire import request_bytes

FOLDER = "/.well-known/acme-challenge/"
TOKEN = "DGyRejmCefe7v4NfDGDKfA"
SAID = f"{TOKEN}.LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"


def own_tokens(exchange):
    """An app that passes challenges of its own."""
    exchange.read_body()
    exchange.reply(f"the app's answer to {exchange.request.target}")


def http_challenge(token=TOKEN, said=SAID, name="a.test"):
    return {"kind": "challenge", "id": f"http-01 {token}",
            "spec": {"type": "http-01", "name": name, "token": token, "key_authorization": said}}


def router(name, rule, entrypoint="http", **spec):
    return {"kind": "router", "id": name, "spec": {"rule": rule, "entrypoints": [entrypoint], **spec}}


class ChallengeCase(Case):
    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lintel-e2e-challenges-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def door(self, *objects, flags=(), **options):
        """An edge with these objects and nothing else."""
        lintel = Lintel(*flags, routes=None, **options)
        self.addCleanup(self._end, lintel)
        snapshot = lintel.folder / "snapshot.json"
        snapshot.write_text(json.dumps({"commit": True, "upsert": objects}))
        lintel.command[1:2] = ["edge", "--snapshot", str(snapshot)]
        return lintel.start()

    def app(self):
        """The objects of the service `s`."""
        self.upstream = self.backend(own_tokens)
        return [{"kind": "endpoint", "id": "e", "spec": {"host": "127.0.0.1", "port": self.upstream.port}},
                {"kind": "service", "id": "s", "spec": {"endpoints": ["e"]}}]

    def shows(self, response, body=SAID):
        self.assertEqual((200, body), (response.status, response.text))
        self.assertEqual("application/octet-stream", response["content-type"])
        self.assertEqual("no-store", response["cache-control"])
        self.assertEqual(str(len(SAID)), response["content-length"])
        self.assertEqual("acme-challenge", response["lintel-reason"])


class Http01(ChallengeCase):
    def test_any_host_shows_the_token_where_there_is_nothing_else(self):
        lintel = self.door(http_challenge())
        for host in ("a.test", "other.test", "127.0.0.1", "[::1]:80"):
            self.shows(lintel.get(host, FOLDER + TOKEN))
        self.assertEqual(404, lintel.get("a.test", FOLDER + "other").status)
        self.assertEqual(404, lintel.get("a.test", "/").status)

    def test_it_comes_before_what_a_host_has_else(self):
        lintel = self.door(http_challenge(), *self.app(),
                           router("app", "Host(`app.test`)", service="s"),
                           router("redirect", "Host(`redirect.test`)", redirect_to_https=True),
                           router("other", "Host(`www.test`)", canonical_host="app.test"),
                           router("closed", "Host(`closed.test`)", refusal="basicauth isn't supported"),
                           router("pending", "Host(`pending.test`)", redirect_to_https=True, pending="it takes time"))
        lintel.until("app.test")
        for host, otherwise in (("app.test", 200), ("redirect.test", 308), ("www.test", 308), ("closed.test", 503),
                                ("pending.test", 503)):
            with self.subTest(host):
                self.shows(lintel.get(host, FOLDER + TOKEN))
                other = lintel.get(host, FOLDER + "other")
                self.assertEqual(otherwise, other.status)
        self.assertEqual(f"the app's answer to {FOLDER}other", lintel.get("app.test", FOLDER + "other").text)
        asked = [each.target for each in self.upstream.requests]
        self.assertNotIn(FOLDER + TOKEN, asked)

    def test_only_those_who_read_it_get_it(self):
        lintel = self.door(http_challenge(), *self.app(), router("app", "Host(`app.test`)", service="s"))
        lintel.until("app.test")
        with lintel.connect() as client:
            head = client.request("app.test", FOLDER + TOKEN, method="HEAD")
            self.shows(head, body="")
            post = client.request("app.test", FOLDER + TOKEN, method="POST", body=b"x")
            self.assertEqual(f"the app's answer to {FOLDER}{TOKEN}", post.text)
            self.assertEqual(200, client.request("app.test", FOLDER + TOKEN, body=b"unasked for").status)
            for path in (FOLDER, FOLDER + TOKEN + "/", FOLDER + TOKEN.lower(), "/" + TOKEN):
                self.assertEqual(f"the app's answer to {path}", client.request("app.test", path).text)

    def test_it_takes_its_place_among_pipelined_requests(self):
        lintel = self.door(http_challenge(), *self.app(), router("app", "Host(`app.test`)", service="s"))
        lintel.until("app.test")
        paths = ["/1", FOLDER + TOKEN, "/2", FOLDER + "other", FOLDER + TOKEN, "/3"]
        with lintel.connect() as client:
            client.send(b"".join(request_bytes("app.test", path) for path in paths))
            for path in paths:
                answer = client.read_response()
                self.assertEqual(SAID if path.endswith(TOKEN) else f"the app's answer to {path}", answer.text)

    def test_the_access_log_says_who_answered(self):
        log = self.folder() / "access.log"
        lintel = self.door(http_challenge(), access_log=log)
        self.shows(lintel.get("a.test", FOLDER + TOKEN))
        line = json.loads(wait_for(lambda: log.exists() and log.read_text(), "a line is written").splitlines()[0])
        self.assertEqual(("acme-challenge", 200, "a.test"), tuple(line[each] for each in ("reason", "status", "host")))
        self.assertNotIn("route", line)


class Pending(ChallengeCase):
    def test_a_host_without_a_certificate_says_so_instead_of_redirecting(self):
        waits = router("r", "Host(`soon.test`)", redirect_to_https=True,
                       pending="the certificate authority is being asked")
        lintel = self.door(waits, router("ready", "Host(`ready.test`)", redirect_to_https=True))
        answer = lintel.get("soon.test", "/path?query")
        self.assertEqual((503, "tls-pending", "5", None),
                         (answer.status, *(answer[each] for each in ("lintel-reason", "retry-after", "location"))))
        self.assertIn("has no certificate yet: the certificate authority is being asked. ", answer.text)
        self.assertEqual(308, lintel.get("ready.test").status)


if __name__ == "__main__":
    main()
