"""What the requests have in common that ask without an argument."""

from __future__ import annotations

from modbus_wire.errors import IllegalDataValue
from modbus_wire.pdu.base import R, Request
from modbus_wire.typed import Self


class BareRequest(Request[R]):
    """A read that is its function code and no more (AP §6.7, §6.9, §6.10, §6.13)."""

    __slots__ = ()

    writes = False

    def encode(self) -> bytes:
        return bytes((self.function_code,))

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if len(pdu) != 1:
            raise IllegalDataValue
        return cls()

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return 1
