"""An HTTP/2 upstream in this process (python3-h2), in clear text or behind TLS. Each test says in a function how a stream
is answered; frames that no library would send are the test's to write."""
import queue
import ssl
import threading
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from support.backend import Backend, Request
from support.wire import Truncated


@dataclass
class StreamRequest(Request):
    """`fields`: pseudo-fields included, as they came."""

    stream: int = 0
    reset: int | None = None  # the code of the client's RST_STREAM


class Stream:
    """One request on the upstream's side. Belongs to the thread that answers it."""

    def __init__(self, served, request):
        self.served, self.request = served, request
        self.arrived = queue.SimpleQueue()  # bytes; None at the end
        self.ended = False
        self.room = threading.Condition()

    @property
    def id(self):
        return self.request.stream

    def pieces(self):
        """The body's DATA as it comes."""
        while not self.ended:
            piece = self.arrived.get()
            if piece is None:
                self.ended = True
                if self.request.reset is not None:
                    raise Truncated(f"reset with {self.request.reset}")
                return
            self.served.acknowledge(self.id, len(piece))
            self.request.body += piece
            yield piece

    def read_body(self):
        for _ in self.pieces():
            pass
        return self.request.body

    def inform(self, status, fields=()):
        self.served.send(lambda it: it.send_headers(self.id, [(":status", str(status)), *fields]))

    def head(self, status=200, fields=(), end=False):
        self.served.send(lambda it: it.send_headers(self.id, [(":status", str(status)), *fields], end_stream=end))

    def data(self, data, end=False):
        """As the client's windows allow."""
        view = memoryview(data)
        while view or end:
            count = min(len(view), self.served.wait_for_room(self) if view else 0)
            last = end and count == len(view)
            piece = bytes(view[:count])
            self.served.send(lambda it: it.send_data(self.id, piece, end_stream=last))
            view = view[count:]
            if last:
                return

    def end(self, trailers=None):
        if trailers:
            self.served.send(lambda it: it.send_headers(self.id, trailers, end_stream=True))
        else:
            self.served.send(lambda it: it.end_stream(self.id))

    def reply(self, body=b"", status=200, fields=(), trailers=None):
        body = body.encode() if isinstance(body, str) else body
        if not body and not trailers:
            return self.head(status, fields, end=True)
        self.head(status, fields)
        self.data(body, end=not trailers)
        if trailers:
            self.end(trailers)

    def reset(self, code=h2.errors.ErrorCodes.INTERNAL_ERROR):
        self.served.send(lambda it: it.reset_stream(self.id, code))

    def raw(self, data):
        """Bytes of one's own between the library's frames."""
        self.served.raw(data)


def ok(stream):
    stream.read_body()
    stream.reply("ok", fields=[("content-type", "text/plain")])


class Served:
    """One accepted connection; its own thread reads, the streams' threads write."""

    def __init__(self, backend, accepted, number):
        self.backend, self.accepted, self.number = backend, accepted, number
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
                                           normalize_outbound_headers=False)
        self.protocol = h2.connection.H2Connection(config)
        self.protocol.local_settings = h2.settings.Settings(client=False, initial_values=backend.settings)
        self.lock = threading.Condition()
        self.streams = {}

    def send(self, what):
        with self.lock:
            what(self.protocol)
            self.accepted.sendall(self.protocol.data_to_send())

    def raw(self, data):
        with self.lock:
            self.accepted.sendall(data)

    def acknowledge(self, stream, size):
        if self.backend.takes:
            try:
                self.send(lambda it: it.acknowledge_received_data(size, stream))
            except (h2.exceptions.ProtocolError, OSError):
                pass  # the stream or the connection is over

    def wait_for_room(self, stream):
        with self.lock:
            def room():
                if stream.request.reset is not None or not self.accepted.fileno() >= 0:
                    raise Truncated("nobody takes it any more")
                return min(self.protocol.local_flow_control_window(stream.id), self.protocol.max_outbound_frame_size)
            if not self.lock.wait_for(lambda: room() > 0, timeout=20):
                raise Truncated("no window within 20 s")
            return room()

    def serve(self):
        self.send(lambda it: it.initiate_connection())
        while data := self.accepted.recv(65536):
            with self.lock:
                events = self.protocol.receive_data(data)
                self.accepted.sendall(self.protocol.data_to_send())
                self.lock.notify_all()
            for event in events:
                self.handle(event)

    def handle(self, event):
        self.backend.events.append(event)
        if isinstance(event, h2.events.RequestReceived):
            pseudo = dict(event.headers)
            request = StreamRequest(pseudo[":method"], pseudo.get(":path"), "HTTP/2", event.headers, self.number,
                                    stream=event.stream_id)
            stream = self.streams[event.stream_id] = Stream(self, request)
            self.backend.requests.append(request)
            threading.Thread(target=self.answer, args=(stream,), daemon=True).start()
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id].arrived.put(event.data)
        elif isinstance(event, h2.events.TrailersReceived):
            self.streams[event.stream_id].request.trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
            self.streams[event.stream_id].arrived.put(None)
        elif isinstance(event, h2.events.StreamReset) and event.stream_id in self.streams:
            self.streams[event.stream_id].request.reset = event.error_code
            self.streams[event.stream_id].arrived.put(None)
            with self.lock:
                self.lock.notify_all()

    def answer(self, stream):
        try:
            self.backend.answer(stream)
        except (h2.exceptions.ProtocolError, KeyError, OSError, Truncated):
            pass  # the proxy gave up on it; a test that cares looks at the request

    def end(self):
        for each in self.streams.values():
            each.arrived.put(None)


class H2Backend(Backend):
    """`answer(stream)` runs on a thread of its own for each request. `settings`: of its SETTINGS; `pair`: certificate and
    key, for TLS with ALPN `protocols`; `takes`: whether windows open as bodies are read."""

    def __init__(self, answer=ok, settings=None, pair=None, protocols=("h2",), takes=True, port=0):
        self.settings, self.takes = settings or {}, takes
        self.events = []
        self.agreed = []  # by ALPN, of each connection
        self.context = None
        if pair:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(*pair)
            self.context.set_alpn_protocols(list(protocols))
        super().__init__(answer, port=port)
        self.url = f"{'https' if pair else 'h2c'}://127.0.0.1:{self.port}"

    def _converse(self, accepted, number):
        if self.context:
            accepted = self._sockets[number] = self.context.wrap_socket(accepted, server_side=True)
            self.agreed.append(accepted.selected_alpn_protocol())
        served = Served(self, accepted, number)
        try:
            served.serve()
        except h2.exceptions.ProtocolError:
            pass  # a probe was all there was to it, or the test wanted it
        finally:
            served.end()
