"""The tree of errors: as drawn, as promised to callers, and what it says."""

import ast
import inspect
import pickle
import re

import pytest

from modbus_wire import errors
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    ExceptionResponse,
    IllegalDataAddress,
    ModbusError,
    RequestError,
    ResponseTimeout,
    exception_for,
)
from modbus_wire.pdu.bits import ReadCoils

BUILTINS: dict[type[ModbusError], type[Exception]] = {
    RequestError: ValueError,
    ConnectError: ConnectionError,
    ConnectionClosedError: ConnectionError,
    ResponseTimeout: TimeoutError,
}


def drawn_tree() -> dict[str, tuple[str, str]]:
    """Return name -> (name of the parent, remark) of the tree in the module's docstring."""
    tree: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.fullmatch(r"([│├└─ ]*)([A-Z]\w+)(.*)", line):
            indent, name, remark = found.groups()
            if not indent and name != "ModbusError":
                continue
            path[len(indent) // 4 :] = [name]
            tree[name] = (path[-2] if len(path) > 1 else "", remark)
    return tree


def real_tree() -> dict[str, str]:
    """Return name -> name of the parent of the classes that the module defines."""
    defined = [
        node.name
        for node in ast.parse(inspect.getsource(errors)).body
        if isinstance(node, ast.ClassDef)
    ]
    classes = [getattr(errors, name) for name in defined]
    ours = [[base.__name__ for base in kind.__mro__ if base in classes] for kind in classes]
    return {name: parents[0] if parents else "" for name, *parents in ours}


def test_drawn_tree_is_the_real_one() -> None:
    """The tree in the module's docstring shows every class under its base, and no other."""
    assert {name: parent for name, (parent, _) in drawn_tree().items()} == real_tree()


def test_drawn_builtins_are_real() -> None:
    """A builtin in brackets is a base of the class, and each promise is drawn."""
    remarks = {name: remark for name, (_, remark) in drawn_tree().items()}
    for kind, builtin in BUILTINS.items():
        assert issubclass(kind, builtin)
        assert f"({builtin.__name__})" in remarks[kind.__name__]
    drawn = {name for name, remark in remarks.items() if re.match(r" *\(\w+\)", remark)}
    assert drawn == {kind.__name__ for kind in BUILTINS}


def test_drawn_exception_codes_are_real() -> None:
    """The code beside each exception class is the one it stands for."""
    codes = {kind.__name__: kind.code for kind in ExceptionResponse.__subclasses__()}
    drawn = {
        name: int(remark, 16)
        for name, (parent, remark) in drawn_tree().items()
        if parent == "ExceptionResponse"
    }
    assert drawn == codes


def test_only_the_promised_classes_are_builtins() -> None:
    """No class is caught by accident with an OSError or a ValueError."""
    for name in real_tree():
        kind = getattr(errors, name)
        is_promised = kind in BUILTINS
        assert issubclass(kind, OSError | ValueError) is is_promised, name


@pytest.mark.parametrize(
    "kind", [*BUILTINS, ModbusError, IllegalDataAddress], ids=lambda k: k.__name__
)
def test_message_shows_where_request_and_whether_applied(kind: type[ModbusError]) -> None:
    """str() tells all that is known, in one line, and nothing that is not."""
    error = kind("it broke")
    assert str(error) == error.message == "it broke"
    error.request = ReadCoils(3, 4)
    assert "it broke" in str(error)
    assert "ReadCoils(address=3, quantity=4)" in str(error)
    assert "applied" not in str(error)
    error.where = "Pump.on: coil[3..6]"
    error.may_have_been_applied = True
    assert str(error) == (
        "Pump.on: coil[3..6]: it broke; in ReadCoils(address=3, quantity=4);"
        " the write may have been applied"
    )


def test_nothing_is_known_of_a_new_error() -> None:
    """A fresh error has no request, no place, and has applied nothing."""
    error = ModbusError()
    assert (error.request, error.where, error.may_have_been_applied) == (None, "", False)


def test_exception_for_makes_a_new_error_each_time() -> None:
    """Two failures never share an object, so that what is noted on one stays there."""
    for code in (2, 0x63):
        first, second = exception_for(code), exception_for(code)
        assert first is not second
        assert first.code == second.code == code


def test_exception_response_names_its_code() -> None:
    """The text of an exception tells code and meaning, unless the server side gave its own."""
    assert str(IllegalDataAddress()) == "exception 02, illegal data address"
    assert str(IllegalDataAddress("no cell 5")) == "no cell 5"
    assert "63" in str(exception_for(0x63))


@pytest.mark.parametrize("name", list(real_tree()))
def test_errors_survive_pickling(name: str) -> None:
    """An error crosses a process boundary with its message and what was noted on it."""
    error = getattr(errors, name)("lost")
    error.where = "Pump.on"
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.where) == (str(error), "Pump.on")
