"""What goes wrong on the link: results, error codes, and whether the link stays open."""

import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from modbus_wire.dropin.calls import WriteCoil
from modbus_wire.dropin.report import debug_lines, request_error_code
from modbus_wire.errors import ConnectionClosedError
from tests.compat.peers import Package, free_port, scripted

RTU = 2


def tcp(request: bytes, pdu: str, **fields: int) -> bytes:
    """Frame a PDU as the answer to a request, with header fields replaced."""
    body = bytes.fromhex(pdu)
    transaction_id, unit_id = int.from_bytes(request[:2], "big"), request[6]
    return (
        struct.pack(
            ">HHHB",
            fields.get("transaction_id", transaction_id),
            fields.get("protocol_id", 0),
            fields.get("length", len(body) + 1),
            fields.get("unit_id", unit_id),
        )
        + body
    )


def new_client(package: Package, port: int, mode: int = 1, **settings: Any) -> Any:
    """Return a client of a scripted server, not opened."""
    c = package.client.ModbusClient("127.0.0.1", port, timeout=0.3, **settings)
    c.mode(mode)
    return c


def state(c: Any) -> tuple[int, int, bool]:
    """Return the last error, the last exception, and whether the link is open."""
    return c.last_error(), c.last_except(), c.is_open()


def test_open_close(package: Package) -> None:
    """open() says whether it connected, close() whether there was anything to close."""
    with scripted(lambda request: tcp(request, "03020007")) as port:
        c = new_client(package, port)
        assert (c.is_open(), c.close()) == (False, None)
        assert (c.open(), c.is_open()) == (True, True)
        assert c.read_holding_registers(0) == [7]
        assert (c.open(), c.is_open()) == (True, True)
        assert c.read_holding_registers(0) == [7]
        assert (c.close(), c.close(), c.is_open()) == (True, None, False)
        assert state(c) == (0, 0, False)


def test_closed_link(package: Package) -> None:
    """A request on a closed link is error 9; nothing is connected."""
    with scripted(lambda request: tcp(request, "03020007")) as port:
        c = new_client(package, port)
        assert c.read_holding_registers(0) is None
        assert state(c) == (9, 0, False)
        assert c.last_error_txt() == "socket is closed"


def test_refused_connection(package: Package) -> None:
    """open() on a port that nobody listens on is error 2; by auto_open it ends at 9."""
    c = new_client(package, free_port())
    assert c.open() is False
    assert (c.last_error_txt(), *state(c)) == ("connect error", 2, 0, False)
    c.auto_open(True)
    assert c.write_single_coil(0, True) is None
    assert state(c) == (9, 0, False)


def test_errors_are_sticky(package: Package) -> None:
    """Neither a success nor reopening clears the last error or exception."""
    replies = iter(["8302", "03020007", "03020007"])
    with scripted(lambda request: tcp(request, next(replies))) as port:
        c = new_client(package, port, auto_open=True)
        assert c.read_holding_registers(0) is None
        assert state(c) == (7, 2, True)
        assert c.read_holding_registers(0) == [7]
        assert c.open() is True
        assert c.read_holding_registers(0) == [7]
        assert state(c) == (7, 2, True)
        assert c.last_except_txt() == "illegal data address"
        c.close()


@pytest.mark.parametrize(("code", "text"), [(7, "negative acknowledge"), (0x63, None)])
def test_exception_codes(package: Package, code: int, text: str | None) -> None:
    """An exception response is error 7 with its code, known to the specification or not."""
    with scripted(lambda request: tcp(request, f"86{code:02x}")) as port:
        c = new_client(package, port, auto_open=True)
        assert c.write_single_register(0, 1) is None
        assert state(c) == (7, code, True)
        assert repr(c.last_except()) == str(code)
        assert c.last_except_txt() == (text or "unreferenced exception 0x63")
        c.close()


@pytest.mark.parametrize("reply", ["03020007", "8302"])
def test_auto_close(package: Package, reply: str) -> None:
    """With auto_close the link is closed after a response, an exception included."""
    with scripted(lambda request: tcp(request, reply)) as port:
        c = new_client(package, port, auto_open=True, auto_close=True)
        for _ in range(2):
            c.read_holding_registers(0)
            assert c.is_open() is False


def test_auto_close_after_another_echo(package: Package) -> None:
    """A repeated write that differs is a response too."""
    with scripted(lambda request: tcp(request, "0600020001")) as port:
        c = new_client(package, port, auto_open=True, auto_close=True)
        assert c.write_single_register(1, 1) is None
        assert state(c) == (0, 0, False)


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("transaction id", lambda r: tcp(r, "03020007", transaction_id=r[0] * 256 + r[1] ^ 1)),
        ("protocol id", lambda r: tcp(r, "03020007", protocol_id=1)),
        ("length too large", lambda r: tcp(r, "03020007", length=256)),
        ("length 1", lambda r: tcp(r, "", length=1)),
        ("length 2", lambda r: tcp(r, "03")),
        ("unit id", lambda r: tcp(r, "03020007", unit_id=r[6] ^ 1)),
        ("byte count below the data", lambda r: tcp(r, "03010007")),
        ("byte count above the data", lambda r: tcp(r, "03040007")),
        ("fewer registers than asked", lambda r: tcp(r, "030107")),
        ("no byte count", lambda r: tcp(r, "0302")),
        ("closed", lambda _: None),
        ("half a header", lambda r: r[:4]),
        ("half a body", lambda r: tcp(r, "0302", length=5)),
        ("silence", lambda _: b""),
    ],
)
def test_bad_answers(package: Package, what: str, answer: Callable[[bytes], bytes | None]) -> None:
    """Whatever is no answer is None and error 4, and the link is closed."""
    with scripted(answer) as port:
        c = new_client(package, port)
        assert c.open() is True
        assert c.read_holding_registers(0) is None
        assert state(c) == (4, 0, False), what
        assert c.last_error_txt() == "socket recv error"


