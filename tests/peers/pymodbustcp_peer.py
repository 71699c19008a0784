"""pyModbusTCP 0.1.10 as it is installed, and 0.3.1 from a folder of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.peers.children import Child, ChildFace, installed
from tests.peers.face import CELLS, Content, Face, Served, Where
from tests.peers.ways import ClientParty, Party, ServerParty

NEW = installed("pyModbusTCP-0.3.1", "PYMODBUSTCP_0_3_1")
OLD_MISSING = None if find_spec("pyModbusTCP") else "pyModbusTCP 0.1.10 is not installed"
NEW_MISSING = None if NEW else "pyModbusTCP 0.3.1 is not in .peers/pyModbusTCP-0.3.1"
BASIC = frozenset({1, 2, 3, 4, 5, 6, 15, 16})


class Version:
    """One of the two; ``folder`` is where it is, None for the Python environment."""

    def __init__(self, folder: Path | None, content: Content) -> None:
        self._environment = {"PYTHONPATH": str(folder)} if folder else {}
        self._content = content

    def _program(self, *words: object) -> Child:
        command = [sys.executable, "-m", "tests.peers.pymodbustcp_child", *map(str, words)]
        return Child(command, self._environment)

    @contextmanager
    def client(self, where: Where) -> Iterator[Face]:
        """Connect a ModbusClient."""
        with self._program("client", where.host, where.port) as child:
            yield ChildFace(child)

    @contextmanager
    def server(self, transport: str) -> Iterator[Served]:
        """Run a ModbusServer."""
        with self._program("server", CELLS) as child:
            port = int(child.hear().removeprefix("ok "))
            yield Served(Where(transport, port), self._content)


_old = Version(None, Content(cells=None, shares_tables=True))
_CATEGORIES = {1: range(3), 2: range(3, 0x80), 3: range(0x80, 0x100)}
_new = Version(NEW, Content(categories=_CATEGORIES, most_read_back=123))
_OLD = Party("pyModbusTCP-0.1.10", ("tcp",), BASIC, OLD_MISSING)
_NEW = Party("pyModbusTCP-0.3.1", ("tcp",), BASIC | {23, 43}, NEW_MISSING)

CLIENTS = (ClientParty(_OLD, _old.client), ClientParty(_NEW, _new.client))
SERVERS = (ServerParty(_OLD, _old.server), ServerParty(_NEW, _new.server))
