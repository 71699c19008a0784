"""A device at the other end of a client, read and written through its map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

from modbus_schema.device_base import DeviceBase, Then
from modbus_schema.fields.refs import Ref, Write
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_wire.errors import ModbusError
from modbus_wire.flows import Turn, Wait, run_flow
from modbus_wire.pdu.base import AnyRequest, Request
from modbus_wire.sync.waiting import BlockingTurn, wait

if TYPE_CHECKING:
    from modbus_schema.reading.partial import Partial
    from modbus_schema.writing.outcome import Outcome
    from modbus_schema.writing.verification import Verify

M = TypeVar("M", bound=RegisterMap)
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Executor(Protocol):
    """Whatever carries requests out: `modbus_wire.Client`, or the drop-in `ModbusClient`."""

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Return the result of a request, or raise a `ModbusError`."""
        ...

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Return the results of reads in their order, or raise the error of the first that fails.

        The error's ``request`` says which that is.
        """
        ...


class Device(DeviceBase[M, Executor]):
    """The device that ``client`` reaches at ``unit_id`` (0..255; None: the client's own).

    ``max_gap``, ``max_block``, ``forbidden``, ``readable`` and ``read_alone`` override the map's
    class keywords, which `RegisterMap` explains; raises `DefinitionError` where a field cannot be
    read by them. So do ``write_with``, ``max_write`` and ``mask_write``; what a placement says of
    itself stays.

    ``base`` is how many cells further up the device has the map, in each table; areas such as
    ``forbidden`` are where they are. ``word_order`` and ``byte_order`` stand in place of the orders
    that the map's class says; fields and groups that say their own keep them. Raises
    `DefinitionError` where a field would be past the end of its table.

    A device that says of itself how many parts it has, where, or whether, is read in the shape that
    it told last, which the same read confirms; where it tells another it is read again by that.
    The first read asks the shape before the rest; reads in part and writes ask it afresh.

    Errors name model.field, table, address range and the request.
    """

    @overload
    def read(self) -> M: ...
    @overload
    def read(self, ref: Ref[M, A], /) -> A: ...
    @overload
    def read(self, ref: Ref[M, A], second: Ref[M, B], /) -> tuple[A, B]: ...
    @overload
    def read(self, ref: Ref[M, A], second: Ref[M, B], third: Ref[M, C], /) -> tuple[A, B, C]: ...
    @overload
    def read(
        self, ref: Ref[M, A], second: Ref[M, B], third: Ref[M, C], fourth: Ref[M, D], /
    ) -> tuple[A, B, C, D]: ...
    @overload
    def read(
        self,
        ref: Ref[M, Any],
        second: Ref[M, Any],
        third: Ref[M, Any],
        fourth: Ref[M, Any],
        fifth: Ref[M, Any],
        /,
        *refs: Ref[M, Any],
    ) -> tuple[Any, ...]: ...
    @overload
    def read(self, *refs: Ref[M, Any], partial: Literal[True]) -> Partial[M]: ...
    def read(self, *refs: Ref[M, Any], partial: bool = False) -> Any:
        """Read the whole model, one field or group, or several as a tuple; all or nothing.

        Neighbours share a request and a value never spans two; as many requests are under way at
        once as the client's ``max_in_flight`` says. Raises `DecodeError` for registers that are no
        value of their field, besides what the client raises.

        A ``partial`` read returns a `Partial` of what the device gives. A block that it refuses
        with exception 02, 03 or 04 is halved between fields until those are found that it refuses;
        ``bad`` remembers their addresses, so that the next partial read leaves them out.
        """
        if partial:
            return run_flow(self._read_partial(refs), self._ask)
        if self._shapes is not None:
            return run_flow(self._read_shaped(self._shapes, refs), self._ask)
        plan = self._plan(refs)
        try:
            return plan.value(self._ask(plan.step))
        except ModbusError as error:
            plan.locate(error)
            raise

    def read_raw(self) -> RawSnapshot[M]:
        """Read the whole model as `read` does, but decode nothing.

        `values.columns` decodes many such snapshots at once.
        """
        return run_flow(self._read_raw(), self._ask)

    @overload
    def write(
        self, instance: M, /, *, then: Then[M] = (), verify: bool | Verify = False
    ) -> Outcome[M]: ...
    @overload
    def write(
        self,
        change: Write[M],
        /,
        *changes: Write[M],
        then: Then[M] = (),
        verify: bool | Verify = False,
    ) -> Outcome[M]: ...
    def write(self, *changes: Any, then: Any = (), verify: bool | Verify = False) -> Outcome[M]:
        """Write all writable fields of an instance, or what ``ref.to(value)`` says.

        All values are encoded first (`EncodeError`: nothing was sent), adjacent cells share a
        request, and the requests go out in the order in which their first fields are given. What
        ``then`` says, besides the ``then`` of the fields, is sent last, each by itself.

        ``verify`` reads back what was written, as far as it can be read, half a second after the
        last answer or as a `Verify` says; raises `NotVerified` where the device holds something
        else.

        Returns what was written. Where a request fails the later ones are not sent, and the error
        says what was written before; `outcome_of` returns that as values.
        """
        return run_flow(self._write(changes, then, verify), self._ask)

    def write_changes(
        self, old: M, new: M, *, then: Then[M] = (), verify: bool | Verify = False
    ) -> Outcome[M]:
        """Write the fields in which ``new`` differs from ``old``; equal instances send nothing.

        Raises `EncodeError` where a read-only field differs.
        """
        return run_flow(self._write_changes(old, new, then, verify), self._ask)

    @overload
    def write_and_read(self, change: Write[M], /, *changes: Write[M], read: Ref[M, A]) -> A: ...
    @overload
    def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: tuple[Ref[M, A], Ref[M, B]]
    ) -> tuple[A, B]: ...
    @overload
    def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: tuple[Ref[M, A], Ref[M, B], Ref[M, C]]
    ) -> tuple[A, B, C]: ...
    @overload
    def write_and_read(
        self,
        change: Write[M],
        /,
        *changes: Write[M],
        read: tuple[Ref[M, A], Ref[M, B], Ref[M, C], Ref[M, D]],
    ) -> tuple[A, B, C, D]: ...
    @overload
    def write_and_read(
        self, change: Write[M], /, *changes: Write[M], read: tuple[Ref[M, Any], ...]
    ) -> tuple[Any, ...]: ...
    def write_and_read(self, *changes: Any, read: Any) -> Any:
        """Write adjacent fields, then read one field or a tuple of them, all by one FC 23.

        What is read is what the device holds once it has been written. All are holding registers;
        gaps are bridged as in any read. Raises `EncodeError` for a value, or a field that others
        have to follow, and `RequestError` for what is not one request; nothing was sent then.
        """
        return run_flow(self._write_and_read(changes, read), self._ask)

    def _wait(self, step: Wait) -> Any:
        return wait(step)

    def _new_turn(self) -> Turn:
        return BlockingTurn()
