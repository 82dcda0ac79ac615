"""That a contestant answers right: a fast 502 looks like speed."""
import contextlib

from stick.h2client import ask
from stick.requests import Request
from stick.setting import Tls


class WrongAnswer(AssertionError):
    """What was got instead of what was expected."""


def check(running, case):
    """Sends a few requests of the case and raises WrongAnswer unless all are answered as by the backend itself, and
    the backend was told what this contestant has to tell."""
    name = running.contestant.name
    hosts = running.setting.hosts
    with contextlib.ExitStack() as open_clients:
        client = None
        for host in (hosts[0], hosts[len(hosts) // 2], hosts[-1]):
            if client is None or case.request.closes:
                client = open_clients.enter_context(running.client())
                check_tls(name, running.setting, client)
            ask(client, case.request, host)
            answer = client.read_response()
            expect(name, "status", answer.status, 200)
            expect(name, "body", answer.body, case.request.answer)
            if case.request.path == "/fields":
                expect(name, "number of X-Answer-* fields", count(answer.fields, "x-answer-"), 20)
    with running.client() as another:
        ask(another, Request("/echo-head", fields=case.request.fields), hosts[-1])
        head = another.read_response().text
    if running.setting.tls is not Tls.PASSED_ON:
        check_told(running, head, hosts[-1])
    expect(name, "number of X-Ask-* fields that arrive",
           head.lower().count("\r\nx-ask-"), count(case.request.fields, "x-ask-"))


def check_tls(name, setting, client):
    """What was agreed on is the same with all."""
    if setting.tls is not Tls.NONE:
        expect(name, "TLS", (client.socket.version(), client.socket.cipher()[0]), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"))


def check_told(running, head, host):
    """`head`: of the request as the backend got it."""
    fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head.split("\r\n")[1:]}
    scheme, port = running.setting.scheme
    known = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": scheme, "X-Forwarded-Host": host,
             "X-Forwarded-Port": str(port), "X-Real-IP": "127.0.0.1"}
    for field in running.contestant.told:
        got = fields.get(field.lower(), "")
        if field == "X-Request-Id":
            expect(running.contestant.name, "length of X-Request-Id, at least 32", len(got) >= 32, True)
        else:
            expect(running.contestant.name, field, got, known[field])


def count(fields, prefix):
    return sum(name.lower().startswith(prefix) for name, _ in fields)


def expect(name, what, got, wanted):
    if got != wanted:
        raise WrongAnswer(f"{name}: {what}: got {shortened(got)}, expected {shortened(wanted)}")


def shortened(value):
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:100]}… ({len(value)} bytes)"
