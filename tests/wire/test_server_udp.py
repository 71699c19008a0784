"""Servers of both styles on datagrams."""

import socket
from collections.abc import Iterator
from typing import Self

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.endpoint import UdpEndpoint
from modbus_wire.framing.base import Framing
from tests.wire.peers import LIMIT, mbap, rtu
from tests.wire.raw_client import READ, WRITE, Calling, Listening
from tests.wire.styles import LOOPS, AnyServer, Style

TOLD = mbap(1, 1, b"\x03\x02\0\0")
WHERE = UdpEndpoint("127.0.0.1", 0)

pytestmark = pytest.mark.parametrize("style", LOOPS)


@pytest.fixture
def server(style: Style) -> Iterator[AnyServer]:
    """A server of one bank."""
    with style(SharedBank(), WHERE, None) as server:
        yield server


class Sender:
    """A socket that sends datagrams to a server."""

    def __init__(self, server: Listening) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(LIMIT)
        self.socket.connect(server.address)

    def ask(self, datagram: bytes) -> bytes:
        """Send a datagram and return the next that comes."""
        self.socket.send(datagram)
        return self.socket.recv(65536)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()


def test_datagrams_are_answered(server: AnyServer, style: Style) -> None:
    """Each datagram is answered by one, to who sent it; there are no connections."""
    with Sender(server) as one, Sender(server) as two:
        assert one.ask(mbap(7, 1, WRITE)) == mbap(7, 1, WRITE)
        assert two.ask(mbap(8, 9, READ)) == mbap(8, 9, b"\x03\x02\0\1")
        assert one.ask(mbap(9, 1, b"\x55")) == mbap(9, 1, b"\xd5\x01")
        assert server.connections == 0


def test_several_frames_in_a_datagram(server: AnyServer, style: Style) -> None:
    """All requests of a datagram are answered by one datagram, in order."""
    with Sender(server) as sender:
        many = b"".join(mbap(n, 1, b"\x03\0\0\0\x7d") for n in range(150))
        answer = sender.ask(many)
        assert answer == b"".join(mbap(n, 1, b"\x03\xfa" + bytes(250)) for n in range(150))


@pytest.mark.parametrize(
    "datagram", [mbap(1, 1, READ)[:9], bytes(8), b"", b"x", bytes(3000), mbap(1, 1, READ, 1)]
)
def test_nothing_is_left_of_a_bad_datagram(
    server: AnyServer, style: Style, datagram: bytes
) -> None:
    """Half a frame, and what is none, is not answered, and what comes next begins anew."""
    with Sender(server) as sender:
        for _ in range(2):
            sender.socket.send(datagram)
            assert sender.ask(mbap(1, 1, READ)) == TOLD


def test_more_senders_than_are_remembered(server: AnyServer, style: Style) -> None:
    """However many there are, each is answered, again too."""
    senders = [Sender(server) for _ in range(300)]
    for _ in range(2):
        for sender in senders:
            assert sender.ask(mbap(1, 1, READ)) == TOLD
    for sender in senders:
        sender.socket.close()


def test_rtu_frames(style: Style) -> None:
    """RTU frames go over datagrams as well; a broadcast is carried out and not answered."""
    where = UdpEndpoint("127.0.0.1", 0, framing=Framing.RTU)
    with style(SharedBank(), where, None) as server, Sender(server) as sender:
        sender.socket.send(rtu(0, WRITE))
        assert sender.ask(rtu(3, READ)) == rtu(3, b"\x03\x02\0\1")


def test_allowed_networks(style: Style) -> None:
    """Who is not allowed gets no answer."""
    written: list[int] = []
    bank = Calling()
    bank.call = lambda: written.append(1)
    with style(bank, WHERE, None, allow=["10.0.0.0/8"]) as server, Sender(server) as sender:
        sender.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sender.ask(mbap(1, 1, WRITE))
    assert written == []


def test_an_error_leaves_the_service(style: Style, caplog: pytest.LogCaptureFixture) -> None:
    """A trace that fails is logged, and each datagram is answered."""

    def fail(frame: object) -> None:
        failures.pop()

    failures = [1]
    with style(SharedBank(), WHERE, None, trace=fail) as server, Sender(server) as sender:
        answers = [sender.ask(mbap(1, 1, READ)) for _ in range(2)]
    assert answers[0] == answers[1]
    assert {record.name for record in caplog.records} == {"modbus_wire.trace"}


def test_restart_on_the_same_port(style: Style) -> None:
    """A stopped server leaves its port at once."""
    with style(SharedBank(), WHERE, None) as first:
        port = first.address[1]
    for _ in range(2):
        with (
            style(SharedBank(), f"udp://127.0.0.1:{port}", None) as server,
            Sender(server) as sender,
        ):
            assert sender.ask(mbap(1, 1, READ)) == TOLD
