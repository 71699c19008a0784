"""The blocking client against a scripted peer: requests, and every kind of answer."""

from collections.abc import Callable
from typing import Any

import pytest

from modbus_wire.errors import (
    Acknowledge,
    CrcError,
    ExceptionResponse,
    FrameError,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalFunction,
    ModbusError,
    ProtocolError,
    RequestError,
    ResponseMismatch,
    ServerDeviceBusy,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.bits import ReadCoils
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.sync.client import Client
from tests.wire.peers import (
    Peer,
    Script,
    ScriptedServer,
    answer,
    mbap,
    refused_port,
    registers,
    replies,
    rtu,
    then_stays,
)

TIMEOUT = 4.0
"""Seconds; no test of this module waits for it."""


def client_of(server: ScriptedServer, framing: Framing = Framing.TCP) -> Client:
    """Return a client of the server that does not time out."""
    return Client(server.host, server.port, timeout=TIMEOUT, framing=framing)


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

    def on_rtu(peer: Peer) -> None:
        peer.request_of(len(asked) + 3)
        peer.send(rtu(1, answered))

    script = replies(answered) if framing is Framing.TCP else on_rtu
    with ScriptedServer(script) as server, client_of(server, framing) as client:
        assert call(client) == result
    sent = mbap(1, 1, asked) if framing is Framing.TCP else rtu(1, asked)
    assert server.requests == [sent]


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


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ("83 02", IllegalDataAddress),
        ("83 06", ServerDeviceBusy),
        ("83 63", ExceptionResponse),
        ("80 01", IllegalFunction),
    ],
)
def test_exception_response_leaves_the_connection_open(
    response: str, kind: type[ExceptionResponse]
) -> None:
    """A refusal is an answer: it names the request, and the next one uses the same connection."""
    script = replies(bytes.fromhex(response), registers(7))
    with ScriptedServer(script) as server, client_of(server) as client:
        with pytest.raises(kind) as caught:
            client.read_holding_registers(3, 2)
        assert caught.value.request == ReadHoldingRegisters(3, 2)
        assert not caught.value.may_have_been_applied
        assert client.read_holding_registers(0) == [7]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("code", "kind", "may_have_been_applied"),
    [
        (2, IllegalDataAddress, False),
        (5, Acknowledge, True),
        (6, ServerDeviceBusy, False),
        (0x0B, GatewayTargetFailedToRespond, True),
    ],
)
def test_refused_write_tells_whether_it_may_be_applied(
    code: int, kind: type[ExceptionResponse], may_have_been_applied: bool
) -> None:
    """Codes that say "not done" and codes that leave it open are told apart."""
    with ScriptedServer(replies(bytes((0x86, code)))) as server, client_of(server) as client:
        with pytest.raises(kind) as caught:
            client.write_single_register(0, 1)
        assert caught.value.may_have_been_applied is may_have_been_applied


def answering_with(frame: Callable[[bytes], bytes]) -> Script:
    """Answer one request by what ``frame`` makes of it, then wait for the client to close."""
    return then_stays(lambda peer: peer.send(frame(peer.request())))


BAD_ANSWERS: dict[str, tuple[Callable[[bytes], bytes], type[ModbusError]]] = {
    "wrong unit": (lambda r: mbap(int.from_bytes(r[:2]), 9, registers(1)), ResponseMismatch),
    "wrong function": (lambda r: answer(r, b"\x04\x02\x00\x01"), ResponseMismatch),
    "other exception": (lambda r: answer(r, b"\x84\x02"), ResponseMismatch),
    "exception too long": (lambda r: answer(r, b"\x83\x02\x00"), ResponseMismatch),
    "wrong byte count": (lambda r: answer(r, b"\x03\x04\x00\x01"), ResponseMismatch),
    "more than asked": (lambda r: answer(r, registers(1, 2)), ResponseMismatch),
    "less than asked": (lambda r: answer(r, b"\x03\x00"), ResponseMismatch),
    "request sent back": (lambda r: r, ResponseMismatch),
    "garbage": (lambda r: b"\xff" * 9, FrameError),
    "garbage before": (lambda r: b"HTTP/1.1 400\r\n" + answer(r, registers(1)), FrameError),
    "length 0": (lambda r: r[:4] + b"\x00\x00" + r[6:], FrameError),
    "length 1": (lambda r: r[:4] + b"\x00\x01" + r[6:], FrameError),
    "length 255": (lambda r: r[:4] + b"\x00\xff" + r[6:], FrameError),
    "length 65535": (lambda r: r[:4] + b"\xff\xff" + r[6:], FrameError),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_wrong_answer_to_a_read_is_an_error_and_the_next_works(name: str) -> None:
    """What does not answer the request raises at once, is asked once, and a new link follows."""
    frame, kind = BAD_ANSWERS[name]
    with (
        ScriptedServer(answering_with(frame), replies(registers(7))) as server,
        client_of(server) as client,
    ):
        with pytest.raises(kind) as caught:
            client.read_holding_registers(0)
        assert isinstance(caught.value, ProtocolError)
        assert caught.value.request == ReadHoldingRegisters(0, 1)
        assert not caught.value.may_have_been_applied
        assert client.read_holding_registers(0) == [7]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "response",
    ["06 0001 0003", "06 0002 0002", "06 0001", "06 0001 0002 00", "05 0001 0002", "84 02"],
)
def test_wrong_echo_of_a_write_may_have_been_applied(response: str) -> None:
    """A write whose echo differs is sent once, and its error says it may have taken effect."""
    script = answering_with(lambda request: answer(request, bytes.fromhex(response)))
    with ScriptedServer(script, replies(registers(7))) as server, client_of(server) as client:
        with pytest.raises(ResponseMismatch, match="may have been applied") as caught:
            client.write_single_register(1, 2)
        assert caught.value.may_have_been_applied
        assert client.read_holding_registers(0) == [7]
    assert len(server.written) == 1


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


