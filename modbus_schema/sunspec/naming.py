"""The names of SunSpec as names of Python: its own spelling, wherever Python takes it.

``PhVphA`` is what every manual of an inverter prints, so the field is called ``PhVphA``, and the
member of an enum ``MPPT``. A character that no name may have becomes an underscore
(``AES-GMAC-64`` is ``AES_GMAC_64``), a name that is taken gets an underscore behind it. Classes
are in CamelCase: model 103, ``inverter_three_phase``, is ``InverterThreePhase``; a group or an enum
in it begins with the name of what it is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import iskeyword

from modbus_schema.imports.names import class_name as camel_case
from modbus_schema.imports.names import unused
from modbus_schema.model.register_map import RegisterMap

_TAKEN = frozenset(name for parent in RegisterMap.__mro__ for name in vars(parent)) | {"self"}
"""What a field cannot be called, since the base class has it."""

_NO_MEMBERS = frozenset({"mro", "name", "value"})
"""What the member of an enum cannot be called."""


def field_names(names: Iterable[str]) -> dict[str, str]:
    """Return the fields of a class by SunSpec's names of points and groups, no two the same."""
    found: dict[str, str] = {}
    for name in names:
        found[name] = unused(_name(name, _TAKEN), set(found.values()))
    return found


def member_names(names: Iterable[str]) -> dict[str, str]:
    """Return the members of an enum by SunSpec's names of symbols, no two the same."""
    found: dict[str, str] = {}
    for name in names:
        found[name] = unused(_name(name, _NO_MEMBERS), set(found.values()))
    return found


def class_name(name: str, around: str = "") -> str:
    """Return the name of a class for a model, or for what is in the class ``around``."""
    inner = camel_case(name, "Model")
    return inner if inner.startswith(around) and inner != around else around + inner


def _name(text: str, taken: frozenset[str]) -> str:
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "unnamed"
    if name[0].isdigit():
        name = f"n{name}"
    return f"{name}_" if iskeyword(name) or name in taken else name
