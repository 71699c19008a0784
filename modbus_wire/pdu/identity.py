"""The requests for what a device is: FC 17 and FC 43/14 (AP §6.13, §6.21)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from modbus_wire.codes import MAX_PDU, FunctionCode
from modbus_wire.errors import (
    IllegalDataValue,
    IllegalFunction,
    ResponseMismatch,
)
from modbus_wire.pdu.bare import BareRequest
from modbus_wire.pdu.base import Request
from modbus_wire.pdu.value import Value, checked
from modbus_wire.typed import Self

_OFF = 0x00
_ON = 0xFF

_MEI_TYPE = 0x0E
_REQUEST_SIZE = 4
_HEAD_SIZE = 7
OBJECT_HEAD_SIZE = 2
MAX_OBJECTS_SIZE = MAX_PDU - _HEAD_SIZE
"""Bytes of the objects of one answer, with the id and the size of each."""

_MAX_OBJECT = MAX_OBJECTS_SIZE - OBJECT_HEAD_SIZE
_MAX_ID_SIZE = MAX_PDU - 3
INDIVIDUAL_ACCESS = 0x80
"""In a conformity level: single objects can be read."""


class ServerId(Value):
    """The answer to FC 17."""

    __slots__ = ("additional", "identifier", "is_running")

    def __init__(self, identifier: bytes, is_running: bool = True, additional: bytes = b"") -> None:
        self.identifier = identifier
        """The server id; its size is the device's affair."""

        self.is_running = is_running
        """The run indicator."""

        self.additional = additional
        """What the device says besides."""


class ReportServerId(BareRequest[ServerId]):
    """FC 17: read the server's id, its run indicator and what else it says (AP §6.13).

    Only the device's manual tells how many bytes the id has: ``id_size``. A device that sends no
    run indicator there cannot be understood; `RawPdu` gives its answer as it came.
    """

    __slots__ = ("id_size",)

    function_code = FunctionCode.REPORT_SERVER_ID.value

    def __init__(self, id_size: int = 1) -> None:
        self.id_size = checked("id_size", id_size, 0, _MAX_ID_SIZE)

    def encode_response(self, result: ServerId) -> bytes:
        indicator = bytes((_ON if result.is_running else _OFF,))
        data = bytes(result.identifier) + indicator + bytes(result.additional)
        return bytes((self.function_code, len(data))) + data

    def decode_response(self, pdu: bytes) -> ServerId:
        data = self.counted(pdu)
        indicator = data[self.id_size : self.id_size + 1]
        if not indicator or indicator[0] not in (_OFF, _ON):
            raise ResponseMismatch(
                f"response {pdu.hex(' ')} has no run indicator after an id of {self.id_size} bytes"
            )
        return ServerId(data[: self.id_size], indicator[0] == _ON, data[self.id_size + 1 :])

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        return 2 + head[1] if len(head) > 1 else None


class ReadDeviceIdCode(IntEnum):
    """Which objects are read (AP §6.21): those of a category, or a single one."""

    BASIC = 1
    REGULAR = 2
    EXTENDED = 3
    SPECIFIC = 4
    """The one object whose id is given."""


LAST_IDS: dict[int, int] = {ReadDeviceIdCode.BASIC: 0x02, ReadDeviceIdCode.REGULAR: 0x7F}
"""The last object id of each category but the extended one, which has all."""


class IdentificationPart(Value):
    """The answer to one FC 43/14: as many objects as one PDU holds."""

    __slots__ = ("conformity_level", "more_follows", "next_object_id", "objects")

    def __init__(
        self,
        conformity_level: int,
        more_follows: bool,
        next_object_id: int,
        objects: Mapping[int, bytes],
    ) -> None:
        self.conformity_level = conformity_level
        self.more_follows = more_follows
        """Whether further objects wait, from ``next_object_id`` on."""

        self.next_object_id = next_object_id
        self.objects = dict(objects)
        """The objects by their ids."""