@pytest.mark.parametrize(
    "before",
    [
        lambda request: mbap(int.from_bytes(request[:2]) ^ 0x8000, 1, registers(1)),
        lambda request: mbap(int.from_bytes(request[:2]) - 1, 1, registers(1)),
        lambda request: mbap(int.from_bytes(request[:2]), 1, registers(1), protocol_id=7),
        lambda request: mbap(0x7777, 1, b"\x83\x02") + mbap(0x7778, 9, registers(1)),
    ],
    ids=["unknown id", "id before", "foreign protocol", "two unknown"],
)
def test_frames_that_are_no_answer_are_passed_over(before: Callable[[bytes], bytes]) -> None:
    """Another transaction or protocol before the answer changes nothing (TCP §4.2)."""

    def script(peer: Peer) -> None:
        request = peer.request()
        peer.send(before(request) + answer(request, registers(42)))

    with ScriptedServer(script) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [42]


def test_two_answers_at_once_count_once() -> None:
    """A second answer to the same request is not taken for the answer to the next."""

    def script(peer: Peer) -> None:
        request = peer.request()
        peer.send(answer(request, registers(1)) + answer(request, registers(2)))
        peer.send(answer(peer.request(), registers(3)))

    with ScriptedServer(script) as server, client_of(server) as client:
        assert client.read_holding_registers(0) == [1]
        assert client.read_holding_registers(0) == [3]
    assert server.connections == 1


def test_trace_sees_the_frames() -> None:
    """The trace of the client gets each frame as it was on the wire."""
    frames: list[tuple[bytes, bool]] = []
    with ScriptedServer(replies(registers(1))) as server:
        trace = lambda frame, is_sent: frames.append((frame, is_sent))  # noqa: E731
        with Client(server.host, server.port, trace=trace) as client:
            client.read_holding_registers(0)
    request = server.requests[0]
    assert frames == [(request, True), (answer(request, registers(1)), False)]


def test_rtu_bad_crc_is_an_error_and_the_next_works() -> None:
    """A checksum that does not match is no answer; the next request has a new connection."""

    def bad(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(1, registers(1))[:-1] + b"\x00")
        peer.wait_for_end()

    def good(peer: Peer) -> None:
        peer.request_of(8)
        peer.send(rtu(1, registers(7)))

    with ScriptedServer(bad, good) as server, client_of(server, Framing.RTU) as client:
        with pytest.raises(CrcError):
            client.read_holding_registers(0)
        assert client.read_holding_registers(0) == [7]


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


def test_client_settings_out_of_range_are_refused() -> None:
    """A timeout or port that no socket can take is refused when the client is made."""
    for timeout in (0, -1, float("nan"), float("inf"), 1e12):
        with pytest.raises(ValueError, match="timeout"):
            Client("127.0.0.1", timeout=timeout)
    for port in (0, -1, 65536, 70000):
        with pytest.raises(ValueError, match="port"):
            Client("127.0.0.1", port)
    with refused_port() as port:
        assert (
            repr(Client("127.0.0.1", port, unit_id=3)) == f"Client('127.0.0.1', {port}, unit_id=3)"
        )
