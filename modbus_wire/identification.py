"""Reading the identification of a device (AP §6.21): what both ends do over several exchanges."""

from __future__ import annotations

from collections.abc import Iterator

from modbus_wire.errors import IllegalDataAddress, IllegalDataValue, ResponseMismatch
from modbus_wire.flows import Flow
from modbus_wire.pdu.identity import (
    INDIVIDUAL_ACCESS,
    LAST_IDS,
    MAX_OBJECTS_SIZE,
    OBJECT_HEAD_SIZE,
    DeviceIdentification,
    IdentificationPart,
    ReadDeviceIdCode,
    ReadDeviceIdentification,
)


def read_identification(category: int, object_id: int = 0) -> Flow[DeviceIdentification]:
    """Ask for the objects of a `ReadDeviceIdCode`, from one on, as long as more follow.

    Raises `RequestError` for a category or object that cannot be, and `ResponseMismatch` where a
    device leads back to objects that were asked for.
    """
    objects: dict[int, bytes] = {}
    asked: set[int] = set()
    while True:
        request = ReadDeviceIdentification(category, object_id)
        part: IdentificationPart = yield request
        asked.add(object_id)
        objects.update(part.objects)
        if not part.more_follows or category == ReadDeviceIdCode.SPECIFIC:
            return DeviceIdentification(objects, part.conformity_level)
        object_id = part.next_object_id
        if object_id in asked:
            raise ResponseMismatch(f"more objects follow from object {object_id} on, again")


def part_of(
    identification: DeviceIdentification, request: ReadDeviceIdentification
) -> IdentificationPart:
    """Return what a device answers: the objects from the one asked on, as many as fit one PDU.

    A category that the conformity level lacks is answered with the highest it has, and one asked
    for from an object that it lacks, from its first object on.

    Raises `IllegalDataAddress` for a single object that is not there, and `IllegalDataValue` where
    the conformity level has no single objects.
    """
    level = identification.conformity_level
    objects = identification.objects
    wanted = request.object_id
    if request.read_code == ReadDeviceIdCode.SPECIFIC:
        if not level & INDIVIDUAL_ACCESS:
            raise IllegalDataValue
        if wanted not in objects:
            raise IllegalDataAddress
        return IdentificationPart(level, False, 0, {wanted: objects[wanted]})
    last = LAST_IDS.get(min(request.read_code, level & ~INDIVIDUAL_ACCESS), 0xFF)
    ids = [key for key in objects if key <= last]
    first = wanted if wanted in ids else 0
    waiting = [key for key in ids if key >= first]
    fitting = {key: objects[key] for key in _fitting(objects, waiting)}
    left = waiting[len(fitting) :]
    return IdentificationPart(level, bool(left), left[0] if left else 0, fitting)


def _fitting(objects: dict[int, bytes], ids: list[int]) -> Iterator[int]:
    """Yield the first of the ids, as many as their objects have room in one answer."""
    room = MAX_OBJECTS_SIZE
    for key in ids:
        room -= OBJECT_HEAD_SIZE + len(objects[key])
        if room < 0:
            return
        yield key
