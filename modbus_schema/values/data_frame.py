"""Many snapshots of one map as a data frame; it needs pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import pandas as pd

from modbus_schema.codecs.base import Codec
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_schema.values.bulk import Column
from modbus_schema.values.columns import field_columns
from modbus_schema.values.labels import enum_of, labels

M = TypeVar("M", bound=RegisterMap)


def to_data_frame(
    snapshots: Iterable[RawSnapshot[M] | M], index: list[Any] | pd.Index[Any] | None = None
) -> pd.DataFrame:
    """Return a row for each snapshot; ``index`` are the rows' labels, such as their times.

    An array has a column for each item: ``phases[0]``. What is "not available" is NA: integers and
    truth values have pandas' nullable types then. Enums are categories by name. The units are in
    ``attrs["units"]``. Raises as `values.columns.columns`.
    """
    series: dict[str, Any] = {}
    units: dict[str, str] = {}
    for name, slot, column in field_columns(snapshots):
        for item_name, item in _items(name, column):
            series[item_name] = _series(_item_codec(slot.codec), item)
            if slot.unit:
                units[item_name] = slot.unit
    frame = pd.DataFrame(series, index=index)
    frame.attrs["units"] = units
    return frame


def _items(name: str, column: Column) -> Iterator[tuple[str, Column]]:
    if column.values.ndim == 1:
        yield name, column
        return
    for index in range(column.values.shape[1]):
        missing = None if column.missing is None else column.missing[:, index]
        yield from _items(f"{name}[{index}]", Column(column.values[:, index], missing))


def _item_codec(codec: Codec[Any]) -> Codec[Any]:
    item = getattr(codec, "item", None)
    return _item_codec(item) if isinstance(item, Codec) else codec


def _series(codec: Codec[Any], column: Column) -> Any:
    kind, missing = column.values.dtype.kind, column.missing
    enum = enum_of(codec)
    if enum is not None:
        names = labels(column.filled())
        known = list(dict.fromkeys([*enum.kind.__members__, *filter(None, names)]))
        return pd.Categorical(names, categories=known)
    if missing is not None and kind == "b":
        return pd.arrays.BooleanArray(column.values.copy(), missing.copy())
    if missing is not None and kind in "iu":
        return pd.arrays.IntegerArray(column.values.copy(), missing.copy())
    return column.filled()
