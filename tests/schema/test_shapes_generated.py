"""Generated maps whose shape and scale the device says, on simulated devices of random shape."""

from contextlib import suppress
from types import new_class
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modbus_schema import (
    RO,
    RW,
    Device,
    RegisterMap,
    bits,
    discrete_input,
    group,
    holding_register,
    input_register,
    int16,
    int32,
    outer,
    repeat,
    uint16,
)
from modbus_schema import given as computed
from modbus_schema.compile import compile_decoder, compile_encoder
from modbus_schema.compile.plain import decode_plain, encode_plain
from modbus_schema.fields.refs import reference
from modbus_schema.layout.shapes import layout_for, value_in
from modbus_schema.layout.tree import Layout
from modbus_schema.planning.blocks import plan_model
from modbus_schema.simulation.device import SimulatedDevice
from modbus_schema.values.mapping import from_dict, from_json, to_dict, to_json
from modbus_wire import Handler
from modbus_wire.errors import ModbusError
from modbus_wire.pdu.base import AnyRequest
from tests.schema.compile_checks import generated
from tests.schema.generated_maps import whole_tables

FACTORS = (-3, -1, 0, 2)


class Drawn(NamedTuple):
    """A class of map, and how an instance of it is drawn."""

    model: type[RegisterMap]
    instances: st.SearchStrategy[Any]
    size: int
    """How many registers it takes up at most."""


class Part(NamedTuple):
    """A part that a field before it tells of: counted, absent or moved."""

    name: str
    kind: str
    inner: Drawn
    most: int


class _Body:
    """The fields of a class that is being drawn, and the strategies of their values."""

    def __init__(self) -> None:
        self.fields: dict[str, tuple[Any, Any]] = {}
        self.end = 0

    def add(self, kind: Any, placed: Any, size: int = 0) -> Any:
        """Add a field; returns it, as its name does in a class body."""
        self.fields[f"f{len(self.fields)}"] = (kind[Any], placed)
        self.end += size
        return placed

    @property
    def last(self) -> str:
        """The name of the field that was added last."""
        return list(self.fields)[-1]

    def model(self, **options: Any) -> type[RegisterMap]:
        """Return the class."""
        namespace: dict[str, Any] = {name: placed for name, (_, placed) in self.fields.items()}
        namespace["__annotations__"] = {name: kind for name, (kind, _) in self.fields.items()}
        namespace["__module__"] = __name__
        return new_class("Map", (RegisterMap,), options, lambda body: body.update(namespace))


@st.composite
def told_maps(draw: st.DrawFn, depth: int = 2) -> Drawn:
    """Return classes of counted, absent, moved and scaled parts, in one another.

    Those inside of others may be scaled by a field ``factor`` of the outmost.
    """
    body = _Body()
    values: dict[str, st.SearchStrategy[Any]] = {}
    parts: list[Part] = []
    if depth == 2:
        body.fields["factor"] = (RO[Any], holding_register(0, int16))
        body.end = 1
    for kind in draw(st.lists(st.sampled_from("ncpmsb"), min_size=1, max_size=4)):
        if kind in "cpm" and depth and body.end < 60:
            parts.append(_add_part(draw, body, values, kind, depth))
        elif kind == "b":
            number = body.add(RW, holding_register(body.end, bits(0, 1)), 1)
            values[body.last] = st.integers(0, 3)
            body.add(
                RW,
                holding_register(
                    body.end, int32, present_if=computed(number, lambda each: each > 1)
                ),
                2,
            )
            values[body.last] = st.integers(-(2**31), 2**31 - 1)
        else:
            source = outer("factor") if depth < 2 else body.fields["factor"][1]
            body.add(RW, holding_register(body.end, int16.scaled_by(source)), 1)
            values[body.last] = st.integers(-99, 99)
    options = {"max_gap": draw(st.integers(0, 8))} if depth == 2 else {}
    model = body.model(**options)
    return Drawn(model, _instances(model, values, parts, depth == 2), body.end)


