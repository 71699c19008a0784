"""Which sockets are ready: both pollers keep the same promises."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from modbus_wire.sync.poller import READ, WRITE, Poller, SelectorPoller, new_poller
from tests.wire.peers import LIMIT

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[new_poller, SelectorPoller])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    """The poller of this system, and the one of the others."""
    make: Callable[[], Poller] = request.param
    with closing(make()) as poller:
        yield poller


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two connected sockets."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_names_what_is_readable_until_it_is_read(poller: Poller, pair: Pair) -> None:
    """A socket with bytes is named, again and again, and no more when they are read."""
    near, far = pair
    poller.register(near.fileno(), READ)
    assert poller.poll(0) == []
    far.send(b"x")
    assert poller.poll(LIMIT) == [(near.fileno(), READ)]
    assert poller.poll(LIMIT) == [(near.fileno(), READ)]
    near.recv(1)
    assert poller.poll(0) == []


def test_waits_for_room_only_when_told(poller: Poller, pair: Pair) -> None:
    """A socket with room is named while watched for that, and then not for its bytes."""
    near, far = pair
    far.send(b"x")
    poller.register(near.fileno(), WRITE)
    assert poller.poll(LIMIT) == [(near.fileno(), WRITE)]
    poller.modify(near.fileno(), READ)
    assert poller.poll(LIMIT) == [(near.fileno(), READ)]
    poller.modify(near.fileno(), READ | WRITE)
    assert poller.poll(LIMIT) == [(near.fileno(), READ | WRITE)]


@pytest.mark.parametrize("events", [READ, WRITE])
def test_names_what_is_gone(poller: Poller, pair: Pair, events: int) -> None:
    """A socket of which the other end is closed is named, whatever it is watched for."""
    near, far = pair
    poller.register(near.fileno(), events)
    far.close()
    ((fd, _),) = poller.poll(LIMIT)
    assert fd == near.fileno()


def test_forgets_what_it_is_told_to(poller: Poller, pair: Pair) -> None:
    """An unregistered socket is not named, and may be registered again."""
    near, far = pair
    far.send(b"x")
    poller.register(near.fileno(), READ)
    poller.unregister(near.fileno())
    assert poller.poll(0) == []
    poller.register(near.fileno(), READ)
    assert poller.poll(LIMIT) == [(near.fileno(), READ)]


def test_names_many_at_once(poller: Poller) -> None:
    """All that are ready are named in one turn."""
    pairs = [socket.socketpair() for _ in range(50)]
    for near, far in pairs:
        poller.register(near.fileno(), READ)
        far.send(b"x")
    assert {fd for fd, _ in poller.poll(LIMIT)} == {near.fileno() for near, _ in pairs}
    for near, far in pairs:
        near.close()
        far.close()
