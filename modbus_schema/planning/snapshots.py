"""What a device held at one time, as it came: the bytes of a whole map, not yet decoded."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from modbus_schema.planning.blocks import Block

M = TypeVar("M")


class RawSnapshot(NamedTuple, Generic[M]):
    """The data of the blocks that hold a map; ``values.columns`` decodes many at once."""

    model: type[M]
    blocks: tuple[Block, ...]
    data: tuple[bytes, ...]
    """The data of each block, as the wire carries it."""
