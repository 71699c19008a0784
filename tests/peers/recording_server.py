"""``python -m tests.peers.recording_server STYLE PORT JOURNAL [WRITES VICTIM WHEN]``: it dies.

It appends every write of registers to the journal, in the order they are applied; the journal
outlives the process. It says its port; at the word ``restart`` it stops and serves anew, and it
ends with its input. After that many writes it kills itself at the next one whose first register
is VICTIM, ``before`` or ``after`` that is applied; no answer goes out.
"""

import asyncio
import os
import signal
import sys

from modbus_wire.aio.server import AsyncServer
from modbus_wire.bank import SharedBank
from modbus_wire.sync.server import Server


class RecordingBank(SharedBank):
    """A bank that notes in a file what is written to it, and dies of one write."""

    def __init__(
        self, journal: str, writes: str = "0", victim: str = "-1", when: str = "after"
    ) -> None:
        super().__init__()
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._left = int(writes)
        self._victim = int(victim)
        self._dies_before = when == "before"

    def write_registers(self, address: int, data: bytes) -> None:
        self._left -= 1
        is_fatal = self._left < 0 and int.from_bytes(data[:2], "big") == self._victim
        if is_fatal and self._dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        super().write_registers(address, data)
        os.write(self._journal, data)
        if is_fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def serve(port: int, bank: RecordingBank) -> None:
    """Serve with a `Server`, at each word with a new one."""
    more = "first"
    while more:
        with Server(bank, port=port) as server:
            port = server.address[1]
            print(f"ok {port}", flush=True)
            more = sys.stdin.readline()


async def serve_async(port: int, bank: RecordingBank) -> None:
    """Serve with an `AsyncServer`, at each word with a new one."""
    more = "first"
    while more:
        async with AsyncServer(bank, port=port) as server:
            port = server.address[1]
            print(f"ok {port}", flush=True)
            more = await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    style, port, *rest = sys.argv[1:]
    if style == "blocking":
        serve(int(port), RecordingBank(*rest))
    else:
        asyncio.run(serve_async(int(port), RecordingBank(*rest)))
