"""A read of 50 float32 by the schema, against an update of a component of modbus-connection.

Its own share of each: both are given the registers at once. Then whole reads over loopback, where
its backend and the event loop count too.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from struct import unpack
from typing import Any

from modbus_schema import Device
from modbus_wire.sync.client import Client
from tests.benchmarks.children import Child, compiled
from tests.benchmarks.floats import DATA, NAMES, REGISTERS, Answering, floats_model
from tests.benchmarks.harness import (
    Effort,
    Ratio,
    Samples,
    Unavailable,
    interleave,
    one_core,
    per_call,
)

WORDS = list(unpack(f">{REGISTERS}H", DATA))


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure the shares, then whole reads."""
    if find_spec("modbus_connection") is None:
        raise Unavailable("modbus-connection is not installed (it needs Python 3.12)")
    yield shares(effort).times_faster(
        "schema's share of 50 float32, against modbus-connection", "ours", "theirs", 30
    )
    with compiled("answer") as program, one_core():
        samples = over_loopback(program, effort)
    yield samples.times_faster(
        "50 float32 over loopback, against modbus-connection", "ours", "theirs", 5
    )


class Unit:
    """A unit of modbus-connection that has the answer already."""

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Return the registers."""
        return WORDS[address : address + count]


def component(unit: object) -> Any:
    """Return the same map as modbus-connection declares it."""
    model = import_module("modbus_connection.model")
    fields = {name: model.float32(2 * index) for index, name in enumerate(NAMES)}
    return type("Floats", (model.Component,), {**fields, "register_space": "input"})(unit)


def shares(effort: Effort) -> Samples:
    """Give both the registers; no loop is needed for what never waits."""
    device, theirs = Device(Answering(), floats_model()), component(Unit())

    def update() -> None:
        try:
            theirs.async_update().send(None)
        except StopIteration:
            return
        raise AssertionError("it waits for something")

    return compare(device, theirs, update, effort)


def over_loopback(program: Path, effort: Effort) -> Samples:
    """Let both read from a server in C."""
    with ExitStack() as stack:
        port = int(stack.enter_context(Child([program, DATA.hex()])).hear())
        device = Device(stack.enter_context(Client("127.0.0.1", port)), floats_model())
        runner = stack.enter_context(asyncio.Runner())
        params = import_module("modbus_connection").ModbusTcpParams(host="127.0.0.1", port=port)
        connection = import_module("modbus_connection.pymodbus").ModbusConnection(params)
        stack.callback(lambda: runner.run(connection.close()))
        theirs = component(connection.for_unit(1))

        async def updates() -> None:
            for _ in range(_AT_ONCE):
                await theirs.async_update()

        def reads() -> None:
            for _ in range(_AT_ONCE):
                device.read()

        return compare(device, theirs, lambda: runner.run(updates()), effort, reads)


_AT_ONCE = 20
"""Reads that one run of the loop does, so that its start does not count."""


def compare(
    device: Device[Any],
    theirs: Any,
    update: Callable[[], None],
    effort: Effort,
    read: Callable[[], Any] | None = None,
) -> Samples:
    """Check that both have the same values, then measure."""
    update()
    state = device.read()
    for name in NAMES:
        assert getattr(theirs, name) == getattr(state, name), name
    meters = {
        "ours": per_call(read or device.read, effort=effort),
        "theirs": per_call(update, effort=effort),
    }
    return interleave(meters, effort)
