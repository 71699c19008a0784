"""The Modbus protocol: clients, servers and the drop-in faces of pyModbusTCP 0.1.10.

The faces are the modules `client`, `server`, `utils` and `constants`. A name is imported from its
module when it is first asked for: a blocking client needs neither asyncio nor a server.
"""

from modbus_wire.later import names_later
from modbus_wire.typed import TYPE_CHECKING
from modbus_wire.version import __version__

if TYPE_CHECKING:
    from modbus_wire.access import Access as Access
    from modbus_wire.access import RoleAccess as RoleAccess
    from modbus_wire.aio.client import AsyncClient as AsyncClient
    from modbus_wire.aio.gateway import AsyncGateway as AsyncGateway
    from modbus_wire.aio.server import AsyncServer as AsyncServer
    from modbus_wire.bank import Bank as Bank
    from modbus_wire.bank import SeparateBank as SeparateBank
    from modbus_wire.bank import SharedBank as SharedBank
    from modbus_wire.bank import SparseBank as SparseBank
    from modbus_wire.codes import ExceptionCode as ExceptionCode
    from modbus_wire.codes import FunctionCode as FunctionCode
    from modbus_wire.codes import Table as Table
    from modbus_wire.endpoint import Endpoint as Endpoint
    from modbus_wire.endpoint import SerialEndpoint as SerialEndpoint
    from modbus_wire.endpoint import TcpEndpoint as TcpEndpoint
    from modbus_wire.endpoint import TlsEndpoint as TlsEndpoint
    from modbus_wire.endpoint import UdpEndpoint as UdpEndpoint
    from modbus_wire.errors import Acknowledge as Acknowledge
    from modbus_wire.errors import ClientBusy as ClientBusy
    from modbus_wire.errors import ConnectError as ConnectError
    from modbus_wire.errors import ConnectionClosedError as ConnectionClosedError
    from modbus_wire.errors import CrcError as CrcError
    from modbus_wire.errors import ExceptionResponse as ExceptionResponse
    from modbus_wire.errors import FrameError as FrameError
    from modbus_wire.errors import GatewayPathUnavailable as GatewayPathUnavailable
    from modbus_wire.errors import GatewayTargetFailedToRespond as GatewayTargetFailedToRespond
    from modbus_wire.errors import IllegalDataAddress as IllegalDataAddress
    from modbus_wire.errors import IllegalDataValue as IllegalDataValue
    from modbus_wire.errors import IllegalFunction as IllegalFunction
    from modbus_wire.errors import MemoryParityError as MemoryParityError
    from modbus_wire.errors import ModbusError as ModbusError
    from modbus_wire.errors import ProtocolError as ProtocolError
    from modbus_wire.errors import RequestError as RequestError
    from modbus_wire.errors import ResponseMismatch as ResponseMismatch
    from modbus_wire.errors import ResponseTimeout as ResponseTimeout
    from modbus_wire.errors import ServerDeviceBusy as ServerDeviceBusy
    from modbus_wire.errors import ServerDeviceFailure as ServerDeviceFailure
    from modbus_wire.flows import Flow as Flow
    from modbus_wire.flows import Pause as Pause
    from modbus_wire.framing.base import Framing as Framing
    from modbus_wire.handler import Handler as Handler
    from modbus_wire.hooks import Write as Write
    from modbus_wire.orders import Delay as Delay
    from modbus_wire.orders import Disconnect as Disconnect
    from modbus_wire.orders import NoAnswer as NoAnswer
    from modbus_wire.orders import Order as Order
    from modbus_wire.orders import Respond as Respond
    from modbus_wire.pdu.base import RawRead as RawRead
    from modbus_wire.pdu.base import Request as Request
    from modbus_wire.pdu.bits import ReadCoils as ReadCoils
    from modbus_wire.pdu.bits import ReadDiscreteInputs as ReadDiscreteInputs
    from modbus_wire.pdu.bits import WriteMultipleCoils as WriteMultipleCoils
    from modbus_wire.pdu.bits import WriteSingleCoil as WriteSingleCoil
    from modbus_wire.pdu.diagnostics import CommEventCounter as CommEventCounter
    from modbus_wire.pdu.diagnostics import CommEventLog as CommEventLog
    from modbus_wire.pdu.diagnostics import Diagnostics as Diagnostics
    from modbus_wire.pdu.diagnostics import DiagnosticsCode as DiagnosticsCode
    from modbus_wire.pdu.diagnostics import GetCommEventCounter as GetCommEventCounter
    from modbus_wire.pdu.diagnostics import GetCommEventLog as GetCommEventLog
    from modbus_wire.pdu.diagnostics import ReadExceptionStatus as ReadExceptionStatus
    from modbus_wire.pdu.fifo import ReadFifoQueue as ReadFifoQueue
    from modbus_wire.pdu.files import FileData as FileData
    from modbus_wire.pdu.files import FileRecord as FileRecord
    from modbus_wire.pdu.files import ReadFileRecord as ReadFileRecord
    from modbus_wire.pdu.files import WriteFileRecord as WriteFileRecord
    from modbus_wire.pdu.identity import DeviceIdentification as DeviceIdentification
    from modbus_wire.pdu.identity import ReadDeviceIdCode as ReadDeviceIdCode
    from modbus_wire.pdu.identity import ReadDeviceIdentification as ReadDeviceIdentification
    from modbus_wire.pdu.identity import ReportServerId as ReportServerId
    from modbus_wire.pdu.identity import ServerId as ServerId
    from modbus_wire.pdu.raw import RawPdu as RawPdu
    from modbus_wire.pdu.registers import MaskWriteRegister as MaskWriteRegister
    from modbus_wire.pdu.registers import ReadHoldingRegisters as ReadHoldingRegisters
    from modbus_wire.pdu.registers import ReadInputRegisters as ReadInputRegisters
    from modbus_wire.pdu.registers import ReadWriteMultipleRegisters as ReadWriteMultipleRegisters
    from modbus_wire.pdu.registers import WriteMultipleRegisters as WriteMultipleRegisters
    from modbus_wire.pdu.registers import WriteSingleRegister as WriteSingleRegister
    from modbus_wire.peer import Peer as Peer
    from modbus_wire.policy import Backoff as Backoff
    from modbus_wire.policy import Ids as Ids
    from modbus_wire.policy import Policy as Policy
    from modbus_wire.services.registry import SERVICES as SERVICES
    from modbus_wire.statistics import Statistics as Statistics
    from modbus_wire.statistics import UnitStatistics as UnitStatistics
    from modbus_wire.sync.client import Client as Client
    from modbus_wire.sync.gateway import Gateway as Gateway
    from modbus_wire.sync.server import Server as Server
    from modbus_wire.trace import Trace as Trace
    from modbus_wire.trace import TracedFrame as TracedFrame
    from modbus_wire.trace import log_frames as log_frames
    from modbus_wire.unit import Files as Files
    from modbus_wire.unit import MemoryFiles as MemoryFiles
    from modbus_wire.unit import Unit as Unit

