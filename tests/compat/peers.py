"""Both packages under one name, free ports, and a server that answers as a script says."""

import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from time import sleep
from typing import Any, NamedTuple

OURS = "modbus_wire"
RELEASED = "pyModbusTCP"

PACE = 0.02
"""Seconds between the pieces of an answer, for each to arrive by itself."""

Answer = Callable[[bytes], bytes | list[bytes] | None]
"""Given a request, the bytes to send back, or pieces of them; None closes the connection."""


class Package(NamedTuple):
    """The four modules of a package; untyped, as the released ones are."""

    name: str
    client: Any
    server: Any
    utils: Any
    constants: Any


def load(name: str) -> Package:
    """Import one of the two packages; raises ImportError where it is not installed."""
    with warnings.catch_warnings():
        # the released package has escapes that newer Pythons warn about
        warnings.simplefilter("ignore")
        modules = (import_module(f"{name}.{part}") for part in Package._fields[1:])
        return Package(name, *modules)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(package: Package) -> Iterator[int]:
    """Run the package's ModbusServer and yield its port."""
    port = free_port()
    server = package.server.ModbusServer("127.0.0.1", port, no_block=True)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def scripted(answer: Answer) -> Iterator[int]:
    """Serve connections one after the other by ``answer`` and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_serve, args=(listener, answer), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        assert not thread.is_alive()


def _serve(listener: socket.socket, answer: Answer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            _talk(connection, answer)


def _talk(connection: socket.socket, answer: Answer) -> None:
    while True:
        try:
            request = connection.recv(300)
            reply = answer(request) if request else None
            if reply is None:
                return
            for piece in [reply] if isinstance(reply, bytes) else reply:
                connection.sendall(piece)
                if piece is not reply:
                    sleep(PACE)
        except OSError:
            return
