"""Many snapshots of one map as a table of Arrow; it needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import pyarrow as pa

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.network import Address
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_schema.values.bulk import Column
from modbus_schema.values.columns import field_columns
from modbus_schema.values.labels import enum_of, labels

M = TypeVar("M", bound=RegisterMap)


def to_arrow(snapshots: Iterable[RawSnapshot[M] | M]) -> pa.Table:
    """Return a row for each snapshot.

    What is "not available" is null. Enums are dictionaries of their names, arrays are lists of a
    fixed size, network addresses are text. Unit and description are metadata of the fields. Raises
    as `values.columns.columns`, and what pyarrow raises for values of a user's own codec.
    """
    arrays, fields = [], []
    for name, slot, column in field_columns(snapshots):
        array = _array(slot.codec, column)
        about = {"unit": slot.unit, "description": slot.description}
        metadata = {word: text for word, text in about.items() if text}
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=metadata or None))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(codec: Codec[Any], column: Column) -> Any:
    values, missing = column
    if values.ndim > 1:
        flat = (len(values) * values.shape[1], *values.shape[2:])
        own = None if missing is None else missing.reshape(flat)
        item = getattr(codec, "item", codec)
        items = _array(item, Column(values.reshape(flat), own))
        return pa.FixedSizeListArray.from_arrays(items, values.shape[1])
    if values.dtype.kind != "O":
        return pa.array(values, mask=missing)
    objects = column.filled().tolist()
    if enum_of(codec) is not None:
        return pa.array(labels(objects), pa.string()).dictionary_encode()
    if isinstance(codec, Address):
        objects = [str(each) for each in objects]
    return pa.array(objects)
