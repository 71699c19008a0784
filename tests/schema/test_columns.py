"""Many snapshots as columns: the values of single reads, whatever the codec, and no others."""

import asyncio
import math
from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modbus_schema.async_device import AsyncDevice
from modbus_schema.codecs import (
    array,
    bit,
    bit_list,
    enum,
    flags,
    float32,
    int8,
    int16,
    int64,
    ipv4,
    string,
    timestamp,
    uint16,
)
from modbus_schema.compile.plain import decode_plain, leaf_values
from modbus_schema.device import Device
from modbus_schema.errors import DecodeError
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import (
    coil,
    discrete_input,
    holding_register,
    input_register,
    repeat,
)
from modbus_schema.fields.refs import path_text
from modbus_schema.layout.tree import Slot, layout_of
from modbus_schema.model.register_map import RegisterMap
from modbus_schema.planning.blocks import plan_model
from modbus_schema.planning.snapshots import RawSnapshot
from modbus_schema.simulation.simulate import simulate
from modbus_wire.errors import ModbusError
from modbus_wire.sync.client import Client
from tests.schema.generated_maps import Extent, cells, maps

np = pytest.importorskip("numpy")

from modbus_schema.values.columns import columns  # noqa: E402  # it needs numpy


class Mode(IntEnum):
    """A mode."""

    OFF = 0
    HEAT = 1


class Alarm(IntFlag):
    """Alarms."""

    HOT = 1
    COLD = 2


class Zone(RegisterMap):
    """A zone."""

    target: RW[float] = holding_register(0, int16.scaled("0.1"), unit="degC")


class Plant(RegisterMap, word_order="little"):
    """All kinds of columns."""

    power: RO[float] = input_register(0, float32, unit="W")
    level: RO[float | None] = input_register(2, int16.scaled("0.1").optional(0x8000))
    count: RO[int | None] = input_register(3, uint16.optional(0xFFFF))
    mode: RO[Mode | int] = input_register(4, enum(Mode, keep_unknown=True))
    strict: RO[Mode | None] = input_register(5, enum(Mode).optional(9))
    alarm: RO[Alarm] = input_register(6, flags(Alarm))
    phases: RO[tuple[int | None, ...]] = input_register(7, array(int16.optional(0x7FFF), 3))
    energy: RO[float] = input_register(10, int64.scaled("0.001"))
    name: RO[str] = input_register(14, string(2))
    at: RO[datetime] = input_register(16, timestamp())
    host: RO[IPv4Address] = input_register(18, ipv4)
    low: RO[int] = input_register(20, int8.low)
    ready: RO[bool] = input_register(21, bit(3))
    fans: RO[tuple[bool, ...]] = discrete_input(1, bit_list(3))
    pump: RW[bool] = coil(5)
    reset: WO[bool] = coil(6)
    zones: RW[tuple[Zone, ...]] = repeat(Zone, base=0, stride=1, count=2)


def plants() -> list[Plant]:
    """Return two instances, with and without what may be missing."""
    first = Plant(
        power=1.5,
        level=30.2,
        count=7,
        mode=Mode.HEAT,
        strict=Mode.OFF,
        alarm=Alarm.HOT | Alarm.COLD,
        phases=(-1, None, 2),
        energy=-(2**60) / 1000,
        name="ab",
        at=datetime(2024, 1, 1, tzinfo=UTC),
        host=IPv4Address("10.0.0.1"),
        low=-128,
        ready=True,
        fans=(True, False, True),
        pump=True,
        reset=None,
        zones=(Zone(target=20.5), Zone(target=-3.1)),
    )
    changes = {"level": None, "count": None, "mode": 77, "strict": None, "pump": False}
    return [first, first.replace(**changes)]


def snapshots() -> list[RawSnapshot[Plant]]:
    """Return the two as they were read from a device."""
    found = []
    for plant in plants():
        with simulate(plant, port=0) as simulation, Client("127.0.0.1", simulation.port) as client:
            found.append(Device(client, Plant).read_raw())
    return found


def test_columns_are_arrays_of_their_own_type() -> None:
    """Numbers are numbers; what is missing is NaN or masked; what is only written has none."""
    found = columns(snapshots())
    assert list(found)[:3] == ["power", "level", "count"]
    assert "reset" not in found
    assert found["power"].dtype == np.float32
    assert found["power"].tolist() == [1.5, 1.5]
    assert found["level"][0] == 30.2
    assert math.isnan(found["level"][1])
    assert found["count"].dtype == np.uint16
    assert found["count"].tolist() == [7, None]
    assert found["mode"].tolist() == [Mode.HEAT, 77]
    assert found["mode"][0] is Mode.HEAT
    assert found["strict"].tolist() == [Mode.OFF, None]
    assert found["alarm"].tolist() == [3, 3]
    assert found["phases"].shape == (2, 3)
    assert found["phases"].tolist() == [[-1, None, 2]] * 2
    assert found["energy"].tolist() == [-(2**60) / 1000] * 2
    assert found["name"].tolist() == ["ab", "ab"]
    assert found["low"].dtype == np.int8
    assert found["fans"].tolist() == [[True, False, True]] * 2
    assert found["pump"].tolist() == [True, False]
    assert found["zones[1].target"].tolist() == [-3.1, -3.1]


def test_instances_have_the_same_columns() -> None:
    """Decoded already, or not, or some of each."""
    raw, read = columns(snapshots()), columns(plants())
    some_of_each: list[RawSnapshot[Plant] | Plant] = [snapshots()[0], plants()[1]]
    mixed = columns(some_of_each)
    for name, column in raw.items():
        for other in (read[name], mixed[name]):
            assert other.dtype == column.dtype, name
            assert plain_list(name, other) == plain_list(name, column), name


