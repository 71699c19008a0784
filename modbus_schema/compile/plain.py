"""Values to cells and back the plain way: field by field, through the codecs' own verbs.

This is the definition. The generated code of ``compile`` gives the same answers faster, and comes
here for a codec that it cannot inline and for the error of a value that it refuses.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from modbus_schema.codecs.base import canonical, device_bytes, encode_checked
from modbus_schema.errors import DecodeError, EncodeError, SchemaError
from modbus_schema.fields.options import Access
from modbus_schema.layout.tree import Absent, GroupNode, Node, RepeatNode, Slot, ValueOf
from modbus_schema.planning.blocks import Block
from modbus_wire.bits import pack_bits, unpack_bits

Err = TypeVar("Err", bound=SchemaError)


def located(error: Err, slot: Slot) -> Err:
    """Return the error with the slot's name, table and range in it."""
    error.where = slot.place
    return error


def decode_value(slot: Slot, data: bytes, supplies: tuple[Any, ...] = ()) -> Any:
    """Return what a slot's own cells mean: register bytes in the device's order, or packed bits.

    ``supplies`` are the values of the slot's ``factors``. Raises DecodeError, located, for whatever
    the codec raises.
    """
    codec = slot.codec_for(supplies) if supplies else slot.codec
    try:
        if codec.bit_table:
            return codec.decode([int(bit) for bit in unpack_bits(data, slot.size)])
        return codec.decode(canonical(data, codec, slot.order))
    except DecodeError as error:
        located(error, slot)
        raise
    except Exception as error:
        raise located(DecodeError(f"{codec!r} failed: {error!r}"), slot) from error


def encode_value(slot: Slot, value: Any, supplies: tuple[Any, ...] = ()) -> bytes:
    """Return a slot's cells for a value within its limits: register bytes, or packed bits.

    Of a slot of some bits the rest of the register is 0. ``supplies`` are the values of the slot's
    ``factors``. Raises EncodeError, located, for whatever the limits, the validators or the codec
    raise.
    """
    codec = slot.codec_for(supplies) if supplies else slot.codec
    try:
        slot.check(value)
        words = encode_checked(codec, value)
        return pack_bits(words) if codec.bit_table else device_bytes(words, codec, slot.order)
    except EncodeError as error:
        located(error, slot)
        raise
    except Exception as error:
        raise located(EncodeError(f"{codec!r} failed: {error!r}"), slot) from error


def supplies_of(slot: Slot, value_of: ValueOf) -> tuple[Any, ...]:
    """Return the values of a slot's ``factors``; raises DecodeError, located, where one fails."""
    try:
        return slot.supplies(value_of)
    except DecodeError as error:
        if not error.where:
            located(error, slot)
        raise


def decode_slot(slot: Slot, block: Block, data: bytes, supplies: tuple[Any, ...] = ()) -> Any:
    """Return the value of a slot from the data of the block that it is in."""
    start = slot.address - block.address
    if block.table.is_bits:
        return decode_value(slot, pack_bits(unpack_bits(data, start + slot.size)[start:]), supplies)
    return decode_value(slot, data[2 * start : 2 * (start + slot.size)], supplies)


def decode_plain(root: GroupNode, blocks: Sequence[Block], data: Sequence[bytes]) -> Any:
    """Return the instance that the data of the blocks holds; write-only fields are None.

    Raises DecodeError for the first field, in the order of the blocks, that has no value; those
    whose value depends on others come last.
    """
    wanted = with_factors(root.leaves())
    return assemble(root, values_in(blocks, data, wanted).get)


def with_factors(slots: Iterable[Slot]) -> dict[Slot, None]:
    """Return slots and those that their values depend on."""
    found = dict.fromkeys(slots)
    for slot in [*found]:
        for factor in slot.factors:
            found.update((each, None) for each in factor.slots if each is not None)
    return found


def values_in(
    blocks: Sequence[Block], data: Sequence[bytes], wanted: Container[Slot]
) -> dict[Slot, Any]:
    """Return the values of the wanted slots that can be read; raises as `decode_plain`."""
    values: dict[Slot, Any] = {}
    late: list[tuple[Slot, Block, bytes]] = []
    for block, cells in zip(blocks, data, strict=True):
        check_size(block, cells)
        for slot in block.slots:
            if slot not in wanted or not slot.access.readable:
                continue
            if slot.factors:
                late.append((slot, block, cells))
            else:
                values[slot] = decode_slot(slot, block, cells)
    for slot, block, cells in late:
        values[slot] = decode_slot(slot, block, cells, supplies_of(slot, values.get))
    return values


