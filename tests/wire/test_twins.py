"""The methods of both clients: the same signatures, the requests of the specification, flows."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.aio.methods import AsyncMethods
from modbus_wire.errors import IllegalDataAddress, RequestError
from modbus_wire.flows import Flow
from modbus_wire.pdu.base import R, Request
from modbus_wire.pdu.bits import ReadCoils
from modbus_wire.pdu.diagnostics import CommEventCounter, CommEventLog
from modbus_wire.pdu.files import FileData, FileRecord
from modbus_wire.pdu.identity import DeviceIdentification, ServerId
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from modbus_wire.pdu.registry import REQUESTS
from modbus_wire.sync.client import Client
from modbus_wire.sync.methods import Methods


class Recorder(Methods):
    """Notes request PDUs and unit ids, and answers response PDUs in turn."""

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.asked: list[tuple[str, int | None]] = []
        self.bursts: list[int] = []

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        self.asked.append((request.encode().hex(), unit_id))
        return request.decode_response(self.answers.pop(0))

    def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        self.bursts.append(len(reads))
        return [self.execute(request, unit_id=unit_id) for request in reads]


class AsyncRecorder(AsyncMethods):
    """The twin, which leaves the recording to a `Recorder`."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    async def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        await asyncio.sleep(0)
        return self.recorder.execute(request, unit_id=unit_id)

    async def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        await asyncio.sleep(0)
        return self.recorder.read_many(reads, unit_id=unit_id)


