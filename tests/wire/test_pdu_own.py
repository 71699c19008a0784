"""Requests that a user makes: values of other integer types, and function codes of their own."""

import pytest

from modbus_wire.connection import ClientConnection
from modbus_wire.errors import RequestError
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.bits import WriteMultipleCoils, WriteSingleCoil
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    WriteMultipleRegisters,
    WriteSingleRegister,
)


class Word:
    """An integer that is no int, as those of NumPy."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Own(Request[bytes]):
    """A request of a user, with attributes and no slots."""

    function_code = 65

    def __init__(self, text: bytes) -> None:
        self.text = text

    def encode(self) -> bytes:
        return bytes((self.function_code,)) + self.text


def test_any_integer_is_a_register_value() -> None:
    """FC 6, 16 and 22 take what is an integer by its own account, and no other."""
    assert WriteSingleRegister(1, Word(7)).encode() == WriteSingleRegister(1, 7).encode()
    assert WriteMultipleRegisters(1, [Word(7)]) == WriteMultipleRegisters(1, [7])
    assert MaskWriteRegister(1, Word(7), Word(8)) == MaskWriteRegister(1, 7, 8)
    for wrong in (Word(65536), Word(-1), 1.0, "1", None):
        with pytest.raises(RequestError, match="no register value"):
            WriteSingleRegister(1, wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_own_requests_are_told_apart_by_their_attributes() -> None:
    """Equality, hash and repr see what a class without slots holds."""
    assert Own(b"a") == Own(b"a")
    assert Own(b"a") != Own(b"b")
    assert hash(Own(b"a")) == hash(Own(b"a"))
    assert repr(Own(b"a")) == "Own(text=b'a')"


def test_a_pdu_is_at_most_253_bytes() -> None:
    """A longer one is refused before it is framed (AP §4.1)."""
    ClientConnection().send(Own(bytes(252)), 1)
    with pytest.raises(RequestError, match="254 bytes"):
        ClientConnection().send(Own(bytes(253)), 1)


@pytest.mark.parametrize("value", ["x", None, 2, 0.5])
def test_a_coil_is_true_or_false(value: bool) -> None:
    """What is neither is refused before it is sent."""
    with pytest.raises(RequestError, match="no state of a coil"):
        WriteSingleCoil(0, value)
    with pytest.raises(RequestError, match="no state of a coil"):
        WriteMultipleCoils(0, [True, value])
