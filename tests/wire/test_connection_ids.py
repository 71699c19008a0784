"""Several requests under way, devices that mangle ids, and requests that nobody answers."""

from typing import Any

import pytest

from modbus_wire.connection import ClientConnection, Response
from modbus_wire.errors import RequestError, ResponseMismatch
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.diagnostics import Diagnostics, DiagnosticsCode
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from modbus_wire.policy import Ids
from tests.wire.peers import answer, ascii_frame, mbap, registers, rtu

READ = ReadHoldingRegisters(0, 1)
SILENCE = Diagnostics(DiagnosticsCode.FORCE_LISTEN_ONLY_MODE)
SERIAL = {Framing.RTU: rtu, Framing.ASCII: ascii_frame}


def sent(
    connection: ClientConnection, unit_id: int = 1, request: Request[Any] = READ
) -> tuple[int, bytes]:
    """Send a request; return its transaction id and frame."""
    transaction_id, frame = connection.send(request, unit_id)
    assert transaction_id is not None
    return transaction_id, frame


def received(connection: ClientConnection, data: bytes) -> list[Response | int | None]:
    """Give received bytes to a connection; return responses and the ids of mismatches, in order."""
    results: list[Response | int | None] = []
    take = iter([lambda: connection.receive(data)])
    while True:
        try:
            response = next(take, connection.next_response)()
        except ResponseMismatch as error:
            results.append(error.transaction_id)
            continue
        if response is None:
            return results
        results.append(response)


@pytest.mark.parametrize("in_flight", [2, 16])
@pytest.mark.parametrize("cut", range(1, 23))
def test_answers_in_any_order_split_anywhere(in_flight: int, cut: int) -> None:
    """The answers come last first, two in a piece, and the pieces end at every place."""
    connection = ClientConnection()
    requests = [sent(connection, unit_id) for unit_id in range(in_flight)]
    stream = b"".join(answer(frame, registers(id_)) for id_, frame in reversed(requests))
    got = received(connection, stream[:cut]) + received(connection, stream[cut:])
    assert got == [(id_, registers(id_)) for id_, _ in reversed(requests)]


def test_the_wrong_unit_ends_its_own_transaction_only() -> None:
    """The error names the transaction; the answers around it are handed out."""
    connection = ClientConnection()
    (first, one), (second, _), (third, three) = (sent(connection, unit) for unit in (1, 2, 3))
    stream = answer(three, registers(3)) + mbap(second, 9, registers(9)) + answer(one, registers(1))
    assert received(connection, stream) == [(third, registers(3)), second, (first, registers(1))]
    assert received(connection, mbap(second, 2, registers(2))) == []


def test_an_id_under_way_is_not_given_away() -> None:
    """A request that waits while the ids wrap keeps its own."""
    connection = ClientConnection()
    patient, frame = sent(connection)
    for _ in range(70_000):
        connection.forget(sent(connection)[0])
        assert connection.sent & 0xFFFF != patient
    assert received(connection, answer(frame, registers(7))) == [(patient, registers(7))]


def test_any_unit_may_answer_by_policy() -> None:
    """With ANY_UNIT the transaction id alone decides, in any order; a foreign one is dropped."""
    connection = ClientConnection(ids=Ids.ANY_UNIT)
    assert connection.tells_late_answers
    ids = [sent(connection, unit_id)[0] for unit_id in (1, 2)]
    stream = mbap(777, 1, registers(9)) + mbap(ids[1], 0, registers(2)) + mbap(ids[0], 255, b"\3")
    assert received(connection, stream) == [(ids[1], registers(2)), (ids[0], b"\3")]


def test_any_ids_at_all_by_policy() -> None:
    """With ANY what comes next is the answer, whatever it carries; with nothing asked, nothing."""
    connection = ClientConnection(ids=Ids.ANY)
    assert not connection.tells_late_answers
    assert received(connection, mbap(0, 1, registers(1))) == []
    for unit_id in (0, 1, 255):
        transaction_id, _ = sent(connection, unit_id)
        stream = mbap(54321, 77, registers(7)) + mbap(transaction_id, unit_id, registers(8))
        assert received(connection, stream) == [(transaction_id, registers(7))]


@pytest.mark.parametrize("framing", SERIAL)
@pytest.mark.parametrize("ids", Ids)
def test_serial_lines_have_no_ids_to_tell_late_answers(framing: Framing, ids: Ids) -> None:
    """One request at a time is under way there, whatever the policy."""
    assert not ClientConnection(framing, ids=ids).tells_late_answers


@pytest.mark.parametrize("framing", SERIAL)
def test_another_units_answer_on_a_line_is_dropped(framing: Framing) -> None:
    """It is a late one, and the wait for the right one goes on."""
    connection, frame = ClientConnection(framing), SERIAL[framing]
    transaction_id, _ = sent(connection, 2)
    late, right = frame(1, registers(1)), frame(2, registers(2))
    assert received(connection, late) == []
    assert received(connection, late + right) == [(transaction_id, registers(2))]
    transaction_id, _ = sent(connection, 2)
    for byte in late + right[:-1]:
        assert received(connection, bytes((byte,))) == []
    assert received(connection, right[-1:]) == [(transaction_id, registers(2))]


@pytest.mark.parametrize("framing", SERIAL)
@pytest.mark.parametrize("ids", [Ids.ANY_UNIT, Ids.ANY])
def test_any_unit_may_answer_on_a_line_by_policy(framing: Framing, ids: Ids) -> None:
    """A device that answers with a unit id of its own is heard where the policy says so."""
    connection = ClientConnection(framing, ids=ids)
    transaction_id, _ = sent(connection, 2)
    response = SERIAL[framing](1, registers(1))
    assert received(connection, response) == [(transaction_id, registers(1))]


@pytest.mark.parametrize("framing", Framing)
def test_a_request_that_is_not_answered_is_not_under_way(framing: Framing) -> None:
    """FC 8 sub 4 has no answer (AP §6.8.1): none is waited for, on any framing."""
    connection = ClientConnection(framing)
    transaction_id, frame = connection.send(SILENCE, 1)
    assert transaction_id is None
    if framing is Framing.TCP:
        assert frame == mbap(1, 1, b"\x08\0\4\0\0")
    else:
        assert frame == SERIAL[framing](1, b"\x08\0\4\0\0")
    assert received(connection, frame) == []
    next_id, frame = sent(connection)
    response = answer(frame, registers(1)) if framing is Framing.TCP else None
    response = response or SERIAL[framing](1, registers(1))
    assert received(connection, response) == [(next_id, registers(1))]


@pytest.mark.parametrize("framing", SERIAL)
def test_serial_broadcasts(framing: Framing) -> None:
    """Unit 0 is told and not waited for, whatever the policy; it cannot be asked (SL §2.2)."""
    for ids in Ids:
        connection = ClientConnection(framing, ids=ids)
        write = WriteSingleRegister(1, 2)
        assert connection.send(write, 0) == (None, SERIAL[framing](0, write.encode()))
        with pytest.raises(RequestError, match="broadcast"):
            connection.send(READ, 0)
        assert received(connection, SERIAL[framing](1, registers(1))) == []