def call_blocking(recorder: Recorder, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of the blocking twin."""
    return getattr(recorder, name)(*args, **kwargs)


def call_async(recorder: Recorder, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of the async twin, in a loop of its own."""
    return asyncio.run(getattr(AsyncRecorder(recorder), name)(*args, **kwargs))


both_styles = pytest.mark.parametrize("call", [call_blocking, call_async])


class Case(NamedTuple):
    """A call of one method: its request, the response and what it returns."""

    name: str
    args: tuple[Any, ...]
    asked: str
    answered: str
    result: object


CASES = [
    Case("read_coils", (2, 3), "01 0002 0003", "01 01 05", [True, False, True]),
    Case("read_discrete_inputs", (2, 2), "02 0002 0002", "02 01 02", [False, True]),
    Case("read_holding_registers", (7, 2), "03 0007 0002", "03 04 0001 0002", [1, 2]),
    Case("read_input_registers", (8,), "04 0008 0001", "04 02 000A", [10]),
    Case("write_single_coil", (172, True), "05 00AC FF00", "05 00AC FF00", None),
    Case("write_single_register", (1, 3), "06 0001 0003", "06 0001 0003", None),
    Case("read_exception_status", (), "07", "07 6D", 0x6D),
    Case("diagnostics", (0, b"\xa5\x37"), "08 0000 A537", "08 0000 A537", b"\xa5\x37"),
    Case("diagnostics", (11,), "08 000B 0000", "08 000B 0007", b"\0\7"),
    Case("get_comm_event_counter", (), "0B", "0B FFFF 0108", CommEventCounter(0xFFFF, 264)),
    Case(
        "get_comm_event_log", (), "0C", "0C 07 0000 0108 0121 20", CommEventLog(0, 264, 289, b" ")
    ),
    Case("write_multiple_coils", (19, [True, False]), "0F 0013 0002 01 01", "0F 0013 0002", None),
    Case("write_multiple_registers", (1, [10]), "10 0001 0001 02 000A", "10 0001 0001", None),
    Case("report_server_id", (), "11", "11 02 09 FF", ServerId(b"\t", True)),
    Case("report_server_id", (2,), "11", "11 03 4142 00", ServerId(b"AB", False)),
    Case(
        "read_file_record",
        ([FileRecord(4, 1, 2)],),
        "14 07 06 0004 0001 0002",
        "14 06 05 06 0DFE 0020",
        [[0x0DFE, 0x20]],
    ),
    Case(
        "write_file_record",
        ([FileData(4, 7, [1])],),
        "15 09 06 0004 0007 0001 0001",
        "15 09 06 0004 0007 0001 0001",
        None,
    ),
    Case("mask_write_register", (4, 242, 37), "16 0004 00F2 0025", "16 0004 00F2 0025", None),
    Case(
        "read_write_multiple_registers",
        (3, 1, 14, [255]),
        "17 0003 0001 000E 0001 02 00FF",
        "17 02 00FE",
        [254],
    ),
    Case("read_fifo_queue", (1246,), "18 04DE", "18 0004 0001 01B8", [440]),
    Case(
        "read_device_identification",
        (),
        "2B 0E 01 00",
        "2B 0E 01 81 00 00 01 00 01 41",
        DeviceIdentification({0: b"A"}, 0x81),
    ),
    Case(
        "read_device_identification",
        (4, 5),
        "2B 0E 04 05",
        "2B 0E 04 82 00 00 01 05 01 42",
        DeviceIdentification({5: b"B"}, 0x82),
    ),
]

GENERAL = {"execute", "read_many", "run"}
"""The methods that are of no function code."""


def methods_of(kind: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a class by name."""
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


def signature(method: Callable[..., Any]) -> tuple[object, ...]:
    """Return the parameters of a method, and its result; that of a coroutine where it is one."""
    whole = inspect.signature(method)
    result = re.sub(r"^(Coroutine\[Any, Any, |Awaitable\[)(.*)\]$", r"\2", whole.return_annotation)
    return (*((p.name, p.kind, p.default, p.annotation) for p in whole.parameters.values()), result)


def test_the_two_classes_of_methods_are_twins() -> None:
    """The same names; parameters, defaults, annotations and results alike."""
    blocking, both = methods_of(Methods), methods_of(AsyncMethods)
    assert list(blocking) == list(both)
    assert {name: signature(method) for name, method in blocking.items()} == {
        name: signature(method) for name, method in both.items()
    }


@pytest.mark.parametrize("name", [*methods_of(Methods), "open", "close", "__init__"])
def test_the_two_clients_are_twins(name: str) -> None:
    """What a client overrides, and what it adds, is alike too, but for the async one's queue."""
    blocking, both = signature(getattr(Client, name)), signature(getattr(AsyncClient, name))
    extra = {"max_waiting"} if name == "__init__" else set()
    assert [part for part in both if not (isinstance(part, tuple) and part[0] in extra)] == [
        *blocking
    ]


def test_the_two_clients_have_the_same_attributes() -> None:
    """Whoever knows one knows the other, but for the async one's queue."""

    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(Client) ^ public(AsyncClient) <= {"waiting", "max_waiting"}


def test_every_function_code_has_a_method() -> None:
    """And every method a case below."""
    assert {bytes.fromhex(case.asked)[0] for case in CASES} == set(REQUESTS)
    assert {case.name for case in CASES} == set(methods_of(Methods)) - GENERAL


@both_styles
@pytest.mark.parametrize("unit_id", [None, 7])
@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}{case.args}" for case in CASES])
def test_a_method_asks_and_answers(case: Case, unit_id: int | None, call: Any) -> None:
    """Its request goes out to the unit, and its result comes back."""
    recorder = Recorder(case.answered)
    assert call(recorder, case.name, *case.args, unit_id=unit_id) == case.result
    assert recorder.asked == [(bytes.fromhex(case.asked).hex(), unit_id)]


@both_styles
@pytest.mark.parametrize("case", CASES, ids=[f"{case.name}{case.args}" for case in CASES])
def test_a_method_raises_a_refusal(case: Case, call: Any) -> None:
    """As `execute` does."""
    code = bytes.fromhex(case.asked)[0]
    with pytest.raises(IllegalDataAddress):
        call(Recorder(bytes((code | 0x80, 2)).hex()), case.name, *case.args)


@both_styles
def test_bad_arguments_are_raised_before_anything_is_sent(call: Any) -> None:
    """The error comes from the request."""
    recorder = Recorder()
    for name, args in (
        ("read_coils", (0, 2001)),
        ("diagnostics", (0, b"1")),
        ("read_file_record", ([],)),
        ("read_device_identification", (5,)),
    ):
        with pytest.raises(RequestError):
            call(recorder, name, *args)
    assert recorder.asked == []


@both_styles
def test_many_reads_go_out_together(call: Any) -> None:
    """Any iterable of requests, of whatever results, in order."""
    recorder = Recorder("03 02 0001", "01 01 01")
    reads = iter((ReadHoldingRegisters(0), ReadCoils(1)))
    assert call(recorder, "read_many", reads, unit_id=3) == [[1], [True]]
    assert recorder.bursts == [2]
    assert [unit_id for _, unit_id in recorder.asked] == [3, 3]


def summing() -> Flow[int]:
    """Read two registers at once, write their sum, come to terms with a refusal."""
    (first,), (second,) = yield [ReadHoldingRegisters(0), ReadHoldingRegisters(1)]
    try:
        yield WriteSingleRegister(2, first + second)
    except IllegalDataAddress:
        return -1
    return int(first + second)


@both_styles
@pytest.mark.parametrize(("answer", "result"), [("06 0002 0003", 3), ("86 02", -1)])
def test_a_flow_runs(answer: str, result: int, call: Any) -> None:
    """A list of reads is one burst; an error of the protocol is thrown into the flow."""
    recorder = Recorder("03 02 0001", "03 02 0002", answer)
    assert call(recorder, "run", summing(), unit_id=9) == result
    assert recorder.bursts == [2]
    assert [unit_id for _, unit_id in recorder.asked] == [9, 9, 9]
    assert recorder.asked[-1][0] == "0600020003"


def test_a_method_stays_one_line() -> None:
    """Nothing is decided in a driver's method that its twin would have to repeat."""
    for kind in (Methods, AsyncMethods):
        for name in set(methods_of(kind)) - GENERAL:
            body = inspect.getsource(getattr(kind, name)).split('"""')[2].strip()
            assert body.count("self.") == 1, name
