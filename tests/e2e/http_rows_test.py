"""The rows of docs/http.md about requests, through a running front door: what reaches the app byte for byte, what
never does, and whether the next request on the connection still fits."""
import socket
import struct
import threading

from support.case import main
from support.door import Door, door, normal
from support.recorder import TUNNEL
from support.rows import (AFTER, NEXT, SMUGGLED, Own, Refused, Rows, Taken, answer_or_end, read_echo, row, say_after,
    table)
from support.waiting import wait_for
from support.writing import in_one

CONTROLS = [chr(code) for code in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F)]
HOST = "Host: app.test\r\n"
SMUGGLED_TEXT = SMUGGLED.decode()


def line(text):
    """A request with this request line."""
    return f"{text}\r\n{HOST}\r\n"


def get(fields="", target="/", version="1.1"):
    """A GET with these field lines, each with its CRLF."""
    return f"GET {target} HTTP/{version}\r\n{HOST}{fields}\r\n"


def post(fields="", body="", version="1.1", host="app.test"):
    return f"POST / HTTP/{version}\r\nHost: {host}\r\n{fields}\r\n{body}"


def chunks(body, fields="", host="app.test"):
    return post(f"{fields}Transfer-Encoding: chunked\r\n", body, host=host)


def with_host(value):
    return f"GET / HTTP/1.1\r\nHost: {value}\r\n\r\n"


def lines_refused(*texts, status=400):
    return [Refused(line(text), status) for text in texts]


def paths(*pairs, **options):
    return [Taken(get(target=sent), options=options, up=get(target=up)) for sent, up in pairs]


