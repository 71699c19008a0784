"""What the drop-in client has beyond pyModbusTCP 0.1.10."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modbus_wire.client import ModbusClient
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    IllegalDataAddress,
    RequestError,
    ResponseMismatch,
    ResponseTimeout,
)
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from modbus_wire.server import DataBank
from tests.compat.peers import Package, free_port, running, scripted
from tests.compat.test_errors import RTU, rtu, state, tcp


@pytest.fixture
def c(ours: Package) -> Iterator[ModbusClient]:
    """Return a client of our server."""
    DataBank.set_words(0, [1, 2, 3, 4])
    with running(ours) as port:
        client = ModbusClient("127.0.0.1", port, timeout=5, auto_open=True)
        yield client
        client.close()


@contextmanager
def answered(pdu: str, **settings: Any) -> Iterator[ModbusClient]:
    """Yield a client whose server answers everything with one PDU."""
    with scripted(lambda request: tcp(request, pdu)) as port:
        client = ModbusClient("127.0.0.1", port, timeout=0.3, auto_open=True, **settings)
        yield client
        client.close()


def test_custom_request(c: ModbusClient) -> None:
    """Any PDU goes out; the response PDU comes back, or None with the exception."""
    assert c.custom_request(b"\x03\x00\x01\x00\x02") == b"\x03\x04\x00\x02\x00\x03"
    assert c.custom_request(bytes.fromhex("160000f2f20025")) == bytes.fromhex("160000f2f20025")
    assert c.custom_request(b"\x41") is None
    assert state(c) == (7, 1, True)


@pytest.mark.parametrize("size", [0, 254])
def test_custom_request_size(c: ModbusClient, size: int) -> None:
    """A PDU of no bytes or more than 253 is None before any socket use."""
    assert c.custom_request(bytes(size)) is None
    assert state(c) == (0, 0, False)


def test_write_read_multiple_registers(c: ModbusClient) -> None:
    """The write comes first, then the read; limits are checked before any socket use."""
    assert c.write_read_multiple_registers(0, [9, 8], 1, 3) == [8, 3, 4]
    assert c.write_read_multiple_registers(5, [6], 5) == [6]
    assert c.write_read_multiple_registers(0, [1] * 122, 0) is None
    assert c.write_read_multiple_registers(0, [1], 0, 126) is None
    assert state(c) == (0, 0, True)
    assert c.write_read_multiple_registers(0, [5], 65535, 1) == [0]


IDENTIFICATION = "2b0e01010000 03 00 0441636d65 01 023131 02 04312e3030".replace(" ", "")


def test_read_device_identification() -> None:
    """The objects come by number and by name."""
    with answered(IDENTIFICATION) as client:
        device = client.read_device_identification()
    assert device is not None
    assert (device.conformity_level, device.more_follows, device.next_object_id) == (1, 0, 0)
    assert device.objects_by_id == {0: b"Acme", 1: b"11", 2: b"1.00"}
    assert (device.vendor_name, device.product_code) == (b"Acme", b"11")
    assert (device.major_minor_revision, device.vendor_url) == (b"1.00", None)
    assert (device.product_name, device.model_name) == (None, None)
    assert device.user_application_name is None


@pytest.mark.parametrize("cut", [2, 8, 12, 14, 16])
def test_cut_device_identification(cut: int) -> None:
    """An answer with fewer objects than announced is None and error 4."""
    with answered(IDENTIFICATION[:cut]) as client:
        assert client.read_device_identification() is None
        assert state(client) == (4, 0, False)


@pytest.mark.parametrize("args", [(0, 0), (5, 0), (1, -1), (1, 256)])
def test_device_identification_limits(args: tuple[int, int]) -> None:
    """Codes are 1 to 4, objects 0 to 255; others are None before any socket use."""
    client = ModbusClient(auto_open=True)
    assert client.read_device_identification(*args) is None
    assert state(client) == (0, 0, False)


def test_device_identification_over_rtu(ours: Package) -> None:
    """A frame whose length nothing announces ends where the received bytes end."""
    with scripted(lambda _: rtu(ours, "01" + IDENTIFICATION)) as port:
        client = ModbusClient("127.0.0.1", port, timeout=1, auto_open=True)
        client.mode(RTU)
        device = client.read_device_identification(1, 0)
        client.close()
    assert device is not None
    assert device.vendor_name == b"Acme"


class Watching(ModbusClient):
    """A client that keeps the frames."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.frames: list[tuple[str, bool]] = []

    def on_tx_rx(self, frame: bytes, is_tx: bool) -> None:
        self.frames.append((frame[7:].hex(), is_tx))