_NAMES = {
    "modbus_wire.access": ("Access", "RoleAccess"),
    "modbus_wire.aio.client": ("AsyncClient",),
    "modbus_wire.aio.gateway": ("AsyncGateway",),
    "modbus_wire.aio.server": ("AsyncServer",),
    "modbus_wire.bank": ("Bank", "SeparateBank", "SharedBank", "SparseBank"),
    "modbus_wire.codes": ("ExceptionCode", "FunctionCode", "Table"),
    "modbus_wire.endpoint": (
        "Endpoint",
        "SerialEndpoint",
        "TcpEndpoint",
        "TlsEndpoint",
        "UdpEndpoint",
    ),
    "modbus_wire.errors": (
        "Acknowledge",
        "ClientBusy",
        "ConnectError",
        "ConnectionClosedError",
        "CrcError",
        "ExceptionResponse",
        "FrameError",
        "GatewayPathUnavailable",
        "GatewayTargetFailedToRespond",
        "IllegalDataAddress",
        "IllegalDataValue",
        "IllegalFunction",
        "MemoryParityError",
        "ModbusError",
        "ProtocolError",
        "RequestError",
        "ResponseMismatch",
        "ResponseTimeout",
        "ServerDeviceBusy",
        "ServerDeviceFailure",
    ),
    "modbus_wire.flows": ("Flow", "Pause"),
    "modbus_wire.framing.base": ("Framing",),
    "modbus_wire.handler": ("Handler",),
    "modbus_wire.hooks": ("Write",),
    "modbus_wire.orders": ("Delay", "Disconnect", "NoAnswer", "Order", "Respond"),
    "modbus_wire.pdu.base": ("RawRead", "Request"),
    "modbus_wire.pdu.bits": (
        "ReadCoils",
        "ReadDiscreteInputs",
        "WriteMultipleCoils",
        "WriteSingleCoil",
    ),
    "modbus_wire.pdu.diagnostics": (
        "CommEventCounter",
        "CommEventLog",
        "Diagnostics",
        "DiagnosticsCode",
        "GetCommEventCounter",
        "GetCommEventLog",
        "ReadExceptionStatus",
    ),
    "modbus_wire.pdu.fifo": ("ReadFifoQueue",),
    "modbus_wire.pdu.files": ("FileData", "FileRecord", "ReadFileRecord", "WriteFileRecord"),
    "modbus_wire.pdu.identity": (
        "DeviceIdentification",
        "ReadDeviceIdCode",
        "ReadDeviceIdentification",
        "ReportServerId",
        "ServerId",
    ),
    "modbus_wire.pdu.raw": ("RawPdu",),
    "modbus_wire.pdu.registers": (
        "MaskWriteRegister",
        "ReadHoldingRegisters",
        "ReadInputRegisters",
        "ReadWriteMultipleRegisters",
        "WriteMultipleRegisters",
        "WriteSingleRegister",
    ),
    "modbus_wire.peer": ("Peer",),
    "modbus_wire.policy": ("Backoff", "Ids", "Policy"),
    "modbus_wire.services.registry": ("SERVICES",),
    "modbus_wire.statistics": ("Statistics", "UnitStatistics"),
    "modbus_wire.sync.client": ("Client",),
    "modbus_wire.sync.gateway": ("Gateway",),
    "modbus_wire.sync.server": ("Server",),
    "modbus_wire.trace": ("log_frames", "Trace", "TracedFrame"),
    "modbus_wire.unit": ("Files", "MemoryFiles", "Unit"),
}
"""What each module has for users."""

VERSION = __version__
"""The name that pyModbusTCP gives it."""

__getattr__ = names_later(globals(), _NAMES)

if not TYPE_CHECKING:  # a checker knows no computed list: it goes by the imports above
    __all__ = ["VERSION", "__version__", *(name for names in _NAMES.values() for name in names)]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
