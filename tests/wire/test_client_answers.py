"""The blocking client against answers that are refusals, mistakes or not for it."""

from collections.abc import Callable

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
    ResponseMismatch,
    ServerDeviceBusy,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.registers import ReadHoldingRegisters
from tests.wire.clients import client_of
from tests.wire.peers import (
    Peer,
    Script,
    ScriptedServer,
    answer,
    mbap,
    registers,
    replies,
    rtu,
    then_stays,
)


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
    "length 0 and no more": (lambda r: r[:4] + b"\x00\x00", FrameError),
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