def test_on_tx_rx() -> None:
    """A subclass sees every frame, sent or received."""
    with scripted(lambda request: tcp(request, "03020007")) as port:
        client = Watching(host="127.0.0.1", port=port, auto_open=True)
        client.read_holding_registers(1)
        client.close()
    assert client.frames == [("0300010001", True), ("03020007", False)]


def test_on_tx_rx_of_an_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function set on one client sees its frames."""
    frames: list[bytes] = []
    with answered("03020007") as client:
        monkeypatch.setattr(client, "on_tx_rx", lambda frame, is_tx: frames.append(frame))
        client.read_holding_registers(1)
    assert [frame[7:].hex() for frame in frames] == ["0300010001", "03020007"]


def test_execute(c: ModbusClient) -> None:
    """Requests of the core go over the same link."""
    assert c.execute(ReadHoldingRegisters(1, 2)) == [2, 3]
    c.execute(WriteSingleRegister(1, 5))
    assert c.read_holding_registers(1) == [5]


def test_execute_takes_the_settings() -> None:
    """The unit id is the one given or the client's; auto_close closes the link."""
    with scripted(lambda r: tcp(r, f"030200{r[6]:02x}")) as port:
        client = ModbusClient("127.0.0.1", port, unit_id=7, auto_open=True, auto_close=True)
        assert client.execute(ReadHoldingRegisters(0)) == [7]
        assert client.execute(ReadHoldingRegisters(0), unit_id=8) == [8]
        assert client.is_open() is False


def test_execute_raises() -> None:
    """Failures raise, with the request, and leave last_error() alone."""
    request = ReadHoldingRegisters(0)
    client = ModbusClient("127.0.0.1", free_port(), timeout=0.2)
    for auto_open in (False, True):
        client.auto_open(auto_open)
        with pytest.raises(ConnectError) as failure:
            client.execute(request)
        assert failure.value.request is request
    for pdu, error in (("8302", IllegalDataAddress), ("04020007", ResponseMismatch)):
        with answered(pdu) as client, pytest.raises(error):
            client.execute(request)
    with scripted(lambda _: b"") as port:
        client = ModbusClient("127.0.0.1", port, timeout=0.2, auto_open=True)
        with pytest.raises(ResponseTimeout):
            client.execute(request)
    with scripted(lambda _: None) as port:
        client = ModbusClient("127.0.0.1", port, timeout=0.2, auto_open=True)
        with pytest.raises(ConnectionClosedError) as closed:
            client.execute(WriteSingleRegister(0, 1))
        assert closed.value.may_have_been_applied is True
        with pytest.raises(RequestError):
            client.execute(request, unit_id=256)
        client.close()
    assert state(client) == (0, 0, False)


def test_a_subclass_may_use_any_name() -> None:
    """Methods of a subclass do not get in the way of the client's own."""

    class Named(ModbusClient):
        def perform(self) -> None:
            raise AssertionError

        def execute(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError

        def trace(self) -> None:
            raise AssertionError

    with scripted(lambda r: r[:4] + struct.pack(">HB", 5, r[6]) + b"\x03\x02\x00\x07") as port:
        client = Named("127.0.0.1", port, auto_open=True)
        assert client.read_holding_registers(0) == [7]
        client.close()
