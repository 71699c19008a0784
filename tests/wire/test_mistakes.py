"""Plain mistakes of a program: each is refused when it is made, in words that name it."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.bank import SharedBank, SparseBank
from modbus_wire.codes import Table
from modbus_wire.endpoint import SerialEndpoint, TcpEndpoint, TlsEndpoint, UdpEndpoint, endpoint_of
from modbus_wire.errors import ConnectionClosedError, RequestError
from modbus_wire.handler import Handler
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.bits import ReadCoils, WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.fifo import ReadFifoQueue
from modbus_wire.pdu.files import ReadFileRecord, WriteFileRecord
from modbus_wire.pdu.raw import RawPdu
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    ReadInputRegisters,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from modbus_wire.policy import Backoff, Policy
from modbus_wire.services.registry import SERVICES
from modbus_wire.sync.client import Client
from modbus_wire.sync.server import Server
from modbus_wire.trace import TracedFrame
from modbus_wire.unit import Unit
from tests.wire.peers import LIMIT
from tests.wire.styles import STYLES, Style

both_styles = pytest.mark.parametrize("style", STYLES)
READ = bytes.fromhex("03 0000 0001")
WRITE = bytes.fromhex("06 0000 0001")


@pytest.mark.parametrize("make", [endpoint_of, TcpEndpoint, UdpEndpoint, TlsEndpoint, Client])
@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("plc:502", "tcp://plc:502"),
        ("127.0.0.1:502", "tcp://127.0.0.1:502"),
        ("[::1]:502", r"tcp://\[::1\]:502"),
        ("[::1]", r"tcp://\[::1\]"),
        ("rtu:/dev/ttyUSB0", "rtu:///dev/ttyUSB0"),
        ("rtu:COM3", "rtu://COM3"),
        ("ascii:COM3", "ascii://COM3"),
        ("/dev/ttyUSB0", "rtu:///dev/ttyUSB0"),
        ("plc/502", "tcp://plc:502"),
        (":502", "neither a name nor an address"),
        (" plc", "space"),
        ("plc ", "space"),
        ("plc\n", "control character"),
    ],
)
def test_hosts_that_are_none(make: Callable[[str], object], host: str, text: str) -> None:
    """What is meant as a URL, or has spaces, is no name: the right form is told."""
    with pytest.raises(ValueError, match=text):
        make(host)


@pytest.mark.parametrize(
    "host", ["plc", "COM3", "10.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "maß.example"]
)
def test_hosts_that_are_some(host: str) -> None:
    """Names and addresses, IPv6 without brackets too."""
    assert Client(host).host == host


def test_options_that_are_none() -> None:
    """Those that there are, are told."""
    with pytest.raises(ValueError, match=r"unknown option 'baud': there are .*baudrate"):
        endpoint_of("rtu:///dev/ttyUSB0?baud=9600")


@pytest.mark.parametrize("url", ["rtu:///", "rtu://", "ascii:///", "tcp:// plc", "udp://p lc"])
def test_urls_that_are_none(url: str) -> None:
    """A device, or a host without spaces, has to be there."""
    with pytest.raises(ValueError, match=rf"{url}: .*(device|space)"):
        endpoint_of(url)


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize("host", ["", TcpEndpoint(""), UdpEndpoint("")])
def test_a_client_needs_a_host(make: Callable[[object], object], host: object) -> None:
    """Every interface is nobody to ask."""
    with pytest.raises(ValueError, match="every interface"):
        make(host)


@both_styles
def test_a_server_listens_everywhere(style: Style) -> None:
    """An empty host is every interface."""
    with style(SharedBank(), "") as server, Client("127.0.0.1", server.address[1]) as client:
        assert client.read_coils(0) == [False]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: TcpEndpoint(5), "host 5"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: TcpEndpoint("plc", "502"), "port '502'"),  # type: ignore[arg-type]
        (lambda: SerialEndpoint(3), "device 3"),  # type: ignore[arg-type]
        (lambda: Server(SharedBank(), 5), "host 5"),  # type: ignore[arg-type]
        (lambda: TlsEndpoint("plc", context="me.pem"), "SSLContext"),  # type: ignore[arg-type]
    ],
)
def test_endpoints_of_another_kind(make: Callable[[], object], text: str) -> None:
    """The argument is named."""
    with pytest.raises(TypeError, match=text):
        make()


@pytest.mark.parametrize("file", ["cert", "key", "ca"])
def test_a_context_beside_files(file: str) -> None:
    """Two answers to one question are a mistake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    files: dict[str, Any] = {file: "x.pem"}
    with pytest.raises(ValueError, match="a context has its own"):
        TlsEndpoint("plc", context=context, **files)


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("url", "missing"),
    [("tls://plc", "cert"), ("tls://plc?cert=a&key=b", "ca"), ("tls://plc?ca=c", "cert")],
)
def test_a_client_needs_certificates(make: Callable[[str], object], url: str, missing: str) -> None:
    """It is told when it is made, not when it connects."""
    with pytest.raises(ValueError, match=f"no {missing}$"):
        make(url)


