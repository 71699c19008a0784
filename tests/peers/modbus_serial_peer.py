"""modbus-serial from npm, by scripts for node."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.peers.children import HERE, Child, ChildFace, installed
from tests.peers.face import CELLS, Content, Face, Served, Where
from tests.peers.ways import ClientParty, Party, ServerParty
from tests.wire.serial_line import null_modem

NODE = shutil.which("node")
MODULES = installed("node_modules", "MODBUS_SERIAL_MODULES")
MISSING = (
    "node is not installed"
    if NODE is None
    else None
    if MODULES is not None and (MODULES / "modbus-serial").is_dir()
    else "modbus-serial is not in .peers/node_modules"
)
BAUDRATE = 115_200
ASKS = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 17, 20, 22, 23, 43})
SERVES = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 43})
CONTENT = Content(categories={3: range(0x100)})
"""Asked for another category, its server goes round in circles."""


def script(name: str, *words: object) -> Child:
    """Start a script."""
    assert NODE is not None
    command: list[str | Path] = [NODE, HERE / name, *map(str, words)]
    return Child(command, {"NODE_PATH": str(MODULES)})


@contextmanager
def client(where: Where) -> Iterator[Face]:
    """Connect a client of modbus-serial."""
    place = (where.device, BAUDRATE) if where.is_serial else (where.host, where.port)
    with script("modbus_serial_client.js", where.transport, *place) as child:
        yield ChildFace(child)


@contextmanager
def server(transport: str) -> Iterator[Served]:
    """Run a server of modbus-serial."""
    with ExitStack() as stack:
        ends = stack.enter_context(null_modem()) if transport == "rtu" else ("", "")
        place = (ends[0], BAUDRATE) if transport == "rtu" else ()
        child = script("modbus_serial_server.js", transport, *place, CELLS)
        stack.enter_context(child)
        port = int(child.hear().removeprefix("ok "))
        yield Served(Where(transport, port, ends[1]), CONTENT)


TO_ASK = ("tcp", "rtu+tcp", "udp", "rtu", "ascii")
LACKS = {
    "udp": frozenset({17}),
    "rtu": frozenset({20, 22, 23}),
    "rtu+tcp": frozenset({17, 20, 22, 23, 43}),
    "ascii": frozenset({17, 20, 22, 23, 43}),
}
"""Function codes whose answers its client cannot find the end of, or that it does not send."""

CLIENTS = (ClientParty(Party("modbus-serial", TO_ASK, ASKS, MISSING, LACKS), client),)
SERVERS = (ServerParty(Party("modbus-serial", ("tcp", "rtu"), SERVES, MISSING), server),)
