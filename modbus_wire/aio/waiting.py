"""How the async style carries out the pauses of a flow."""

from __future__ import annotations

from asyncio import sleep

from modbus_wire.flows import Pause


async def wait(pause: Pause) -> None:
    """Wait as long as a pause says; nothing is held meanwhile."""
    await sleep(pause.seconds)
