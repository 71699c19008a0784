"""Each foreign client with our servers, each of our clients with the foreign servers."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.peers import (
    gateways,
    libmodbus_peer,
    mbpoll_peer,
    modbus_serial_peer,
    our_clients,
    our_servers,
    pymodbus_peer,
    pymodbustcp_peer,
    tmodbus_peer,
)
from tests.peers.exercises import Exercise
from tests.peers.ways import ALL, ClientParty, ServerParty, Talks, Way, in_turn, ways_between

CLIENTS = (
    *pymodbus_peer.CLIENTS,
    *libmodbus_peer.CLIENTS,
    *mbpoll_peer.CLIENTS,
    *pymodbustcp_peer.CLIENTS,
    *tmodbus_peer.CLIENTS,
    *modbus_serial_peer.CLIENTS,
)
QUICK_SERVERS = (*pymodbus_peer.SERVERS, *libmodbus_peer.SERVERS, *tmodbus_peer.SERVERS)
SLOW_SERVERS = (*pymodbustcp_peer.SERVERS, *modbus_serial_peer.SERVERS)
WAYS = (
    *in_turn(ways_between(CLIENTS, our_servers.SERVERS), lambda way: way.client.party),
    *ways_between(our_clients.CLIENTS, QUICK_SERVERS),
    *in_turn(ways_between(our_clients.CLIENTS, SLOW_SERVERS), lambda way: way.server.party),
    *ways_between((*libmodbus_peer.CLIENTS, *pymodbus_peer.CLIENTS), gateways.SERVERS),
)


def trials() -> Iterator[object]:
    """Yield each way with each of its exercises; a way that cannot be tried only once."""
    for way in WAYS:
        if way.missing is not None:
            mark = pytest.mark.skip(reason=way.missing)
            yield pytest.param(way, None, id=way.name, marks=mark)
            continue
        for exercise in way.exercises:
            yield pytest.param(way, exercise, id=f"{way.name}-{exercise.name}")


@pytest.fixture(scope="module")
def talks() -> Iterator[Talks]:
    """Return what opens ways, and closes the last one."""
    with closing(Talks()) as talks:
        yield talks


@pytest.mark.parametrize(("way", "exercise"), [*trials()])
def test_exercise(talks: Talks, way: Way, exercise: Exercise) -> None:
    """Both ends understand each other."""
    try:
        exercise.run(*talks.between(way))
    except BaseException:
        talks.close()  # what comes after finds nothing of it
        raise


@pytest.mark.parametrize("transport", our_clients.TRANSPORTS)
@pytest.mark.parametrize(
    "ours", [*our_clients.CLIENTS, *our_servers.SERVERS], ids=lambda ours: ours.party.name
)
def test_every_function_is_tried_with_a_foreign_peer(
    ours: ClientParty | ServerParty, transport: str
) -> None:
    """No end of ours rests on the other one alone, but for FC 24 that pymodbus lacks over RTU."""
    tried = {
        code
        for way in WAYS
        for exercise in way.exercises
        if way.transport == transport and ours in (way.client, way.server)
        for code in exercise.codes
    }
    assert ALL - tried <= ({24} if transport.startswith("rtu") else set())
