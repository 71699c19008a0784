"""``python -m tests.benchmarks.serve KIND``: one server under test, in a process of its own.

Prints its port; answers each line of its input with the CPU seconds it has used so far; ends with
the input.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_wire.bank import Bank

REGISTERS = [address * 257 & 0xFFFF for address in range(256)]
"""What the holding registers hold from address 0 on."""


def filled_bank() -> "Bank":
    """Return a bank with the registers."""
    from modbus_wire.bank import SharedBank

    bank = SharedBank()
    bank.write_registers(0, b"".join(value.to_bytes(2, "big") for value in REGISTERS))
    return bank


@contextmanager
def own_server(framing: str = "tcp") -> Iterator[int]:
    """Serve with ``modbus_wire.sync.server.Server``; give the port."""
    from modbus_wire.framing.base import Framing
    from modbus_wire.sync.server import Server

    with Server(filled_bank(), port=0, framing=Framing(framing)) as server:
        yield server.address[1]


@contextmanager
def async_server(library: str = "asyncio") -> Iterator[int]:
    """Serve with ``modbus_wire.aio.server.AsyncServer`` in an event loop of that library."""
    from modbus_wire.aio.server import AsyncServer

    loop = import_module(library).new_event_loop()
    server = AsyncServer(filled_bank(), port=0)
    loop.run_until_complete(server.start())
    thread = Thread(target=loop.run_forever)
    thread.start()
    yield server.address[1]
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@contextmanager
def drop_in_server(package: str) -> Iterator[int]:
    """Serve with the ``ModbusServer`` of that package: the drop-in face or the one it copies."""
    module = import_module(f"{package}.server")
    module.DataBank.set_words(0, REGISTERS)
    port = free_port()
    server = module.ModbusServer("127.0.0.1", port, no_block=True)
    server.start()
    yield port
    server.stop()


def free_port() -> int:
    """Return a port that nobody listens on; ModbusServer cannot say which one it took."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


SERVERS: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "ours": own_server,
    "rtu": lambda: own_server("rtu"),
    "ascii": lambda: own_server("ascii"),
    "async": async_server,
    "async on uvloop": lambda: async_server("uvloop"),
    "drop-in": lambda: drop_in_server("modbus_wire"),
    "pyModbusTCP": lambda: drop_in_server("pyModbusTCP"),
}


def main(kind: str) -> None:
    """Serve until the input ends."""
    with SERVERS[kind]() as port:
        print(port, flush=True)
        for _ in sys.stdin:
            print(time.process_time(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
