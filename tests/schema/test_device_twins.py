"""The blocking and the async style are twins: the same names, parameters and results."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, get_overloads

import pytest

from modbus_schema import async_device, device
from modbus_schema.async_device import AsyncDevice
from modbus_schema.device import Device

Method: TypeAlias = Callable[..., Any]


def methods(kind: type) -> dict[str, Method]:
    """Return the public methods of a class, and how it is made."""
    return {
        name: member
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") or name == "__init__"
    }


def signatures(method: Method) -> Iterator[inspect.Signature]:
    """Yield every signature of a method: those of its overloads, or its own."""
    for each in get_overloads(method) or [method]:
        yield inspect.signature(each)


def test_there_are_no_methods_of_one_style_only() -> None:
    """What one can do, the other can."""
    assert methods(Device).keys() == methods(AsyncDevice).keys() >= {"read", "write"}


@pytest.mark.parametrize("name", sorted(methods(Device)))
def test_a_method_has_the_same_signatures(name: str) -> None:
    """Overload by overload: parameters, their kinds, defaults and types, and the result.

    What needs no device, such as a preview, is the same method of both.
    """
    blocking, later = methods(Device)[name], methods(AsyncDevice)[name]
    assert list(signatures(blocking)) == list(signatures(later))
    is_awaited = name != "__init__" and later is not blocking
    assert inspect.iscoroutinefunction(later) is is_awaited
    assert not inspect.iscoroutinefunction(blocking)


@pytest.mark.parametrize("name", ["execute", "read_many"])
def test_the_clients_that_they_need_are_twins(name: str) -> None:
    """The result of the async one is to be awaited."""
    blocking = inspect.signature(getattr(device.Executor, name))
    later = inspect.signature(getattr(async_device.AsyncExecutor, name))
    assert blocking.parameters == later.parameters
    assert later.return_annotation == f"Awaitable[{blocking.return_annotation}]"
