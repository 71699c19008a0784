"""What a handler answers of what is supplied to a unit: FC 7, 17, 20, 21, 24 and 43/14."""

from collections import deque
from collections.abc import Sequence

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.errors import ExceptionResponse, exception_for
from modbus_wire.handler import Handler
from modbus_wire.pdu.files import FileData, ReadFileRecord
from modbus_wire.pdu.identity import DeviceIdentification, ServerId
from modbus_wire.services.registry import SERVICES
from modbus_wire.unit import MemoryFiles, Unit


def answer(unit: Unit, request_pdu: str) -> str:
    """Return what a handler answers to a request, as hex."""
    response = Handler(unit).handle(1, bytes.fromhex(request_pdu))
    assert response is not None
    return response.hex(" ").upper()


def as_hex(pdu: str) -> str:
    """Return hex in the form of `answer`."""
    return bytes.fromhex(pdu).hex(" ").upper()


@pytest.fixture
def unit() -> Unit:
    """The unit of the examples of AP §6.14, §6.15 and §6.18."""
    files = {3: [0] * 9 + [0x33CD, 0x0040], 4: [0] + [0x0DFE, 0x0020] + [0] * 10}
    fifos = {0x04DE: [0x01B8, 0x1284], 0: list(range(31)), 1: list(range(32)), 2: []}
    return Unit(SharedBank(), files=MemoryFiles(files), fifos=fifos)


@pytest.mark.parametrize(
    ("request_pdu", "response_pdu"),
    [
        ("14 0E 06 0004 0001 0002 06 0003 0009 0002", "14 0C 05 06 0DFE 0020 05 06 33CD 0040"),
        ("15 0D 06 0004 0007 0003 06AF 04BE 100D", "15 0D 06 0004 0007 0003 06AF 04BE 100D"),
        ("18 04DE", "18 0006 0002 01B8 1284"),
        ("18 0002", "18 0002 0000"),
    ],
)
def test_normal_responses(unit: Unit, request_pdu: str, response_pdu: str) -> None:
    """Files and queues answer as AP §6 prints it."""
    assert answer(unit, request_pdu) == as_hex(response_pdu)


@pytest.mark.parametrize(
    ("request_pdu", "code"),
    [
        # 03 before 02, and a record or file that is not there
        ("14 07 06 0009 0000 0000", 3), ("14 06 06 0004 0001", 3), ("14 07 06 0004 0001 00", 3),
        ("14 07 06 0005 0000 0001", 2), ("14 07 06 0004 000D 0001", 2),
        ("14 07 06 0004 000C 0002", 2), ("14 07 06 0000 0000 0001", 2),
        ("14 07 06 0004 2710 0001", 2), ("14 07 07 0004 0000 0001", 2),
        ("15 08 06 0004 0000 0001 00", 3), ("15 09 06 0004 0000 0002 0001", 3),
        ("15 09 06 0005 0000 0001 0001", 2), ("15 09 06 0004 000D 0001 0001", 2),
        ("18 04DF", 2), ("18 0001", 3), ("18 04", 3), ("18 0000 00", 3),
    ],
)  # fmt: skip
def test_refusals(unit: Unit, request_pdu: str, code: int) -> None:
    """Badly built requests, then what is not there (AP §6.14, §6.15, §6.18)."""
    assert answer(unit, request_pdu) == f"{int(request_pdu[:2], 16) | 0x80:02X} {code:02X}"


def test_reading_a_queue_takes_nothing_out() -> None:
    """Queues may be any sequence, and change meanwhile; reading clears nothing."""
    queue = deque([7])
    unit = Unit(SharedBank(), fifos={9: queue})
    assert answer(unit, "18 0009") == answer(unit, "18 0009") == as_hex("18 0004 0001 0007")
    queue.append(8)
    assert answer(unit, "18 0009") == as_hex("18 0006 0002 0007 0008")