class Own(Request[bytes]):
    """A user's function."""

    function_code = 0x41


class OfNoCode(Own):
    """Not to be told from an exception."""

    function_code = 0x80


class OfZero(Own):
    """No function."""

    function_code = 0


class Twin(Request[bytes]):
    """The same function again."""

    function_code = 0x41


def nothing(unit: Unit, request: Any) -> bytes:
    """Answer anything."""
    return b"\x41"


async def later(*_: object) -> bool:
    """Would be awaited by nobody."""
    return True


@pytest.mark.parametrize(
    ("banks", "rest", "kind", "text"),
    [
        (SharedBank, {}, TypeError, "no bank"),
        (None, {}, TypeError, "no bank"),
        ({1: SharedBank}, {}, TypeError, "no bank"),
        ({1: None}, {}, TypeError, "no bank"),
        ({256: SharedBank()}, {}, ValueError, "unit id 256"),
        ({-1: SharedBank()}, {}, ValueError, "unit id -1"),
        ({"1": SharedBank()}, {}, TypeError, "unit id '1'"),
        (SharedBank(), {"access": "read"}, TypeError, "access 'read'"),
        (SharedBank(), {"access": later}, TypeError, "coroutine"),
        (SharedBank(), {"read_only": 1}, TypeError, "read_only 1"),
        (SharedBank(), {"services": [Own]}, TypeError, "services"),
        (SharedBank(), {"services": {0x41: nothing}}, TypeError, "no request class"),
        (SharedBank(), {"services": {**SERVICES, OfNoCode: nothing}}, ValueError, "code 128"),
        (SharedBank(), {"services": {OfZero: nothing}}, ValueError, "code 0"),
        (SharedBank(), {"services": {Own: nothing, Twin: nothing}}, ValueError, "two services"),
        (SharedBank(), {"services": {Own: b"A"}}, TypeError, "cannot be called"),
    ],
)
def test_handlers_that_cannot_be(
    banks: Any, rest: dict[str, Any], kind: type[Exception], text: str
) -> None:
    """What no request could be answered by is refused when the handler is made."""
    with pytest.raises(kind, match=text):
        Handler(banks, **rest)


def test_units_may_come_later() -> None:
    """Only what is in a dict is looked at: it may be filled while it is served."""
    units: dict[int, Unit | SharedBank] = {}
    handler = Handler(units)
    assert handler.handle(1, READ) == b"\x83\x0b"
    units[1] = SharedBank()
    assert handler.handle(1, READ) == b"\x03\x02\0\0"


@pytest.mark.parametrize("hook", [lambda: None, lambda write, more: None, lambda *, write: None])
def test_hooks_that_take_no_write(hook: Any) -> None:
    """A hook is called with a write and nothing else."""
    handler = Handler(SharedBank())
    for add in (handler.before_write, handler.after_write):
        with pytest.raises(TypeError, match="cannot be called with one Write"):
            add(hook)


def test_a_bank_has_ranges() -> None:
    """A single address is no range of cells."""
    cells: Any = {Table.COILS: [5]}
    with pytest.raises(TypeError, match="cells 5 are no range"):
        SparseBank(cells)


def test_orders_that_are_none(caplog: pytest.LogCaptureFixture) -> None:
    """What gives something else than an order is named in the log, and the answer is 04."""
    before: Any = lambda request, peer: "wait"  # noqa: E731
    assert Handler(Unit(SharedBank(), before_request=before)).handle(1, READ) == b"\x83\x04"
    assert "before_request gave 'wait', which is no Order" in caplog.text