class ReadDeviceIdentification(Request[IdentificationPart]):
    """FC 43/14: read objects that identify the device (AP §6.21).

    ``read_code`` is a `ReadDeviceIdCode`, ``object_id`` the object to begin with.
    """

    __slots__ = ("object_id", "read_code")

    function_code = FunctionCode.ENCAPSULATED_INTERFACE_TRANSPORT.value
    writes = False

    def __init__(self, read_code: int, object_id: int = 0) -> None:
        self.read_code = checked("read device id code", read_code, 1, ReadDeviceIdCode.SPECIFIC)
        self.object_id = checked("object id", object_id, 0, 0xFF)

    def encode(self) -> bytes:
        return bytes((self.function_code, _MEI_TYPE, self.read_code, self.object_id))

    @classmethod
    def decode(cls, pdu: bytes) -> Self:
        """Read a request PDU; raises `IllegalFunction` for another encapsulated interface."""
        if len(pdu) > 1 and pdu[1] != _MEI_TYPE:
            raise IllegalFunction
        if len(pdu) != _REQUEST_SIZE or not 1 <= pdu[2] <= ReadDeviceIdCode.SPECIFIC:
            raise IllegalDataValue
        return cls(pdu[2], pdu[3])

    def encode_response(self, result: IdentificationPart) -> bytes:
        more = _ON if result.more_follows else _OFF
        level, following, count = (
            result.conformity_level,
            result.next_object_id,
            len(result.objects),
        )
        head = (self.function_code, _MEI_TYPE, self.read_code, level, more, following, count)
        objects = (bytes((key, len(data))) + data for key, data in result.objects.items())
        return bytes(head) + b"".join(objects)

    def decode_response(self, pdu: bytes) -> IdentificationPart:
        head = bytes((self.function_code, _MEI_TYPE, self.read_code))
        if len(pdu) < _HEAD_SIZE or not pdu.startswith(head):
            self.no_answer(pdu)
        level, more, following, count = pdu[3:_HEAD_SIZE]
        objects = {}
        at = _HEAD_SIZE
        for _ in range(count):
            end = _end_of_object(pdu, at)
            if end is None or end > len(pdu):
                self.no_answer(pdu)
            objects[pdu[at]] = pdu[at + OBJECT_HEAD_SIZE : end]
            at = end
        if at != len(pdu):
            self.no_answer(pdu)
        return IdentificationPart(level, more != _OFF, following, objects)

    @classmethod
    def request_length(cls, head: bytes) -> int | None:
        """Return 4, None for "not yet"; NotImplementedError for another interface."""
        if len(head) < 2:
            return None
        if head[1] != _MEI_TYPE:
            raise NotImplementedError
        return _REQUEST_SIZE

    @classmethod
    def response_length(cls, head: bytes) -> int | None:
        """Return the length, None for "not yet"; NotImplementedError for another interface."""
        if len(head) > 1 and head[1] != _MEI_TYPE:
            raise NotImplementedError
        if len(head) < _HEAD_SIZE:
            return None
        end: int | None = _HEAD_SIZE
        for _ in range(head[6]):
            if end is None:
                break
            end = _end_of_object(head, end)
        return end


def _end_of_object(pdu: bytes, at: int) -> int | None:
    """Return where the object ends that begins there, None where its size is not in the PDU."""
    if at + 1 >= len(pdu):
        return None
    return at + OBJECT_HEAD_SIZE + pdu[at + 1]


class DeviceIdentification(Value):
    """What a device says it is: bytes under object ids, some of which have names (AP §6.21).

    A server is given one too; ``conformity_level`` follows from the objects where it is None.
    """

    __slots__ = ("conformity_level", "objects")

    def __init__(self, objects: Mapping[int, bytes], conformity_level: int | None = None) -> None:
        """Take the objects; raises ValueError for an id or a size that no PDU can carry."""
        for key, data in objects.items():
            if not 0 <= key <= 0xFF:
                raise ValueError(f"object id {key} is not in 0..255")
            if len(data) > _MAX_OBJECT:
                raise ValueError(f"object {key} has {len(data)} bytes, more than {_MAX_OBJECT}")
        self.objects = {key: bytes(objects[key]) for key in sorted(objects)}
        """The objects by their ids, in ascending order."""

        self.conformity_level = (
            _level_of(self.objects) if conformity_level is None else conformity_level
        )
        """81 to 83 (hex) for the highest category; without 80, single objects cannot be read."""

    @classmethod
    def of(
        cls,
        vendor_name: str,
        product_code: str,
        revision: str,
        *,
        vendor_url: str | None = None,
        product_name: str | None = None,
        model_name: str | None = None,
        user_application_name: str | None = None,
        extended: Mapping[int, bytes] | None = None,
    ) -> Self:
        """Return what a device says with these texts; ``extended`` are objects 80 to FF (hex).

        Raises ValueError as the constructor.
        """
        names = (vendor_name, product_code, revision, vendor_url, product_name, model_name)
        texts = enumerate((*names, user_application_name))
        named = {key: text.encode() for key, text in texts if text is not None}
        return cls({**named, **(extended or {})})

    @property
    def vendor_name(self) -> str | None:
        """Object 00; this and the other names are None where the device did not send them."""
        return self._text(0)

    @property
    def product_code(self) -> str | None:
        """Object 01."""
        return self._text(1)

    @property
    def revision(self) -> str | None:
        """Object 02, the major and minor revision."""
        return self._text(2)

    @property
    def vendor_url(self) -> str | None:
        """Object 03."""
        return self._text(3)

    @property
    def product_name(self) -> str | None:
        """Object 04."""
        return self._text(4)

    @property
    def model_name(self) -> str | None:
        """Object 05."""
        return self._text(5)

    @property
    def user_application_name(self) -> str | None:
        """Object 06."""
        return self._text(6)

    def _text(self, key: int) -> str | None:
        data = self.objects.get(key)
        return None if data is None else data.decode("utf-8", "backslashreplace")


def _level_of(objects: Mapping[int, bytes]) -> int:
    """Return the conformity level of a device that has these objects, each readable alone."""
    highest = max(objects, default=0)
    return INDIVIDUAL_ACCESS | (1 + sum(highest > last for last in LAST_IDS.values()))
