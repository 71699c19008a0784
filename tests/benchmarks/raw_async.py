"""What an async client would cost that checks nothing: one write, one future, one unpack."""

import asyncio
from contextlib import suppress
from struct import pack, unpack
from typing import Any, Self, cast

from tests.benchmarks.raw import HEAD

_READ_BUFFER = 8192


class RawAsyncClient(asyncio.Protocol):
    """Exchanges reads of holding registers, one at a time, by hand."""

    __slots__ = ("_answer", "_loop", "_transaction_id", "_transport")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transaction_id = 0

    @classmethod
    async def connect(cls, port: int) -> Self:
        """Return a connected client."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(cls, "127.0.0.1", port)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        with suppress(AttributeError):
            setattr(transport, "max_size", _READ_BUFFER)  # noqa: B010

    def data_received(self, data: bytes) -> None:
        self._answer.set_result(data)

    async def read_10(self) -> tuple[Any, ...]:
        """Return registers 0 to 9."""
        self._transaction_id = transaction_id = self._transaction_id + 1 & 0xFFFF
        self._answer: asyncio.Future[bytes] = self._loop.create_future()
        self._transport.write(pack(">HHHBBHH", transaction_id, 0, 6, 1, 3, 0, 10))
        return unpack(">10H", (await self._answer)[HEAD:])

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