def test_a_refused_write_of_several_files_writes_nothing() -> None:
    """The second of two groups is not there: the first is as before."""
    files = MemoryFiles({1: [1, 2, 3]})
    unit = Unit(SharedBank(), files=files)
    assert answer(unit, "15 12 06 0001 0000 0001 0009 06 0002 0000 0001 0009") == "95 02"
    assert files[1] == [1, 2, 3]
    both = "15 12 06 0001 0000 0001 0009 06 0001 0002 0001 0008"
    assert answer(unit, both) == as_hex(both)
    assert files[1] == [9, 2, 8]


@pytest.mark.parametrize(
    "files", [{0: [1]}, {65536: [1]}, {1: [65536]}, {1: [-1]}, {1: [0] * 10001}]
)
def test_files_that_cannot_be(files: dict[int, list[int]]) -> None:
    """They are refused when they are made."""
    with pytest.raises(ValueError, match=r"not in|no register|more than"):
        MemoryFiles(files)


def test_the_greatest_file_and_record() -> None:
    """File 65535 and record 9999 are there."""
    unit = Unit(SharedBank(), files=MemoryFiles({65535: range(10000)}))
    assert answer(unit, "14 07 06 FFFF 270F 0001") == as_hex("14 04 03 06 270F")


class OwnFiles:
    """Files of a user's own."""

    def __init__(self, outcome: Sequence[int] | ExceptionResponse) -> None:
        self.outcome = outcome

    def read_record(self, file: int, record: int, quantity: int) -> Sequence[int]:
        if isinstance(self.outcome, ExceptionResponse):
            raise self.outcome
        return self.outcome

    def write_records(self, records: Sequence[FileData]) -> None:
        if isinstance(self.outcome, ExceptionResponse):
            raise self.outcome


@pytest.mark.parametrize("code", [2, 4, 5, 6, 8])
def test_exceptions_of_files(code: int) -> None:
    """Files refuse with the code of their own, such as 08 for a memory that failed."""
    unit = Unit(SharedBank(), files=OwnFiles(exception_for(code)))
    assert answer(unit, "14 07 06 0001 0000 0001") == f"94 {code:02X}"
    assert answer(unit, "15 09 06 0001 0000 0001 0001") == f"95 {code:02X}"


@pytest.mark.parametrize("values", [[], [1, 2], [65536], ["1"]])
def test_files_that_give_no_registers(values: list[int]) -> None:
    """More, fewer or other than registers: exception 04."""
    assert answer(Unit(SharedBank(), files=OwnFiles(values)), "14 07 06 0001 0000 0001") == "94 04"


def test_exception_status() -> None:
    """FC 7 answers with the byte, or what a function gives now (AP §6.7)."""
    states = iter((1, 2))
    assert answer(Unit(SharedBank(), exception_status=0x6D), "07") == "07 6D"
    unit = Unit(SharedBank(), exception_status=lambda: next(states))
    assert (answer(unit, "07"), answer(unit, "07")) == ("07 01", "07 02")
    assert answer(unit, "07") == "87 04"
    assert answer(Unit(SharedBank(), exception_status=256), "07") == "87 04"
    assert answer(unit, "07 00") == "87 03"


def test_server_id() -> None:
    """FC 17 answers with the id, the run indicator and more (AP §6.13)."""
    unit = Unit(SharedBank(), server_id=ServerId(b"\x09\x11", True, b"A1"))
    assert answer(unit, "11") == as_hex("11 05 0911 FF 4131")
    unit.server_id = ServerId(b"\x09", False)
    assert answer(unit, "11") == as_hex("11 02 09 00")
    assert answer(unit, "11 00") == "91 03"
    unit.server_id = ServerId(b"\x09" * 251)
    assert answer(unit, "11") == "91 04"


IDENTIFICATION = DeviceIdentification.of(
    "Acme", "P9", "V1.0", model_name="M", extended={0x90: b"x"}
)


