"""Simulated devices that behave: clocks, values that move, faults, recordings."""

from modbus_wire.later import names_later
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_schema.simulation.clock import Clock as Clock
    from modbus_schema.simulation.clock import ManualClock as ManualClock
    from modbus_schema.simulation.clock import SystemClock as SystemClock
    from modbus_schema.simulation.fault_orders import Hole as Hole
    from modbus_schema.simulation.faults import Fault as Fault
    from modbus_schema.simulation.faults import FaultInForce as FaultInForce
    from modbus_schema.simulation.faults import Stuck as Stuck
    from modbus_schema.simulation.motion import Motion as Motion
    from modbus_schema.simulation.motion import counter as counter
    from modbus_schema.simulation.motion import line as line
    from modbus_schema.simulation.motion import noise as noise
    from modbus_schema.simulation.motion import ramp as ramp
    from modbus_schema.simulation.motion import rounded as rounded
    from modbus_schema.simulation.motion import sine as sine
    from modbus_schema.simulation.motion import steps as steps
    from modbus_schema.simulation.played import Played as Played
    from modbus_schema.simulation.recording import AsyncRecorder as AsyncRecorder
    from modbus_schema.simulation.recording import Recorder as Recorder
    from modbus_schema.simulation.recording import record as record
    from modbus_schema.simulation.recording_gateway import RecordingGateway as RecordingGateway
    from modbus_schema.simulation.replaying import Replay as Replay
    from modbus_schema.simulation.replaying import replay as replay
    from modbus_schema.simulation.sources import Movement as Movement
    from modbus_wire.orders import Delay as Delay
    from modbus_wire.orders import Disconnect as Disconnect
    from modbus_wire.orders import NoAnswer as NoAnswer
    from modbus_wire.orders import Order as Order

_NAMES = {
    "modbus_schema.simulation.clock": ("Clock", "ManualClock", "SystemClock"),
    "modbus_schema.simulation.fault_orders": ("Hole",),
    "modbus_schema.simulation.faults": ("Fault", "FaultInForce", "Stuck"),
    "modbus_schema.simulation.motion": (
        "Motion",
        "counter",
        "line",
        "noise",
        "ramp",
        "rounded",
        "sine",
        "steps",
    ),
    "modbus_schema.simulation.played": ("Played",),
    "modbus_schema.simulation.recording": ("AsyncRecorder", "Recorder", "record"),
    "modbus_schema.simulation.recording_gateway": ("RecordingGateway",),
    "modbus_schema.simulation.replaying": ("Replay", "replay"),
    "modbus_schema.simulation.sources": ("Movement",),
    "modbus_wire.orders": ("Delay", "Disconnect", "NoAnswer", "Order"),
}
"""What each module has for users; a name is imported when it is first asked for."""

__getattr__ = names_later(globals(), _NAMES)

if not TYPE_CHECKING:  # a checker knows no computed list: it goes by the imports above
    __all__ = [name for names in _NAMES.values() for name in names]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
