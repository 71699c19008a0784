"""Every request of each client against each server, and the limits checked before any of it."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.compat.conftest import PortOf
from tests.compat.peers import OURS, RELEASED, Package, load, scripted

READS = ("read_coils", "read_discrete_inputs", "read_holding_registers", "read_input_registers")


@pytest.fixture(params=[RELEASED, OURS], ids=["released-server", "our-server"])
def server(request: pytest.FixtureRequest) -> Package:
    """Return the package that serves."""
    if request.param == RELEASED:
        pytest.importorskip(RELEASED)
    return load(request.param)


@contextmanager
def client_of(package: Package, port: int, **settings: Any) -> Iterator[Any]:
    """Yield a client of the package, closed in the end."""
    client = package.client.ModbusClient("127.0.0.1", port, timeout=5, auto_open=True, **settings)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client(package: Package, server: Package, port_of: PortOf) -> Iterator[Any]:
    """Return a client of one package on a server of one package."""
    server.server.DataBank.set_bits(0, [False] * 65536)
    server.server.DataBank.set_words(0, [0] * 65536)
    with client_of(package, port_of(server)) as client:
        yield client


def test_registers(client: Any, server: Package) -> None:
    """Registers written one by one or together are read by both functions."""
    assert client.write_single_register(0, 65535) is True
    assert client.write_multiple_registers(1, list(range(123))) is True
    assert client.read_holding_registers(0, 125) == [65535, *range(123), 0]
    assert client.read_input_registers(0, 2) == [65535, 0]
    assert client.read_holding_registers(5) == [4]
    assert server.server.DataBank.get_words(0, 3) == [65535, 0, 1]


def test_bits(client: Any, server: Package) -> None:
    """Coils written one by one or together are read by both functions."""
    pattern = [n % 3 == 0 for n in range(1968)]
    assert client.write_multiple_coils(1, pattern) is True
    assert client.write_single_coil(0, True) is True
    assert client.read_coils(0, 2000) == [True, *pattern, *[False] * 31]
    assert client.read_discrete_inputs(1, 5) == pattern[:5]
    assert client.read_coils(0) == [True]
    assert client.write_single_coil(0, 0) is True
    assert server.server.DataBank.get_bits(0, 3) == [False, True, False]


def test_values_are_truth_tested(client: Any) -> None:
    """Coils take any value by its truth, registers take True as 1."""
    assert client.write_multiple_coils(0, [5, "", "x", None, [0]]) is True
    assert client.read_coils(0, 5) == [True, False, True, False, True]
    assert client.write_multiple_coils(0, "abc") is True
    assert client.write_multiple_registers(0, (True, False)) is True
    assert client.write_single_register(2, True) is True
    assert client.read_holding_registers(0, 3) == [1, 0, 1]


def test_the_last_addresses(client: Any) -> None:
    """Address 65535 is part of both tables."""
    assert client.write_single_register(65535, 7) is True
    assert client.write_single_coil(65535, True) is True
    assert client.read_holding_registers(65411, 125)[-1] == 7
    assert client.read_coils(63536, 2000)[-1] is True
    assert client.last_error() == 0


REFUSED: list[tuple[str, tuple[Any, ...], str]] = [
    *((name, (-1, 1), "addr out of range") for name in READS),
    *((name, (65536, 1), "addr out of range") for name in READS),
    *((name, (0, 0), "nb out of range") for name in READS),
    *((name, (0, 2001), "nb out of range") for name in READS),
    *((name, (65535, 2), "read after ad 65535") for name in READS),
    ("read_holding_registers", (0, 126), "reg_nb out of range"),
    ("read_input_registers", ("0", "126"), "reg_nb out of range"),
    ("write_single_coil", (65536, True), "bit_addr out of range"),
    ("write_single_register", (-1, 0), "reg_addr out of range"),
    ("write_single_register", (0, 65536), "reg_value out of range"),
    ("write_single_register", (0, -1), "reg_value out of range"),
    ("write_multiple_coils", (-1, [1]), "bits_addr out of range"),
    ("write_multiple_coils", (0, []), "number of bits out of range"),
    ("write_multiple_coils", (0, [1] * 1969), "number of bits out of range"),
    ("write_multiple_coils", (65535, [1, 1]), "write after ad 65535"),
    ("write_multiple_registers", (65536, [1]), "regs_addr out of range"),
    ("write_multiple_registers", (0, []), "number of registers out of range"),
    ("write_multiple_registers", (0, [1] * 124), "number of registers out of range"),
    ("write_multiple_registers", (65535, [1, 1]), "write after ad 65535"),
    ("write_multiple_registers", (0, [1, 65536]), "regs_value out of range"),
    ("write_multiple_registers", (0, [-1]), "regs_value out of range"),
]


@pytest.mark.parametrize(("name", "args", "message"), REFUSED)
def test_limits(
    package: Package,
    capsys: pytest.CaptureFixture[str],
    name: str,
    args: tuple[Any, ...],
    message: str,
) -> None:
    """A request outside the limits is None before the link is opened; debug says why."""
    c = package.client.ModbusClient(auto_open=True)
    assert getattr(c, name)(*args) is None
    assert capsys.readouterr().out == ""
    c.debug(True)
    assert getattr(c, name)(*args) is None
    printed = capsys.readouterr().out
    assert printed.startswith(f"{name}(): ")
    assert printed.endswith(f"{message}\n")
    assert (c.last_error(), c.is_open()) == (0, False)


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [
        ("read_coils", ("x",), ValueError),
        ("read_coils", (None,), TypeError),
        ("read_coils", (1.5,), struct.error),
        ("read_input_registers", ("0",), struct.error),
        ("read_holding_registers", (0, 1.0), struct.error),
        ("write_single_coil", ("0", True), struct.error),
        ("write_single_register", (0, 3.7), struct.error),
        ("write_single_register", (0, "3"), struct.error),
        ("write_multiple_registers", (0, [3.7, 70000]), struct.error),
        ("write_multiple_registers", (0, ["x"]), ValueError),
        ("write_multiple_registers", (0, iter([1])), TypeError),
        ("write_multiple_coils", (0, True), TypeError),
    ],
)
def test_arguments_of_another_kind(
    package: Package, name: str, args: tuple[Any, ...], error: type[Exception]
) -> None:
    """What is no integer raises before the link is opened."""
    c = package.client.ModbusClient(auto_open=True)
    with pytest.raises(error):
        getattr(c, name)(*args)
    assert (c.last_error(), c.is_open()) == (0, False)


class Answers:
    """A scripted device: answers with the PDU that a test sets, and keeps the last request."""

    def __init__(self, mode: int = 1) -> None:
        self.pdu = b""
        self.request = b""

    def __call__(self, request: bytes) -> bytes:
        self.request = request
        return request[:4] + struct.pack(">HB", len(self.pdu) + 1, request[6]) + self.pdu


@pytest.mark.parametrize(
    ("name", "args", "request_pdu", "reply_pdu", "result"),
    [
        ("read_coils", (19, 19), "0100130013", "0103cd6b05", None),
        ("read_discrete_inputs", (196, 22), "0200c40016", "0203acdb35", None),
        ("read_holding_registers", (107, 3), "03006b0003", "0306022b00000064", [555, 0, 100]),
        ("read_input_registers", (8, 1), "0400080001", "0402000a", [10]),
        ("write_single_coil", (172, 1), "0500acff00", "0500acff00", True),
        ("write_single_register", (1, 3), "0600010003", "0600010003", True),
        ("write_multiple_coils", (19, [1, 0, 1, 1, 0, 0, 1, 1, 1, 0]), None, "0f0013000a", True),
        ("write_multiple_registers", (1, [10, 258]), "100001000204000a0102", "1000010002", True),
    ],
)
def test_examples_of_the_specification(
    package: Package,
    name: str,
    args: tuple[Any, ...],
    request_pdu: str | None,
    reply_pdu: str,
    result: Any,
) -> None:
    """The worked examples of AP §6 go out and come in byte for byte."""
    answers = Answers()
    answers.pdu = bytes.fromhex(reply_pdu)
    with scripted(answers) as port, client_of(package, port, unit_id=9) as c:
        given = getattr(c, name)(*args)
        data = answers.pdu[2:]
        bits = [bool(data[n // 8] >> n % 8 & 1) for n in range(args[1])] if result is None else None
        assert given == (bits if result is None else result)
    expected = bytes.fromhex(request_pdu or "0f0013000a02cd01")
    assert answers.request[2:] == struct.pack(">HHB", 0, len(expected) + 1, 9) + expected


@pytest.mark.parametrize(
    ("name", "args", "reply_pdu", "result"),
    [
        ("read_coils", (0, 3), "0103ffffff", [True] * 3),
        ("read_holding_registers", (0, 1), "0304000a000b", [10]),
        ("write_single_coil", (1, True), "050001ff07", True),
        ("write_multiple_registers", (1, [1, 2]), "1000010009", True),
        ("write_multiple_coils", (1, [1, 1]), "0f00010009", True),
        ("write_single_coil", (1, True), "0500010000", None),
        ("write_single_coil", (1, True), "050002ff00", None),
        ("write_single_register", (1, 5), "0600010006", None),
        ("write_multiple_registers", (1, [1, 2]), "1000020002", None),
        ("write_multiple_coils", (1, [1, 1]), "0f00020002", None),
    ],
)
def test_answers_that_differ_a_little(
    package: Package, name: str, args: tuple[Any, ...], reply_pdu: str, result: Any
) -> None:
    """More data than asked is cut; another echo is None without an error, the link stays."""
    answers = Answers()
    answers.pdu = bytes.fromhex(reply_pdu)
    with scripted(answers) as port, client_of(package, port) as c:
        assert getattr(c, name)(*args) == result
        assert (c.last_error(), c.last_except(), c.is_open()) == (0, 0, True)
