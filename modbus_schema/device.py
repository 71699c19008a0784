"""A device at the other end of a client, read and written through its map."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar, overload

from modbus_schema.changes import changes_between, encode_instance, encode_writes, writes_of
from modbus_schema.layout import Path, resolve
from modbus_schema.model import RegisterMap
from modbus_schema.reading import read_plans
from modbus_schema.refs import Ref, Write
from modbus_schema.transfer import Flow, write_flow
from modbus_wire.errors import ModbusError
from modbus_wire.pdu.base import Request

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


class Device(Generic[M]):
    """The device that ``client`` reaches at ``unit_id`` (0..255; None: the client's own).

    ``max_gap`` overrides the class keyword: how many undeclared cells a read may bridge.
    Errors name model.field, table, address range and the request.
    """

    def __init__(
        self,
        client: Executor,
        model: type[M],
        *,
        unit_id: int | None = None,
        max_gap: int | None = None,
    ) -> None:
        self.client = client
        self.model = model
        self.unit_id = unit_id
        self._plans = read_plans(model, max_gap)
        self._layout = self._plans.layout

    def __repr__(self) -> str:
        return f"Device({self.client!r}, {self.model.__name__}, unit_id={self.unit_id})"

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
    def read(self, *refs: Ref[M, Any]) -> Any:
        """Read the whole model, one field or group, or several as a tuple; all or nothing.

        Neighbours share a request and a value never spans two. Raises `DecodeError` for registers
        that are no value of their field, besides what the client raises.
        """
        if not refs:
            return self._run(self._plans.of_model().flow())
        values = self._run(self._plans.of_paths(tuple(self._path(ref) for ref in refs)).flow())
        return values[0] if len(refs) == 1 else values

    @overload
    def write(self, instance: M, /) -> None: ...
    @overload
    def write(self, change: Write[M], /, *changes: Write[M]) -> None: ...
    def write(self, *changes: Any) -> None:
        """Write all writable fields of an instance, or what ``ref.to(value)`` says.

        All values are encoded first (`EncodeError`: nothing was sent), adjacent cells share a
        request, and the requests go out in the order in which their first fields are given. Where
        one fails the later ones are not sent, and the error says which fields were written.
        """
        if len(changes) == 1 and type(changes[0]) is self.model:
            writes = encode_instance(self._layout, changes[0])
        else:
            writes = encode_writes(writes_of(self._layout, changes))
        self._run(write_flow(writes))

    def write_changes(self, old: M, new: M) -> None:
        """Write the fields in which ``new`` differs from ``old``; equal instances send nothing.

        Raises `EncodeError` where a read-only field differs.
        """
        self._run(write_flow(encode_writes(changes_between(self._layout, old, new))))

    def _path(self, ref: Ref[M, Any]) -> Path:
        resolve(self._layout, ref)
        return ref.path

    def _run(self, flow: Flow[R]) -> R:
        execute = self.client.execute
        unit_id = self.unit_id
        try:
            request = next(flow)
            while True:
                try:
                    result = execute(request, unit_id=unit_id)
                except ModbusError as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(result)
        except StopIteration as done:
            result_of_flow: R = done.value
            return result_of_flow
