"""What a blocking client may be told when it is made, and what it refuses."""

from typing import Any

import pytest

from modbus_wire.endpoint import SerialEndpoint, TcpEndpoint, TlsEndpoint, UdpEndpoint
from modbus_wire.framing.base import Framing
from modbus_wire.policy import Backoff, Ids, Policy
from modbus_wire.sync.client import Client
from tests.wire.peers import LIMIT, Peer, ScriptedServer, registers, replies, rtu


@pytest.mark.parametrize(
    ("where", "kind", "host", "port", "framing"),
    [
        ("plc", TcpEndpoint, "plc", 502, Framing.TCP),
        ("tcp://plc:1502", TcpEndpoint, "plc", 1502, Framing.TCP),
        ("rtu+tcp://[::1]:5020", TcpEndpoint, "::1", 5020, Framing.RTU),
        ("udp://plc", UdpEndpoint, "plc", 502, Framing.TCP),
        ("ascii+udp://plc:7", UdpEndpoint, "plc", 7, Framing.ASCII),
        ("tls://plc?cert=a&key=b&ca=c", TlsEndpoint, "plc", 802, Framing.TCP),
        ("rtu:///dev/ttyUSB0?baudrate=9600", SerialEndpoint, "/dev/ttyUSB0", 0, Framing.RTU),
        ("ascii:///dev/ttyS1", SerialEndpoint, "/dev/ttyS1", 0, Framing.ASCII),
        (TcpEndpoint("plc", 99), TcpEndpoint, "plc", 99, Framing.TCP),
    ],
)
def test_where_to(where: Any, kind: type, host: str, port: int, framing: Framing) -> None:
    """A name, a URL or an endpoint all say where the server is."""
    client = Client(where)
    assert type(client.endpoint) is kind
    assert (client.host, client.port, client.endpoint.framing) == (host, port, framing)
    assert not client.is_open


def test_host_port_and_framing_go_together() -> None:
    """A host takes a port and a framing; the defaults are those of Modbus TCP."""
    client = Client("plc", 5020, framing=Framing.RTU)
    assert str(client.endpoint) == "rtu+tcp://plc:5020"
    assert repr(Client("plc", 5020, unit_id=3)) == "Client('tcp://plc:5020', unit_id=3)"
    assert Client("plc").timeout == 3.0


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": 1e12}, "timeout"),
        ({"timeout": 1.0, "policy": Policy()}, "one of them"),
        ({"port": 0}, "port"),
        ({"port": -1}, "port"),
        ({"port": 65536}, "port"),
        ({"host": "tcp://plc:0"}, "port"),
        ({"host": "tcp://plc", "port": 502}, "itself"),
        ({"host": "http://plc"}, "transport"),
        ({"unit_id": 256}, "unit id 256"),
        ({"unit_id": -1}, "unit id -1"),
        ({"unit_id": "1"}, "unit id '1'"),
        ({"units": {300: Policy()}}, "unit id 300"),
        ({"connect_delay": -0.1}, "connect_delay"),
        ({"connect_delay": float("nan")}, "connect_delay"),
        ({"max_in_flight": 0}, "max_in_flight 0"),
        ({"max_in_flight": 17}, "max_in_flight 17"),
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, Any], text: str) -> None:
    """What no request could go by is refused when the client is made."""
    with pytest.raises(ValueError, match=text):
        Client(**{"host": "plc", **wrong})


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"host": 5}, "host"),
        ({"host": None}, "host"),
        ({"port": 502.5}, "port"),
        ({"policy": 3.0}, "policy"),
        ({"units": {1: 3.0}}, "policy"),
        ({"backoff": 1.0}, "backoff"),
        ({"ids": "any"}, "ids"),
        ({"framing": "rtu"}, "framing"),
    ],
)
def test_values_of_another_kind_are_refused(wrong: dict[str, Any], text: str) -> None:
    """What is no policy, framing and so on is named."""
    with pytest.raises(TypeError, match=text):
        Client(**{"host": "plc", **wrong})


def test_timeout_is_that_of_the_policy() -> None:
    """It can be given alone and changed later; the rest of the policy stays, a shared one too."""
    shared = Policy(timeout=2.0, retries=3, request_delay=0.25)
    client = Client("plc", policy=shared, ids=Ids.ANY, backoff=Backoff())
    client.timeout = 7
    assert (client.timeout, shared.timeout) == (7, 2.0)
    assert (client.policy.retries, client.policy.request_delay) == (3, 0.25)
    with pytest.raises(ValueError, match="timeout"):
        client.timeout = 0
    assert Client("plc", timeout=0.5).policy.timeout == 0.5


def test_new_endpoint_counts_from_the_next_connection() -> None:
    """A client follows a server that moves, to another framing even."""

    def on_rtu(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(1, registers(3)))

    with (
        ScriptedServer(replies(registers(1), registers(2))) as first,
        ScriptedServer(on_rtu) as second,
        Client(first.host, first.port, timeout=LIMIT) as client,
    ):
        assert client.read_holding_registers(0) == [1]
        client.endpoint = TcpEndpoint(second.host, second.port, framing=Framing.RTU)
        assert client.read_holding_registers(0) == [2]
        client.close()
        assert client.read_holding_registers(0) == [3]
