"""What every client is made to do with every server, function code by function code.

An exercise fails by its assertions. Servers live on from one to the next: each exercise writes
first what it reads.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from modbus_wire.errors import IllegalDataAddress, IllegalFunction
from tests.peers.face import CELLS, INPUT_REGISTERS, INPUTS, Content, Face


class Exercise(NamedTuple):
    """Something to do, and the function codes that client and server need for it."""

    name: str
    codes: frozenset[int]
    run: Callable[[Face, Content], None]


EXERCISES: list[Exercise] = []
"""All of them."""

Run = Callable[[Face, Content], None]


def exercise(*codes: int) -> Callable[[Run], Run]:
    """Add a function to the list, under its own name."""

    def add(run: Run) -> Run:
        EXERCISES.append(Exercise(run.__name__, frozenset(codes), run))
        return run

    return add


@exercise(1, 5, 15)
def coils(face: Face, content: Content) -> None:
    """What is written is read, at both ends of the limits."""
    pattern = [n % 3 == 0 for n in range(face.most_coils_written)]
    face.write_multiple_coils(7, pattern)
    face.write_single_coil(6, True)
    face.write_single_coil(7, False)
    assert face.read_coils(6, 3) == [True, False, False]
    most = min(face.most_bits, len(pattern) - 1)
    assert face.read_coils(8, most) == pattern[1 : most + 1]
    assert len(face.read_coils(0, face.most_bits)) == face.most_bits
    face.write_multiple_coils(0, [True, False, True])
    assert face.read_coils(0, 3) == [True, False, True]


@exercise(2, 15)
def discrete_inputs(face: Face, content: Content) -> None:
    """The server's own values come, or those of the coils where it has one table."""
    if content.shares_tables:
        face.write_multiple_coils(0, INPUTS[: face.most_coils_written])
    most = min(face.most_bits, face.most_coils_written)
    assert face.read_discrete_inputs(0, most) == INPUTS[:most]
    assert face.read_discrete_inputs(3, 1) == INPUTS[3:4]
    assert face.read_discrete_inputs(13, 19) == INPUTS[13:32]


@exercise(3, 6, 16)
def holding_registers(face: Face, content: Content) -> None:
    """What is written is read, at both ends of the limits."""
    values = [(n * 523) & 0xFFFF for n in range(face.most_registers_written)]
    face.write_multiple_registers(11, values)
    face.write_single_register(10, 0xFFFF)
    assert face.read_holding_registers(10, 1) == [0xFFFF]
    assert face.read_holding_registers(11, len(values)) == values
    most = face.most_registers
    assert face.read_holding_registers(10, most)[:100] == [0xFFFF, *values][:100]
    assert len(face.read_holding_registers(CELLS - 200, most)) == most


@exercise(4, 16)
def input_registers(face: Face, content: Content) -> None:
    """The server's own values come, or those of the holding registers where it has one table."""
    quantity = face.most_registers_written
    if content.shares_tables:
        face.write_multiple_registers(0, INPUT_REGISTERS[:quantity])
    assert face.read_input_registers(0, quantity) == INPUT_REGISTERS[:quantity]
    assert face.read_input_registers(5, 1) == INPUT_REGISTERS[5:6]


@exercise(3, 6)
def refusals(face: Face, content: Content) -> None:
    """A cell that is not there is refused with exception 02, and the connection goes on."""
    if content.cells is not None:
        with pytest.raises(IllegalDataAddress):
            face.read_holding_registers(content.cells - 1, 2)
        with pytest.raises(IllegalDataAddress):
            face.write_single_register(content.cells, 1)
    face.write_single_register(0, 5)
    assert face.read_holding_registers(0, 1) == [5]


@exercise(3, 16)
def many_requests(face: Face, content: Content) -> None:
    """Requests of every length follow each other without a slip."""
    values = list(range(1000, 1000 + face.most_registers_written))
    face.write_multiple_registers(0, values)
    for quantity in range(1, len(values) + 1, 15):
        assert face.read_holding_registers(0, quantity) == values[:quantity]


@exercise(7)
def exception_status(face: Face, content: Content) -> None:
    """The eight outputs come as one byte."""
    assert face.read_exception_status() == content.exception_status


@exercise(8)
def query_data(face: Face, content: Content) -> None:
    """Sub-function 0 sends back what it got."""
    assert face.diagnostics(0, b"\xa5\x37") == b"\xa5\x37"
    assert face.diagnostics(0, b"\x00\x00") == b"\x00\x00"


