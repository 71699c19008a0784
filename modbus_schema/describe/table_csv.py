"""A map as CSV, one line a field; `modbus_schema.imports.table_csv` reads it back."""

from __future__ import annotations

import csv
import io

from modbus_schema.describe.rows import rows_of
from modbus_schema.model.register_map import RegisterMap

COLUMNS = (
    "table",
    "address",
    "modicon",
    "size",
    "name",
    "type",
    "order",
    "access",
    "unit",
    "min",
    "max",
    "values",
    "every",
    "description",
    "overlap",
)


def to_csv(model: type[RegisterMap]) -> str:
    """Return the document of a map, with a head line; addresses count from 0 in ``address``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows_of(model):
        low, _, high = row.limits.partition("..")
        values = " ".join(f"{number}={name}" for number, name in row.values.items())
        writer.writerow(
            (
                row.table.label,
                row.address,
                row.modicon,
                row.size,
                row.name,
                row.type,
                row.order,
                row.access,
                row.unit,
                low,
                high,
                values,
                row.every,
                row.notes,
                "yes" if row.is_view else "",
            )
        )
    return out.getvalue()
