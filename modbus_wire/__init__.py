"""The Modbus protocol: clients, servers and the drop-in faces of pyModbusTCP 0.1.10.

The faces are the modules `client`, `server`, `utils` and `constants`.
"""

from modbus_wire.bank import Bank, SeparateBank, SharedBank, SparseBank
from modbus_wire.codes import ExceptionCode, FunctionCode, Table
from modbus_wire.errors import (
    Acknowledge,
    ConnectError,
    ConnectionClosedError,
    CrcError,
    ExceptionResponse,
    FrameError,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    IllegalDataAddress,
    IllegalDataValue,
    IllegalFunction,
    MemoryParityError,
    ModbusError,
    ProtocolError,
    RequestError,
    ResponseMismatch,
    ResponseTimeout,
    ServerDeviceBusy,
    ServerDeviceFailure,
)
from modbus_wire.framing.base import Framing
from modbus_wire.handler import SERVICES, Handler
from modbus_wire.pdu.base import RawRead, Request
from modbus_wire.pdu.bits import (
    ReadCoils,
    ReadDiscreteInputs,
    WriteMultipleCoils,
    WriteSingleCoil,
)
from modbus_wire.pdu.registers import (
    MaskWriteRegister,
    ReadHoldingRegisters,
    ReadInputRegisters,
    ReadWriteMultipleRegisters,
    WriteMultipleRegisters,
    WriteSingleRegister,
)
from modbus_wire.sync.client import Client
from modbus_wire.sync.server import Server
from modbus_wire.version import __version__

VERSION = __version__
"""The name that pyModbusTCP gives it."""

__all__ = [
    "SERVICES",
    "VERSION",
    "Acknowledge",
    "Bank",
    "Client",
    "ConnectError",
    "ConnectionClosedError",
    "CrcError",
    "ExceptionCode",
    "ExceptionResponse",
    "FrameError",
    "Framing",
    "FunctionCode",
    "GatewayPathUnavailable",
    "GatewayTargetFailedToRespond",
    "Handler",
    "IllegalDataAddress",
    "IllegalDataValue",
    "IllegalFunction",
    "MaskWriteRegister",
    "MemoryParityError",
    "ModbusError",
    "ProtocolError",
    "RawRead",
    "ReadCoils",
    "ReadDiscreteInputs",
    "ReadHoldingRegisters",
    "ReadInputRegisters",
    "ReadWriteMultipleRegisters",
    "Request",
    "RequestError",
    "ResponseMismatch",
    "ResponseTimeout",
    "SeparateBank",
    "Server",
    "ServerDeviceBusy",
    "ServerDeviceFailure",
    "SharedBank",
    "SparseBank",
    "Table",
    "WriteMultipleCoils",
    "WriteMultipleRegisters",
    "WriteSingleCoil",
    "WriteSingleRegister",
    "__version__",
]
