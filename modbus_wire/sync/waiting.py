"""How the blocking style carries out the pauses of a flow."""

from __future__ import annotations

from time import sleep

from modbus_wire.flows import Pause


def wait(pause: Pause) -> None:
    """Wait as long as a pause says; nothing is held meanwhile."""
    sleep(pause.seconds)
