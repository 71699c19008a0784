"""All cells of a simulated device at once: an instance in them, and out of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from modbus_schema.layout.tree import Layout
from modbus_schema.planning.blocks import Block, runs


class Image(NamedTuple):
    """The blocks that hold a map, and the generated functions between them and an instance."""

    blocks: tuple[Block, ...]
    decode: Callable[[Sequence[bytes]], Any]
    own_blocks: tuple[Block, ...]
    """Without the fields that only look at cells of others."""

    encode: Callable[[Any], list[bytes]]


def image_of(layout: Layout) -> Image:
    """Return the image of a layout, made once."""
    return layout.once("image", lambda: _image(layout))


def _image(layout: Layout) -> Image:
    from modbus_schema.compile import compile_decoder, compile_encoder

    root, slots = layout.root, layout.slots
    blocks, own_blocks = runs(slots), runs(slot for slot in slots if not slot.alias)
    return Image(
        blocks, compile_decoder(root, blocks), own_blocks, compile_encoder(root, own_blocks)
    )
