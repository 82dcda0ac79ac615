"""An upstream in a process of its own: 4 MB at /large, never an answer at /slow, `ok` after whatever body elsewhere."""
import asyncio
import os
import sys

from support.beside import Beside, ready, take_all_descriptors
from support.wire import connect

LARGE = 4 * 1024 * 1024


class Bulk(Beside):
    def __init__(self):
        super().__init__("support.bulk", niceness=10)
        self.port = int(self.greeting)
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def held(self):
        """How many requests wait at /slow."""
        with connect(f"127.0.0.1:{self.port}") as own:
            return int(own.request("bulk", "/held").body)


class Server:
    """One thread-free loop for thousands."""

    def __init__(self):
        self.held = 0

    async def connection(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self.read_body(reader, head)
                await self.answer(head.split(b" ")[1], reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def read_body(reader, head):
        lower = head.lower()
        if b"chunked" in lower:
            while await reader.readline() != b"0\r\n":
                pass
            await reader.readline()
        elif b"content-length:" in lower:
            await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))

    async def answer(self, path, reader, writer):
        if path == b"/slow":
            self.held += 1
            try:
                await reader.read()  # until it is left
            finally:
                self.held -= 1
        elif path == b"/large":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
            piece = bytes(65536)
            for _ in range(LARGE // len(piece)):  # no more than a piece of it waits here for each reader
                writer.write(piece)
                await writer.drain()
        else:
            text = b"%d" % self.held if path == b"/held" else b"ok"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)

    async def run(self):
        server = await asyncio.start_server(self.connection, "127.0.0.1", 0, backlog=4096)
        ready(server.sockets[0].getsockname()[1])
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
        await ended.wait()
        os._exit(0)


if __name__ == "__main__":
    take_all_descriptors()
    asyncio.run(Server().run())