def _add_part(draw: st.DrawFn, body: _Body, values: dict[str, Any], kind: str, depth: int) -> Part:
    """Add a field that tells of a part, and the part, with room for the largest it may be."""
    inner = draw(told_maps(depth=depth - 1))
    most = draw(st.integers(1, 3))
    tables: list[Any] = [holding_register, input_register]
    table = draw(st.sampled_from(tables))
    if kind == "c":
        told = body.add(RO, table(body.end, uint16), 1)
        strides: list[Any] = [inner.size + 1, computed(told, lambda _: inner.size + 1)]
        stride = draw(st.sampled_from(strides))
        values[body.last] = None
        body.add(
            RW,
            repeat(inner.model, base=body.end, stride=stride, count=told, at_most=most),
            (inner.size + 1) * most,
        )
    elif kind == "p":
        told = body.add(RO, discrete_input(body.end), 1)
        values[body.last] = None
        body.add(
            RW,
            group(inner.model, base=body.end, present_if=told),
            inner.size,
        )
    else:
        told = body.add(RO, table(body.end, uint16), 1)
        values[body.last] = st.integers(0, 3)
        at = body.end
        body.add(
            RW,
            group(inner.model, base=computed(told, lambda shift: at + shift)),
            inner.size + 3,
        )
    return Part(body.last, kind, inner, most)


@st.composite
def _instances(
    draw: st.DrawFn,
    model: type[RegisterMap],
    values: dict[str, Any],
    parts: list[Part],
    is_outmost: bool,
) -> Any:
    """Return instances, raw: scaled values are integers still."""
    given_values: dict[str, Any] = {"factor": draw(st.sampled_from(FACTORS))} if is_outmost else {}
    for name, strategy in values.items():
        given_values[name] = None if strategy is None else draw(strategy)
    names = list(model.__fields__)
    for name, kind, inner, most in parts:
        teller = names[names.index(name) - 1]
        if kind == "c":
            count = draw(st.integers(0, most))
            given_values[teller] = count
            given_values[name] = tuple(draw(inner.instances) for _ in range(count))
        elif kind == "p":
            given_values[teller] = draw(st.booleans())
            given_values[name] = draw(inner.instances) if given_values[teller] else None
        else:
            given_values[name] = draw(inner.instances)
    for name, field in model.__fields__.items():
        if field.present_if is not None and name not in {part.name for part in parts}:
            teller = names[names.index(name) - 1]
            given_values[name] = given_values[name] if given_values[teller] > 1 else None
    return model(**given_values)


def scaled(instance: Any, factor: int) -> Any:
    """Return an instance with its raw scaled values made those that a device would have."""
    changes: dict[str, Any] = {}
    for name, field in instance.__fields__.items():
        value = getattr(instance, name)
        if isinstance(value, RegisterMap):
            changes[name] = scaled(value, factor)
        elif isinstance(value, tuple):
            changes[name] = tuple(scaled(each, factor) for each in value)
        elif getattr(field, "codec", None) is not None and field.codec.needs:
            changes[name] = value * 10**factor / 1 if factor >= 0 else value / 10**-factor
    return instance.replace(**changes)


class Link:
    """A client of a device in this process: it carries requests to a handler, and counts them."""

    def __init__(self, instance: Any) -> None:
        self.asked: list[AnyRequest] = []
        self.change_at: dict[int, Any] = {}
        """What the device becomes before the request that is so many from now."""
        self.become(instance)

    def become(self, instance: Any) -> None:
        """Let the device be another from now on."""
        self.device = SimulatedDevice(instance)
        self.handler = Handler({1: self.device.unit})

    def execute(self, request: Any, *, unit_id: int | None = None) -> Any:
        """Answer a request."""
        self.asked.append(request)
        if 0 in self.change_at:
            self.become(self.change_at[0])
        self.change_at = {number - 1: each for number, each in self.change_at.items()}
        answer = self.handler.handle(1, request.encode())
        assert answer is not None
        return request.decode_response(answer)

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> list[Any]:
        """Answer some reads."""
        return [self.execute(request, unit_id=unit_id) for request in requests]


thorough = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def states(data: st.DataObject, drawn: Drawn, count: int) -> list[Any]:
    """Draw instances of a map."""
    raw = [data.draw(drawn.instances, label="instance") for _ in range(count)]
    return [scaled(each, each.factor) for each in raw]


def reads_of(layout: Layout) -> int:
    """Return how many requests bring a whole map of a known shape."""
    return len(plan_model(layout))