def test_bad_echo_size(package: Package) -> None:
    """A repeated write of another size is error 4, and the link is closed."""
    with scripted(lambda request: tcp(request, "06000100")) as port:
        c = new_client(package, port, auto_open=True)
        assert c.write_single_register(1, 0) is None
        assert state(c) == (4, 0, False)


def rtu(package: Package, frame: str) -> bytes:
    """Append the CRC to a frame."""
    data = bytes.fromhex(frame)
    crc: int = package.utils.crc16(data)
    return data + crc.to_bytes(2, "little")


def test_rtu_frames(package: Package) -> None:
    """In RTU mode the frame is unit, PDU and CRC, low byte first; unit 0 is answered too."""
    requests: list[bytes] = []

    def answer(request: bytes) -> bytes:
        requests.append(request)
        return rtu(package, request[:1].hex() + "03020007")

    with scripted(answer) as port:
        c = new_client(package, port, RTU, auto_open=True)
        assert c.read_holding_registers(0, 1) == [7]
        c.unit_id(0)
        assert c.read_holding_registers(0, 1) == [7]
        assert requests == [rtu(package, "010300000001"), rtu(package, "000300000001")]
        assert requests[0].hex() == "010300000001840a"
        assert state(c) == (0, 0, True)
        c.close()


def test_mode_changes_on_an_open_link(package: Package) -> None:
    """The mode is that of the next request; the link stays."""

    def answer(request: bytes) -> bytes:
        return rtu(package, "01020101") if len(request) == 8 else tcp(request, "02010100"[:6])

    with scripted(answer) as port:
        c = new_client(package, port, auto_open=True)
        assert c.read_discrete_inputs(0) == [True]
        c.mode(RTU)
        assert (c.is_open(), c.read_discrete_inputs(0)) == (True, [True])
        c.mode(1)
        assert (c.is_open(), c.read_discrete_inputs(0)) == (True, [True])
        c.close()


@pytest.mark.parametrize(
    ("frame", "error", "is_open"),
    [
        ("01030200079846", 8, False),
        ("", 5, False),
        (None, 4, False),
    ],
)
def test_rtu_errors(package: Package, frame: str | None, error: int, is_open: bool) -> None:
    """A wrong CRC is error 8, silence 5, a closed connection 4."""
    with scripted(lambda _: None if frame is None else bytes.fromhex(frame)) as port:
        c = new_client(package, port, RTU)
        assert c.open() is True
        assert c.read_holding_registers(0) is None
        assert state(c) == (error, 0, is_open)


def test_rtu_other_unit(package: Package) -> None:
    """The answer of another unit is error 4, and the link is closed."""
    with scripted(lambda _: rtu(package, "0203020007")) as port:
        c = new_client(package, port, RTU, auto_open=True)
        assert c.read_holding_registers(0) is None
        assert state(c) == (4, 0, False)


def test_rtu_exception(package: Package) -> None:
    """An exception response in RTU mode is error 7, and the link stays."""
    with scripted(lambda _: rtu(package, "018302")) as port:
        c = new_client(package, port, RTU, auto_open=True)
        assert c.read_holding_registers(0) is None
        assert state(c) == (7, 2, True)
        c.close()


@pytest.mark.parametrize(
    ("accessor", "value", "closes"),
    [
        ("host", "127.0.0.1", False),
        ("host", "localhost", True),
        ("host", "NO NAME", True),
        ("port", None, False),
        ("port", 65536, True),
        ("unit_id", 7, False),
        ("timeout", 5, False),
        ("mode", RTU, False),
        ("debug", True, False),
        ("auto_open", True, False),
        ("auto_close", True, False),
    ],
)
def test_accessors_on_an_open_link(
    package: Package, accessor: str, value: Any, closes: bool
) -> None:
    """Another host or port closes the link, refused or not; nothing else does."""
    with scripted(lambda request: tcp(request, "03020007")) as port:
        c = new_client(package, port)
        assert c.open() is True
        getattr(c, accessor)(value)
        assert c.is_open() is not closes
        c.close()


def test_ipv6(package: Package) -> None:
    """An IPv6 address is a server too."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6")
    with listener:
        c = package.client.ModbusClient("::1", listener.getsockname()[1])
        assert c.open() is True
        c.close()


def test_a_write_that_was_not_sent(ours: Package) -> None:
    """A link that ends before the request has left is error 3."""
    error = ConnectionClosedError("sending failed")
    error.request = WriteCoil(0, True)
    assert request_error_code(error, ours.constants.MODBUS_TCP) == 3
    assert debug_lines(error, "write_single_coil", 1, b"") == ["_send error"]
    error.may_have_been_applied = True
    assert request_error_code(error, ours.constants.MODBUS_TCP) == 4
