"""Scanning: where models are found, and what is said of devices that are not as they should be."""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modbus_schema import RO, Device, EncodeError, RegisterMap, holding_register, simulate, uint16
from modbus_schema.__main__ import main
from modbus_schema.async_device import AsyncDevice
from modbus_schema.errors import DecodeError, DefinitionError
from modbus_schema.simulation import NoAnswer
from modbus_schema.sunspec.catalogue import UnknownModel
from modbus_schema.sunspec.chain import NoSunSpec
from modbus_schema.sunspec.classes import load
from modbus_schema.sunspec.scanning import AsyncScan, Scan, scan, scan_async
from modbus_schema.sunspec.simulated import SunSpecSimulation
from modbus_schema.sunspec.simulated import simulate as simulate_models
from modbus_wire import AsyncClient, Client, ConnectError, Server, SparseBank, Table
from modbus_wire.errors import (
    ExceptionResponse,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    ResponseTimeout,
    ServerDeviceBusy,
)
from modbus_wire.trace import TracedFrame
from tests.sunspec.own import BOILER, model, point
from tests.wire.peers import refused_port

COMMON = model(
    1,
    point("Mn", "string", 2, mandatory="M"),
    point("DA", access="RW"),
    point("Pad", "pad"),
    name="common",
)
"""Model 1, but for its length."""

