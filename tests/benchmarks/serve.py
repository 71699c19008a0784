"""``python -m tests.benchmarks.serve KIND``: one server under test, in a process of its own.

Prints its port; answers each line of its input with the CPU seconds it has used so far; ends with
the input.
"""

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from importlib import import_module

REGISTERS = [address * 257 & 0xFFFF for address in range(256)]
"""What the holding registers hold from address 0 on."""


@contextmanager
def own_server() -> Iterator[int]:
    """Serve with ``modbus_wire.sync.server.Server``; give the port."""
    from modbus_wire.bank import SharedBank
    from modbus_wire.sync.server import Server

    bank = SharedBank()
    bank.write_registers(0, b"".join(value.to_bytes(2, "big") for value in REGISTERS))
    with Server(bank, port=0) as server:
        yield server.address[1]


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
