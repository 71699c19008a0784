"""Instances of register maps: frozen attrs values that hold one value per field."""

import copy
import pickle
from enum import IntEnum
from types import MemberDescriptorType
from typing import Any, ClassVar

import attrs
import pytest

from modbus_schema.codecs import enum, float32, int16, uint16
from modbus_schema.errors import DefinitionError
from modbus_schema.fields.descriptors import RO, RW, WO
from modbus_schema.fields.placements import coil, group, holding_register, input_register, repeat
from modbus_schema.layout.tree import layout_of
from modbus_schema.model.register_map import RegisterMap
from tests.schema.maps import Circuit, House, a_house
from tests.schema.maps import Mode as HouseMode
from tests.schema.maps import Zone as HouseZone


class Mode(IntEnum):
    """A mode."""

    OFF = 0
    HEAT = 1


class Zone(RegisterMap):
    """A zone."""

    temperature: RO[float] = input_register(0, int16.scaled("0.1"))
    target: RW[float] = holding_register(0, int16.scaled("0.1"), default=20.0)


class HeatPump(RegisterMap, word_order="little"):
    """Acme 9000 heat pump."""

    LIMIT: ClassVar[float] = 15.0

    outdoor: RO[float] = input_register(12, float32)
    mode: RW[Mode] = holding_register(0, enum(Mode))
    pump: RW[bool] = coil(3, default=False)
    reset: WO[int] = holding_register(9, uint16, default=0)
    zones: RO[tuple[Zone, ...]] = repeat(Zone, base=200, stride=2, count=2)
    main: RO[Zone] = group(Zone, base=300)

    @property
    def cold(self) -> bool:
        """Whether it is cold outside."""
        return self.outdoor < self.LIMIT

    @classmethod
    def idle(cls) -> "HeatPump":
        """Return a pump that does nothing."""
        zone = Zone(temperature=19.5)
        return cls(outdoor=7.5, mode=Mode.OFF, zones=(zone, zone), main=zone)


class Hybrid(HeatPump, byte_order="little"):
    """A heat pump with a boiler."""

    boiler: RW[bool] = coil(4, default=True)


def hybrid() -> Hybrid:
    """Return a hybrid with the values of an idle heat pump."""
    idle = HeatPump.idle()
    return Hybrid(outdoor=7.5, mode=Mode.OFF, zones=idle.zones, main=idle.main)


def test_holds_a_value_per_field() -> None:
    """An instance gives back what it was made of, and the defaults of the rest."""
    pump = HeatPump.idle()
    assert (pump.outdoor, pump.mode, pump.pump, pump.reset) == (7.5, Mode.OFF, False, 0)
    assert pump.zones[1].temperature == 19.5
    assert pump.main.target == 20.0