SUNS = (0x5375, 0x6E53)
END = (0xFFFF, 0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with the definitions of models 1 and 64900."""
    for each in (COMMON, BOILER):
        path = tmp_path / f"model_{each['id']}.json"
        path.write_text(json.dumps(each), encoding="utf-8")
    return tmp_path


@contextmanager
def serving(*words: int, base: int = 40000) -> Iterator[Client]:
    """Serve holding registers from a base on, and nothing else; give a client of them."""
    bank = SparseBank({Table.HOLDING_REGISTERS: [range(base, base + len(words))]})
    bank.set_registers(Table.HOLDING_REGISTERS, base, list(words))
    with Server(bank, port=0) as server, Client(*server.address) as client:
        yield client


def chain(*models: Sequence[int]) -> list[int]:
    """Return a map with these models, each without its length."""
    found = list(SUNS)
    for model_id, *points in models:
        found += [model_id, len(points), *points]
    return [*found, *END]


def boiler(**more: Any) -> SunSpecSimulation:
    """Return a simulated device of two models."""
    common: Any = load(COMMON)
    heater: Any = load(BOILER)
    tank: Any = heater.__fields__["tank"].model
    tanks = (tank(Lvl=1.25, Tmp=40.5, Name="left"), tank(), tank(Tmp=39.5))
    values: dict[str, Any] = {"Tmp_SF": -1, "Tmp": 61.5, "TmpSet": 60.0, "St": 1, "N": 3}
    return simulate_models(common(Mn="Acme"), heater(**values, tank=tanks), port=0, **more)


def parameters(function: Any) -> list[str]:
    """Return the names of the parameters of a function, but for the client's style."""
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("base", [40000, 50000, 0])
def test_a_device_is_scanned(base: int, source: Path) -> None:
    """Wherever its map begins; the models are where they are, and are read by their classes."""
    with boiler(base=base) as sim, Client(sim.host, sim.port) as client:
        found = scan(client, source=source)
        assert (found.base, found.fault) == (base, "")
        first, second = found.models
        assert [(each.model_id, each.address, each.length) for each in found.models] == [
            (1, base + 2, 4),
            (64900, base + 8, 22),
        ]
        assert (first.name, second.name) == ("common", "boiler")
        assert (first.lacks, second.lacks) == (0, 0)
        assert repr(second) == f"<model 64900 (boiler): 22 registers at {base + 8}>"
        made: Any = found.device(second).read()
        assert (made.Tmp, made.TmpSet, made.St.name, made.Evt) == (61.5, 60.0, "ON_2", None)
        assert [(each.Lvl, each.Tmp, each.Name) for each in made.tank] == [
            (1.25, 40.5, "left"),
            (None, None, None),
            (None, 39.5, None),
        ]
        by_class: Any = found.device(load(BOILER)).read()
        assert repr(by_class) == repr(made)
        assert found.find(1) is first is found.find(load(COMMON))


def test_points_are_written(source: Path) -> None:
    """In the unit of the point, by the scale factor that the device has then."""
    kind: Any = load(BOILER)
    with boiler() as sim, Client(sim.host, sim.port) as client:
        device: Any = scan(client).device(kind)
        heard: list[tuple[float, float]] = []
        part: Any = sim.part(kind)

        @sim.on_write(part.at(kind.TmpSet))
        def hear(old: float, new: float) -> None:
            heard.append((old, new))

        device.write(kind.TmpSet.to(55.5))
        device.write(kind.tank[2].at(kind.__fields__["tank"].model.Name).to("best"))
        assert heard == [(60.0, 55.5)]
        assert part.snapshot().TmpSet == 55.5
        assert part.snapshot().tank[2].Name == "best"
        part.set(kind.Tmp.to(12.5))
        assert device.read(kind.Tmp) == 12.5
        with pytest.raises(EncodeError, match="not a multiple of the step"):
            device.write(kind.TmpSet.to(55.55))


def test_both_styles(source: Path) -> None:
    """The scan for asyncio finds the same."""

    async def find() -> Any:
        async with boiler() as sim, AsyncClient(sim.host, sim.port) as client:
            found = await scan_async(client, source=source)
            assert isinstance(found.device(found.models[1]), AsyncDevice)
            return [await found.device(each).read() for each in found.models]

    with boiler() as sim, Client(sim.host, sim.port) as client:
        found = scan(client, source=source)
        assert isinstance(found.device(found.models[1]), Device)
        read = [found.device(each).read() for each in found.models]
    assert repr(asyncio.run(find())) == repr(read)
    assert parameters(scan) == parameters(scan_async)
    for name in ("device", "find"):
        assert parameters(getattr(Scan, name)) == parameters(getattr(AsyncScan, name))


def test_several_models_alike() -> None:
    """They are told apart by their number, here and in the simulated device."""
    kind: Any = load(COMMON)
    with (
        simulate_models(kind(Mn="a"), kind(Mn="b"), port=0) as sim,
        Client(sim.host, sim.port) as client,
    ):
        found = scan(client)
        assert [found.device(kind, number).read(kind.Mn) for number in (0, 1)] == ["a", "b"]
        assert sim.part(kind, 1).snapshot() == kind(Mn="b", L=4)
        with pytest.raises(UnknownModel, match="the device has 2 models of id 1"):
            found.device(kind, 2)
        with pytest.raises(LookupError, match="the device has 2 models of Common"):
            sim.part(kind, 2)


def test_the_length_of_a_model_may_be_more() -> None:
    """What is behind the points is padding, and the next model is behind that."""
    kind: Any = load(COMMON)
    with (
        simulate_models(kind(Mn="a", L=300), kind(Mn="b"), port=0) as sim,
        Client(sim.host, sim.port) as client,
    ):
        found = scan(client)
        assert [each.address for each in found.models] == [40002, 40304]
        assert found.device(kind, 1).read(kind.Mn) == "b"
        assert client.read_holding_registers(40303, 2) == [0x8000, 1]


def test_no_map() -> None:
    """Every address is told with what is there."""
    with serving(1, 2, 3) as client, pytest.raises(NoSunSpec) as failed:
        scan(client)
    text = str(failed.value)
    assert "holding[40000]: 0001 0002" in text
    assert "holding[50000]: " in text
    assert "illegal data address" in text


def test_no_device() -> None:
    """That is no matter of SunSpec."""
    with (
        refused_port() as port,
        pytest.raises(ConnectError),
        Client("127.0.0.1", port) as client,
    ):
        scan(client)


def test_an_unknown_model(source: Path) -> None:
    """It is listed and passed over; its device cannot be had."""
    with serving(*chain([1, 0, 0, 7, 0], [64999, 1, 2, 3], [1, 0, 0, 8, 0])) as client:
        found = scan(client, source=source)
        unknown = found.models[1]
        assert [each.model_id for each in found.models] == [1, 64999, 1]
        assert (unknown.name, unknown.model, unknown.definition) == ("", None, None)
        assert repr(unknown) == "<model 64999 (unknown): 3 registers at 40008>"
        made: Any = found.device(found.models[2]).read()
        assert made.DA == 8
        with pytest.raises(UnknownModel, match=r"no definition of <model 64999 \(unknown\)"):
            found.device(unknown)


def test_a_shorter_model(source: Path) -> None:
    """It has the points that are there; a class with more does not read on into the next one."""
    with serving(*chain([64900, 0xFFFF, 215, 230], [1, 0, 0, 8, 0])) as client:
        found = scan(client, source=source)
        assert found.models[0].lacks == 4
        made: Any = found.device(found.models[0]).read()
        assert list(type(made).__fields__) == ["ID", "L", "Tmp_SF", "Tmp", "TmpSet"]
        assert (made.Tmp_SF, made.Tmp, made.TmpSet) == (-1, 21.5, 23.0)
        with pytest.raises(DefinitionError) as failed:
            found.device(load(BOILER))
        assert str(failed.value).startswith(
            "<model 64900 (boiler): 3 registers at 40002> has 4 registers fewer than Boiler: "
            "Boiler.N: holding[40010] is not in one"
        )
        assert str(failed.value).endswith("is its `model`, or load(64900, length=3)")
        assert "\n" not in str(failed.value)


def test_model_1_without_its_pad(source: Path) -> None:
    """Is no shorter model."""
    with serving(*chain([1, 0x4163, 0x6D65, 8], [1, 0, 0, 9, 0])) as client:
        found = scan(client, source=source)
        assert found.models[0].lacks == 0
        made: Any = found.device(load(COMMON)).read()
        assert (made.Mn, made.DA) == ("Acme", 8)


def test_a_longer_model(source: Path) -> None:
    """What its definition does not know is passed over."""
    with serving(*chain([1, 0x4163, 0x6D65, 8, 0, 1, 2, 3], [1, 0, 0, 9, 0])) as client:
        found = scan(client, source=source)
        made: list[Any] = [found.device(each).read() for each in found.models]
        assert [each.DA for each in made] == [8, 9]


def test_a_count_that_does_not_fit_the_length(source: Path) -> None:
    """No read goes on into the next model."""
    heater = [64900, 0xFFFF, 215, 230, 1, 0, 0, 3, 0, 100, 300, 0x4163, 0x6D65]
    with serving(*chain(heater, [1, 0, 0, 9, 0, *[0] * 50])) as client:
        found = scan(client, source=source)
        with pytest.raises(DecodeError, match=r"3 is no count of Boiler.tank: it is not in 0\.\.2"):
            found.device(found.models[0]).read()
        with pytest.raises(DecodeError, match=r"Boiler.tank\[1\].Lvl: holding\[40016..40017\]"):
            found.device(load(BOILER)).read()


@pytest.mark.parametrize(
    ("words", "ids", "says"),
    [
        ((*SUNS, 1, 4, 0, 0, 0, 0), [1], r"holding\[40008\], where the next model should be: "),
        ((*SUNS, 1, 4, 0, 0), [1], r"holding\[40008\], where the next model should be: "),
        (SUNS, [], r"holding\[40002\], where the next model should be: "),
        ((*SUNS, 0, 0), [], r"holding\[40002\] is no header: id 0, length 0"),
        ((*SUNS, 1, 1, 9, 7, 65535), [1], r"holding\[40005\] is no header: id 7, length 65535"),
        ((*SUNS, 1, 0, 0xFFFF), [1], ""),
        ((*SUNS, 0xFFFF), [], ""),
        ((*SUNS, 0xFFFF, 0), [], ""),
    ],
)
def test_the_end_of_the_chain(words: tuple[int, ...], ids: list[int], says: str) -> None:
    """A map that breaks off gives what came before; an end may be without its length."""
    with serving(*words) as client:
        found = scan(client)
        assert [each.model_id for each in found.models] == ids
        assert re.match(says or "$", found.fault)


def test_a_device_that_breaks_off_in_the_middle(source: Path) -> None:
    """The models before the refused header are there."""
    with boiler() as sim, Client(sim.host, sim.port) as client:
        kind: Any = load(BOILER)
        with sim.fault(sim.part(kind).at(kind.ID), IllegalDataAddress):
            found = scan(client, source=source)
        assert [each.model_id for each in found.models] == [1]
        assert found.fault.startswith("holding[40008], where the next model should be: ")
        assert len(scan(client).models) == 2


def test_a_base_that_nobody_answers(source: Path) -> None:
    """It is passed over as one that is refused; what comes later than that is the client's."""
    with boiler() as sim, Client(sim.host, sim.port, timeout=0.2) as client:
        with sim.fault(NoAnswer(), times=1):
            assert len(scan(client, bases=(40000, 40000)).models) == 2
        with sim.fault(NoAnswer(), times=1), pytest.raises(ResponseTimeout):
            scan(client, bases=(40000, 50000))
        kind: Any = load(BOILER)
        header = sim.part(kind).at(kind.ID)
        with sim.fault(header, NoAnswer()), pytest.raises(ResponseTimeout):
            scan(client)


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("error", [ServerDeviceBusy, GatewayTargetFailedToRespond])
def test_a_device_that_is_busy(error: type[ExceptionResponse], nth: int) -> None:
    """It says nothing of what it has, so neither does the scan."""
    with boiler() as sim, Client(sim.host, sim.port) as client:
        with sim.fault(error, nth=nth, times=1), pytest.raises(error):
            scan(client)
        assert len(scan(client).models) == 2


def test_what_is_no_model_is_told() -> None:
    """Ids are integers, parts are of classes, and no length is below 0."""
    wrong: Any = "103"
    with pytest.raises(TypeError, match="a model is an id such as 103, or its JSON"):
        load(wrong)
    with pytest.raises(ValueError, match="a length of 0 or more, not -1"):
        load(BOILER, length=-1)
    number: Any = 64900
    with boiler() as sim, pytest.raises(TypeError, match="64900 is no register map"):
        sim.part(number)


def test_a_map_that_breaks_off_says_so() -> None:
    """Whoever looks at what was found sees that there may be more."""
    with serving(*SUNS, 64999, 1, 2) as client:
        shown = repr(scan(client))
    assert shown.startswith("<SunSpec at 40000: <model 64999 (unknown): 1 registers at 40002>; ")
    assert "BROKEN OFF at holding[40005], where the next model should be: " in shown


def test_one_register_is_written_by_itself() -> None:
    """By function 6, as SunSpec 1.2 clause 6.3 asks; what is longer by function 16."""
    kind: Any = load(BOILER)
    heard: list[str] = []

    def trace(frame: TracedFrame) -> None:
        if frame.is_sent:
            heard.append(frame.data[7:8].hex())

    with boiler() as sim, Client(sim.host, sim.port, trace=trace) as client:
        device: Any = scan(client).device(kind)
        tank: Any = kind.__fields__["tank"].model
        heard.clear()
        device.write(kind.tank[0].at(tank.Name).to("abc"))
        assert heard[-1] == "10"
        device.write(kind.TmpSet.to(12.5))
        assert heard[-1] == "06"


def test_a_class_of_no_model() -> None:
    """It has no ID with a default, so nobody knows where it could be."""

    class Pump(RegisterMap):
        speed: RO[int] = holding_register(0, uint16)

    class Headed(RegisterMap):
        ID: RO[int] = holding_register(0, uint16)
        L: RO[int] = holding_register(1, uint16, default=0)

    with boiler() as sim, Client(sim.host, sim.port) as client:
        found = scan(client)
        with pytest.raises(TypeError, match="Pump is no SunSpec model"):
            found.device(Pump)
        with pytest.raises(TypeError, match=r"Headed\.ID has no default"):
            found.device(Headed)
    with pytest.raises(TypeError, match="Pump is no SunSpec model"):
        simulate_models(Pump(speed=1))


def test_a_plain_simulation_is_no_sunspec() -> None:
    """It is served, but there is no map."""
    kind: Any = load(COMMON)
    with (
        simulate(kind(Mn="a"), port=0) as sim,
        Client(sim.host, sim.port) as client,
        pytest.raises(NoSunSpec),
    ):
        scan(client)


def test_what_a_device_does_not_implement(source: Path) -> None:
    """None, where that may be; NaN of a number that has to be there; the rest of the map comes."""
    tank = (0xFFFF, 0xFFFF, 0x8000, 0, 0)
    nothing = [64900, 0xFFFF, 0x8000, 0x8000, 0xFFFF, 0xFFFF, 0xFFFF, 1, *tank]
    unscaled = [64900, 0x8000, 215, 0x8000, 77, 0x8000, 8, 0]
    with serving(*chain(nothing, unscaled)) as client:
        found = scan(client, source=source)
        first, second = (found.device(each).read() for each in found.models)
    made: Any = first
    assert (made.TmpSet, made.St, made.Evt) == (None, None, None)
    assert (made.tank[0].Lvl, made.tank[0].Tmp, made.tank[0].Name) == (None, None, None)
    assert math.isnan(made.Tmp)
    made = second
    assert (made.Tmp_SF, made.TmpSet, made.St, made.tank) == (None, None, 77, ())
    assert math.isnan(made.Tmp)
    assert made.Evt == 0x80000008
    assert type(made.Evt).HOT in made.Evt


def test_the_command_shows_values(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--json``; where they do not come, the reason stands there."""
    with boiler() as sim:
        arguments = ["scan", f"tcp://{sim.host}:{sim.port}", "--source", str(source), "--json"]
        assert main(arguments) == 0
        common, heater = json.loads(capsys.readouterr().out)
        assert (common["model_id"], common["values"]["Mn"]) == (1, "Acme")
        assert (heater["address"], heater["values"]["St"]) == (40008, "ON_2")
        assert [tank["Tmp"] for tank in heater["values"]["tank"]] == [40.5, None, 39.5]
        kind: Any = load(BOILER)
        sim.fault(sim.part(kind).at(kind.TmpSet), IllegalDataAddress)
        assert main(arguments) == 0
        common, heater = json.loads(capsys.readouterr().out)
        assert "values" in common
        assert "Boiler.TmpSet" in heater["error"] or "illegal data address" in heater["error"]
        (source / "model_64900.json").unlink()
        assert main(arguments) == 0
        common, heater = json.loads(capsys.readouterr().out)
        assert heater == {"model_id": 64900, "name": "", "address": 40008, "length": 22}


def test_the_command_scans(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It lists addresses, ids, names and lengths."""
    with boiler() as sim:
        url = f"tcp://{sim.host}:{sim.port}"
        assert main(["scan", url, "--source", str(source)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"40002     1 {'common':32} 4 registers",
        f"40008 64900 {'boiler':32} 22 registers",
    ]
