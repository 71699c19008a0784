"""Whose turn it is to write the registers of a device, whichever objects stand for that device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from weakref import WeakKeyDictionary

from modbus_wire.flows import Turn

Turns: TypeAlias = dict[object, Turn]
"""By unit id."""

_TURNS: WeakKeyDictionary[object, Turns] = WeakKeyDictionary()


def turn_of(client: object, unit_id: object, own: Turns, new_turn: Callable[[], Turn]) -> Turn:
    """Return the turn that all who write to a unit through a client share.

    ``own`` are the turns of who asks, for a client that nobody can keep a note of.
    """
    try:
        turns = _TURNS.setdefault(client, {})
    except TypeError:  # it has no hash, or takes no weak reference
        turns = own
    return turns.get(unit_id) or turns.setdefault(unit_id, new_turn())
