"""Settings of the client: what is accepted, what is refused, and how."""

import math
from typing import Any

import pytest

from tests.compat.peers import Package

SAME_CONSTANTS = (
    "MODBUS_PORT",
    "MODBUS_TCP",
    "MODBUS_RTU",
    "MODBUS_ENCAPSULATED_INTERFACE",
    "MB_ERR_TXT",
    "EXP_TXT",
    "EXP_DETAILS",
)


def test_defaults(package: Package) -> None:
    """A client made without arguments has the defaults of the manual."""
    c = package.client.ModbusClient()
    settings = c.host(), c.port(), c.unit_id(), c.timeout(), c.debug(), c.auto_open()
    assert settings == ("localhost", 502, 1, 30.0, False, False)
    assert (c.auto_close(), c.mode(), c.is_open()) == (False, 1, False)
    assert (c.last_error(), c.last_error_txt()) == (0, "no error")
    assert (c.last_except(), c.last_except_txt()) == (0, "no exception")
    assert c.last_except_txt(verbose=True) == "The last request produced no exceptions."
    assert c.version() == package.constants.VERSION


def test_positional_arguments(package: Package) -> None:
    """The constructor takes its arguments in the released order and converts them."""
    c = package.client.ModbusClient("10.0.0.1", "503", "7", "2", 1, 1, 1)
    assert (c.host(), c.port(), c.unit_id(), c.timeout()) == ("10.0.0.1", 503, 7, 2.0)
    assert (c.debug(), c.auto_open(), c.auto_close()) == (True, True, True)


def test_falsy_arguments_keep_the_defaults(package: Package) -> None:
    """Empty host, port 0 and timeout 0 are no errors; unit id 0 is a unit id."""
    c = package.client.ModbusClient(host="", port=0, unit_id=0, timeout=0)
    assert (c.host(), c.port(), c.unit_id(), c.timeout()) == ("localhost", 502, 0, 30.0)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("host", "10.0.0.1 ", "host value error"),
        ("host", "Name", "host value error"),
        ("port", 65536, "port value error"),
        ("port", -1, "port value error"),
        ("unit_id", 256, "unit_id value error"),
        ("unit_id", -1, "unit_id value error"),
        ("timeout", 3600, "timeout value error"),
        ("timeout", math.nan, "timeout value error"),
    ],
)
def test_refused_arguments(package: Package, argument: str, value: Any, message: str) -> None:
    """A value that its accessor refuses raises ValueError with the released text."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        package.client.ModbusClient(**{argument: value})


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("host", 5, TypeError),
        ("host", b"localhost", TypeError),
        ("host", "local\0host", ValueError),
        ("port", "x", ValueError),
        ("port", [1], TypeError),
        ("unit_id", "x", ValueError),
        ("timeout", "x", ValueError),
        ("timeout", [1], TypeError),
    ],
)
def test_arguments_of_another_kind(
    package: Package, argument: str, value: Any, error: type[Exception]
) -> None:
    """What cannot be converted raises in the constructor and in the accessor alike."""
    with pytest.raises(error):
        package.client.ModbusClient(**{argument: value})
    with pytest.raises(error):
        getattr(package.client.ModbusClient(), argument)(value)


@pytest.mark.parametrize(
    ("accessor", "given", "result", "kept"),
    [
        ("host", "192.168.0.1", "192.168.0.1", "192.168.0.1"),
        ("host", "::1", "::1", "::1"),
        ("host", "plc-1.domain.net", "plc-1.domain.net", "plc-1.domain.net"),
        ("host", "plc\n", "plc\n", "plc\n"),
        ("host", "a", None, "localhost"),
        ("host", "1plc", None, "localhost"),
        ("host", "PLC", None, "localhost"),
        ("host", "plc_1", None, "localhost"),
        ("host", "", None, "localhost"),
        ("port", 1, 1, 1),
        ("port", 65535, 65535, 65535),
        ("port", "503", 503, 503),
        ("port", 503.9, 503, 503),
        ("port", 0, None, 502),
        ("port", 65536, None, 502),
        ("unit_id", 0, 0, 0),
        ("unit_id", "255", 255, 255),
        ("unit_id", 256, None, 1),
        ("unit_id", -1, None, 1),
        ("timeout", "0.5", 0.5, 0.5),
        ("timeout", 3599.9, 3599.9, 3599.9),
        ("timeout", 0, None, 30.0),
        ("timeout", 3600, None, 30.0),
        ("timeout", math.nan, None, 30.0),
        ("timeout", math.inf, None, 30.0),
        ("debug", 5, True, True),
        ("debug", "", False, False),
        ("auto_open", "no", True, True),
        ("auto_open", 0, False, False),
        ("auto_close", [1], True, True),
        ("auto_close", [], False, False),
        ("mode", 2, 2, 2),
        ("mode", 1, 1, 1),
        ("mode", 3, None, 1),
        ("mode", "2", None, 1),
        ("mode", [], None, 1),
    ],
)
def test_accessors(package: Package, accessor: str, given: Any, result: Any, kept: Any) -> None:
    """An accessor returns the value it took, or None and keeps the old one."""
    c = package.client.ModbusClient()
    assert getattr(c, accessor)(given) == result
    assert getattr(c, accessor)() == kept


def test_constants(ours: Package, released: Package) -> None:
    """Every constant but the version has the released value."""
    names = {name for name in vars(released.constants) if name.isupper()} - {"VERSION"}
    assert names.issuperset(SAME_CONSTANTS)
    for name in names:
        assert getattr(ours.constants, name) == getattr(released.constants, name), name
