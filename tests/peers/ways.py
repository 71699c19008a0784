"""Who talks to whom over what: each pair of a client and a server of which one is ours."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple, TypeAlias

from tests.peers.exercises import EXERCISES, Exercise
from tests.peers.face import Content, Face, Served, Where

Connect: TypeAlias = Callable[[Where], AbstractContextManager[Face]]
Serve: TypeAlias = Callable[[str], AbstractContextManager[Served]]

ALL = frozenset({*range(1, 9), 11, 12, 15, 16, 17, 20, 21, 22, 23, 24, 43})
"""The function codes of AP §6."""


class Party(NamedTuple):
    """One end: a client or a server of some make."""

    name: str
    transports: tuple[str, ...]
    functions: frozenset[int]
    missing: str | None = None
    """Why it cannot run here; None: it can."""

    lacks: Mapping[str, frozenset[int]] = {}
    """The function codes that its faults keep from some transports."""

    def functions_over(self, transport: str) -> frozenset[int]:
        """Return the function codes that work over a transport."""
        return self.functions - self.lacks.get(transport, frozenset())


class ClientParty(NamedTuple):
    """A make of client."""

    party: Party
    connect: Connect


class ServerParty(NamedTuple):
    """A make of server."""

    party: Party
    serve: Serve


class Way(NamedTuple):
    """A client, a server, and the transport between them."""

    client: ClientParty
    server: ServerParty
    transport: str

    @property
    def name(self) -> str:
        """Who asks whom over what."""
        return f"{self.client.party.name}-{self.server.party.name}-{self.transport}"

    @property
    def missing(self) -> str | None:
        """Why it cannot be tried here; None: it can."""
        return self.client.party.missing or self.server.party.missing

    @property
    def exercises(self) -> list[Exercise]:
        """Those whose functions both ends have."""
        asked = self.client.party.functions_over(self.transport)
        functions = asked & self.server.party.functions_over(self.transport)
        return [exercise for exercise in EXERCISES if exercise.codes <= functions]

    @contextmanager
    def open(self) -> Iterator[tuple[Face, Content]]:
        """Run the server and the client."""
        with (
            self.server.serve(self.transport) as served,
            self.client.connect(served.where) as face,
        ):
            yield face, served.content


def ways_between(clients: Iterable[ClientParty], servers: Iterable[ServerParty]) -> list[Way]:
    """Return every pair over every transport that both ends have."""
    servers = list(servers)
    return [
        Way(client, server, transport)
        for client in clients
        for server in servers
        for transport in client.party.transports
        if transport in server.party.transports
    ]


def in_turn(ways: Iterable[Way], foreign: Callable[[Way], Party]) -> list[Way]:
    """Return one way for each transport of each foreign party; our own ends take turns."""
    groups: dict[tuple[str, str], list[Way]] = {}
    for way in ways:
        groups.setdefault((foreign(way).name, way.transport), []).append(way)
    return [group[turn % len(group)] for turn, group in enumerate(groups.values())]


class Talks:
    """The ways that tests ask for one after the other; the last one stays open for the next."""

    def __init__(self) -> None:
        self._way: Way | None = None
        self._stack = ExitStack()
        self._talk: tuple[Face, Content] | None = None

    def between(self, way: Way) -> tuple[Face, Content]:
        """Return client and server of a way, opened where it is not the last one."""
        if self._talk is None or way is not self._way:
            self.close()
            self._talk = self._stack.enter_context(way.open())
            self._way = way
        return self._talk

    def close(self) -> None:
        """End the client and the server."""
        self._talk = None
        self._stack.close()
