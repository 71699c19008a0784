"""libmodbus, by a program in C that is compiled when it is first used."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.peers.children import Child, ChildFace, built
from tests.peers.face import CELLS, Content, Face, Served, ServerId, Where
from tests.peers.ways import ClientParty, Party, ServerParty
from tests.wire.serial_line import null_modem

PROGRAM = built("libmodbus_peer", "-I/usr/include/modbus", "-lmodbus")
MISSING = None if PROGRAM else "libmodbus cannot be compiled with (cc, libmodbus-dev)"
TRANSPORTS = ("tcp", "rtu")
FUNCTIONS = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 17, 22, 23})
BAUDRATE = 115_200
CONTENT = Content(server_id=ServerId(b"\xb4", True, b"LMB3.1.6"))


def program(*words: object) -> Child:
    """Start the program."""
    assert PROGRAM is not None
    return Child([PROGRAM, *map(str, words)])


@contextmanager
def client(where: Where) -> Iterator[Face]:
    """Connect a client of libmodbus."""
    place = (where.device, BAUDRATE) if where.is_serial else (where.host, where.port)
    with program("client", where.transport, *place) as child:
        yield ChildFace(child)


@contextmanager
def server(transport: str) -> Iterator[Served]:
    """Run a server of libmodbus."""
    with ExitStack() as stack:
        ends = stack.enter_context(null_modem()) if transport == "rtu" else ("", "")
        place = (ends[0], BAUDRATE) if transport == "rtu" else ("127.0.0.1",)
        child = stack.enter_context(program("server", transport, *place, CELLS))
        port = int(child.hear().removeprefix("ok "))
        yield Served(Where(transport, port, ends[1]), CONTENT)


CLIENTS = (ClientParty(Party("libmodbus", TRANSPORTS, FUNCTIONS, MISSING), client),)
SERVERS = (ServerParty(Party("libmodbus", TRANSPORTS, FUNCTIONS, MISSING), server),)
