"""Classes of models at run time: the source that `source` writes, run."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from functools import cache
from typing import Any

from modbus_schema.model.register_map import RegisterMap
from modbus_schema.sunspec.catalogue import Source, definition
from modbus_schema.sunspec.definitions import Definition
from modbus_schema.sunspec.extents import whole_extent
from modbus_schema.sunspec.source import write_source


def load(
    model: int | Mapping[str, Any], source: Source | None = None, *, length: int | None = None
) -> type[RegisterMap]:
    """Return the class of a model by its id, or from its JSON as a dictionary.

    ``source`` is a folder or file of definitions; None is pysunspec2's. ``length`` is the L of a
    device: the class has the points that a shorter model than the defined one has, and room for
    the items that there may be; without it, for 10 to 50 of them. The same arguments
    give the same class.

    Raises `catalogue.UnknownModel` where there is no definition, and `imports.faults.ImportFailed`
    for one with faults, and ValueError for a ``length`` below 0.
    """
    if length is not None and length < 0:
        raise ValueError(f"a model has a length of 0 or more, not {length}")
    return made(definition(model, source), length)


@cache
def made(found: Definition, length: int | None = None) -> type[RegisterMap]:
    """Return the class of a definition, as `load` does."""
    if length is None:
        text = write_source([found])
    else:
        text = write_source([_cut(found, length)], length=length)
    filename = f"<modbus_schema sunspec {found.model_id}>"
    # so that tracebacks and inspect show it
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": f"{__name__}.model_{found.model_id}"}
    exec(compile(text, filename, "exec"), namespace)
    made: type[RegisterMap] = list(namespace.values())[-1]  # the model follows what is in it
    return made


def _cut(found: Definition, length: int) -> Definition:
    """Return a definition with what the first ``length`` registers behind ID and L hold."""
    end, points = 0, []
    for point in found.group.points:
        end += point.size
        if end <= length + 2:
            points.append(point)
    groups, end = [], found.group.size
    for group in found.group.groups:
        end += whole_extent(group).constant
        if end <= length + 2:
            groups.append(group)
    names = {point.name for point in points}
    kept = tuple(each for each in points if not isinstance(each.scale, str) or each.scale in names)
    return found._replace(group=found.group._replace(points=kept, groups=tuple(groups)))
