"""From written source to a function that tracebacks and debuggers can show."""

import linecache
import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

from modbus_schema.codecs.source import Scope

_numbers = count(1)


def function_of(scope: Scope, signature: str, subject: str) -> Callable[[Any], Any]:
    """Return the function whose body ``scope`` has; ``signature`` is as in ``decode(data)``."""
    source = scope.text(f"def {signature}:")
    name, _, _ = signature.partition("(")
    filename = f"<modbus_schema {name} {subject} {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), scope.objects)
    made: Any = scope.objects[name]
    # a map may be made and dropped at run time; its source goes with its functions
    weakref.finalize(made, linecache.cache.pop, filename, None).atexit = False
    return made  # type: ignore[no-any-return]  # what exec made has no type
