"""Read Device Identification (FC 43 / MEI 14, AP §6.21): the request and its answer."""

from typing import NamedTuple

from modbus_wire.constants import MODBUS_ENCAPSULATED_INTERFACE
from modbus_wire.dropin.calls import Call
from modbus_wire.errors import RequestError, ResponseMismatch

_MEI_TYPE = 0x0E
_HEAD_SIZE = 7
_OBJECT_HEAD_SIZE = 2


class DeviceIdentification(NamedTuple):
    """What a device says about itself; the named objects are None where it did not send them."""

    conformity_level: int
    more_follows: int
    """0xFF where further objects wait from ``next_object_id`` on, otherwise 0."""

    next_object_id: int
    objects_by_id: dict[int, bytes]

    @property
    def vendor_name(self) -> bytes | None:
        """Object 00."""
        return self.objects_by_id.get(0x00)

    @property
    def product_code(self) -> bytes | None:
        """Object 01."""
        return self.objects_by_id.get(0x01)

    @property
    def major_minor_revision(self) -> bytes | None:
        """Object 02."""
        return self.objects_by_id.get(0x02)

    @property
    def vendor_url(self) -> bytes | None:
        """Object 03."""
        return self.objects_by_id.get(0x03)

    @property
    def product_name(self) -> bytes | None:
        """Object 04."""
        return self.objects_by_id.get(0x04)

    @property
    def model_name(self) -> bytes | None:
        """Object 05."""
        return self.objects_by_id.get(0x05)

    @property
    def user_application_name(self) -> bytes | None:
        """Object 06."""
        return self.objects_by_id.get(0x06)


class ReadDeviceIdentification(Call[DeviceIdentification]):
    """Read the basic (1), regular (2) or extended (3) objects, or one object (4)."""

    __slots__ = ()

    writes = False

    def __init__(self, read_code: int, object_id: int) -> None:
        if not 1 <= int(read_code) <= 4:
            raise RequestError("read_code out of range")
        if not 0 <= int(object_id) <= 0xFF:
            raise RequestError("object_id out of range")
        self.pdu = bytes((MODBUS_ENCAPSULATED_INTERFACE, _MEI_TYPE, read_code, object_id))

    def decode_answer(self, pdu: bytes) -> DeviceIdentification:
        if len(pdu) < _HEAD_SIZE or pdu[:3] != self.pdu[:3]:
            raise ResponseMismatch("rx frame format error")
        conformity_level, more_follows, next_object_id, count = pdu[3:_HEAD_SIZE]
        objects = _objects(pdu[_HEAD_SIZE:], count)
        return DeviceIdentification(conformity_level, more_follows, next_object_id, objects)


def _objects(data: bytes, count: int) -> dict[int, bytes]:
    objects: dict[int, bytes] = {}
    for _ in range(count):
        if len(data) < _OBJECT_HEAD_SIZE or len(data) < _OBJECT_HEAD_SIZE + data[1]:
            raise ResponseMismatch("rx frame format error")
        end = _OBJECT_HEAD_SIZE + data[1]
        objects[data[0]] = data[_OBJECT_HEAD_SIZE:end]
        data = data[end:]
    return objects
