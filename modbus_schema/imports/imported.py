"""The names that a written module imports: which are used, and what they are called in it."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from typing import Any

from modbus_schema.imports.text import LINE, names_in, renamed


class Imported:
    """What a module uses of others, and of Python itself.

    ``sources`` is the module that each name is imported from; of those that a field of the written
    classes is called as, the import has another name.
    """

    def __init__(
        self, sources: Mapping[str, str], fields: set[str], aliases: Mapping[str, str] | None = None
    ) -> None:
        self.sources = sources
        taken = [name for name in (*sources, *dir(builtins)) if name in fields]
        self.aliases = {**(aliases or {}), **{name: _alias(name, sources) for name in taken}}
        self.used: set[str] = set()

    def use(self, name: str) -> str:
        """Note that a name is used; returns what it is called."""
        self.used.add(name)
        return self.aliases.get(name, name)

    def source(self, expression: str) -> str:
        """Return an expression with its names as they are called, and note their use."""
        for name in names_in(expression):
            self.use(name)
        return renamed(expression, self.aliases)

    def lines(self) -> list[str]:
        """Return the import statements."""
        modules = sorted({self.sources[name] for name in self.used if name in self.sources})
        ours = [line for one in modules if _is_ours(one) for line in self._import(one)]
        standard = [line for one in modules if not _is_ours(one) for line in self._import(one)]
        if any(self.aliases.get(name, "").startswith("builtins.") for name in self.used):
            standard.insert(0, "import builtins")
        return [*standard, "", *ours] if standard else ours

    def _import(self, module: str) -> Iterator[str]:
        names = [name for name in self.used if self.sources.get(name) == module]
        names.sort(key=_sorting)
        plain = [name for name in names if name not in self.aliases]
        line = f"from {module} import {', '.join(plain)}"
        if plain and len(line) <= LINE:
            yield line
        elif plain:
            yield from (f"from {module} import (", *(f"    {name}," for name in plain), ")")
        for name in names:
            if name in self.aliases:
                yield f"from {module} import {name} as {self.aliases[name]}"


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "modbus_schema"


def _alias(name: str, sources: Mapping[str, Any]) -> str:
    return f"{name}_" if name in sources else f"builtins.{name}"


def _sorting(name: str) -> tuple[int, str, int]:
    """Sort as formatters do: constants, classes, functions; by number behind a name."""
    stem = name.rstrip("0123456789")
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, stem, int(name[len(stem) :] or 0)
