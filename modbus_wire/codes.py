"""The protocol's numbers: tables, function codes, exception codes, limits with their clause."""

from enum import Enum, IntEnum


class Table(Enum):
    """One of the four tables of the data model (AP §4.3)."""

    COILS = "coil"
    DISCRETE_INPUTS = "discrete"
    INPUT_REGISTERS = "input"
    HOLDING_REGISTERS = "holding"

    @property
    def is_bits(self) -> bool:
        """Whether a cell of the table is one bit; otherwise it is a register of 16 bits."""
        return self in (Table.COILS, Table.DISCRETE_INPUTS)

    @property
    def is_writable(self) -> bool:
        """Whether the protocol has a function that writes the table."""
        return self in (Table.COILS, Table.HOLDING_REGISTERS)

    @property
    def label(self) -> str:
        """The short name that messages use: ``coil``, ``discrete``, ``input``, ``holding``."""
        return self.value


class FunctionCode(IntEnum):
    """The function codes this package speaks (AP §6)."""

    READ_COILS = 0x01
    READ_DISCRETE_INPUTS = 0x02
    READ_HOLDING_REGISTERS = 0x03
    READ_INPUT_REGISTERS = 0x04
    WRITE_SINGLE_COIL = 0x05
    WRITE_SINGLE_REGISTER = 0x06
    READ_EXCEPTION_STATUS = 0x07
    DIAGNOSTICS = 0x08
    GET_COMM_EVENT_COUNTER = 0x0B
    GET_COMM_EVENT_LOG = 0x0C
    WRITE_MULTIPLE_COILS = 0x0F
    WRITE_MULTIPLE_REGISTERS = 0x10
    REPORT_SERVER_ID = 0x11
    READ_FILE_RECORD = 0x14
    WRITE_FILE_RECORD = 0x15
    MASK_WRITE_REGISTER = 0x16
    READ_WRITE_MULTIPLE_REGISTERS = 0x17
    READ_FIFO_QUEUE = 0x18
    ENCAPSULATED_INTERFACE_TRANSPORT = 0x2B


class ExceptionCode(IntEnum):
    """The exception codes of AP §7."""

    ILLEGAL_FUNCTION = 0x01
    ILLEGAL_DATA_ADDRESS = 0x02
    ILLEGAL_DATA_VALUE = 0x03
    SERVER_DEVICE_FAILURE = 0x04
    ACKNOWLEDGE = 0x05
    SERVER_DEVICE_BUSY = 0x06
    MEMORY_PARITY_ERROR = 0x08
    GATEWAY_PATH_UNAVAILABLE = 0x0A
    GATEWAY_TARGET_FAILED_TO_RESPOND = 0x0B


EXCEPTION_FLAG = 0x80
"""Set in the function code of an exception response (AP §7)."""

ADDRESS_SPACE = 65536
"""Cells in each table, at addresses 0 to 65535 (AP §4.4)."""

MAX_PDU = 253
"""Bytes of the longest PDU (AP §4.1)."""

MAX_READ_BITS = 2000
"""Coils or discrete inputs in one read (AP §6.1, §6.2)."""

MAX_READ_REGISTERS = 125
"""Registers in one read (AP §6.3, §6.4, §6.17)."""

MAX_WRITE_COILS = 1968
"""Coils in one write (AP §6.11)."""

MAX_WRITE_REGISTERS = 123
"""Registers in one write (AP §6.12)."""

MAX_RW_WRITE_REGISTERS = 121
"""Registers written by one read/write of multiple registers (AP §6.17)."""

MAX_FILE = 65535
"""The greatest file number; the least is 1 (AP §6.14)."""

MAX_RECORD = 9999
"""The greatest record number of a file; the least is 0 (AP §6.14)."""

MAX_FIFO = 31
"""Registers in one answer of a FIFO queue (AP §6.18)."""

MAX_EVENTS = 64
"""Events in the log of a server (AP §6.10)."""
