"""Whom servers let in, how many at once and for how long; both styles, on real sockets."""

import select
from collections.abc import Callable
from typing import Any

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.endpoint import SerialEndpoint, UdpEndpoint
from modbus_wire.limits import Limits
from modbus_wire.sync.server import Server
from tests.wire.peers import LIMIT
from tests.wire.raw_client import RawClient
from tests.wire.styles import LOOPS, Style

in_all_styles = pytest.mark.parametrize("style", LOOPS)


@pytest.mark.parametrize(
    ("networks", "host", "allowed"),
    [
        ((), "192.0.2.1", True),
        (["10.0.0.0/8"], "10.255.0.1", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.0/8", "192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["::1"], "::2", False),
        (["0.0.0.0/0"], "::1", False),
        (["0.0.0.0/0"], "no address", False),
    ],
)
def test_networks(networks: list[str], host: str, allowed: bool) -> None:
    """An address is let in that is in one of the networks; no networks let everybody in."""
    assert Limits(networks).allows(host) is allowed


@pytest.mark.parametrize(
    "make",
    [
        lambda: Limits(["10.0.0.0/33"]),
        lambda: Limits(["10.0.0.1/8"]),
        lambda: Limits(["plc"]),
        lambda: Limits(max_connections=0),
        lambda: Limits(idle_timeout=0),
        lambda: Limits(idle_timeout=float("nan")),
        lambda: Server(SharedBank(), UdpEndpoint("127.0.0.1", 0), max_connections=1),
        lambda: Server(SharedBank(), UdpEndpoint("127.0.0.1", 0), idle_timeout=1),
        lambda: Server(SharedBank(), SerialEndpoint("/dev/null"), allow=["::1"]),
    ],
)
def test_wrong_values(make: Callable[[], object]) -> None:
    """What is no network, out of range, or limits what is not there, is refused."""
    with pytest.raises(ValueError, match=r".+"):
        make()


@pytest.mark.parametrize(
    "limits",
    [{"allow": [5]}, {"allow": [b"abcd"]}, {"max_connections": "3"}, {"idle_timeout": "3"}],
)
def test_values_of_another_kind(limits: dict[str, Any]) -> None:
    """A number is no network, a text no number; the argument is named."""
    with pytest.raises(TypeError, match=f"{next(iter(limits))} .* is no"):
        Limits(**limits)


def test_one_network_is_no_list() -> None:
    """A text where a list of networks belongs is not taken for a list of letters."""
    with pytest.raises(TypeError, match="list"):
        Limits("10.0.0.0/8")


@in_all_styles
def test_who_is_not_allowed_is_closed(style: Style) -> None:
    """A refused client is closed, every time, and no connection of it is counted."""
    with style(SharedBank(), allow=["10.0.0.0/8", "::1"]) as server:
        for _ in range(3):
            with RawClient(server) as client:
                assert client.until_end() == b""
        assert server.connections == 0


@in_all_styles
def test_who_is_allowed_is_served(style: Style) -> None:
    """A client out of one of the networks is served."""
    with (
        style(SharedBank(), allow=["10.0.0.0/8", "127.0.0.0/8"]) as server,
        RawClient(server) as client,
    ):
        assert client.is_served()


@in_all_styles
def test_the_one_idle_longest_gives_way(style: Style) -> None:
    """Beyond the most connections the least used is closed for the new one."""
    with (
        style(SharedBank(), max_connections=2) as server,
        RawClient(server) as first,
        RawClient(server) as second,
    ):
        assert first.is_served()
        assert second.is_served()
        assert first.is_served()
        with RawClient(server) as third:
            assert third.is_served()
            assert second.until_end() == b""
            assert first.is_served()
            assert server.connections == 2
        with RawClient(server) as fourth, RawClient(server) as fifth:
            assert fourth.is_served()
            assert fifth.is_served()


@in_all_styles
def test_one_connection_at_most(style: Style) -> None:
    """The newest is served, whoever was there before."""
    with style(SharedBank(), max_connections=1) as server:
        clients = [RawClient(server) for _ in range(5)]
        assert clients[-1].is_served()
        for client in clients[:-1]:
            assert client.until_end() == b""
        assert clients[-1].is_served()
        for client in clients:
            client.close()


@in_all_styles
def test_idle_connections_end(style: Style) -> None:
    """Who says nothing for too long is closed; who talks on stays, until it falls silent too."""
    with (
        style(SharedBank(), idle_timeout=0.15) as server,
        RawClient(server) as idle,
        RawClient(server) as busy,
    ):
        assert idle.is_served()
        while not select.select([idle.socket], [], [], 0.01)[0]:
            assert busy.is_served()
        assert idle.until_end() == b""
        assert busy.is_served()
        assert busy.until_end() == b""
        with RawClient(server) as next_one:
            assert next_one.is_served()
            assert select.select([next_one.socket], [], [], LIMIT)[0]
            assert next_one.until_end() == b""


@in_all_styles
def test_bytes_that_are_no_request_keep_no_connection(style: Style) -> None:
    """Who sends a long request byte by byte, and never the last one, is closed as idle."""
    with style(SharedBank(), idle_timeout=0.15) as server, RawClient(server) as trickling:
        assert trickling.is_served()
        trickling.send(b"\0\1\0\0\0\xfe\1\x10")
        sent = 0
        while not select.select([trickling.socket], [], [], 0.01)[0]:
            trickling.send(b"\0")
            sent += 1
            assert sent < 240
        assert trickling.until_end() == b""