def check_size(block: Block, data: bytes) -> None:
    """Raise DecodeError for data that is not exactly as long as the block."""
    if len(data) != block.size:
        error = DecodeError(f"{len(data)} bytes came where {block.size} are due")
        error.where = block.place
        raise error


def assemble(node: Node, value_of: Callable[[Slot], Any]) -> Any:
    """Return the value of a node: of a leaf field its own, of a group an instance of its map."""
    if isinstance(node, Slot):
        return value_of(node)
    if isinstance(node, RepeatNode):
        return tuple(assemble(item, value_of) for item in node.items)
    if isinstance(node, Absent):
        return None
    instance: Any = object.__new__(node.model)
    for name, member in node.members.items():
        # what a device holds is not checked: neither the class's validators nor its hooks run
        object.__setattr__(instance, name, assemble(member, value_of))
    return instance


def encode_plain(root: GroupNode, blocks: Sequence[Block], instance: object) -> list[bytes]:
    """Return the data of the blocks that hold an instance; cells that no field covers are 0.

    Aliases are left to the fields that they are aliases of; a write-only field that is None leaves
    its cells 0. Raises EncodeError for the first field, in the order of the blocks, that cannot
    hold its value.
    """
    values = {
        slot: value
        for slot, value in leaf_values(root, instance)
        if not slot.alias and (value is not None or slot.access is not Access.WO)
    }
    return encode_blocks(blocks, values)


def encode_blocks(
    blocks: Sequence[Block], values: Mapping[Slot, Any], known: ValueOf | None = None
) -> list[bytes]:
    """Return the data of blocks from the values of their slots; a slot without one leaves 0.

    ``known`` gives the values of other slots, which those of the blocks may depend on.
    """

    def value_of(slot: Slot) -> Any:
        return values[slot] if slot in values or known is None else known(slot)

    return [_encode_block(block, values, value_of) for block in blocks]


def encode_supplies(slot: Slot, value_of: ValueOf) -> tuple[Any, ...]:
    """Return the values of a slot's ``factors``; raises EncodeError, located, for one not known."""
    try:
        return slot.supplies(value_of)
    except DecodeError as error:
        raise located(EncodeError(error.message), slot) from error
    except KeyError as error:
        needed = ", ".join(factor.place for factor in slot.factors)
        raise located(EncodeError(f"depends on {needed}, which is not known"), slot) from error


def _encode_block(block: Block, values: Mapping[Slot, Any], value_of: ValueOf) -> bytes:
    cells = 0
    for slot in block.slots:
        if slot not in values:
            continue
        data = encode_value(slot, values[slot], encode_supplies(slot, value_of))
        if block.table.is_bits:
            cells |= int.from_bytes(data, "little") << slot.address - block.address
        else:
            cells |= int.from_bytes(data, "big") << 16 * (block.end - slot.end)
    return cells.to_bytes(block.size, "little" if block.table.is_bits else "big")


def leaf_values(node: Node, value: Any) -> Iterator[tuple[Slot, Any]]:
    """Return every leaf field below a node with its value in an instance.

    Raises EncodeError where an instance does not have as many items as its map repeats.
    """
    if isinstance(node, Slot):
        yield node, value
    elif isinstance(node, GroupNode):
        if not isinstance(value, node.model):
            raise _misfit(node, f"{value!r} is no {node.model.__name__}")
        for name, member in node.members.items():
            yield from leaf_values(member, getattr(value, name))
    elif isinstance(node, RepeatNode):
        yield from _item_values(node, value)
    elif value is not None:
        raise absent_error(node, f"{value!r} is given")


def absent_error(node: Absent, message: str) -> EncodeError:
    """Return the error of something that is done with what is not there."""
    why = f"; present_if: {node.question.found.place}" if node.question else ""
    error = EncodeError(f"{message}, but a device of this shape has none{why}")
    error.where = node.name
    return error


def _misfit(node: GroupNode | RepeatNode, message: str) -> EncodeError:
    error = EncodeError(message)
    if isinstance(node, RepeatNode) and node.question is not None:
        error.where = node.name
        return error
    first = next(node.leaves(), None)
    return located(error, first) if first else error


def _item_values(node: RepeatNode, values: Any) -> Iterator[tuple[Slot, Any]]:
    if not isinstance(values, Sequence):
        raise _misfit(node, f"{values!r} is no sequence of groups")
    if len(values) != len(node.items):
        count, question = len(node.items), node.question
        says = f"{question.found.place} says" if question else "the map repeats"
        raise _misfit(node, f"{len(values)} items were given where {says} {count}")
    for item, value in zip(node.items, values, strict=True):
        yield from leaf_values(item, value)
