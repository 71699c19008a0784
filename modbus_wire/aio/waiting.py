"""How the async style carries out the pauses of a flow."""

from __future__ import annotations

from modbus_wire.flows import Pause


async def wait(pause: Pause) -> None:
    """Wait as long as a pause says; nothing is held meanwhile."""
    from asyncio import sleep  # devices need it before any event loop does

    await sleep(pause.seconds)
