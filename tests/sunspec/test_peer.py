"""Every definition: pysunspec2 reads what was put in, what it writes arrives, our scan agrees."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from modbus_schema.sunspec.catalogue import definition
from modbus_schema.sunspec.classes import load
from modbus_schema.sunspec.definitions import Definition, Point
from modbus_schema.sunspec.scanning import scan
from modbus_schema.sunspec.simulated import simulate, with_length
from modbus_schema.values.mapping import from_dict, from_json, to_dict, to_json
from modbus_wire import Client, Server, SparseBank, Table
from tests.sunspec import peer
from tests.sunspec.fillings import (
    STYLES,
    Filling,
    Style,
    counting,
    fill,
    implemented,
    instance_of,
    same,
)
from tests.sunspec.official import IDS, needs_files

pytestmark = needs_files


def without_header(values: dict[str, Any]) -> dict[str, Any]:
    """Return what pysunspec2 says of a model but for ID, L and the pad of model 1."""
    found = {name: value for name, value in values.items() if name not in ("ID", "L")}
    if values["ID"] == 1:
        del found["Pad"]
    return found


def changed(filling: Filling, known: Definition, style: Style) -> Filling:
    """Return a filling in which each writable point has another value."""
    random, counts = Random(str(known.model_id)), counting(known.group)

    def value(point: Point, old: Any) -> Any:
        if not point.writable or point.type == "pad" or point.name in counts:
            return old
        return implemented(point, style, random)

    def change(one: Filling) -> Filling:
        raws = {point.name: value(point, one.raws[point.name]) for point in one.group.points}
        groups = {name: [change(each) for each in items] for name, items in one.groups.items()}
        return Filling(one.group, raws, groups)

    return change(filling)


def set_dirty(group: Any, old: Filling, new: Filling) -> None:
    """Give pysunspec2 the values that changed."""
    for point in new.group.points:
        if new.raws[point.name] != old.raws[point.name]:
            group.points[point.name].value = peer.raws_of(new)[point.name]
    for inner in new.group.groups:
        theirs = group.groups.get(inner.name, [])
        pairs = zip(old.groups[inner.name], new.groups[inner.name], strict=True)
        for each, (before, after) in zip(
            theirs if isinstance(theirs, list) else [theirs], pairs, strict=True
        ):
            set_dirty(each, before, after)


@pytest.mark.parametrize("model_id", IDS)
def test_a_model_as_json(model_id: int) -> None:
    """Dictionaries and JSON have what an instance has."""
    model: Any = load(model_id)
    for style in STYLES:
        instance = with_length(instance_of(model, fill(definition(model_id), style)))
        assert same(from_json(model, to_json(instance)), instance)
        assert same(from_dict(model, to_dict(instance)), instance)


@pytest.mark.parametrize("model_id", IDS)
def test_a_model(model_id: int) -> None:
    """Served by us in three styles, read and written by pysunspec2, and read by our own scan."""
    known, model = definition(model_id), load(model_id)
    fillings = [fill(known, style) for style in STYLES]
    changes = [
        changed(filling, known, style) for filling, style in zip(fillings, STYLES, strict=True)
    ]
    with simulate(*(instance_of(model, each) for each in fillings), port=0) as sim:
        with peer.connected(sim.host, sim.port) as device:
            device.scan(connect=False)
            (theirs,) = (found for key, found in device.models.items() if key == model_id)
            for group, old, new in zip(theirs, fillings, changes, strict=True):
                assert without_header(group.get_dict()) == peer.raws_of(old)
                assert without_header(group.get_dict(computed=True)) == peer.scaled_of(old)
                set_dirty(group, old, new)
                group.write()
        with Client(sim.host, sim.port) as client:
            scanned = scan(client)
            assert (len(scanned.models), scanned.fault) == (len(STYLES), "")
            for number, new in enumerate(changes):
                arrived = sim.part(model, number).snapshot()
                assert same(arrived, with_length(instance_of(model, new)))
                found = scanned.models[number]
                assert found.model_id == model_id
                assert same(scanned.device(found).read(), arrived)


@pytest.mark.parametrize("model_id", IDS)
def test_registers_of_pysunspec2(model_id: int) -> None:
    """What it makes of values, our scan reads as the same values."""
    filling = fill(definition(model_id), STYLES[2], seed=1)
    words = [0x5375, 0x6E53, *peer.registers_of(model_id, filling), 0xFFFF, 0]
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(40000, 40000 + len(words))]})
    bank.set_registers(Table.HOLDING_REGISTERS, 40000, words)
    with Server(bank, port=0) as server, Client(*server.address) as client:
        scanned = scan(client)
        read: Any = scanned.device(scanned.models[0]).read()
    assert same(read, instance_of(type(read), filling).replace(L=read.L))