@exercise(3, 8)
def diagnostic_counters(face: Face, content: Content) -> None:
    """All counters can be read, and where they are real they count."""
    assert face.diagnostics(10) == b"\0\0"
    for sub_function in (2, 11, 12, 13, 14, 15, 16, 17, 18):
        assert len(face.diagnostics(sub_function)) == 2
    if not content.counts:
        return
    for sub_function in (11, 14):
        before = int.from_bytes(face.diagnostics(sub_function))
        face.read_holding_registers(0, 2)
        face.read_holding_registers(0, 2)
        assert int.from_bytes(face.diagnostics(sub_function)) == before + 3
    before = int.from_bytes(face.diagnostics(13))
    with pytest.raises(IllegalDataAddress):
        face.read_holding_registers(CELLS, 1)
    assert int.from_bytes(face.diagnostics(13)) == before + 1
    assert face.diagnostics(10) == b"\0\0"
    assert face.diagnostics(13) == b"\0\0"


@exercise(8)
def restart_of_communications(face: Face, content: Content) -> None:
    """Sub-function 1 is answered, and the server serves on."""
    assert face.diagnostics(1, b"\xff\x00") == b"\xff\x00"
    assert face.diagnostics(0, b"\x12\x34") == b"\x12\x34"


@exercise(3, 11)
def event_counter(face: Face, content: Content) -> None:
    """It counts what was carried out, not the asking for it and not what was refused."""
    status, before = face.get_comm_event_counter()
    assert status == 0
    if not content.counts:
        return
    face.read_holding_registers(0, 1)
    face.read_holding_registers(0, 1)
    with pytest.raises(IllegalDataAddress):
        face.read_holding_registers(CELLS, 1)
    assert face.get_comm_event_counter() == (0, before + 2)
    assert face.get_comm_event_counter() == (0, before + 2)


@exercise(3, 12)
def event_log(face: Face, content: Content) -> None:
    """It holds up to 64 events and agrees with the counters."""
    before = face.get_comm_event_log()
    assert before.status == 0
    assert len(before.events) <= 64
    if not content.counts:
        return
    face.read_holding_registers(0, 1)
    after = face.get_comm_event_log()
    assert after.message_count == before.message_count + 2
    assert after.event_count == before.event_count + 2
    assert len(after.events) == min(len(before.events) + 4, 64)
    for _ in range(70):
        face.read_holding_registers(0, 1)
    assert len(face.get_comm_event_log().events) == 64


@exercise(17)
def server_id(face: Face, content: Content) -> None:
    """Identifier, run indicator and what else the server says."""
    assert face.report_server_id(len(content.server_id.identifier)) == content.server_id


@exercise(20)
def file_reading(face: Face, content: Content) -> None:
    """A record comes as it is."""
    file, record, values = content.file
    assert face.read_file_record([(file, record, len(values))]) == [list(values)]


@exercise(20, 21)
def file_writing(face: Face, content: Content) -> None:
    """Several groups are written and read at once."""
    first, second = [0x1234, 0xFFFF, 0], [7]
    face.write_file_record([(3, 9, first), (3, 20, second)])
    if content.stores_files:
        assert face.read_file_record([(3, 20, 1), (3, 9, 3)]) == [second, first]


@exercise(3, 6, 22)
def mask_write(face: Face, content: Content) -> None:
    """The example of AP §6.16."""
    face.write_single_register(4, 0x12)
    face.mask_write_register(4, 0xF2, 0x25)
    assert face.read_holding_registers(4, 1) == [0x17]


@exercise(3, 16, 23)
def read_write(face: Face, content: Content) -> None:
    """The write happens before the read (AP §6.17), at both ends of the limits."""
    face.write_multiple_registers(20, [1, 2, 3, 4])
    assert face.read_write_multiple_registers(20, 4, 21, [7, 8]) == [1, 7, 8, 4]
    values, most = list(range(400, 521)), content.most_read_back
    assert face.read_write_multiple_registers(30, most, 32, values)[2:123] == values[: most - 2]
    assert face.read_holding_registers(32, 121) == values


@exercise(24)
def fifo(face: Face, content: Content) -> None:
    """The queue is read without being emptied."""
    assert face.read_fifo_queue(content.fifo_address) == list(content.fifo)
    assert face.read_fifo_queue(content.fifo_address) == list(content.fifo)


@exercise(43)
def identification(face: Face, content: Content) -> None:
    """All categories, in as many answers as they need."""
    for category, numbers in content.categories.items():
        expected = {n: value for n, value in content.identification.items() if n in numbers}
        assert face.read_device_identification(category) == expected


@exercise(3, 24)
def missing_function(face: Face, content: Content) -> None:
    """A FIFO that is not there is refused and the connection goes on."""
    if content.counts:
        with pytest.raises((IllegalDataAddress, IllegalFunction)):
            face.read_fifo_queue(content.fifo_address + 1)
    assert len(face.read_holding_registers(0, 2)) == 2