@thorough
@given(st.data(), told_maps())
def test_a_simulated_device_of_any_shape_is_read_back(data: st.DataObject, drawn: Drawn) -> None:
    """Each shape in turn, from one device that remembers the last; then as often as planned."""
    instances = states(data, drawn, 3)
    link = Link(instances[0])
    device: Device[Any] = Device(link, drawn.model)
    for instance in [*instances, *instances]:
        link.become(instance)
        assert device.read() == instance
        link.asked.clear()
        assert device.read() == instance
        assert len(link.asked) == reads_of(layout_for(instance))
        assert link.device.snapshot() == instance


@thorough
@given(st.data(), told_maps())
def test_generated_code_is_the_plain_way(data: st.DataObject, drawn: Drawn) -> None:
    """In any shape, whatever the registers hold besides the fields that tell it."""
    (instance,) = states(data, drawn, 1)
    layout = layout_for(instance)
    blocks = whole_tables(layout)
    cells = encode_plain(layout.root, blocks, instance)
    assert generated(compile_encoder(layout.root, blocks))(instance) == cells
    assert generated(compile_decoder(layout.root, blocks))(cells) == instance
    assert decode_plain(layout.root, blocks, cells) == instance


@thorough
@given(st.data(), told_maps())
def test_references_read_what_the_whole_map_has(data: st.DataObject, drawn: Drawn) -> None:
    """Every field of every shape by itself, and parts of another shape as None."""
    first, second = states(data, drawn, 2)
    link = Link(first)
    device: Device[Any] = Device(link, drawn.model)
    for instance in (first, second):
        link.become(instance)
        slots = layout_for(instance).slots
        for slot in data.draw(st.lists(st.sampled_from(slots), max_size=3), label="slots"):
            assert device.read(reference(drawn.model, slot.path)) == value_in(instance, slot)
        for name in drawn.model.__fields__:
            assert device.read(reference(drawn.model, (name,))) == getattr(instance, name)


@thorough
@given(st.data(), told_maps())
def test_what_is_written_arrives_in_the_shape_of_the_device(
    data: st.DataObject, drawn: Drawn
) -> None:
    """Fields by fresh scale factors and places; nothing else changes; a whole instance, too."""
    first, second = states(data, drawn, 2)
    link = Link(first)
    device: Device[Any] = Device(link, drawn.model)
    device.read()
    link.become(second)
    layout = layout_for(second)
    changed = second
    for slot in layout.slots:
        if slot.factors and slot.access.writable and data.draw(st.booleans()):
            ref: Any = reference(drawn.model, slot.path)
            value = data.draw(st.integers(-50, 50)) * 10.0**second.factor
            value = float(f"{value:.6g}")
            changed = changed.replace(ref.to(value))
            link.asked.clear()
            device.write(ref.to(value))
            assert sum(request.writes for request in link.asked) == 1
    assert link.device.snapshot() == changed
    device.write_changes(changed, second)
    assert link.device.snapshot() == second
    device.write(second)
    assert link.device.snapshot() == second


@thorough
@given(st.data(), told_maps())
def test_dictionaries_and_json_have_the_shape(data: st.DataObject, drawn: Drawn) -> None:
    """They go there and back; an instance with another count is no device."""
    (instance,) = states(data, drawn, 1)
    assert from_dict(drawn.model, to_dict(instance)) == instance
    assert from_json(drawn.model, to_json(instance)) == instance


@thorough
@given(st.data(), told_maps())
def test_a_device_that_changes_in_the_middle_of_anything_is_read_right_after_it(
    data: st.DataObject, drawn: Drawn
) -> None:
    """Between any two requests of reads and writes: these may fail, and leave nothing wrong."""
    instances = states(data, drawn, 3)
    link = Link(instances[0])
    device: Device[Any] = Device(link, drawn.model)
    for instance in instances:
        link.change_at = {data.draw(st.integers(0, 6), label="request"): instance}
        slots = layout_for(instance).slots
        with suppress(ModbusError):
            if data.draw(st.booleans(), label="by reference"):
                device.read(reference(drawn.model, data.draw(st.sampled_from(slots)).path))
            elif data.draw(st.booleans(), label="write"):
                device.write(instance)
            elif data.draw(st.booleans(), label="partial"):
                device.read(partial=True)
            else:
                device.read()
        link.become(instance)
        device.bad.clear()
        assert device.read() == instance