@table({
    "line.plain": [Taken(line("GET /a?b HTTP/1.1")), Taken(line("HEAD / HTTP/1.1")), Taken(line("DELETE /a HTTP/1.1"))],
    "line.blank-before": [
        Taken("\r\n" + get(), up=get()),
        Taken(post("Content-Length: 3\r\n", "abc") + "\r\n" + get(), up=[post("Content-Length: 3\r\n", "abc"), get()]),
    ],
    "line.blanks-before": [Refused("\r\n\r\n" + get()), Refused("\r\n" * 5 + get()), Refused("\r\n \r\n" + get())],
    "line.separators": lines_refused(
        "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", " GET / HTTP/1.1",
        "\tGET / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.1\t", "GET\x0b/ HTTP/1.1", "GET /\x0cHTTP/1.1",
        "GET\xa0/ HTTP/1.1",
        "GET / a HTTP/1.1", "GET / HTTP/1.1 HTTP/1.1"),
    "line.missing-part": lines_refused(
        "GET", "GET /", "GET HTTP/1.1", "GET ", "/ HTTP/1.1", "HTTP/1.1", "GET / ") + [Refused("GET /\r\n\r\n")],
    "line.method-token": lines_refused(
        *(f"G{octet}T / HTTP/1.1" for octet in "()<>@,;:\\\"/[]?={}\x00\x08\x7f\x80\xe9\xff")),
    "line.method-unknown": [
        Taken(line(f"{method} / HTTP/1.1")) for method in ("PURGE", "get", "M-SEARCH", "!#$%&'*+-.^_`|~09Az",
            "X" * 32)],
    "line.method-long": lines_refused("X" * 33 + " / HTTP/1.1", "X" * 7000 + " / HTTP/1.1", status=501),
    "line.version-1.0": [
        Taken(get(version="1.0"), up=get(), closes=True),
        Taken(get("Connection: close\r\n", version="1.0"), up=get(), closes=True),
        Taken(get("Connection: keep-alive\r\n", version="1.0"), up=get()),
        Taken(get("Connection: Keep-Alive\r\nX-A: 1\r\n", version="1.0"), up=get("X-A: 1\r\n")),
        Taken(get("Connection: keep-alive, close\r\n", version="1.0"), up=get(), closes=True),
        Taken(post("Content-Length: 3\r\n", "abc", "1.0"), up=post("Content-Length: 3\r\n", "abc"), closes=True),
    ],
    "line.version-minor": [Taken(get(version=f"1.{minor}"), up=get()) for minor in range(2, 10)],
    "line.version-major": [
        *lines_refused(*(f"GET / HTTP/{version}" for version in ("2.0", "0.9", "3.1", "0.0", "9.9")), status=505),
        Refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
    "line.version-malformed": lines_refused(*(f"GET / {version}" for version in (
        "http/1.1", "Http/1.1", "HTTP/1.", "HTTP/.1", "HTTP/11", "HTTP/1", "HTTP/2", "HTTP/1.10", "HTTP/01.1",
        "HTTP/1.01", "HTTP/10.1", "HTTP/1.1x", "HTTP/1.x", "HTTP/1,1", "HTTP/-1.1", "HTTP/+1.1", "HTTP/1.1\x00",
        "HTTP/1.1\x0b",
        "HTTP/", "HTP/1.1", "HTTPS/1.1", "ICAP/1.0", "HTTP\\1.1", "XHTTP/1.1", "HTTP/1.\xb9"))),
})
class Line(Rows):
    pass


ABSOLUTE = "GET http://app.test/x HTTP/1.1\r\n"
TRACE = {"trace": "allow"}


@table({
    "target.origin": [Taken(get(target=target)) for target in (
        "/a/b?c", "/", "/?", "/a?b?c", "/~a-b._c", "/a;b=c,d", "/a:b@c", "/!$&'()*+,;=", "/a/", "/?a=/../%2e//%61")],
    "target.absolute": [
        Taken(f"GET {sent} HTTP/1.1\r\nHost: {beside}\r\n\r\n", up=f"GET {up} HTTP/1.1\r\nHost: {host}\r\n\r\n")
        for sent, beside, up, host in (
            ("http://app.test/x?y", "other.example", "/x?y", "app.test"),
            ("https://app.test/x", "app.test", "/x", "app.test"),
            ("HTTP://app.test/x", "other.example", "/x", "app.test"),
            ("http://app.test:8080/", "app.test", "/", "app.test:8080"),
            ("http://app.test", "other.example:1", "/", "app.test"),
            ("http://app.test?q", "other.example", "/?q", "app.test"),
            ("http://APP.test/%61", "other.example", "/a", "APP.test"))
    ] + [Own("GET http://other.example/x HTTP/1.1\r\nHost: app.test\r\n\r\n", 404)],
    "target.absolute-host": [
        Refused(f"{ABSOLUTE}{hosts}\r\n") for hosts in (
            "", "Host: a, b\r\n", "Host: \r\n", "Host: app.test/x\r\n", "Host: u@app.test\r\n", "Host: a b\r\n",
            "Host: app.test\r\nHost: app.test\r\n", "Host: app.test\r\nHost: other.example\r\n")],
    "target.absolute-scheme": lines_refused(*(f"GET {target} HTTP/1.1" for target in (
        "ftp://app.test/", "ws://app.test/", "file:///etc/passwd", "javascript:alert(1)", "http:///x", "http://",
        "http://:80/", "http://?x", "http:app.test/", "http:/app.test/", "http//app.test/", "httpx://app.test/",
        "http://u@app.test/", "http://u:p@app.test/", "http://@app.test/", "http://app.test\\@evil.test/",
        "http://app.test:x/", "http://app.test:65536/", "http://a,b/"))),
    "target.asterisk": [Taken(line("OPTIONS * HTTP/1.1"))],
    "target.asterisk-absolute": [
        Taken("OPTIONS http://app.test HTTP/1.1\r\nHost: other.example\r\n\r\n", up=line("OPTIONS * HTTP/1.1")),
        Taken(line("OPTIONS http://app.test/ HTTP/1.1"), up=line("OPTIONS / HTTP/1.1")),
        Taken(line("OPTIONS http://app.test/x HTTP/1.1"), up=line("OPTIONS /x HTTP/1.1")),
    ],
    "target.asterisk-other": lines_refused(
        "GET * HTTP/1.1", "POST * HTTP/1.1", "HEAD * HTTP/1.1", "options * HTTP/1.1", "OPTIONS *x HTTP/1.1",
        "OPTIONS *?x HTTP/1.1", "OPTIONS ** HTTP/1.1"),
    "target.authority": lines_refused(
        "GET app.test:80 HTTP/1.1", "GET app.test HTTP/1.1", "OPTIONS app.test:80 HTTP/1.1", "GET a/b HTTP/1.1",
        "GET ?x HTTP/1.1", "GET [::1]:80 HTTP/1.1", "connect app.test:80 HTTP/1.1", "GET @app.test/ HTTP/1.1"),
    "target.connect": lines_refused(
        "CONNECT app.test:443 HTTP/1.1", "CONNECT app.test HTTP/1.1", "CONNECT / HTTP/1.1", "CONNECT * HTTP/1.1",
        "CONNECT http://app.test/ HTTP/1.1", "CONNECT app.test:443 HTTP/1.0", status=405) + [
        Refused(f"CONNECT app.test:443 HTTP/1.1\r\n{HOST}Content-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED_TEXT}", 405)],
    "target.trace": [
        Own(line("TRACE / HTTP/1.1"), 405, closes=None), Own(line("TRACE /x HTTP/1.0"), 405, closes=None),
        Taken(line("TRACE / HTTP/1.1"), options=TRACE), Taken(line("trace / HTTP/1.1")),
    ],
    "target.trace-body": [Refused(f"TRACE / HTTP/1.1\r\n{HOST}{body}", options=TRACE) for body in (
        "Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")],
    "target.max-forwards": [
        Taken(f"OPTIONS / HTTP/1.1\r\n{HOST}Max-Forwards: {sent}\r\n\r\n",
            up=f"OPTIONS / HTTP/1.1\r\n{HOST}Max-Forwards: {up}\r\n\r\n")
        for sent, up in ((5, 4), (1, 0), (10, 9), (100, 99))
    ] + [
        Taken(f"TRACE / HTTP/1.1\r\n{HOST}Max-Forwards: 3\r\n\r\n", options=TRACE,
              up=f"TRACE / HTTP/1.1\r\n{HOST}Max-Forwards: 2\r\n\r\n"),
        Taken(get("Max-Forwards: 5\r\n")), Taken(get("Max-Forwards: 0\r\n")),
        *(Refused(f"OPTIONS / HTTP/1.1\r\n{HOST}{fields}\r\n") for fields in (
            "Max-Forwards: x\r\n", "Max-Forwards: -1\r\n", "Max-Forwards: 1\r\nMax-Forwards: 1\r\n")),
        Own(f"OPTIONS / HTTP/1.1\r\n{HOST}Max-Forwards: 0\r\n\r\n", (200, 204)),
        Own(f"OPTIONS * HTTP/1.1\r\n{HOST}Max-Forwards: 0\r\n\r\n", (200, 204)),
        Own(f"TRACE / HTTP/1.1\r\n{HOST}Max-Forwards: 0\r\n\r\n", 200, options=TRACE),
    ],
    "target.octets": lines_refused(
        *(f"GET /a{octet}b HTTP/1.1" for octet in [*CONTROLS, "\t", " ", "\x80", "\xe9", "\xff", "#", "\\"]),
        *(f"GET /?a{octet}b HTTP/1.1" for octet in ("\x00", "\x1f", "\x7f", "\x80", "\xff", "#", " ", "\t")),
        "GET /# HTTP/1.1", "GET \\a HTTP/1.1", "GET /\\..\\a HTTP/1.1", "GET /a\\ HTTP/1.1"),
    "target.escape-broken": lines_refused(*(f"GET {path} HTTP/1.1" for path in (
        "/%", "/a%", "/%2", "/%a", "/%zz", "/%4g", "/%g4", "/%%41", "/%u0041", "/% 41", "/%+1", "/%-1", "/%0x41",
        "/%4/1"))),
    "target.escape-control": lines_refused(
        *(f"GET /a%{code:02X} HTTP/1.1" for code in (*range(0x20), 0x7F)), "GET /%0d%0aX-A:%20b HTTP/1.1",
        "GET /%7f HTTP/1.1", "GET /%1f/ HTTP/1.1") + [Taken(get(target="/?a=%00%0d%0a%7F"))],
    "target.long": [
        Taken(get(target="/" + "a" * 8191)), Taken(get(target="/?" + "a" * 8190)),
        Refused(get(target="/" + "a" * 8192), 414), Refused(get(target="/?" + "a" * 8191), 414),
        Refused(get(target="/" + "a" * 20000), 414), Refused(f"GET http://app.test/{'a' * 8192} HTTP/1.1\r\n{HOST}\r\n",
            414),
    ],
})
class Target(Rows):
    pass


AS_IS = {"path": "as-is"}


@table({
    "path.unreserved": paths(
        ("/%61%2D", "/a-"), ("/%7Euser", "/~user"), ("/%41%5f%5A%30", "/A_Z0"), ("/%2561", "/%2561"),
        ("/a?%61", "/a?%61"), ("/%21%24%26%3B%3d", "/%21%24%26%3B%3D"), ("/%20%23%3f", "/%20%23%3F")),
    "path.hex-case": paths(("/%c3%a9", "/%C3%A9"), ("/%C3%a9", "/%C3%A9"), ("/%ff?%ff", "/%FF?%ff")),
    "path.dots": paths(
        ("/a/../b", "/b"), ("/a/%2e%2E/b", "/b"), ("/./b", "/b"), ("/../../b", "/b"), ("/a/.%2e/../../b", "/b"),
        ("/..", "/"), ("/.", "/"), ("/a/..", "/"), ("/a/.", "/a/"), ("/a/b/../", "/a/"), ("/%2e", "/"),
        ("/...", "/..."), ("/.a/..b/c.", "/.a/..b/c."), ("/a/..;/b", "/a/..;/b"), ("/%252e%252e/b", "/%252e%252e/b"),
        ("/..%2fb", "/..%2Fb"),
        ("/a/..?/../b", "/?/../b")),
    "path.slashes": paths(
        ("//a///b", "/a/b"), ("//", "/"), ("/a//", "/a/"), ("///", "/"), ("//evil.test/x", "/evil.test/x"),
        ("/x/http://a/", "/x/http:/a/"), ("/a?b//c", "/a?b//c")),
    "path.encoded-slash": paths(
        ("/a%2fb", "/a%2Fb"), ("/a%5Cb", "/a%5Cb"), ("/a%5cb", "/a%5Cb"), ("/a/%2f..%2f/b", "/a/%2F..%2F/b"),
        ("/%2e%2e%2fb", "/..%2Fb"), ("/a%2F%2Fb", "/a%2F%2Fb"), ("/a/..%5cb", "/a/..%5Cb")),
    "path.encoded-slash-refused": [
        Refused(get(target=target), options={"encoded_slashes": "reject"}) for target in (
            "/a%2fb", "/a%2Fb", "/a%5Cb", "/a%5cb", "/%2f", "/..%2fb", "/a/%2f/b")
    ] + [Taken(get(target="/a/b?%2f%5c"), options={"encoded_slashes": "reject"})],
    "path.as-is": [Taken(get(target=target), options=AS_IS) for target in (
        "/%61%2D", "/%c3%a9", "//a///b", "//", "/a%2fb", "/a%5cb", "/%7euser//x?%61//..", "/...", "/%252e")],
    "path.as-is-dots": [Refused(get(target=target), options=AS_IS) for target in (
        "/a/../b", "/a/%2e%2E/b", "/./b", "/..", "/.", "/a/.%2e", "/a/%2e", "/../", "//../b", "/%2e%2e")],
})
class Path(Rows):
    pass


@table({
    "host.missing": [
        Refused("GET / HTTP/1.1\r\n\r\n"), Refused("GET / HTTP/1.1\r\nX-Host: app.test\r\n\r\n"),
        Refused("GET /hostless HTTP/1.1\r\n\r\n"), Refused("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
    ],
    "host.missing-1.0": [
        Taken("GET /hostless HTTP/1.0\r\n\r\n", up="GET /hostless HTTP/1.1\r\nHost: \r\n\r\n", closes=True),
        Own("GET / HTTP/1.0\r\n\r\n", 404, closes=True), Own("GET /app.test HTTP/1.0\r\n\r\n", 404, closes=True),
    ],
    "host.doubled": [Refused(f"GET / HTTP/1.1\r\n{hosts}\r\n") for hosts in (
        HOST * 2, f"{HOST}host: app.test\r\n", f"{HOST}Host: other.example\r\n",
        f"Host: other.example\r\nX-A: 1\r\n{HOST}",
        f"{HOST}Host: \r\n", f"Host:\r\n{HOST}", HOST * 3, f"{HOST}{HOST}Connection: Host\r\n")
    ] + [Refused(f"GET / HTTP/1.0\r\n{HOST * 2}\r\n")],
    "host.invalid": [Refused(with_host(value)) for value in (
        "", " ", "a, b", "app.test,app.test", "app.test, ", "app.test/x", "/", "http://app.test", "u@app.test",
        "u:p@app.test", "app test", "app.test x", "app\ttest", "app.test:x", "app.test:99999", "app.test:65536",
        "app.test:-1", "app.test:+80", "app.test:80:80", "app.test: 80", "app.test:0x50", "app.test:80x", ":80",
        "[::1", "::1", "[::1]x", "[::1]:x", "[zz]", "[]", "[::1]:65536", "app.test?x", "app.test#x", "app\\test",
        "app\"test", "<app.test>", "app.test;x", "app\xa0test", "*x[")
    ] + [Refused(f"GET / HTTP/1.0\r\nHost: a, b\r\n\r\n")],
    "host.forms": [Taken(with_host(value)) for value in (
        "APP.TEST", "App.Test", "app.test.", "app.test:8080", "APP.test.:80", "127.0.0.1", "127.0.0.1:8080", "[::1]",
        "[::1]:80")],
})
class Host(Rows):
    pass


def fields_refused(*texts, status=400):
    return [Refused(get(text), status) for text in texts]


def head_of(size):
    return get(f"X-A: {'a' * (size - len(get('X-A: ')) - 2)}\r\n")


def dropped(*texts, flags=()):
    """Fields that don't reach the app; what stands beside them does."""
    return [Taken(get(f"{text}X-Kept: 1\r\n"), flags=flags, up=get("X-Kept: 1\r\n")) for text in texts]


PASS, REJECT = ("--underscores", "pass"), ("--underscores", "reject")
LOOKALIKES = (
    "X_Forwarded_For: 6.6.6.6\r\n", "X-Forwarded_For: 6.6.6.6\r\n", "x_real_ip: 6.6.6.6\r\n",
    "X_Forwarded_Proto: https\r\n", "X_Forwarded-Host: evil.test\r\n", "X_Request_Id: evil\r\n",
    "Transfer_Encoding: chunked\r\n", "Content_Length: 3\r\n")


@table({
    "field.bare-lf": [Refused(sent) for sent in (
        f"GET / HTTP/1.1\n{HOST}\r\n", "GET / HTTP/1.1\r\nHost: app.test\n\r\n", f"GET / HTTP/1.1\r\n{HOST}\n",
        "\n" + get(), "GET / HTTP/1.1\nHost: app.test\n\n", get("X-A: 1\nX-B: 2\r\n"), get("X-A: 1\n"), "\n\n" + get(),
        "\n\r\n" + get(),
        post("Content-Length: 3\n", "abc"), get("X-A: 1\r\n\n"), get("X-A: 1\n\nGET /smuggled HTTP/1.1\r\n"))],
    "field.bare-cr": [Refused(sent) for sent in (
        f"GET / HTTP/1.1\r{HOST}\r\n", get("X-A: a\rb\r\n"), get("X-A\r: a\r\n"), get("X-A:\ra\r\n"),
        get("X-A: a\r\r\n"), "\r" + get(), f"GET /\r HTTP/1.1\r\n{HOST}\r\n", f"G\rET / HTTP/1.1\r\n{HOST}\r\n",
        f"GET / HTTP/1.1\r\r\n{HOST}\r\n", get("\rX-A: a\r\n"),
        get("X-A: a\rTransfer-Encoding: chunked\r\n"), get("X-A: 1\r\n\r"), get("X-A: a\r\r\n\r\r\n"))],
    "field.obs-fold": fields_refused(
        "X-A: 1\r\n 2\r\n", "X-A: 1\r\n\t2\r\n", "X-A: 1\r\n \r\n", "X-A: 1\r\n\t\r\n", "X-A:\r\n 1\r\n",
        "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding: chunked\r\n , identity\r\n",
        "Content-Length: 3\r\n 3\r\n",
        " X-A: 1\r\n") + [Refused(f"GET / HTTP/1.1\r\n {HOST}\r\n"), Refused(f"GET / HTTP/1.1\r\n\t{HOST}{HOST}\r\n")],
    "field.space-before-colon": fields_refused(
        "X-A : 1\r\n", "X-A\t: 1\r\n", "X-A  : 1\r\n", "Transfer-Encoding : chunked\r\n", "Content-Length : 3\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "Connection : close\r\n") + [Refused("GET / HTTP/1.1\r\nHost : app.test\r\n\r\n")],
    "field.name": fields_refused(
        ": 1\r\n", " : 1\r\n", "no colon\r\n", "X-A\r\n", "X A: 1\r\n", "Transfer\tEncoding: chunked\r\n",
        "Transfer Encoding: chunked\r\n", "\x0bTransfer-Encoding: chunked\r\n", "Transfer-Encoding\x0b: chunked\r\n",
        "Transfer-Encoding\x00: chunked\r\n", "Content-Length\xa0: 3\r\n", "\xef\xbb\xbfHost: x\r\n",
        *(f"X{octet}A: 1\r\n" for octet in "()<>@,;\\\"/[]?={}\x00\x01\x0b\x1f\x7f\x80\xff")),
    "field.value-control": fields_refused(
        *(f"X-A: a{octet}b\r\n" for octet in CONTROLS), "X-A: \x00\r\n", "X-A: a\x0b\r\n", "X-A:\x0ca\r\n",
        "Transfer-Encoding: chunked\x0b\r\n", "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding: \x00chunked\r\n", "Content-Length: 3\x00\r\n", "Content-Length: \x0c3\r\n",
        "Connection: close\x00\r\n") + [Refused(with_host("app.test\x00")), Refused(with_host("app.test\x7f.evil"))],
    "field.value-space": [Taken(get(sent), up=get(up)) for sent, up in (
        ("X-A:1\r\n", "X-A: 1\r\n"), ("X-A:   1  \r\n", "X-A: 1\r\n"), ("X-A:\t1\t\r\n", "X-A: 1\r\n"),
        ("X-A: \t a\t b \t\r\n", "X-A: a\t b\r\n"),
        ("X-A:\r\n", "X-A: \r\n"), ("X-A:  \t \r\n", "X-A: \r\n"), ("X-A: a:b: c\r\n", "X-A: a:b: c\r\n"))
    ] + [Taken(f"GET / HTTP/1.1\r\nHost:\tapp.test \t\r\n\r\n", up=get())],
    "field.value-obs-text": [Taken(get("X-A: caf\xe9\r\n")), Taken(get("X-A: \x80\xff\xa0x\r\n")),
        Taken(get("X-A: \xc3\xa9 \xe2\x82\xac\r\n"))],
    "field.underscore": [
        *dropped("X_A: 1\r\n", "_: 1\r\n", "X_: 1\r\n", "Content_Length: 3\r\n", "Transfer_Encoding: chunked\r\n",
            *LOOKALIKES),
        Taken(get("X_A: 1\r\n"), flags=PASS), Taken(get("_x: 1\r\nX-B: 2\r\n"), flags=PASS),
        *dropped(*LOOKALIKES, flags=PASS),
        *(Refused(get(text), flags=REJECT) for text in ("X_A: 1\r\n", "_: 1\r\n", "X_Forwarded_For: 6.6.6.6\r\n")),
        Taken(get("X-A: 1_2\r\n"), flags=REJECT),
    ],
    "field.proxy": dropped("Proxy: http://evil.test\r\n", "PROXY: x\r\n", "proxy:x\r\nProxy: y\r\n"),
    "field.count": [
        Taken(get("X-A: 1\r\n" * 99)), Refused(get("X-A: 1\r\n" * 100), 431), Refused(get("X-A: 1\r\n" * 101), 431),
        Refused(get("a:\r\n" * 3000), 431)],
    "field.size": [
        Taken(head_of(32 * 1024)), Refused(head_of(32 * 1024 + 1), 431),
        Refused(get("X-A: " + "a" * 60000 + "\r\n"), 431), Refused(get("X-A: " + "a" * 40000)[:-4], 431),
        Refused(get("".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(50))), 431)],
})
class Fields(Rows):
    pass


LIES = (
    "X-Forwarded-For: 6.6.6.6\r\n", "X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 7.7.7.7\r\n", "X-FORWARDED-FOR:\r\n",
    "X-Forwarded-Proto: https\r\n", "X-Forwarded-Host: evil.test\r\n", "X-Forwarded-Port: 666\r\n",
    "X-Forwarded-Prefix: /evil\r\n", "X-Forwarded-Server: evil\r\n", "X-Forwarded-User: admin\r\n",
    "X-Forwarded-Ssl: on\r\n", "X-Real-IP: 6.6.6.6\r\n", "Forwarded: for=6.6.6.6;proto=https\r\n")
BODY = "Content-Length: 3\r\n"


@table({
    "hop.connection": [
        *dropped("Connection: X-A\r\nX-A: 1\r\n", "X-A: 1\r\nConnection: x-a\r\n",
            "Connection: X-A, X-B\r\nX-A: 1\r\nX-B: 2\r\n",
                 "Connection: X-A\r\nConnection: X-B\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n",
                 "Connection: , ,X-A\t,,\r\nX-A: 1\r\n",
                 "Connection: keep-alive, X-A\r\nX-A: 1\r\n", "Connection: Cookie\r\nCookie: a=b\r\n"),
        Taken(get("Connection: close, X-A\r\nX-A: 1\r\n"), up=get(), closes=True),
        Taken(get("Connection: \r\nX-A: 1\r\n"), up=get("X-A: 1\r\n")),
        Taken(get("Connection: X-A-B\r\nX-A: 1\r\n"), up=get("X-A: 1\r\n")),
    ],
    "hop.connection-ours": dropped(*(
        f"Connection: {name}\r\n{field}" for name, field in (
            ("X-Forwarded-For", "X-Forwarded-For: 6.6.6.6\r\n"), ("x-forwarded-for", ""),
            ("X-Real-IP, X-Request-Id", "X-Real-IP: 6.6.6.6\r\n"),
            ("X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Port", ""),
            ("close2, X-FORWARDED-HOST", "X-Forwarded-Host: evil\r\n")))),
    "hop.connection-many": [
        Taken(get(f"Connection: {','.join(['x-a'] * 64)}\r\nX-A: 1\r\n"), up=get()),
        Refused(get(f"Connection: {','.join(['x-a'] * 65)}\r\n")), Refused(get(f"Connection: {',' * 64}\r\n")),
        Refused(get(f"Connection: {','.join(['x-a'] * 33)}\r\n" * 2))],
    "hop.connection-framing": [
        Taken(get("Connection: Host\r\n"), up=get()), Taken(get("Connection: hOST, Connection\r\n"), up=get()),
        Taken(post("Connection: Content-Length\r\n" + BODY, "abc"), up=post(BODY, "abc")),
        Taken(post("Content-Length: 3\r\nConnection: content-length, transfer-encoding\r\n", "abc"),
            up=post(BODY, "abc")),
        Taken(chunks("3\r\nabc\r\n0\r\n\r\n", "Connection: Transfer-Encoding\r\n"), up=chunks("3\r\nabc\r\n0\r\n\r\n")),
        Refused(chunks("0\r\n\r\n", "Connection: Content-Length\r\n" + BODY)),
        Refused(chunks("0\r\n\r\n", "Connection: Transfer-Encoding\r\n" + BODY)),
    ],
    "hop.always": dropped(
        "Keep-Alive: timeout=5\r\n", "Proxy-Connection: keep-alive\r\n", "Proxy-Authorization: Basic eDp5\r\n",
        "TE: gzip\r\n", "Upgrade: h2c\r\n", "Upgrade: websocket\r\n", "HTTP2-Settings: AAMAAABk\r\n",
        "Connection: HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: keep-alive\r\nKeep-Alive: max=5\r\n", "keep-alive: a\r\nPROXY-CONNECTION: close\r\nte: x\r\n"),
    "hop.te-trailers": [
        Taken(get(text), up=get("TE: trailers\r\nConnection: te\r\n")) for text in (
            "TE: trailers\r\nConnection: TE\r\n", "TE: gzip, trailers\r\nConnection: te\r\n",
            "TE: Trailers\r\nConnection: te\r\n", "Connection: te\r\nTE: gzip;q=0.5\r\nTE: trailers\r\n")],
    "hop.close": [
        Taken(get("Connection: close\r\n"), up=get(), closes=True),
        Taken(get("Connection: Close\r\n"), up=get(), closes=True),
        Taken(get("Connection: keep-alive, close\r\n"), up=get(), closes=True),
        Taken(get("Connection: x\r\nConnection: close\r\n"), up=get(), closes=True),
        Taken(post("Connection: close\r\n" + BODY, "abc"), up=post(BODY, "abc"), closes=True),
        Own("GET / HTTP/1.1\r\nHost: nobody.test\r\nConnection: close\r\n\r\n", 404, closes=True),
    ],
    "hop.forwarded": dropped(*LIES),
    "hop.pipeline": [
        Taken("".join(several), up=several) for several in (
            [get(target=f"/{number}") for number in range(5)],
            [post(BODY, "abc"), get(target="/2"), chunks("3\r\nabc\r\n0\r\n\r\n"), get(target="/4"),
                post("Content-Length: 0\r\n")],
            [line("HEAD /1 HTTP/1.1"), line("GET /2 HTTP/1.1"), line("DELETE /3 HTTP/1.1")])],
})
class Hop(Rows):
    THREE = ("--requests-per-connection", "3")

    @row("hop.requests")
    def test_hop_requests(self):
        for together in (True, False):
            with self.subTest(together=together):
                here = door(*self.THREE)
                mark = here.recorder.mark()
                wanted = [get(target=f"/{number}").encode() for number in range(3)]
                with here.client() as client:
                    if together:
                        client.send(b"".join(wanted) + SMUGGLED)
                    for number, each in enumerate(wanted):
                        if not together:
                            client.send(each)
                        read_echo(self, client, each, closes=number == 2)
                    self.assertTrue(client.ended())
                say_after(self, here)
                self.assertEqual([*wanted, AFTER], [normal(each) for each in here.recorder.since(mark)])


CL_TE = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n"
TE_CL = "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"
ABC = "3\r\nabc\r\n0\r\n\r\n"
SMALL = ("--body-limit", "1KiB")


def lengths_refused(*values):
    return [Refused(post(f"Content-Length:{value}\r\n", "abc")) for value in values]


def limited(size, **settings):
    """A body of `size` octets in both framings, where 1 KiB is the limit."""
    length, body = f"Content-Length: {size}\r\n", "b" * size
    pieces = f"{size:x}\r\n{body}\r\n0\r\n\r\n"
    if size <= 1024:
        return [Taken(post(length, body), **settings), Taken(chunks(pieces), **settings)]
    return [Refused(post(length, body), 413, **settings), Refused(chunks(pieces), 413, partly=True, **settings),
            Refused(chunks("1\r\nb\r\n" * size + "0\r\n\r\n"), 413, partly=True, **settings),
            Refused(post(length, ""), 413, **settings)]


@table({
    "framing.length": [
        *(Taken(post(f"Content-Length: {value}\r\n", "abc"), up=post(BODY, "abc")) for value in ("3", "03", "0003",
                " 3 ", "\t3", "3\t", "0" * 19 + "3")),
        Taken(post("content-LENGTH:3\r\n", "abc"), up=post(BODY, "abc")), Taken(post("Content-Length: 0\r\n")),
        Taken(post("Content-Length: 000\r\n"), up=post("Content-Length: 0\r\n")),
        Taken(post(f"Content-Length: {len(SMUGGLED)}\r\n", SMUGGLED_TEXT)),
        Taken(post("Content-Length: 4\r\n", "\r\n\r\n")), Taken(post("Content-Length: 5\r\n", "\x00\xff0\r\n")),
        Taken(post("Content-Length: 100000\r\n", "z" * 100000)),
    ],
    "framing.length-doubled": [
        Refused(post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")),
        Refused(post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")),
        Refused(post("Content-Length: 0\r\ncontent-length: 44\r\n")),
        Refused(post("Content-Length: 3\r\nX-A: 1\r\nCONTENT-LENGTH: 3\r\n", "abc")),
        *lengths_refused(" 3, 3", "3,3", "3,", ",3", ",", "3, 4", "3,3,3", "0,3"),
        Refused(post("Content-Length:\r\nContent-Length: 3\r\n", "abc")),
    ],
    "framing.length-malformed": lengths_refused(
        "+3", "-0", "-3", "+0", "0x3", "0b11", "3a", "a", "a3", "", " ", "3 3", "3\t3", "3.0", ".3", "3e0", "1e1",
        "3;", "3;q=1", "\"3\"", "3_0", "1'0", "18446744073709551616", "18446744073709551619", "18446744073709551615",
        "9223372036854775808", "99999999999999999999999",
        "\xd9\xa3", "\xb3", "\xa03", "3\xa0", "--3", "3-", "0-3", "\\3", "%33", "NaN", "null"),
    "framing.both": [
        Refused(post(CL_TE, "0\r\n\r\nG")), Refused(post(TE_CL, "5c\r\nGPOST / HTTP/1.1\r\n")),
        Refused(post(CL_TE.replace("6", "0"), ABC)),
        Refused(post(CL_TE.replace("6", str(5 + len(SMUGGLED))), "0\r\n\r\n" + SMUGGLED_TEXT)),
        Refused(post(CL_TE.replace("chunked", "identity"), "abcdef")),
        Refused(post(CL_TE.replace("chunked", "xchunked"), "abcdef")), Refused(post(CL_TE.replace("6", "x"), ABC)),
        Refused(post("Content-Length:\r\n" + TE_CL, ABC)), Refused(post(CL_TE + "Connection: close\r\n", ABC)),
        Refused(get(CL_TE)), Refused(post("content-length: 3\r\ntransfer-encoding:\r\n", "abc")),
    ],
    "framing.chunked": [
        *(Taken(post(f"{coding}\r\n", ABC), up=chunks(ABC)) for coding in (
            "Transfer-Encoding: chunked", "transfer-encoding: CHUNKED", "Transfer-Encoding:\tChunked ",
            "TRANSFER-ENCODING:cHuNkEd  \t")),
        Taken(chunks("0\r\n\r\n")), Taken(chunks("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), up=chunks(ABC)),
        Taken(chunks(f"{len(SMUGGLED):x}\r\n{SMUGGLED_TEXT}\r\n0\r\n\r\n")),
        Taken(chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n")), Taken(chunks("11170\r\n" + "z" * 0x11170 + "\r\n0\r\n\r\n")),
        Taken(post("X-Transfer-Encoding: chunked\r\n" + BODY, "abc")),
    ],
    "framing.coding-other": [Refused(post(f"Transfer-Encoding:{coding}\r\n", ABC)) for coding in (
        "gzip", "identity", " gzip, chunked", " chunked, gzip", " chunked, identity", " identity, chunked",
        " chunked, chunked", "chunked,chunked", "chunked;q=1", "chunked; q=1", "chunked;", " ,chunked", "chunked,",
        "\"chunked\"", "'chunked'", "xchunked", "chunkedx", "x chunked", "chunked x", "chunk", "chunke", "", " ",
        "chunked\r\nTransfer-Encoding: chunked", "identity\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: x", "\r\ntransfer-encoding: chunked", "chunked\xa0", "\xa0chunked",
        "chun\xc2\xadked", "chun_ked", "chunked:", "=chunked", "chunked/1.0", "(chunked)", "chunked\x0b",
        "\x0bchunked", "\x00chunked", "chun\x00ked", "chunked\x0c",
        "deflate\r\nX-A: 1\r\nTransfer-Encoding: chunked")
    ] + [Refused(get("Transfer-Encoding: gzip\r\n")), Refused(get("Transfer-Encoding: identity\r\n"))],
    "framing.coding-1.0": [
        Refused(post("Transfer-Encoding: chunked\r\n", ABC, "1.0")),
        Refused(post("Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", ABC, "1.0")),
        Refused(post(CL_TE, ABC, "1.0")), Refused(get("Transfer-Encoding: chunked\r\n", version="1.0")),
        Refused(post("Transfer-Encoding: identity\r\n", "", "1.0")),
        Refused("POST /hostless HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + ABC)],
    "framing.any-method": [
        Taken(f"{method} / HTTP/1.1\r\n{HOST}{body}")
        for method in ("GET", "HEAD", "DELETE", "OPTIONS", "PURGE", "PATCH") for body in (
            "Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n" + ABC,
            f"Content-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED_TEXT}")],
    "framing.none": [
        Taken(post(), up=post("Content-Length: 0\r\n")), Taken(line("PUT / HTTP/1.1") + get(),
            up=[line("PUT / HTTP/1.1")[:-2] + "Content-Length: 0\r\n\r\n", get()]),
        Taken(get() + get(target="/2"), up=[get(), get(target="/2")]),
        Taken(post("Content-Type: text/plain\r\n") + get(),
            up=[post("Content-Type: text/plain\r\nContent-Length: 0\r\n"), get()]),
    ],
    "framing.over-limit": [
        *limited(1024, flags=SMALL), *limited(1025, flags=SMALL), *limited(1024, options={"body_limit": "1KiB"}),
        *limited(1025, options={"body_limit": "1KiB"}), Refused(post("Content-Length: 9223372036854775807\r\n", "abc"),
            413, flags=SMALL),
        Refused(chunks("7fffffffffffffff\r\n" + "b" * 1025), 413, flags=SMALL, partly=True),
        Refused(post("Expect: 100-continue\r\nContent-Length: 1025\r\n"), 413, flags=SMALL),
    ],
    "framing.unread": [
        Own(post(BODY, "abc", host="nobody.test")), Own(chunks(ABC, host="nobody.test"), closes=True),
        Own(post(f"Content-Length: {len(SMUGGLED)}\r\n", SMUGGLED_TEXT, host="nobody.test")),
        Own(post("Content-Length: 65536\r\n", "z" * 65536, host="nobody.test")),
        Own(post("Content-Length: 65537\r\n", "z" * 65537, host="nobody.test"), closes=True),
        Own(post("Content-Length: 500000\r\n", SMUGGLED_TEXT * 12000, host="nobody.test")[:400000], closes=True),
        Own(chunks("7fffffffffffffff\r\n", host="nobody.test"), closes=None),
    ],
})
class Framing(Rows):
    """`framing.cut` needs a client that leaves."""

    LEAVES = [
        "GET", "GET / HTTP/1.1\r\n", get()[:-2], get()[:-1], post("Content-Length: 5\r\n"),
        post("Content-Length: 5\r\n", "abcd"),
        post("Content-Length: 100000\r\n", "z" * 99999), post("Content-Length: 9223372036854775807\r\n", "abc"),
        post("Content-Length: 100000\r\n", SMUGGLED_TEXT), chunks(""), chunks("3"), chunks("3\r"), chunks("3\r\n"),
        chunks("3\r\nab"), chunks("3\r\nabc"),
        chunks("3\r\nabc\r"), chunks("3\r\nabc\r\n"), chunks("3\r\nabc\r\n0"), chunks("3\r\nabc\r\n0\r\n"),
        chunks("3\r\nabc\r\n0\r\n\r"),
        chunks("3\r\nabc\r\n0\r\nX-Sum: 4"), chunks("3\r\nabc\r\n0\r\nX-Sum: 42\r\n"),
        chunks("100000003\r\nabc\r\n0\r\n\r\n"), chunks("7fffffffffffffff\r\nabc"),
        post("Expect: 100-continue\r\nContent-Length: 5\r\n"),
    ]

    @row("framing.cut")
    def test_framing_cut(self):
        here = Door()
        self.addCleanup(here.end)
        mark = here.recorder.mark()
        for sent in self.LEAVES:
            for leave in (half_close, reset):
                with self.subTest(sent=sent[:200], leave=leave.__name__), here.client() as client:
                    client.send(sent)
                    leave(client.socket)
                    answer = leave is half_close and answer_or_end(client)
                    if answer:
                        self.assertEqual((400, "bad-request"), (answer.status, answer["lintel-reason"]))
        say_after(self, here)
        here.drain()  # what a client left behind may still be on its way upstream: now it no longer is
        self.assertEqual([AFTER], [normal(each) for each in here.recorder.since(mark) if each.whole])


def half_close(connected):
    connected.shutdown(socket.SHUT_WR)


def reset(connected):
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.close()


def chunk_refused(*bodies, status=400):
    return [Refused(chunks(body), status, partly=True) for body in bodies]


def trailers_become(up, *sent):
    return [Taken(chunks(f"3\r\nabc\r\n0\r\n{each}\r\n"), up=chunks(f"3\r\nabc\r\n0\r\n{up}\r\n")) for each in sent]


INNER = f"{len(SMUGGLED):x}\r\n{SMUGGLED_TEXT}\r\n0\r\n\r\n"


@table({
    "chunk.size": [Taken(chunks(f"{size}\r\n{body}\r\n0\r\n\r\n"),
            up=chunks(f"{len(body):x}\r\n{body}\r\n0\r\n\r\n")) for size, body in (
        ("3", "abc"), ("03", "abc"), ("0000000000000003", "abc"), ("A", "a" * 10), ("a", "a" * 10), ("0a", "a" * 10),
        ("1F", "a" * 31), ("1f", "a" * 31))
    ] + [Taken(chunks("3\r\nabc\r\n000\r\n\r\n"), up=chunks(ABC)), Taken(chunks("3\r\nabc\r\n0000000000000000\r\n\r\n"),
        up=chunks(ABC))],
    "chunk.size-malformed": chunk_refused(*(f"{size}\r\nabc\r\n0\r\n\r\n" for size in (
        "+3", "-3", "0x3", "0X3", " 3", "3 ", "\t3", "3\t", "", "g", "3g", "3 3", "3,3", "\"3\"", "3.0", "\xb3",
        "3\x00", "\x003", "3\x0b", "3\xa0", "#3", "3h", "_3", "x")),
        "3\r\nabc\r\n-0\r\n\r\n", "3\r\nabc\r\n+0\r\n\r\n", "3\r\nabc\r\n 0\r\n\r\n", "3\r\nabc\r\n\r\n\r\n",
        "3\r\nabc\r\n0x0\r\n\r\n", "\r\n3\r\nabc\r\n0\r\n\r\n"),
    "chunk.size-overflow": chunk_refused(*(f"{size}\r\nabc\r\n0\r\n\r\n" for size in (
        "8000000000000000", "FFFFFFFFFFFFFFFF", "ffffffffffffffff", "00000000000000003", "10000000000000000",
        "10000000000000003", "0" * 40 + "3", "F" * 40)), "3\r\nabc\r\n00000000000000000\r\n\r\n"),
    "chunk.extension": [Taken(chunks(f"3{extension}\r\nabc\r\n0\r\n\r\n"), up=chunks(ABC)) for extension in (
        ";a=b", ";a", ";a=\"b c\"", ";a=\"b;c\"", ";a;b=c", ";a=\"\\\"\"", ";a=0", ";A=b;C=d;E", ";3=4")
    ] + [Taken(chunks("3\r\nabc\r\n0;a=b\r\n\r\n"), up=chunks(ABC)),
    Taken(chunks("1;a\r\na\r\n2;b\r\nbc\r\n0;c\r\n\r\n"), up=chunks(ABC))],
    "chunk.extension-long": [
        Taken(chunks(f"3;a={'x' * 4000}\r\nabc\r\n0\r\n\r\n"), up=chunks(ABC)),
        Taken(chunks(f"1;a={'x' * 3000}\r\na\r\n" * 20 + "0\r\n\r\n"), up=chunks(f"14\r\n{'a' * 20}\r\n0\r\n\r\n")),
        *chunk_refused(f"3;a={'x' * 4100}\r\nabc\r\n0\r\n\r\n", f"3\r\nabc\r\n0;a={'x' * 4100}\r\n\r\n",
            f"3;a={'x' * 30000}",
                       f"1;a={'x' * 3900}\r\na\r\n" * 18 + "0\r\n\r\n", f"1;a={'x' * 3900}\r\na\r\n" * 40 + "0\r\n\r\n",
                       "1;a=xxxxxxxxxx\r\na\r\n" * 7000 + "0\r\n\r\n")],
    "chunk.line-end": chunk_refused(
        "3\nabc\r\n0\r\n\r\n", "3\rabc\r\n0\r\n\r\n", "3\r\rabc\r\n0\r\n\r\n", "3\n\rabc\r\n0\r\n\r\n",
        "3;a\nabc\r\n0\r\n\r\n", "3;a=\rb\r\nabc\r\n0\r\n\r\n", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r0\r\n\r\n", "3\r\nabc\n\n0\r\n\r\n", "3\r\nabc\r\r0\r\n\r\n",
        "3\r\nabc\n\r0\r\n\r\n", "3\r\nabc\r\n0\n\r\n", "3\r\nabc\r\n0\n\n", "3\r\nabc\r\n0\r\n\n",
        "3\r\nabc\r\n0\r\n\r\r\n", f"2;\nxx\r\n{len(INNER):x}\r\n0\r\n\r\n{INNER}",
        f"2;\n{len(INNER):x};x\r\n0\r\n\r\n{INNER}",
        # TERM.EXT, EXT.TERM
        f"2;a\rxx\r\n{len(INNER):x}\r\n0\r\n\r\n{INNER}", f"5\r\nabcde\n{len(INNER):x}\r\n0\r\n\r\n{INNER}",
        # TERM.SPILL
        f"2;a\x00\r\nxx\r\n0\r\n\r\n"),
    "chunk.data-end": chunk_refused(
        "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabcXX0\r\n\r\n", "3\r\nabc0\r\n\r\n", "5\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc;\r\n0\r\n\r\n", "3\r\nabc \r\n0\r\n\r\n", "1\r\nabc\r\n0\r\n\r\n", "3\r\nabc\x00\x000\r\n\r\n",
        f"5\r\nabcdeXX{len(INNER):x}\r\n0\r\n\r\n{INNER}", f"5\r\nabcde\rX{len(INNER):x}\r\n0\r\n\r\n{INNER}"),
        # SPILL.TERM
    "chunk.trailer": [
        *trailers_become("X-Sum: 42\r\n", "X-Sum: 42\r\n", "X-Sum:42 \r\n", "X-Sum:\t42\r\n",
            "X-Sum: 42\r\nProxy: x\r\n", "X_Sum: 1\r\nX-Sum: 42\r\n", "X-Sum: 42\r\nKeep-Alive: 5\r\n",
                         *(f"{lie}X-Sum: 42\r\n" for lie in LIES)),
        *trailers_become("X-Sum: 42\r\nX-Sum: 43\r\nX-B: caf\xe9\r\n", "X-Sum: 42\r\nX-Sum: 43\r\nX-B: caf\xe9\r\n"),
        *trailers_become("X-B: 2\r\n",
            "X-B: 2\r\nProxy-Connection: a\r\nConnection: b\r\nUpgrade: c\r\nX_Forwarded_For: 6.6.6.6\r\n"),
        Taken(chunks("3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n", "Trailer: X-Sum\r\n")),
        Taken(chunks("3\r\nabc\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n", "Connection: X-A\r\n"),
            up=chunks("3\r\nabc\r\n0\r\nX-B: 2\r\n\r\n")),
    ],
    "chunk.trailer-forbidden": trailers_become("X-Sum: 42\r\n", *(f"{field}\r\nX-Sum: 42\r\n" for field in (
        "Content-Length: 3", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Trailer: X-A", "TE: trailers",
        "Host: evil.test", "Max-Forwards: 0", "Expect: 100-continue", "Authorization: Basic eDp5",
        "Proxy-Authorization: x", "Cookie: a=b", "Set-Cookie: a=b", "WWW-Authenticate: x", "Cache-Control: no-store",
        "Pragma: no-cache", "Age: 1", "Expires: 0", "Vary: *", "Content-Type: text/html", "Content-Encoding: gzip",
        "Content-Range: bytes 0-1/2",
        "Content-Language: de", "content-location: /x", "Range: bytes=0-1", "If-Match: *", "If-None-Match: *"))),
    "chunk.trailer-malformed": chunk_refused(*(f"3\r\nabc\r\n0\r\n{lines}\r\n" for lines in (
        "X-A : 1\r\n", "no colon\r\n", ": 1\r\n", "X-A: a\x00b\r\n", "X-A: a\rb\r\n", "X-A: 1\n", "X-A: 1\r\n 2\r\n",
        " X-A: 1\r\n", "X A: 1\r\n", "X(A): 1\r\n", "X-A: \x7f\r\n", "X-A: 1\nX-B: 2\r\n",
        "GET /smuggled HTTP/1.1\r\n", "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n"))),
    "chunk.trailer-long": [
        *trailers_become(f"X-A: {'a' * 8000}\r\nX-B: {'b' * 8000}\r\n", f"X-A: {'a' * 8000}\r\nX-B: {'b' * 8000}\r\n"),
        *chunk_refused(f"3\r\nabc\r\n0\r\nX-A: {'a' * 17000}\r\n\r\n", f"3\r\nabc\r\n0\r\nX-A: {'a' * 30000}",
            "3\r\nabc\r\n0\r\n" + f"X-A: {'a' * 1000}\r\n" * 18 + "\r\n", status=431)],
})
class Chunk(Rows):
    pass


EXPECT = "Expect: 100-continue\r\n"


@table({
    "expect.other": [
        Refused(post(f"Expect: {value}\r\n{BODY}", "abc"), 417) for value in ("200-ok", "100-continu",
            "100-continue;x=1", "100-continue, foo", "100", "x=\"100-continue\"")
    ] + [Refused(get("Expect: foo\r\n"), 417), Refused(post(f"{EXPECT}Expect: foo\r\n{BODY}", "abc"), 417),
    Refused(chunks(ABC, "Expect: foo\r\n"), 417)],
    "expect.none": [
        Taken(get(EXPECT), up=get()), Taken(post(EXPECT), up=post("Content-Length: 0\r\n")),
        Taken(post(f"{EXPECT}Content-Length: 0\r\n"), up=post("Content-Length: 0\r\n")),
        Taken(post(EXPECT + BODY, "abc", "1.0"), up=post(BODY, "abc"), closes=True),
        Taken(line("HEAD / HTTP/1.1")[:-2] + EXPECT + "\r\n", up=line("HEAD / HTTP/1.1")),
    ],
    "expect.unread": [
        Own(post(EXPECT + BODY, host="nobody.test"), closes=True), Own(chunks("", EXPECT, host="nobody.test"),
            closes=True),
        Refused(post(EXPECT + CL_TE)), Refused(post(EXPECT + "Content-Length: +3\r\n")),
        Refused(post(EXPECT + "Transfer-Encoding: gzip\r\n")),
        Refused(f"CONNECT app.test:80 HTTP/1.1\r\n{HOST}{EXPECT}{BODY}\r\n", 405),
    ],
})
class Expect(Rows):
    @row("expect.continue")
    def test_expect_continue(self):
        long = "z" * 70000
        for head, body, up in (
                (post(EXPECT + BODY), "abc", post(BODY, "abc")), (post("expect: 100-Continue\r\n" + BODY), "abc",
                    post(BODY, "abc")),
                (chunks("", EXPECT), ABC, chunks(ABC)), (post(f"{EXPECT}Content-Length: 70000\r\n"), long,
                    post("Content-Length: 70000\r\n", long)),
                (post(f"{EXPECT}Content-Length: {len(SMUGGLED)}\r\n"), SMUGGLED_TEXT,
                    post(f"Content-Length: {len(SMUGGLED)}\r\n", SMUGGLED_TEXT))):
            for waits in (True, False):
                with self.subTest(head=head, waits=waits):
                    self.check(head, body, up, waits)

    def check(self, head, body, up, waits):
        here = door()
        mark = here.recorder.mark()
        with here.client() as client:
            client.send(head if waits else head + body)
            if waits:
                interim = client.read_head()
                self.assertEqual((100, []), (interim.status, interim.fields))
                client.send(body)
            response = read_echo(self, client, up.encode())
            self.assertLessEqual(len(response.interim), 0 if waits else 1, "one 100 at most")
            client.send(NEXT)
            read_echo(self, client, NEXT)
        self.assertEqual([up.encode(), NEXT], [normal(each) for each in here.recorder.since(mark)])


UPGRADE = "Upgrade: websocket\r\nConnection: upgrade\r\n"
KEY = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n"
          % UPGRADE.replace("upgrade", "Upgrade").encode())


@table({
    "upgrade.other": [
        *(Taken(get(f"{fields}X-Kept: 1\r\n"), up=get("X-Kept: 1\r\n")) for fields in (
            "Upgrade: h2c\r\nConnection: upgrade\r\n",
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
            "Upgrade: TLS/1.2\r\nConnection: upgrade\r\n", "Upgrade: websockets\r\nConnection: upgrade\r\n",
            "Upgrade: websocket\r\n", "Connection: upgrade\r\n", "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n",
            "Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: upgrade\r\n",
            "Upgrade:\r\nConnection: upgrade\r\n")),
        Taken(post(UPGRADE + BODY, "abc"), up=post(BODY, "abc")), Taken(post(UPGRADE),
            up=post("Content-Length: 0\r\n")),
        Taken(get(UPGRADE + BODY) + "abc", up=get(BODY) + "abc"),
        Taken(get(UPGRADE + "Transfer-Encoding: chunked\r\n") + ABC,
              up=get("Transfer-Encoding: chunked\r\n") + ABC),
        Taken(get(UPGRADE, version="1.0"), up=get(), closes=True),
        Taken(line("HEAD / HTTP/1.1")[:-2] + UPGRADE + "\r\n", up=line("HEAD / HTTP/1.1")),
    ],
})
class Upgrade(Rows):
    ASKED = get(KEY + UPGRADE, "/ws").encode()
    FORWARDED = get(KEY + UPGRADE, "/ws").encode()
    EARLY = b"\x81\x85\x01\x02\x03\x04" + SMUGGLED + bytes(range(256))

    def setUp(self):
        self.here = door()
        self.mark = self.here.recorder.mark()
        self.addCleanup(self.here.recorder.scripts.clear)

    def script(self, *steps):
        self.here.recorder.scripts["/ws"] = list(steps)

    def since(self):
        return self.here.recorder.since(self.mark)

    @row("upgrade.websocket")
    def test_upgrade_websocket(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.script(gate, SWITCH, TUNNEL)
        with self.here.client() as client:
            client.send(self.ASKED)
            wait_for(self.since, "the request is upstream")
            say_after(self, self.here)
            client.send(b"ping")  # before the 101: it has to wait
            say_after(self, self.here)
            asked = self.since()[0]
            self.assertEqual((self.FORWARDED, b""), (normal(asked), bytes(asked.tunnelled)), "no tunnel before 101")
            gate.set()
            self.assertEqual(101, client.read_head().status)
            self.assertEqual(b"ping", client.read_exactly(4))
            for size in (1, 100000):
                client.send(b"\xff" * size)
                self.assertEqual(b"\xff" * size, client.read_exactly(size))
        self.here.recorder.wait_ended(asked.connection)
        self.assertEqual(b"ping" + b"\xff" * 100001, bytes(asked.tunnelled), "exact")

    @row("upgrade.early")
    def test_upgrade_early(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.script(gate, SWITCH + b"early bird", TUNNEL)
        with self.here.client() as client:
            client.send(self.ASKED + self.EARLY)
            wait_for(self.since, "the request is upstream")
            say_after(self, self.here)
            asked, *others = self.since()
            self.assertEqual([AFTER], [normal(each) for each in others])
            self.assertEqual((self.FORWARDED, b""), (normal(asked), bytes(asked.tunnelled)), "they wait for the 101")
            gate.set()
            self.assertEqual(101, client.read_head().status)
            self.assertEqual(b"early bird" + self.EARLY, client.read_exactly(10 + len(self.EARLY)))
        self.here.recorder.wait_ended(asked.connection)
        self.assertEqual(self.EARLY, bytes(asked.tunnelled))

    @row("upgrade.refused")
    def test_upgrade_refused(self):
        for status in (b"200 OK", b"403 Forbidden", b"426 Upgrade Required", b"503 Service Unavailable"):
            with self.subTest(status):
                self.mark = self.here.recorder.mark()
                self.script(b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nno" % status)
                with self.here.client() as client:
                    in_one(client.socket, self.ASKED + NEXT + AFTER)
                    response = client.read_response()
                    self.assertEqual((int(status[:3]), b"no"), (response.status, response.body))
                    read_echo(self, client, NEXT)
                    read_echo(self, client, AFTER)
                self.assertEqual([self.FORWARDED, NEXT, AFTER], [normal(each) for each in self.since()])


if __name__ == "__main__":
    main()