@pytest.mark.parametrize("hook", [None, 5, "print"])
def test_hooks_that_are_none(hook: Any) -> None:
    """A hook can be called."""
    handler = Handler(SharedBank())
    for add in (handler.before_write, handler.after_write):
        with pytest.raises(TypeError, match="cannot be called"):
            add(hook)


@pytest.mark.parametrize(
    "make",
    [
        lambda trace: Server(SharedBank(), trace=trace),
        lambda trace: Client("plc", trace=trace),
        lambda trace: AsyncClient("plc", trace=trace),
    ],
)
@pytest.mark.parametrize("trace", [1, "frames", later])
def test_traces_that_are_none(make: Callable[[object], object], trace: object) -> None:
    """A trace can be called, at once."""
    with pytest.raises(TypeError, match="trace"):
        make(trace)


@both_styles
def test_a_failing_trace_is_logged(style: Style, caplog: pytest.LogCaptureFixture) -> None:
    """Frames go their way, whatever becomes of who looks on; each failure is told once."""

    def broken(frame: TracedFrame) -> None:
        raise ZeroDivisionError(frame.peer)

    with (
        caplog.at_level(logging.ERROR, "modbus_wire.trace"),
        style(SharedBank(), trace=broken) as server,
        Client(*server.address, timeout=LIMIT, trace=broken) as client,
    ):
        assert client.read_holding_registers(0) == [0]
        assert client.read_holding_registers(0) == [0]
    errors = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert errors == [ZeroDivisionError] * 8


class Leaving(SharedBank):
    """A bank that wants the program to end."""

    error: BaseException = SystemExit("enough")

    def read_registers(self, table: Table, address: int, quantity: int) -> bytes:
        raise self.error

    def write_registers(self, address: int, data: bytes) -> None:
        raise self.error


