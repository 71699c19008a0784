"""The model of the issue's figures: 50 float32 in one request, and who answers it at once."""

from struct import Struct
from types import new_class
from typing import Any

import attrs

from modbus_schema import RO, RegisterMap, float32, input_register

COUNT = 50
NAMES = tuple(f"value_{index}" for index in range(COUNT))
FORMAT = Struct(f">{COUNT}f")
REGISTERS = 2 * COUNT
DATA = FORMAT.pack(*(index * 1.25 - 20 for index in range(COUNT)))
"""What the registers hold; every number is exact in 32 bits."""


def floats_model() -> type[RegisterMap]:
    """Return a new map of 50 floats."""
    body: dict[str, Any] = {"__annotations__": dict.fromkeys(NAMES, RO[float])}
    body["__module__"] = __name__
    for index, name in enumerate(NAMES):
        body[name] = input_register(2 * index, float32)
    return new_class("Floats", (RegisterMap,), exec_body=lambda namespace: namespace.update(body))


HandWritten: Any = attrs.make_class("HandWritten", list(NAMES), slots=True)
"""What one writes for it without a schema."""


class Answering:
    """A client that has the answer already: what is measured is what is done with it."""

    def execute(self, request: object, *, unit_id: int | None = None) -> Any:
        """Return the register bytes."""
        return DATA

    def read_many(self, requests: list[Any], /, *, unit_id: int | None = None) -> list[Any]:
        """Return the register bytes for each."""
        return [DATA] * len(requests)
