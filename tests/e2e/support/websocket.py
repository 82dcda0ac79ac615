"""WebSocket (RFC 6455) by hand: the client's side, and an answering function for a Backend that echoes."""
import base64
import hashlib
import os
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def write_frame(connection, opcode, payload, mask):
    size = len(payload)
    length = bytes([size]) if size < 126 else struct.pack(">BH", 126, size) if size < 65536 else struct.pack(">BQ", 127, size)
    if mask:
        key = os.urandom(4)
        length = bytes([length[0] | 0x80]) + length[1:] + key
        payload = masked(payload, key)
    connection.send(bytes([0x80 | opcode]) + length + payload)


def read_frame(connection):
    first, second = connection.read_exactly(2)
    size = second & 0x7F
    if size >= 126:
        size = int.from_bytes(connection.read_exactly(2 if size == 126 else 8), "big")
    key = connection.read_exactly(4) if second & 0x80 else None
    payload = connection.read_exactly(size)
    return first & 0x0F, masked(payload, key) if key else payload


def masked(payload, key):
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


def handshake(connection, host, path="/", fields=()):
    """Asks for the upgrade; returns the response, whose key is checked when it is 101."""
    key = base64.b64encode(os.urandom(16)).decode()
    response = connection.request(host, path, fields=[
        ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key), *fields])
    if response.status == 101:
        assert response["sec-websocket-accept"] == accept_key(key), "the accepted key is not ours"
    return response


def echo_text(connection, text):
    """Sends a text message and returns what comes back."""
    write_frame(connection, TEXT, text.encode(), mask=True)
    opcode, payload = read_frame(connection)
    assert opcode == TEXT, f"opcode {opcode}"
    return payload.decode()


def echo_server(exchange):
    """Answers an upgrade and echoes every message until the close frame; anything else gets 426."""
    request = exchange.request
    exchange.close_after = True
    if (request["upgrade"] or "").lower() != "websocket":
        exchange.reply("an upgrade, please", status="426 Upgrade Required", fields=[("Upgrade", "websocket")])
        return
    exchange.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  f"Sec-WebSocket-Accept: {accept_key(request['sec-websocket-key'])}\r\n\r\n")
    while True:
        opcode, payload = read_frame(exchange)
        write_frame(exchange, opcode, payload, mask=False)
        if opcode == CLOSE:
            return
