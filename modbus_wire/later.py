"""Names that a module imports from others when they are first asked for (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modbus_wire.typed import Any


def names_later(
    module: dict[str, Any], names: Mapping[str, tuple[str, ...]]
) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a module, given its ``globals()``.

    ``names`` says what is in which other module.
    """
    homes = {name: home for home, offered in names.items() for name in offered}

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {module['__name__']!r} has no attribute {name!r}")
        # with names to import from it, it returns the module itself; importlib takes its time
        value = module[name] = getattr(__import__(homes[name], fromlist=[name]), name)
        return value

    return get
