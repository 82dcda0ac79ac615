"""A TCP router's connections from the first byte to the last: who takes them, what is written down about them, and how
a drain ends them."""
import signal
import socket
import time

from support.case import main, wait_for
from support.tcp import TcpCase, TcpRouter, count, hello
from support.wire import connect, split_address


class Endpoints(TcpCase):
    def test_no_client_sees_that_an_endpoint_refuses(self):
        log = self.folder() / "access.log"
        good, bad = self.echo(), self.echo()
        lintel = self.clear(addresses=[good.address, bad.address], options={"workers": 1, "access_log": log})
        bad.stop()
        for _ in range(6):
            self.echoes(self.greeted(lintel))
        self.assertIsNone(lintel.stop())
        lines = self.lines(log, 6)
        self.assertEqual({good.address}, {line["endpoint"] for line in lines})
        self.assertEqual([2], [line["attempts"] for line in lines if line["attempts"] > 1], "one found out for all")
        self.assertEqual({"drained"}, {line["reason"] for line in lines}, "they were open to the end")

    def test_where_nobody_takes_it_the_client_is_cut(self):
        log = self.folder() / "access.log"
        only = self.echo()
        lintel = self.clear(addresses=only.address, options={"workers": 1, "access_log": log})
        only.stop()
        for reason in ("refused", "unhealthy"):
            with self.subTest(reason):
                with self.assertRaises(ConnectionResetError), connect(lintel.ready["entrypoints"]["db"]) as client:
                    client.socket.recv(1)
                line = wait_for(lambda: [each for each in self.lines(log) if each.get("reason") == reason], reason)[0]
                self.assertEqual((0, 0), (line["sent_bytes"], line["received_bytes"]))
                self.assertNotIn("status", line)


class Written(TcpCase):
    def test_a_connection_has_one_line_when_it_ends(self):
        log = self.folder() / "access.log"
        lintel = self.clear(options={"access_log": log})
        client = self.greeted(lintel)
        self.echoes(client, b"12345")
        self.assertFalse(log.exists() and '"TCP"' in log.read_text(), "not before it ends")
        client.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(b" bye", client.read_to_end())
        line, = self.lines(log)
        endpoint, _ = line.pop("endpoint"), line.pop("ts")
        self.assertEqual(split_address(endpoint)[0], "127.0.0.1")
        self.assertGreater(line.pop("duration_us"), 0)
        self.assertEqual({"route": "file:db", "service": "file:db@tcp", "client": "127.0.0.1",
                          "entrypoint": "db", "protocol": "TCP", "tls": False, "sent_bytes": 15, "received_bytes": 5,
                          "attempts": 1}, line)

    def test_the_name_in_tls_is_the_host_of_the_line(self):
        log = self.folder() / "access.log"
        echo = self.echo().address
        lintel = self.door(options={"access_log": log},
                           passed=TcpRouter("HostSNI(`passed.localhost`)", echo, "https", self.PASSING),
                           ended=TcpRouter("HostSNI(`ended.localhost`)", echo, "https", self.ENDED))
        first = hello("passed.localhost")
        self.talk(connect(lintel.https), first)
        self.talk(connect(lintel.https, tls=lintel.trust(), server_name="ended.localhost"), b"123")
        lines = {line["host"]: line for line in self.lines(log, 2)}
        passed, ended = lines["passed.localhost"], lines["ended.localhost"]
        self.assertEqual((False, len(first)), (passed["tls"], passed["received_bytes"]), "TLS is between the others")
        self.assertEqual((True, 3), (ended["tls"], ended["received_bytes"]), "what the backend got, in clear text")

    def test_the_status_counts_them(self):
        lintel = self.clear()
        clients = [self.greeted(lintel) for _ in range(3)]
        wait_for(lambda: count(lintel, "tcp_connections_open") == 3, "three are open")
        self.assertEqual(3, count(lintel, "tcp_connections"))
        self.assertGreaterEqual(count(lintel, "connections"), 3)
        self.assertGreaterEqual(count(lintel, "connections_open"), 3)
        self.assertGreaterEqual(count(lintel, "upstream_connections"), 3)
        for each in clients:
            each.close()
        wait_for(lambda: count(lintel, "tcp_connections_open") == 0, "none is open")
        self.assertEqual(3, count(lintel, "tcp_connections"))
        self.assertEqual(0, count(lintel, "requests_open"))

    def test_a_client_hello_that_does_not_come_is_a_failed_handshake(self):
        lintel = self.passing("--handshake-timeout", "300ms")
        self.talk(connect(lintel.https, tls=self.trusts_backend, server_name="db.localhost"))
        wait_for(lambda: count(lintel, "tcp_connections") == 1, "the counts are of now")
        before = count(lintel, "handshakes_failed")
        with connect(lintel.https) as client:
            client.send(hello("db.localhost")[:20])
            self.assertTrue(client.ended())
        wait_for(lambda: count(lintel, "handshakes_failed") == before + 1, "it is counted")

    def test_where_handshakes_are_full_only_what_has_to_be_read_is_cut(self):
        echo = self.echo().address
        lintel = self.door("--max-handshakes", "1", entrypoints="db=127.0.0.1:0", options={"workers": 1},
                           db=TcpRouter("HostSNI(`*`)", echo, "db"),
                           passed=TcpRouter("HostSNI(`passed.localhost`)", echo, "https", self.PASSING))
        with connect(lintel.https) as slow:
            slow.send(hello("passed.localhost")[:20])
            with connect(lintel.https) as client:
                self.assertTrue(client.ended())
            self.echoes(self.greeted(lintel))
            wait_for(lambda: count(lintel, "connections_refused") == 1, "it is counted")


class Drain(TcpCase):
    MANY = 300

    def draining(self, timeout):
        """Many open connections, half of them through TLS that ends here, once the door is closed."""
        echo = self.echo().address
        self.log = self.folder() / "access.log"
        lintel = self.door(entrypoints="db=127.0.0.1:0", options={"drain_timeout": timeout, "access_log": self.log},
                           db=TcpRouter("HostSNI(`*`)", echo, "db"),
                           ended=TcpRouter("HostSNI(`ended.localhost`)", echo, "https", self.ENDED))
        clients = [self.greeted(lintel) for _ in range(self.MANY // 2)]
        trust = lintel.trust()
        for _ in range(self.MANY // 2):
            client = connect(lintel.https, tls=trust, server_name="ended.localhost")
            self.addCleanup(client.close)
            self.assertEqual(b"hello ", client.read_exactly(6))
            clients.append(client)
        lintel.signal(signal.SIGTERM)
        return lintel, clients

    def test_many_finish_what_they_are_at_and_then_it_ends(self):
        lintel, clients = self.draining("30s")
        for each in clients:
            self.echoes(each, b"after SIGTERM")
            each.close()
        began = time.monotonic()
        self.assertEqual(0, lintel.wait(8))
        self.assertLess(time.monotonic() - began, 5)

    def test_many_that_would_stay_are_cut_at_its_end(self):
        lintel, clients = self.draining("1s")
        for each in clients:
            self.assertTrue(each.ended())
        self.assertEqual(0, lintel.wait(5))
        self.assertIn("drain.cut", lintel.log)
        self.assertEqual({"drained"}, {line.get("reason") for line in self.lines(self.log, self.MANY)})


if __name__ == "__main__":
    main()
