"""Names of documents as names of Python."""

from __future__ import annotations

import re
from collections.abc import Collection
from keyword import iskeyword
from unicodedata import normalize

from modbus_schema.fields.refs import Path
from modbus_schema.model.register_map import RegisterMap

_PATH = re.compile(r"[^\W\d_]\w*(?:\[[0-9]+\]|\.[^\W\d_]\w*)*")
_STEP = re.compile(r"\[(\d+)\]|(\w+)")
_TAKEN = frozenset(name for parent in RegisterMap.__mro__ for name in vars(parent)) | {"self"}
"""What the base class has already, which a field cannot be called."""


def path_of(text: str) -> Path:
    """Return the path that a document names: ``zones[1].target``; else one name made of the text.

    Raises ValueError for a text without a letter or digit.
    """
    text = _normal(text)
    if not _PATH.fullmatch(text):
        return (field_name(text),)
    steps = _STEP.findall(text)
    return tuple(int(index) if index else _allowed(name) for index, name in steps)


def field_name(text: str) -> str:
    """Return a field's name: ``Phase 1 voltage`` is ``phase_1_voltage``."""
    words = _words(text)
    if not words:
        raise ValueError(f"{text!r} is no name")
    name = "_".join(words).lower()
    return _allowed(name if name[0].isalpha() else f"field_{name}")


def class_name(text: str, fallback: str = "Device") -> str:
    """Return a class's name: ``heat-pump`` is ``HeatPump``."""
    name = "".join(word[0].upper() + word[1:] for word in _words(text))
    if not name:
        return fallback
    return _allowed(name if name[0].isalpha() else f"{fallback}{name}")


def member_name(text: str) -> str:
    """Return the name of an enum's member: what is a name stays, ``Stand by`` is ``STAND_BY``."""
    if text.isidentifier() and not iskeyword(text):
        return text
    name = "_".join(_words(text)).upper()
    if not name:
        raise ValueError(f"{text!r} is no name of a value")
    return _allowed(name if name[0].isalpha() else f"VALUE_{name}")


def unused(name: str, taken: Collection[str]) -> str:
    """Return a name, with a number behind it where it is taken already."""
    number, free = 2, name
    while free in taken:
        free = f"{name}{number}"
        number += 1
    return free


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", _normal(text)) if f"_{word}".isidentifier()]


def _normal(text: str) -> str:
    """Return a text as Python reads names: ``m²`` is ``m2``."""
    return normalize("NFKC", text)


def _allowed(name: str) -> str:
    return f"{name}_" if iskeyword(name) or name in _TAKEN else name
