"""How a CA convinces itself that whoever ordered answers at a name (RFC 8555 §8.3, RFC 8737). Every name is at 127.0.0.1.
A proof returns None, or the problem that the challenge ends in."""
import hashlib
import ssl

from support.acme_nouns import ERROR
from support.wire import connect


def by_http(port, name, token, expected):
    with connect(f"127.0.0.1:{port}") as connection:
        answer = connection.request(name, f"/.well-known/acme-challenge/{token}")
    if answer.status == 200 and answer.text.rstrip() == expected:
        return None
    return {"type": ERROR + "unauthorized", "detail": f"{answer.status} {answer.text[:200]!r} isn't {expected!r}"}


def by_tls(port, name, _token, expected):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["acme-tls/1"])
    with connect(f"127.0.0.1:{port}", tls=context, server_name=name) as connection:
        shown, protocol = connection.socket.getpeercert(True), connection.socket.selected_alpn_protocol()
    if protocol == "acme-tls/1" and hashlib.sha256(expected.encode()).digest() in shown:
        return None
    return {"type": ERROR + "unauthorized", "detail": f"no certificate for the challenge, protocol {protocol}"}
