"""The packages' loggers, fetched when there is something to say.

Importing ``logging`` takes a third of the time of importing the whole package.
"""

from __future__ import annotations

from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def logger(name: str) -> Logger:
    """Return the logger of a module, as ``logging.getLogger`` does."""
    from logging import getLogger

    return getLogger(name)
