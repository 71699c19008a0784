"""What a request is: one class per function code, both directions, the result type in the class.

A request knows nothing of sockets, units, transactions or stores.
"""

from __future__ import annotations

import struct
from struct import Struct

from modbus_wire.codes import ADDRESS_SPACE, EXCEPTION_FLAG
from modbus_wire.errors import (
    ExceptionResponse,
    IllegalDataValue,
    RequestError,
    ResponseMismatch,
    exception_for,
)
from modbus_wire.pdu.value import Value
from modbus_wire.typed import Any, ClassVar, Generic, NoReturn, Self, TypeAlias, TypeVar

R = TypeVar("R")

_FIELDS = Struct(">BHH")
_pack_fields = _FIELDS.pack
_MANY = Struct(">BHHB")
_MANY_SIZE = _MANY.size
_unpack_many = _MANY.unpack_from
EXCEPTION_LENGTH = 2


class Request(Value, Generic[R]):
    """A request and its response; ``R`` is the plain type of the result.

    A user's own function code is a subclass that sets ``function_code`` and implements the verbs.
    Constructors raise `RequestError` for arguments outside the limits of the specification.
    """

    __slots__ = ()

    function_code: ClassVar[int]
    writes: ClassVar[bool] = True
    """Whether carrying it out changes the device: such a request is never sent twice."""

    answered: ClassVar[bool] = True
    """Whether a device that it is sent to answers it."""

    def encode(self) -> bytes:
        """Return the request PDU."""
        raise NotImplementedError

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        """Read a request PDU as a server does.

        Raises `IllegalDataValue` for a badly built one (size, quantity, byte count, value), another
        `ExceptionResponse` where the function asks for it. Addresses are the store's matter.
        """
        raise NotImplementedError

    def encode_response(self, result: R) -> bytes:
        """Return the response PDU that carries ``result``."""
        raise NotImplementedError

    def decode_response(self, pdu: bytes) -> R:
        """Read the response PDU.

        Raises the `ExceptionResponse` that it is, or `ResponseMismatch` where it answers
        something else.
        """
        raise NotImplementedError

    def unanswered(self) -> R:
        """Return the result where no device answers, as to a broadcast; only writes have one."""
        raise NotImplementedError

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        """Return the length of the request PDU that begins with ``head``, None for "not yet".

        Raises NotImplementedError where the PDU does not announce its length.
        """
        raise NotImplementedError

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        """Return the length of the response PDU that begins with ``head``, as `request_length`."""
        raise NotImplementedError

    def no_answer(self, pdu: bytes) -> NoReturn:
        """Raise what a PDU that is no normal response to this request means (AP §7)."""
        raise self._refusal(pdu)

    def _refusal(self, pdu: bytes) -> ExceptionResponse | ResponseMismatch:
        # Some servers answer function code 0x80 to whatever they cannot decode.
        exceptions = (self.function_code | EXCEPTION_FLAG, EXCEPTION_FLAG)
        if len(pdu) == EXCEPTION_LENGTH and pdu[0] in exceptions:
            return exception_for(pdu[1])
        return ResponseMismatch(f"response {pdu.hex(' ')} does not answer the request")

    def counted(self, pdu: bytes) -> bytes:
        """Return what follows the byte count of a response PDU; raises as `decode_response`."""
        if len(pdu) < 2 or pdu[0] != self.function_code or pdu[1] != len(pdu) - 2:
            self.no_answer(pdu)
        return pdu[2:]


AnyRequest: TypeAlias = Request[Any]
"""A request of whatever result type."""


class ReadRequest(Request[R]):
    """A read of ``quantity`` cells from ``address`` on (AP §6.1 to §6.4)."""

    __slots__ = ("address", "quantity")

    writes = False
    max_quantity: ClassVar[int]

    def __init__(self, address: int, quantity: int = 1) -> None:
        try:
            if not 0 < quantity <= self.max_quantity:
                raise RequestError(f"quantity {quantity} is not in 1..{self.max_quantity}")
            if not 0 <= address <= ADDRESS_SPACE - quantity:
                raise out_of_table(address, quantity)
        except TypeError:
            raise no_integers(address, quantity) from None
        self.address = address
        self.quantity = quantity

    def encode(self) -> bytes:
        try:
            return _pack_fields(self.function_code, self.address, self.quantity)
        except struct.error as error:
            raise RequestError(f"{error}") from None

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        self = cls.__new__(cls)
        self.address, self.quantity = decode_fields(pdu)
        if not 0 < self.quantity <= cls.max_quantity:
            raise IllegalDataValue
        return self

    @classmethod
    def size(cls, quantity: int) -> int:
        """Return how many bytes carry ``quantity`` cells."""
        raise NotImplementedError

    def payload(self, pdu: bytes) -> bytes:
        """Return the bytes of the cells in a response PDU; raises as `decode_response`."""
        size = self.size(self.quantity)
        if len(pdu) != size + 2 or pdu[0] != self.function_code or pdu[1] != size:
            self.no_answer(pdu)
        return pdu[2:]

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return _FIELDS.size

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 2 + head[1] if len(head) > 1 else None