def plain_list(name: str, column: Any) -> list[Any]:
    """Return the items of a column as they compare."""
    return [str(each) if name == "host" else repr(each) for each in column.tolist()]


def test_an_async_device_reads_raw_as_well() -> None:
    """The same blocks, the same data."""
    from modbus_wire.aio.client import AsyncClient

    async def read(port: int) -> RawSnapshot[Plant]:
        async with AsyncClient("127.0.0.1", port) as client:
            return await AsyncDevice(client, Plant).read_raw()

    with simulate(plants()[0], port=0) as simulation:
        assert asyncio.run(read(simulation.port)) == snapshots()[0]


def test_a_raw_read_that_fails_names_the_fields() -> None:
    """As any read does."""
    with (
        simulate(Zone(target=1.0), port=0) as simulation,
        Client("127.0.0.1", simulation.port) as client,
        pytest.raises(ModbusError, match=r"Plant\."),
    ):
        Device(client, Plant).read_raw()


@settings(max_examples=150)
@given(maps(), st.data())
def test_columns_are_what_single_decodes_give(extent: Extent, data: st.DataObject) -> None:
    """For any map and any registers; what a single decode refuses is refused."""
    layout = layout_of(extent.model)
    blocks = plan_model(layout)
    rows = [tuple(data.draw(cells(blocks))) for _ in range(3)]
    taken: list[RawSnapshot[Any]] = [RawSnapshot(extent.model, blocks, row) for row in rows]
    try:
        singles = [decode_plain(layout.root, blocks, row) for row in rows]
    except DecodeError:
        with pytest.raises(DecodeError) as failed:
            columns(taken)
        assert "in snapshot" in failed.value.__notes__[0]
        return
    found = columns(taken)
    for index, single in enumerate(singles):
        for slot, value in leaf_values(layout.root, single):
            if slot.access.readable:
                column = found[path_text(slot.path).removeprefix(".")]
                assert_same(column[index], value, slot)


def assert_same(found: Any, value: Any, slot: Slot) -> None:
    """Compare an item of a column with the value of a single decode, to the last bit."""
    if isinstance(value, tuple) and hasattr(found, "tolist"):
        for item, each in zip(found, value, strict=True):
            assert_same(item, each, slot)
    elif value is None:
        assert found is None or found is np.ma.masked or math.isnan(found), slot
    elif isinstance(value, float):
        same = math.isnan(value) and math.isnan(found)
        is_equal = found == value and math.copysign(1, found) == math.copysign(1, value)
        assert same or is_equal, (slot, found, value)
    else:
        assert found == value or repr(found) == repr(value), (slot, found, value)


def test_a_value_that_is_none_names_field_and_snapshot() -> None:
    """The error is that of a single read."""

    class Map(RegisterMap):
        mode: RO[Mode] = input_register(3, enum(Mode))

    blocks = plan_model(layout_of(Map))
    taken = [RawSnapshot(Map, blocks, (raw,)) for raw in (b"\0\0", b"\0\1", b"\0\7")]
    with pytest.raises(DecodeError, match=r"Map\.mode: input\[3\]: 7 is no Mode") as failed:
        columns(taken)
    assert failed.value.__notes__ == ["in snapshot 2"]
    with pytest.raises(DecodeError, match="1 bytes came where 2 are due"):
        columns([RawSnapshot(Map, blocks, (b"\0",))])


def test_snapshots_are_of_one_class() -> None:
    """Of none there is nothing to tell the fields."""
    with pytest.raises(TypeError, match="not of Plant, Zone"):
        columns([plants()[0], Zone(target=1.0)])
    with pytest.raises(TypeError, match="not of none"):
        columns([])


def test_pandas() -> None:
    """Items of arrays have columns, missing integers are NA, enums are categories."""
    pytest.importorskip("pandas")
    from modbus_schema.values.data_frame import to_data_frame

    frame = to_data_frame(snapshots(), index=["a", "b"])
    assert frame.attrs["units"]["zones[0].target"] == "degC"
    assert frame["phases[0]"].tolist() == [-1, -1]
    assert frame["phases[1]"].isna().all()
    assert str(frame["count"].dtype) == "UInt16"
    assert frame["count"].isna().tolist() == [False, True]
    assert frame["mode"].tolist() == ["HEAT", "77"]
    assert list(frame["mode"].cat.categories) == ["OFF", "HEAT", "77"]
    assert frame["strict"].isna().tolist() == [False, True]
    assert frame.loc["a", "level"] == 30.2


def test_arrow() -> None:
    """Missing values are null, arrays lists of a fixed size, units metadata."""
    pytest.importorskip("pyarrow")
    from modbus_schema.values.arrow_table import to_arrow

    table = to_arrow(snapshots())
    assert table.num_rows == 2
    assert table["count"].to_pylist() == [7, None]
    assert table["level"].to_pylist() == [30.2, None]
    assert table["mode"].to_pylist() == ["HEAT", "77"]
    assert table["strict"].to_pylist() == ["OFF", None]
    assert table["phases"].to_pylist() == [[-1, None, 2]] * 2
    assert table["fans"].to_pylist() == [[True, False, True]] * 2
    assert table["host"].to_pylist() == ["10.0.0.1"] * 2
    assert table["at"].to_pylist()[0] == datetime(2024, 1, 1, tzinfo=UTC)
    assert table.schema.field("power").metadata == {b"unit": b"W"}
