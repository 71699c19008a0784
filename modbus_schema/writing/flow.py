"""The flow of a write: its requests one after the other, and what is known when one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.errors import DecodeError
from modbus_schema.layout.tree import Slot, ValueOf
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.reading.plans import ReadPlans
from modbus_schema.writing.exchange import Exchange
from modbus_schema.writing.outcome import Outcome, note_outcome_of
from modbus_schema.writing.parts import Part
from modbus_schema.writing.verification import Verify, verification
from modbus_wire.errors import (
    ClientBusy,
    ConnectError,
    IllegalFunction,
    ModbusError,
    RequestError,
)
from modbus_wire.flows import Flow, Turn
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.registers import pack_registers
from modbus_wire.recovery import note_outcome

M = TypeVar("M", bound=RegisterMap)
R = TypeVar("R")

_UNSENT = (RequestError, ConnectError, ClientBusy)


class Masks:
    """Whether a device has FC 22: as it is said, or as it turned out.

    ``turn`` gives what only one who writes registers has at a time: without FC 22, a register is
    read and written back, and what another one writes meanwhile would be undone.
    """

    __slots__ = ("are_certain", "may_be_used", "turn")

    def __init__(self, mask_write: bool | None, turn: Callable[[], Turn]) -> None:
        self.turn = turn
        self.may_be_used = mask_write is not False
        self.are_certain = mask_write is True


class Writing(Generic[M]):
    """One write under way: its parts, and how far it has come. It is run once."""

    def __init__(self, model: type[M], parts: Sequence[Part], masks: Masks) -> None:
        self.parts = parts
        self._model = model
        self._masks = masks
        self._requests: list[AnyRequest] = []
        self._asked: AnyRequest | None = None
        """The request of the present part that went out last."""

        self._done = 0
        """How many parts the device has acknowledged."""

    def flow(self) -> Flow[None]:
        """Write the parts one after the other; what it raises says what became of them."""
        for part in self.parts:
            self._asked = None
            try:
                yield from self._write(part)
            except BaseException as error:
                self._note(error, part)
                raise
            self._done += 1

    def verify(self, plans: ReadPlans[M], value_of: ValueOf, how: Verify) -> Flow[Sequence[Slot]]:
        """Read back what was written and compare; returns what was found as it should be."""
        same: Sequence[Slot] = ()
        try:
            verified = yield from verification(plans, self.parts, value_of, how)
            same = verified.same
            verified.check()
        except BaseException as error:
            self._note(error, None, same)
            raise
        return same

    def exchange(self, exchange: Exchange) -> Flow[Any]:
        """Write the only part by a request that reads as well; returns what was read."""
        try:
            words = yield from self._in_turn(self._ask(exchange.request))
            self._done = 1
            return exchange.plan.value(pack_registers(words))
        except BaseException as error:
            self._note(error, None if self._done else exchange.part)
            if isinstance(error, DecodeError):
                error.request = exchange.request
            elif isinstance(error, ModbusError):
                error.where = exchange.place
            raise

    def outcome(self, verified: Sequence[Slot] = ()) -> Outcome[M]:
        """Return what became of the parts, where none has failed."""
        done = self.parts[: self._done]
        return Outcome(self._model, self._requests, _slots(done), (), (), verified)

    def _note(
        self, error: BaseException, failed: Part | None, verified: Sequence[Slot] = ()
    ) -> None:
        """Say in an error what was written before it; ``failed`` is the part that it ended."""
        done, left = self.parts[: self._done], self.parts[self._done :]
        is_unsure = failed is not None and _may_be_applied(error, self._asked)
        uncertain, left = (left[:1], left[1:]) if is_unsure else ((), left)
        what = (_slots(done), _slots(uncertain), _slots(left))
        note_outcome_of(error, Outcome(self._model, self._requests, *what, verified))
        if isinstance(error, ModbusError) and failed is not None:
            error.where = failed.block.place

    def _write(self, part: Part) -> Flow[None]:
        if part.block.table.is_bits:
            yield from self._ask(part.request())
        else:
            yield from self._in_turn(self._write_registers(part))

    def _in_turn(self, flow: Flow[R]) -> Flow[R]:
        turn = self._masks.turn()
        yield turn
        try:
            return (yield from flow)
        finally:
            turn.release()

    def _write_registers(self, part: Part) -> Flow[None]:
        if not part.changes_bits:
            yield from self._ask(part.request())
            return
        masks = self._masks
        if masks.may_be_used:
            try:
                yield from self._ask(part.mask_request())
            except IllegalFunction:
                if masks.are_certain:
                    raise
                masks.may_be_used = False
                self._asked = None
            else:
                return
        (current,) = yield from self._ask(part.fresh_read())
        yield from self._ask(part.write_back(current))

    def _ask(self, request: AnyRequest) -> Flow[list[int]]:
        self._asked = request
        self._requests.append(request)
        result: list[int] = yield request
        return result


def _may_be_applied(error: BaseException, request: AnyRequest | None) -> bool:
    """Whether a request that failed may have changed the device nevertheless."""
    if request is None or not request.writes:
        return False
    if not isinstance(error, ModbusError):  # somebody waits no longer for the answer
        return True
    if error.request is None:  # a client of the user's own says nothing about it
        note_outcome(error, request, sent=not isinstance(error, _UNSENT))
    return error.may_have_been_applied


def _slots(parts: Iterable[Part]) -> list[Slot]:
    return [slot for part in parts for slot in part.block.slots]
