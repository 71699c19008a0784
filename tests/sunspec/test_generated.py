"""Definitions of any shape: what an instance is simulated with, a scan reads again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modbus_schema.sunspec.classes import load
from modbus_schema.sunspec.definitions import SIZES
from modbus_schema.sunspec.parsing import parse
from modbus_schema.sunspec.scanning import scan
from modbus_schema.sunspec.simulated import simulate, with_length
from modbus_wire import Client
from tests.sunspec.fillings import STYLES, fill, instance_of, same
from tests.sunspec.own import group, model, point

COUNTS = ("NA", "NB", "NC")
SCALED = ("int16", "uint16", "int32", "uint32", "acc32", "int64", "uint64", "acc16")
PLAIN = sorted(SIZES.keys() - {"sunssf", "count"})


@st.composite
def points(draw: st.DrawFn, prefix: str) -> list[dict[str, Any]]:
    """Return points of a group: plain ones, texts, pads, and some that are scaled from outside."""
    found = []
    for index in range(draw(st.integers(1, 5))):
        name = f"{prefix}{index}"
        more: dict[str, Any] = {"mandatory": draw(st.sampled_from("MO"))}
        more["access"] = draw(st.sampled_from(("R", "RW")))
        kind = draw(st.sampled_from(("plain", "scaled", "string", "pad")))
        if kind == "plain":
            chosen = draw(st.sampled_from(PLAIN))
            found.append(point(name, chosen, SIZES[chosen], **more))
        elif kind == "scaled":
            chosen = draw(st.sampled_from(SCALED))
            if chosen.startswith("acc"):  # 0 is a count, so there is none for what has no factor
                more["mandatory"] = "O"
            factor = draw(st.sampled_from(("A_SF", "B_SF", -2, 1)))
            found.append(point(name, chosen, SIZES[chosen], sf=factor, **more))
        elif kind == "string":
            found.append(point(name, "string", draw(st.integers(1, 130)), **more))
        else:
            found.append(point(name, "pad"))
    return found


def groups(depth: int = 2) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return groups, some in groups, that are there once or as often as a point says."""
    names = st.sampled_from(("", *COUNTS, 2))

    @st.composite
    def one(draw: st.DrawFn, index: int) -> dict[str, Any]:
        count = draw(names)
        more: dict[str, Any] = {"count": count} if count else {}
        inner = draw(groups(depth - 1)) if depth > 1 else []
        return group(f"g{index}", *draw(points(f"G{depth}P")), groups=inner, **more)

    return st.integers(0, 3).flatmap(lambda number: st.tuples(*map(one, range(number))).map(list))


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Return a model; what fills it, if anything does, is its last group."""
    header = [point(name, mandatory="M") for name in COUNTS]
    factors = [point(name, "sunssf", mandatory=draw(st.sampled_from("MO"))) for name in SF]
    inner = draw(groups())
    if draw(st.booleans()) and not any(isinstance(each.get("count"), str) for each in inner):
        inner.append(group("rest", *draw(points("R")), count=0))
    return model(
        64990, *draw(st.permutations([*header, *factors])), *draw(points("P")), groups=inner
    )


SF = ("A_SF", "B_SF")


@settings(max_examples=30)
@given(definitions(), st.integers(0, 3), st.sampled_from(STYLES))
def test_what_is_simulated_is_scanned(document: dict[str, Any], items: int, style: Any) -> None:
    """Two of them, one behind the other, by the class of the definition."""
    known, kind = parse(document, "generated"), load(document)
    instance: Any = instance_of(kind, fill(known, style._replace(items=items)))
    with simulate(instance, instance, port=0) as sim, Client(sim.host, sim.port) as client:
        found = scan(client)
        assert (len(found.models), found.fault) == (2, "")
        for number in range(2):
            assert same(found.device(kind, number).read(), with_length(instance))
