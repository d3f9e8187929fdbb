"""A TCP proxy on loopback whose connections can be cut, starved, slowed, or held back at a chosen word."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK_BYTES = 65_536
GREETING_BYTES = 4_096
LOOK_SECONDS = 0.02


@dataclass
class Trap:
    """Holds what the server says to `client` (a word of its greeting: its role, its connection's name).

    With `after`, only from the moment that the client has said that word: its COMMIT is done, but it does not know.
    """

    client: bytes
    after: bytes = b""


@dataclass
class Impediment:
    """`latency_seconds`: how much later each direction arrives; `bytes_per_second` for each connection."""

    latency_seconds: float = 0
    bytes_per_second: float = 0
    blackhole: bool = False
    refuse: bool = False


@dataclass(eq=False)
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    greeting: bytes = b""
    sprung: set[int] = field(default_factory=set)
    gone: bool = False

    def abort(self) -> None:
        self.gone = True
        for side in (self.client, self.server):
            side.transport.abort()


class _Pipe:
    """What is on its way in one direction; more is read meanwhile, as on a long line."""

    def __init__(self, to: asyncio.StreamWriter) -> None:
        self.to = to
        self._chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def put(self, data: bytes, latency_seconds: float) -> None:
        self._chunks.put_nowait((asyncio.get_running_loop().time() + latency_seconds, data))

    def end(self) -> None:
        self.put(b"", 0)

    async def arriving(self) -> AsyncIterator[bytes]:
        while True:
            due_at, data = await self._chunks.get()
            if not data:
                return
            await asyncio.sleep(due_at - asyncio.get_running_loop().time())
            yield data


class Proxy:
    """One port in front of a server that may move to another port while the proxy stays."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self._links: set[_Link] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._traps: list[Trap] = []
        self._impediment = Impediment()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def cut(self) -> None:
        """Resets every connection; new ones are accepted."""
        for link in list(self._links):
            link.abort()

    @contextmanager
    def impeded(self, impediment: Impediment) -> Iterator[None]:
        self._impediment = impediment
        if impediment.refuse:
            self.cut()
        try:
            yield
        finally:
            self._impediment = Impediment()

    @contextmanager
    def trapped(self, trap: Trap) -> Iterator[None]:
        self._traps.append(trap)
        try:
            yield
        finally:
            self._traps.remove(trap)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._impediment.refuse:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, server_writer)
        self._links.add(link)
        to_server, to_client = _Pipe(link.server), _Pipe(link.client)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._from_client(link, reader, to_server))
                pumps.create_task(self._from_server(link, server_reader, to_client))
                pumps.create_task(self._deliver(link, to_server))
                pumps.create_task(self._deliver(link, to_client))
        finally:
            link.abort()
            self._links.discard(link)
            for side in (writer, server_writer):
                with suppress(OSError):
                    await side.wait_closed()

    async def _from_client(self, link: _Link, reader: asyncio.StreamReader, pipe: "_Pipe") -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                link.greeting = (link.greeting + data)[:GREETING_BYTES]
                link.sprung |= {
                    id(trap) for trap in self._traps if trap.client in link.greeting and trap.after in data
                }
                pipe.put(data, self._impediment.latency_seconds)
        pipe.end()

    async def _from_server(self, link: _Link, reader: asyncio.StreamReader, pipe: "_Pipe") -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                while self._is_trapped(link) and not link.gone:  # noqa: ASYNC110 - ends by several events
                    await asyncio.sleep(LOOK_SECONDS)
                pipe.put(data, self._impediment.latency_seconds)
        pipe.end()

    async def _deliver(self, link: _Link, pipe: "_Pipe") -> None:
        with suppress(OSError):
            async for data in pipe.arriving():
                await self._pass(link, data, pipe.to)
        link.abort()

    def _is_trapped(self, link: _Link) -> bool:
        return any(
            id(trap) in link.sprung or (not trap.after and trap.client in link.greeting)
            for trap in self._traps
        )

    async def _pass(self, link: _Link, data: bytes, to: asyncio.StreamWriter) -> None:
        impediment = self._impediment
        if impediment.bytes_per_second:
            await asyncio.sleep(len(data) / impediment.bytes_per_second)
        while self._impediment.blackhole and not link.gone:  # noqa: ASYNC110 - ends by several events
            await asyncio.sleep(LOOK_SECONDS)
        to.write(data)
        await to.drain()
