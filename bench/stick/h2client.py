"""A client that asks over HTTP/2 for what a case asks for, one request at a time."""
from dataclasses import dataclass

from support.h2 import H2

from stick.requests import HOST


@dataclass
class Answer:
    status: int
    fields: list
    body: bytes

    @property
    def text(self):
        return self.body.decode()


class H2Client(H2):
    """One stream after the other."""

    def ask(self, request, host=HOST):
        fields = [(name.lower(), value) for name, value in request.fields]
        self.asked = self.open(self.request(*fields, method=request.method, path=request.path, host=host), request.body)

    def read_response(self):
        heard = self.answer(self.asked)
        if not heard.ended:
            raise EOFError(f"the stream was broken off: {heard.reset or heard.going}")
        del self.answers[self.asked]
        return Answer(heard.status, heard.fields[1:], heard.body)


def ask(client, request, host=HOST):
    """Sends the request of a case over whichever protocol the client speaks."""
    if isinstance(client, H2Client):
        client.ask(request, host)
    else:
        client.send(request.bytes_for(host))