def test_takes_keywords_of_its_fields_only() -> None:
    """A missing, an unknown and a positional argument are TypeErrors."""
    with pytest.raises(TypeError):
        Zone()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Zone(temperature=1.0, colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Zone(1.0, 2.0)  # type: ignore[call-arg]


def test_is_frozen() -> None:
    """No field and no other attribute can be set on an instance."""
    zone = Zone(temperature=1.0)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        zone.target = 3.0
    with pytest.raises(AttributeError):
        zone.colour = "red"  # type: ignore[attr-defined]


def test_has_slots_only() -> None:
    """Instances have neither a dict nor a weak reference, so that compiled code may fill them."""
    zone = Zone(temperature=1.0)
    assert not hasattr(zone, "__dict__")
    assert not hasattr(zone, "__weakref__")


@pytest.mark.parametrize("model", [HeatPump, Hybrid])
def test_instances_read_their_slots(model: type[HeatPump]) -> None:
    """An instance's attribute is found in a plain slot, at the speed of attrs."""
    descriptors = [vars(kind).get("outdoor") for kind in model.__mro__]
    found = [each for each in descriptors if each is not None]
    assert [type(each) for each in found] == [MemberDescriptorType]


def test_compares_hashes_and_shows_its_values() -> None:
    """Equal values make equal instances with equal hashes; the repr names all fields."""
    one, same, other = Zone(temperature=1.0), Zone(temperature=1.0), Zone(temperature=2.0)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert repr(one) == "Zone(temperature=1.0, target=20.0)"


@pytest.mark.parametrize("pump", [HeatPump.idle(), hybrid()])
def test_survives_copy_and_pickle(pump: HeatPump) -> None:
    """Copies and a pickled instance are equal to the instance, and of its class."""
    for twin in (copy.copy(pump), copy.deepcopy(pump), pickle.loads(pickle.dumps(pump))):
        assert twin == pump
        assert type(twin) is type(pump)


def test_replace_changes_a_copy() -> None:
    """replace() gives an instance with the changes and leaves the old one alone."""
    pump = HeatPump.idle()
    changed = pump.replace(mode=Mode.HEAT, pump=True)
    assert (changed.mode, changed.pump, changed.outdoor) == (Mode.HEAT, True, 7.5)
    assert pump.mode is Mode.OFF
    with pytest.raises(TypeError, match="HeatPump has no field 'modus'"):
        pump.replace(modus=Mode.HEAT)


def test_replace_reaches_into_groups() -> None:
    """Settings name fields of groups and of what repeats; each copy shares what did not change."""
    house = a_house()
    warmer = house.replace(
        House.zones[1].at(HouseZone.target).to(23.5),
        House.circuit.at(Circuit.name).to("cellar"),
        House.zones[-1].to(house.zones[0]),
        mode=HouseMode.COOL,
    )
    assert [zone.target for zone in warmer.zones] == [20.0, 23.5, 20.0]
    assert warmer.circuit == Circuit(hours=0x10002, name="cellar")
    assert warmer.mode is HouseMode.COOL
    assert warmer.zones[0] is house.zones[0]
    assert house == a_house()
    assert house.replace() == house


@pytest.mark.parametrize("setting", [HouseZone.target.to(3.0), 3, House.zones])
def test_replace_refuses_what_is_no_setting_of_the_map(setting: Any) -> None:
    """Another map's setting, no setting at all."""
    with pytest.raises(TypeError, match="is no setting of a House"):
        a_house().replace(setting)


def test_keeps_what_else_is_in_the_class() -> None:
    """Docstrings, properties, class methods and constants are the user's."""
    assert HeatPump.__doc__ == "Acme 9000 heat pump."
    assert HeatPump.LIMIT == 15.0
    assert HeatPump.idle().cold
    assert HeatPump.__module__ == __name__
    assert HeatPump.__qualname__ == "HeatPump"


def test_a_subclass_has_all_fields() -> None:
    """A subclass takes its base's fields and its own, and is an instance of its base."""
    assert hybrid().boiler
    assert hybrid().outdoor == 7.5
    assert isinstance(hybrid(), HeatPump)
    assert list(Hybrid.__fields__) == [*HeatPump.__fields__, "boiler"]


def test_a_field_can_be_replaced_in_a_subclass() -> None:
    """A field of the same name takes the place of the base's, in instances and in the layout."""

    class Moved(Zone):
        """A zone whose temperature is elsewhere, and writable."""

        temperature: RW[float] = holding_register(7, int16.scaled("0.01"), default=1.25)

    assert repr(Moved()) == "Moved(temperature=1.25, target=20.0)"
    assert Moved(temperature=3.5).temperature == 3.5
    assert [slot.place for slot in layout_of(Moved).slots] == [
        "Moved.temperature: holding[7]",
        "Moved.target: holding[0]",
    ]
    assert Zone(temperature=2.0).temperature == 2.0
    assert not isinstance(vars(Moved).get("temperature"), RW)


def test_a_map_without_fields_is_fine() -> None:
    """A base that only sets options, or adds methods, is a map as well."""

    class Vendor(RegisterMap, byte_order="little"):
        """What all devices of a vendor have in common."""

        def hello(self) -> str:
            """Greet."""
            return "hello"

    class Meter(Vendor):
        """A meter."""

        power: RO[int] = input_register(0, uint16)

    assert Vendor() == Vendor()
    assert Meter(power=3).hello() == "hello"
    assert layout_of(Meter).slots[0].order.byte == "little"


def test_a_mixin_without_fields_joins_in() -> None:
    """A plain class with slots can be a second base."""

    class Named:
        """A mixin."""

        __slots__ = ()

        def title(self) -> str:
            """Name the class."""
            return type(self).__name__

    class Meter(Named, RegisterMap):
        """A meter."""

        power: RO[int] = input_register(0, uint16)

    assert Meter(power=3).title() == "Meter"


def test_two_bases_with_fields_are_a_definition_error() -> None:
    """Unless one of them is the base of the other."""

    class Common(RegisterMap):
        serial: RO[int] = input_register(0, uint16)

    class Energy(RegisterMap):
        energy: RO[int] = input_register(10, uint16)

    class Rated(Common):
        rating: RO[int] = input_register(1, uint16)

    with pytest.raises(DefinitionError, match="Meter: Common and Energy have fields each"):

        class Meter(Common, Energy):
            power: RO[int] = input_register(20, uint16)

    class Both(Rated, Common):
        power: RO[int] = input_register(20, uint16)

    assert Both(serial=1, rating=2, power=3).rating == 2


def test_a_field_of_the_class_cannot_be_replaced() -> None:
    """A slip that means an instance does not take the map apart."""

    class Plate(RegisterMap):
        speed: RW[int] = holding_register(0, uint16)

    with pytest.raises(AttributeError, match=r"Plate\.speed is a field"):
        Plate.speed = 3  # type: ignore[assignment]
    with pytest.raises(AttributeError, match=r"Plate\.speed is a field"):
        del Plate.speed
    assert Plate(speed=1).speed == 1
