"""An upstream in a process of its own with 4 MB at /large that takes any body."""
import asyncio
import os
import sys

from support.beside import Beside, ready, take_all_descriptors


class Bulk(Beside):
    def __init__(self):
        super().__init__("support.bulk", niceness=10)
        self.port = int(self.greeting)
        self.url = f"http://127.0.0.1:{self.port}"


def serve():
    """Answers /large with 4 MB and everything else with `ok` after its body, one thread-free loop for thousands."""
    piece = bytes(65536)

    async def body(reader, head):
        lower = head.lower()
        if b"chunked" in lower:
            while await reader.readline() != b"0\r\n":
                pass
            await reader.readline()
        elif b"content-length:" in lower:
            await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))

    async def connection(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await body(reader, head)
                if b" /large " not in head:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n")
                for _ in range(64):  # no more than a piece of it waits here for each reader
                    writer.write(piece)
                    await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def run():
        server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=4096)
        ready(server.sockets[0].getsockname()[1])
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
        await ended.wait()
        os._exit(0)

    asyncio.run(run())


if __name__ == "__main__":
    take_all_descriptors()
    serve()
