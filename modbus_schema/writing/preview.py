"""What a write would send: its requests with the fields that each carries, nothing sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, overload

from modbus_schema.fields.refs import Ref, reference
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import Block
from modbus_schema.reading.requests import read_request
from modbus_schema.writing.flow import Masks
from modbus_schema.writing.parts import Part
from modbus_wire.pdu.base import AnyRequest

M = TypeVar("M", bound=RegisterMap)


class PlannedRequest(NamedTuple, Generic[M]):
    """A request that a write would send, and why."""

    request: AnyRequest | None
    """None where it depends on what the read before it brings."""
    fields: tuple[Ref[M, Any], ...]
    text: str

    @property
    def pdu(self) -> bytes | None:
        """The bytes of the request, without the frame around them."""
        return None if self.request is None else self.request.encode()

    def __str__(self) -> str:
        names = ", ".join(ref.name for ref in self.fields)
        pdu = "" if self.pdu is None else f" [{self.pdu.hex(' ')}]"
        return f"{self.text}{pdu} for {names}"


class PlannedWrite(Sequence[PlannedRequest[M]], Generic[M]):
    """The requests that a write would send, in order; printed, a line for each."""

    def __init__(self, planned: Iterable[PlannedRequest[M]]) -> None:
        self._planned = tuple(planned)

    @property
    def requests(self) -> tuple[AnyRequest, ...]:
        """The requests that are known; a write-back of a register depends on its read."""
        return tuple(each.request for each in self._planned if each.request is not None)

    @overload
    def __getitem__(self, index: int) -> PlannedRequest[M]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlannedRequest[M]]: ...
    def __getitem__(self, index: int | slice) -> PlannedRequest[M] | Sequence[PlannedRequest[M]]:
        return self._planned[index]

    def __len__(self) -> int:
        return len(self._planned)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlannedWrite) and self._planned == other._planned

    def __hash__(self) -> int:
        return hash(self._planned)

    def __str__(self) -> str:
        return "\n".join(map(str, self._planned))

    def __repr__(self) -> str:
        return f"<PlannedWrite of {len(self)} requests>"


def preview(
    model: type[M], parts: Iterable[Part], masks: Masks, reads: Iterable[Block] = ()
) -> PlannedWrite[M]:
    """Return what a write of some parts would send to a device, as far as it is known.

    ``reads`` are the blocks that have to be read first.
    """
    first = (
        PlannedRequest(request, _fields(model, block), f"{request.read!r}")
        for block in reads
        for request in [read_request(block)]
    )
    return PlannedWrite(
        (*first, *(each for part in parts for each in _planned(model, part, masks)))
    )


def _fields(model: type[M], block: Block) -> tuple[Ref[M, Any], ...]:
    return tuple(reference(model, slot.path) for slot in block.slots)


def _planned(model: type[M], part: Part, masks: Masks) -> Iterator[PlannedRequest[M]]:
    fields = _fields(model, part.block)
    for request, text in _requests(part, masks):
        yield PlannedRequest(request, fields, text or repr(request))


def _requests(part: Part, masks: Masks) -> Iterator[tuple[AnyRequest | None, str]]:
    if not part.is_known:
        request = part.mask_request() if part.changes_bits else part.request()
        kind, cells = type(request).__name__, part.block.cells
        yield None, f"{kind}(address={cells.start}, quantity={len(cells)}, by what was read)"
    elif not part.changes_bits:
        yield part.request(), ""
    elif masks.may_be_used:
        yield part.mask_request(), ""
    else:
        yield part.fresh_read(), ""
        kind = type(part.write_back(0)).__name__
        yield None, f"{kind}(address={part.block.address}, {_written_back(part)})"


def _written_back(part: Part) -> str:
    kept, word = ~part.block.mask & 0xFFFF, int.from_bytes(part.data, "big")
    return f"what was read & 0x{kept:04X} | 0x{word:04X}"