@both_styles
@pytest.mark.parametrize("traced", [False, True])
def test_a_bank_cannot_end_a_server(
    style: Style, traced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """``sys.exit()`` in a bank is exception 04 and a line in the log, by each way through."""
    frames: list[TracedFrame] = []
    trace = frames.append if traced else None
    handler = Handler(Leaving())
    with (
        caplog.at_level(logging.ERROR, "modbus_wire.handler"),
        style(handler, trace=trace) as server,
        Client(*server.address, timeout=LIMIT) as client,
    ):
        for request in (READ, WRITE):
            assert client.execute(RawPdu(request)) == bytes((request[0] | 0x80, 4))
        assert client.read_coils(0) == [False]
        assert server.is_running
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [SystemExit] * 2


@both_styles
def test_a_hook_cannot_end_a_server(style: Style, caplog: pytest.LogCaptureFixture) -> None:
    """After a write it is logged, before one it refuses it."""
    handler = Handler(SharedBank())

    @handler.after_write
    def leave(_: object) -> None:
        raise SystemExit

    with (
        caplog.at_level(logging.ERROR, "modbus_wire.handler"),
        style(handler) as server,
        Client(*server.address, timeout=LIMIT) as client,
    ):
        client.write_single_register(0, 7)
        handler.before_write(leave)
        assert client.execute(RawPdu(WRITE)) == b"\x86\x04"
        assert client.read_holding_registers(0) == [7]
    assert len(caplog.records) == 2


def test_an_interrupt_in_the_servers_thread_ends_a_connection_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The thread of a blocking server goes on; the handler itself lets an interrupt through."""
    bank = Leaving()
    bank.error = KeyboardInterrupt("not from a keyboard")
    with pytest.raises(KeyboardInterrupt):
        Handler(bank).handle(1, WRITE)
    with (
        caplog.at_level(logging.ERROR, "modbus_wire.server"),
        Server(bank, port=0) as server,
        Client(*server.address, timeout=LIMIT) as client,
    ):
        with pytest.raises(ConnectionClosedError):
            client.write_single_register(0, 1)
        assert client.read_coils(0) == [False]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        KeyboardInterrupt
    ]


@pytest.mark.parametrize(
    ("make", "rest"),
    [
        (Policy, {"retries": 1.5}),
        (Policy, {"retries": "1"}),
        (Policy, {"timeout": "3"}),
        (Policy, {"timeout": None}),
        (Policy, {"request_delay": "0"}),
        (Backoff, {"first": "1"}),
        (Backoff, {"most": None}),
        (Client, {"host": "plc", "timeout": "3"}),
        (Client, {"host": "plc", "connect_delay": "3"}),
        (Client, {"host": "plc", "max_in_flight": 2.0}),
        (Client, {"host": "plc", "port": True}),
    ],
)
def test_numbers_of_another_kind(make: Callable[..., object], rest: dict[str, Any]) -> None:
    """The argument and the value are named."""
    name, value = list(rest.items())[-1]
    with pytest.raises(TypeError, match=f"{name} {value!r} is no"):
        make(**rest)


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize("wrong", [{"unit_id": 1.0}, {"unit_id": None}, {"units": {1.0: Policy()}}])
def test_unit_ids_are_ints(make: Callable[..., object], wrong: dict[str, Any]) -> None:
    """A float is no unit id, whole or not."""
    with pytest.raises(ValueError, match=r"unit id .* is no int in 0\.\.255"):
        make("plc", **wrong)


def test_requests_that_are_none() -> None:
    """Both clients name what they were given, and go on."""
    wrong: Any = 3
    good = ReadHoldingRegisters(0)

    async def ask(client: AsyncClient) -> None:
        async with client:
            for _ in range(2):
                with pytest.raises(TypeError, match="3 is no request"):
                    await client.execute(wrong)
                with pytest.raises(TypeError, match="3 is no request"):
                    await client.read_many([good, wrong])
                assert await client.execute(good) == [0]

    with Server(SharedBank(), port=0) as server:
        with Client(*server.address, timeout=LIMIT) as client:
            for _ in range(2):
                with pytest.raises(TypeError, match="3 is no request"):
                    client.execute(wrong)
                with pytest.raises(TypeError, match="3 is no request"):
                    client.read_many([good, wrong])
                assert client.execute(good) == [0]
        asyncio.run(ask(AsyncClient(*server.address, timeout=LIMIT)))


@pytest.mark.parametrize("wrong", ["x", None, [1], b"1", 1j])
@pytest.mark.parametrize(
    "make",
    [
        ReadCoils,
        ReadHoldingRegisters,
        ReadInputRegisters,
        lambda wrong: ReadHoldingRegisters(0, wrong),
        ReadFifoQueue,
        lambda wrong: ReadWriteMultipleRegisters(wrong, 1, 0, [1]),
        lambda wrong: ReadWriteMultipleRegisters(0, wrong, 0, [1]),
        lambda wrong: ReadWriteMultipleRegisters(0, 1, wrong, [1]),
        lambda wrong: WriteSingleCoil(wrong, True),
        lambda wrong: WriteSingleCoil(0, wrong),
        lambda wrong: WriteSingleRegister(wrong, 1),
        lambda wrong: WriteSingleRegister(0, wrong),
        lambda wrong: WriteMultipleCoils(wrong, [True]),
        lambda wrong: WriteMultipleCoils(0, [wrong]),
        lambda wrong: WriteMultipleCoils.from_bytes(0, wrong, b"\0"),
        lambda wrong: WriteMultipleRegisters(wrong, [1]),
        lambda wrong: WriteMultipleRegisters(0, [wrong]),
        lambda wrong: WriteMultipleRegisters.from_bytes(wrong, b"\0\0"),
        lambda wrong: MaskWriteRegister(wrong, 0, 0),
        lambda wrong: MaskWriteRegister(0, wrong, 0),
        ReadFileRecord,
        WriteFileRecord,
        Client("plc").read_holding_registers,
        lambda wrong: Client("plc").read_coils(0, wrong),
    ],
)
def test_requests_of_no_integers(make: Callable[[Any], object], wrong: Any) -> None:
    """Nothing is sent for them, and the error is that of every other wrong argument."""
    with pytest.raises(RequestError):
        make(wrong)


@pytest.mark.parametrize(
    "make",
    [
        lambda: WriteMultipleCoils(0, None),  # type: ignore[arg-type]  # wrong on purpose
        lambda: WriteMultipleRegisters(0, 5),  # type: ignore[arg-type]
        lambda: WriteMultipleRegisters.from_bytes(0, 5),  # type: ignore[arg-type]
        lambda: WriteMultipleCoils.from_bytes(0, 1, None),  # type: ignore[arg-type]
    ],
)
def test_requests_of_no_values(make: Callable[[], object]) -> None:
    """One value is no list of values."""
    with pytest.raises(RequestError):
        make()
