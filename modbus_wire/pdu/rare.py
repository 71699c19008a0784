"""The requests that most programs never make: their modules are imported when one is made."""

from modbus_wire.later import names_later
from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_wire.pdu.diagnostics import Diagnostics as Diagnostics
    from modbus_wire.pdu.diagnostics import GetCommEventCounter as GetCommEventCounter
    from modbus_wire.pdu.diagnostics import GetCommEventLog as GetCommEventLog
    from modbus_wire.pdu.diagnostics import ReadExceptionStatus as ReadExceptionStatus
    from modbus_wire.pdu.fifo import ReadFifoQueue as ReadFifoQueue
    from modbus_wire.pdu.files import ReadFileRecord as ReadFileRecord
    from modbus_wire.pdu.files import WriteFileRecord as WriteFileRecord
    from modbus_wire.pdu.identity import ReportServerId as ReportServerId

__getattr__ = names_later(
    globals(),
    {
        "modbus_wire.pdu.diagnostics": (
            "Diagnostics",
            "GetCommEventCounter",
            "GetCommEventLog",
            "ReadExceptionStatus",
        ),
        "modbus_wire.pdu.fifo": ("ReadFifoQueue",),
        "modbus_wire.pdu.files": ("ReadFileRecord", "WriteFileRecord"),
        "modbus_wire.pdu.identity": ("ReportServerId",),
    },
)
