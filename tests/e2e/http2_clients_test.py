"""HTTP/2 (docs/http2.md) as others' clients speak it: curl, nghttp, and libraries. A browser is in
http2_browser_test.py, gRPC's in grpc_test.py."""
import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import threading
import unittest

from support.case import Case, main, wait_for
from support.h2_door import BIG, count, door, gates
from support.wire import connect

try:
    import httpx
except ImportError:
    httpx = None


class Programs(Case):
    def curl(self, *arguments):
        done = subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], capture_output=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_curl_over_tls(self):
        port = door().lintel.https.rpartition(":")[2]
        out = self.curl("--http2", "--cacert", str(door().lintel.ca), "--resolve", f"app.test:{port}:127.0.0.1", "-d", "hello",
                        "-w", "\n%{http_version} %{http_code}", f"https://app.test:{port}/x?y").decode()
        text, _, verdict = out.rpartition("\n")
        self.assertEqual("2 200", verdict)
        seen = json.loads(text)
        self.assertEqual(("POST /x?y", "hello"), (seen["line"], seen["body"]))
        self.assertIn(["X-Forwarded-Proto", "https"], seen["fields"])

    def test_curl_with_prior_knowledge(self):
        out = self.curl("--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", f"http://{door().lintel.http}/")
        self.assertTrue(out.endswith(b"\n2 200"), out)

    def test_curl_down_and_up(self):
        out = self.curl("--http2-prior-knowledge", f"http://{door().lintel.http}/big")
        self.assertEqual(bytes(BIG), out)
        sent = os.urandom(BIG)
        out = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-T", "-", f"http://{door().lintel.http}/up"],
                             input=sent, capture_output=True, check=True, timeout=20).stdout
        self.assertEqual(sent.decode("latin-1"), json.loads(out)["body"])

    def test_nghttp(self):
        done = subprocess.run(["nghttp", "-v", f"http://{door().lintel.http}/trailers"], capture_output=True, text=True,
                              check=True, timeout=20)
        self.assertIn(":status: 103", done.stdout)
        self.assertIn("x-sum: 7", done.stdout)

    def test_python_h2(self):
        import h2.connection
        import h2.events

        with connect(door().lintel.http) as raw:
            peer = h2.connection.H2Connection()
            peer.initiate_connection()
            peer.send_headers(1, [(":method", "POST"), (":path", "/h2"), (":scheme", "http"), (":authority", "app.test")])
            peer.send_data(1, b"from h2", end_stream=True)
            raw.send(peer.data_to_send())
            seen = b""
            while True:
                events = peer.receive_data(raw.socket.recv(65536))
                seen += b"".join(each.data for each in events if isinstance(each, h2.events.DataReceived))
                raw.send(peer.data_to_send())
                if any(isinstance(each, h2.events.StreamEnded) for each in events):
                    break
        self.assertEqual("from h2", json.loads(seen)["body"])

    def test_h2spec(self):
        tool = shutil.which("h2spec") or str(pathlib.Path.home() / "go/bin/h2spec")
        if not os.access(tool, os.X_OK):
            self.skipTest("h2spec is not at hand: go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible")
        port = door().lintel.https.rpartition(":")[2]
        for strict in ((), ("-S",)):
            done = subprocess.run([tool, "-t", "-k", "-h", "localhost", "-p", port, "-o", "5", *strict], text=True,
                                  capture_output=True, check=False, timeout=110)
            self.assertIn(" 0 failed", done.stdout.splitlines()[-1], done.stdout)


@unittest.skipUnless(httpx, "there is no httpx here: ./dev setup test")
class Httpx(Case):
    """Python's, asynchronous, with verification on and one connection at most."""

    def talk(self, conversation):
        async def run():
            lintel = door().lintel
            async with httpx.AsyncClient(http2=True, verify=lintel.trust(), limits=httpx.Limits(max_connections=1), timeout=20,
                                         base_url=f"https://localhost:{lintel.https.rpartition(':')[2]}") as client:
                return await conversation(client)
        return asyncio.run(run())

    def assert_on_one_connection(self, answers):
        self.assertEqual({(200, "HTTP/2")}, {(each.status_code, each.http_version) for each in answers})
        streams = {each.extensions["stream_id"] for each in answers}
        self.assertEqual(len(answers), len(streams), "another connection would number them anew")

    def test_many_at_a_time_on_one_connection(self):
        gates["/together"] = threading.Event()
        self.addCleanup(gates.pop, "/together")

        async def conversation(client):
            asked = [asyncio.create_task(client.get("/together")) for _ in range(80)]
            await asyncio.to_thread(wait_for, lambda: count("requests_open") == 80, "all are under way")
            gates["/together"].set()
            return [await each for each in asked]

        answers = self.talk(conversation)
        self.assert_on_one_connection(answers)
        self.assertEqual({"abc"}, {each.text for each in answers})

    def test_more_than_may_be_open_wait_for_their_turn(self):
        async def conversation(client):
            return await asyncio.gather(*(client.post(f"/{n}", content=b"%d" % n) for n in range(500)))

        answers = self.talk(conversation)
        self.assert_on_one_connection(answers)
        self.assertEqual([(f"POST /{n}", f"{n}") for n in range(500)],
                         [(each.json()["line"], each.json()["body"]) for each in answers])

    def test_an_upload_that_is_made_as_it_goes(self):
        sent = os.urandom(BIG)

        async def pieces():
            for at in range(0, BIG, 30_000):
                yield sent[at:at + 30_000]

        answer = self.talk(lambda client: client.post("/up", content=pieces()))
        self.assert_on_one_connection([answer])
        self.assertEqual(sent, answer.json()["body"].encode("latin-1"))
        self.assertIsNone(dict(answer.json()["fields"]).get("Content-Length"))

    def test_a_download_that_is_read_slowly_holds_nobody_up(self):
        async def conversation(client):
            async with client.stream("GET", "/big") as big:
                pieces = big.aiter_bytes()
                size = len(await anext(pieces))
                beside = [await client.get(f"/{n}") for n in range(20)]
                async for piece in pieces:
                    size += len(piece)
                return size, [*beside, big]

        size, answers = self.talk(conversation)
        self.assertEqual(BIG, size)
        self.assert_on_one_connection(answers)

    def test_interim_responses_and_trailers_are_no_hindrance(self):
        """It shows neither to its callers; nghttp does."""
        answers = self.talk(lambda client: asyncio.gather(*(client.get("/trailers") for _ in range(10))))
        self.assert_on_one_connection(answers)
        self.assertEqual({"abc"}, {each.text for each in answers})


if __name__ == "__main__":
    main()