class RawRead(Request[bytes]):
    """A read whose result is the bytes of its cells, as they came: registers or packed bits."""

    __slots__ = ("_head", "_pdu", "_size", "read")

    writes = False

    def __init__(self, read: ReadRequest[list[int]] | ReadRequest[list[bool]]) -> None:
        self.read = read
        size = read.size(read.quantity)
        self._pdu = read.encode()
        self._head = bytes((read.function_code, size))
        self._size = size + 2

    @property
    def function_code(self) -> int:  # type: ignore[override]  # that of the read inside
        """The function code of the read."""
        return self.read.function_code

    def encode(self) -> bytes:
        return self._pdu

    def decode_response(self, pdu: bytes) -> bytes:
        if len(pdu) != self._size or not pdu.startswith(self._head):
            self.no_answer(pdu)
        return pdu[2:]


class WriteRequest(Request[None]):
    """A write whose response repeats the head of the request."""

    __slots__ = ()

    ECHO: ClassVar[int] = _FIELDS.size

    def encode_response(self, result: None = None) -> bytes:
        return self.encode()[: self.ECHO]

    def decode_response(self, pdu: bytes) -> None:
        if pdu != self.encode_response():
            self.no_answer(pdu)

    def unanswered(self) -> None:
        return None

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return cls.ECHO

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return cls.ECHO


class WriteMultipleRequest(WriteRequest):
    """A write of adjacent cells: address, quantity, byte count, data (AP §6.11, §6.12)."""

    __slots__ = ("address", "data", "quantity")

    max_quantity: ClassVar[int]

    @classmethod
    def size(cls, quantity: int) -> int:
        """Return how many bytes carry ``quantity`` cells."""
        raise NotImplementedError

    def _set(self, address: int, quantity: int, data: bytes) -> None:
        try:
            if not 0 < quantity <= self.max_quantity:
                raise RequestError(f"quantity {quantity} is not in 1..{self.max_quantity}")
            if not 0 <= address <= ADDRESS_SPACE - quantity:
                raise out_of_table(address, quantity)
        except TypeError:
            raise no_integers(address, quantity) from None
        self.address = address
        self.quantity = quantity
        self.data = data

    def encode(self) -> bytes:
        data = self.data
        try:
            head = _MANY.pack(self.function_code, self.address, self.quantity, len(data))
        except struct.error as error:
            raise RequestError(f"{error}") from None
        return head + data

    def encode_response(self, result: None = None) -> bytes:
        return _pack_fields(self.function_code, self.address, self.quantity)

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        if len(pdu) <= _MANY_SIZE:
            raise IllegalDataValue
        self = cls.__new__(cls)
        _, self.address, quantity, size = _unpack_many(pdu)
        self.quantity = quantity
        self.data = data = pdu[_MANY_SIZE:]
        if not (0 < quantity <= cls.max_quantity and len(data) == size == cls.size(quantity)):
            raise IllegalDataValue
        return self

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        return _MANY_SIZE + head[5] if len(head) > 5 else None


def encode_fields(function_code: int, first: int, second: int) -> bytes:
    """Pack a function code and two words; raises `RequestError` where they are no words."""
    try:
        return _pack_fields(function_code, first, second)
    except struct.error as error:
        raise RequestError(f"{error}") from None


def decode_fields(pdu: bytes) -> tuple[int, int]:
    """Unpack the two words of a PDU of five bytes; raises `IllegalDataValue` for another size."""
    if len(pdu) != _FIELDS.size:
        raise IllegalDataValue
    _, first, second = _FIELDS.unpack(pdu)
    return first, second


def out_of_table(address: int, quantity: int) -> RequestError:
    """Return the error for cells outside 0..65535."""
    return RequestError(f"{quantity} cells from address {address} on leave the table 0..65535")


def no_integers(address: object, quantity: object) -> RequestError:
    """Return the error for cells that no numbers say."""
    return RequestError(f"address {address!r} and quantity {quantity!r} are not both integers")


def check_cell(address: int) -> None:
    """Raise `RequestError` for what is no address of a cell."""
    try:
        if not 0 <= address < ADDRESS_SPACE:
            raise out_of_table(address, 1)
    except TypeError:
        raise no_integers(address, 1) from None