@pytest.mark.parametrize(
    ("request_pdu", "response_pdu"),
    [
        ("2B 0E 01 00", "2B 0E 01 83 00 00 03 00 04 41636D65 01 02 5039 02 04 56312E30"),
        ("2B 0E 01 02", "2B 0E 01 83 00 00 01 02 04 56312E30"),
        ("2B 0E 02 05", "2B 0E 02 83 00 00 01 05 01 4D"),
        ("2B 0E 03 90", "2B 0E 03 83 00 00 01 90 01 78"),
        ("2B 0E 04 90", "2B 0E 04 83 00 00 01 90 01 78"),
        # a stream that begins at an unknown object begins anew; a single one is 02
        ("2B 0E 01 77", "2B 0E 01 83 00 00 03 00 04 41636D65 01 02 5039 02 04 56312E30"),
        ("2B 0E 04 77", "AB 02"), ("2B 0E 05 00", "AB 03"), ("2B 0E 00 00", "AB 03"),
        ("2B 0E 01", "AB 03"), ("2B 0E 01 00 00", "AB 03"), ("2B 0D 01 00", "AB 01"),
    ],
)  # fmt: skip
def test_identification(request_pdu: str, response_pdu: str) -> None:
    """FC 43/14 answers with the objects of a category, from one on, or with one (AP §6.21)."""
    unit = Unit(SharedBank(), identification=IDENTIFICATION)
    assert answer(unit, request_pdu) == as_hex(response_pdu)


def test_more_follows() -> None:
    """Objects are not divided: what has no room is in the next answer."""
    extended = {0x80: b"a" * 200, 0x81: b"b" * 100}
    identification = DeviceIdentification.of("A", "B", "C", extended=extended)
    unit = Unit(SharedBank(), identification=identification)
    assert answer(unit, "2B 0E 03 00") == as_hex(
        "2B 0E 03 83 FF 81 04 00 01 41 01 01 42 02 01 43 80 C8" + "61" * 200
    )
    assert answer(unit, "2B 0E 03 81") == as_hex("2B 0E 03 83 00 00 01 81 64" + "62" * 100)


SUPPLIED = ("07", "11", "14 07 06 0001 0000 0001", "15 09 06 0001 0000 0001 0001", "18 0000",
            "2B 0E 01 00")  # fmt: skip


@pytest.mark.parametrize("request_pdu", SUPPLIED)
def test_what_is_not_supplied(request_pdu: str) -> None:
    """It is no function of that server: 01, before the request is looked at."""
    refusal = f"{int(request_pdu[:2], 16) | 0x80:02X} 01"
    assert answer(Unit(SharedBank()), request_pdu) == refusal
    assert answer(Unit(SharedBank()), request_pdu + "00") == refusal
    assert answer(Unit(SharedBank()), request_pdu[:2]) == refusal


def test_what_is_supplied_later() -> None:
    """The attributes of a unit count at each request."""
    unit = Unit(SharedBank())
    handler = Handler(unit)
    assert handler.handle(1, b"\x11") == b"\x91\1"
    unit.server_id = ServerId(b"\5")
    assert handler.handle(1, b"\x11") == b"\x11\2\5\xff"


def test_services_can_be_asked_by_others() -> None:
    """A service of the user's may go on to the one that it replaces."""
    inner = SERVICES[ReadFileRecord]
    asked: list[ReadFileRecord] = []

    def watched(unit: Unit, request: ReadFileRecord) -> bytes | None:
        asked.append(request)
        return inner(unit, request)

    services = {**SERVICES, ReadFileRecord: watched}
    handler = Handler(Unit(SharedBank(), files=MemoryFiles({1: [5]})), services)
    assert handler.handle(1, bytes.fromhex("14 07 06 0001 0000 0001")) == bytes.fromhex(
        "14 04 03 06 0005"
    )
    assert Handler(SharedBank(), services).handle(1, b"\x14\0") == b"\x94\3"
    assert len(asked) == 1
