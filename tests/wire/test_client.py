"""The blocking client against a scripted peer: what it asks and what it returns."""

from collections.abc import Callable
from functools import partial
from time import time
from typing import Any

import pytest

from modbus_wire.errors import RequestError
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.bits import ReadCoils
from modbus_wire.sync.client import Client
from modbus_wire.trace import TracedFrame
from tests.wire.clients import client_of
from tests.wire.peers import (
    Peer,
    ScriptedServer,
    answer,
    ascii_frame,
    mbap,
    registers,
    replies,
    rtu,
)


@pytest.mark.parametrize(
    ("call", "request_pdu", "response_pdu", "result"),
    [
        (lambda c: c.read_coils(1), "01 0001 0001", "01 01 01", [True]),
        (lambda c: c.read_coils(1, 3), "01 0001 0003", "01 01 05", [True, False, True]),
        (lambda c: c.read_discrete_inputs(2, 9), "02 0002 0009", "02 02 0001",
         [False] * 8 + [True]),
        (lambda c: c.read_holding_registers(107, 3), "03 006B 0003", "03 06 022B 0000 0064",
         [555, 0, 100]),
        (lambda c: c.read_input_registers(8), "04 0008 0001", "04 02 000A", [10]),
        (lambda c: c.write_single_coil(172, True), "05 00AC FF00", "05 00AC FF00", None),
        (lambda c: c.write_single_register(1, 3), "06 0001 0003", "06 0001 0003", None),
        (lambda c: c.write_multiple_coils(19, [1, 0]), "0F 0013 0002 01 01", "0F 0013 0002", None),
        (lambda c: c.write_multiple_registers(1, [10]), "10 0001 0001 02 000A", "10 0001 0001",
         None),
        (lambda c: c.mask_write_register(4, 0xF2, 0x25), "16 0004 00F2 0025", "16 0004 00F2 0025",
         None),
        (lambda c: c.read_write_multiple_registers(3, 1, 14, [255]),
         "17 0003 0001 000E 0001 02 00FF", "17 02 0ACD", [0x0ACD]),
        (lambda c: c.execute(ReadCoils(1)), "01 0001 0001", "01 01 00", [False]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("framing", list(Framing))
def test_each_method_asks_and_reads_its_function(
    call: Callable[[Client], object],
    request_pdu: str,
    response_pdu: str,
    result: object,
    framing: Framing,
) -> None:
    """Every method sends the PDU of its function, on either framing, and returns plain values."""
    asked, answered = bytes.fromhex(request_pdu), bytes.fromhex(response_pdu)

    frame_of = {Framing.RTU: rtu, Framing.ASCII: ascii_frame}.get(framing, partial(mbap, 1))

    def script(peer: Peer) -> None:
        peer.request_of(len(frame_of(1, asked)))
        peer.send(frame_of(1, answered))

    with ScriptedServer(script) as server, client_of(server, framing) as client:
        assert call(client) == result
    assert server.requests == [frame_of(1, asked)]


def test_unit_id_of_client_and_of_request() -> None:
    """The client's unit id is the default; a request may name another, 0 and 255 included."""
    with (
        ScriptedServer(replies(*[registers(1)] * 4)) as server,
        Client(server.host, server.port, unit_id=9) as client,
    ):
        client.read_holding_registers(0)
        for unit_id in (0, 7, 255):
            client.read_holding_registers(0, unit_id=unit_id)
    assert [frame[6] for frame in server.requests] == [9, 0, 7, 255]


@pytest.mark.parametrize(
    "bad",
    [
        lambda c: c.read_holding_registers(0, 126),
        lambda c: c.read_coils(65536),
        lambda c: c.write_single_register(0, 65536),
        lambda c: c.write_single_register(0, 1.5),
        lambda c: c.write_multiple_registers(0, []),
        lambda c: c.read_holding_registers(1.5),
        lambda c: c.read_holding_registers(0, unit_id=256),
        lambda c: c.read_holding_registers(0, unit_id=1.0),
        lambda c: c.write_single_register(0, 1, unit_id=-1),
    ],
)
def test_bad_arguments_raise_before_anything_is_sent(bad: Callable[[Any], object]) -> None:
    """Not a byte leaves, and the connection serves the next request."""
    with ScriptedServer(replies(registers(5), registers(6))) as server, client_of(server) as client:
        client.read_holding_registers(0)
        with pytest.raises(RequestError) as caught:
            bad(client)
        assert not caught.value.may_have_been_applied
        assert client.read_holding_registers(0) == [6]
    assert len(server.requests) == 2
    assert server.connections == 1


def test_response_split_at_every_byte() -> None:
    """A response is whole however many pieces it comes in."""

    def script(peer: Peer) -> None:
        for size in range(1, 13):
            frame = answer(peer.request(), registers(size, 0xABCD))
            for at in range(0, len(frame), size):
                peer.send(frame[at : at + size])

    with ScriptedServer(script) as server, client_of(server) as client:
        for size in range(1, 13):
            assert client.read_holding_registers(0, 2) == [size, 0xABCD]
    assert server.connections == 1


def test_longest_response_and_longest_request() -> None:
    """125 registers in and 123 out pass in one exchange each."""
    values = list(range(125))
    echo = b"\x10\x00\x00\x00\x7b"
    with ScriptedServer(replies(registers(*values), echo)) as server, client_of(server) as client:
        assert client.read_holding_registers(0, 125) == values
        client.write_multiple_registers(0, values[:123])
    assert len(server.written[0]) == 6 + 2 * 123


def test_trace_sees_the_frames() -> None:
    """The trace of the client gets each frame as it was on the wire."""
    frames: list[TracedFrame] = []
    start = time()
    with (
        ScriptedServer(replies(registers(1))) as server,
        Client(server.host, server.port, trace=frames.append) as client,
    ):
        client.read_holding_registers(0)
    request = server.requests[0]
    assert [frame.data for frame in frames] == [request, answer(request, registers(1))]
    assert [frame.is_sent for frame in frames] == [True, False]
    assert {frame.peer for frame in frames} == {f"127.0.0.1:{server.port}"}
    assert start <= frames[0].time <= frames[1].time <= time()


def test_rtu_broadcast_waits_for_no_answer() -> None:
    """A write to unit 0 returns once it is sent, and the connection serves the next request."""

    def script(peer: Peer) -> None:
        peer.request_of(8)
        peer.request_of(8)
        peer.send(rtu(1, registers(7)))

    with ScriptedServer(script) as server, client_of(server, Framing.RTU) as client:
        client.write_single_register(5, 6, unit_id=0)
        with pytest.raises(RequestError):
            client.read_holding_registers(0, unit_id=0)
        assert client.read_holding_registers(0) == [7]
    assert server.requests[0] == rtu(0, b"\x06\x00\x05\x00\x06")
    assert server.connections == 1
