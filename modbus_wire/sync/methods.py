"""The methods of a blocking client, one per function code; `AsyncMethods` is the twin."""

from __future__ import annotations

from collections.abc import Iterable

from modbus_wire.flows import Flow, Pause, Step, Turn, run_flow
from modbus_wire.pdu import rare
from modbus_wire.pdu.base import AnyRequest, R, Request
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
from modbus_wire.typed import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from modbus_wire.pdu.diagnostics import CommEventCounter, CommEventLog
    from modbus_wire.pdu.files import FileData, FileRecord
    from modbus_wire.pdu.identity import DeviceIdentification, ServerId


class Methods:
    """What a blocking client can ask; a subclass says how a request is carried out.

    ``unit_id`` is the client's own where it is None. Arguments outside the limits of the
    specification raise `RequestError` before anything is sent; other errors are those of `execute`.
    """

    __slots__ = ()

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out any request and return its result."""
        raise NotImplementedError

    @overload
    def read_many(
        self, requests: Iterable[Request[R]], *, unit_id: int | None = None
    ) -> list[R]: ...

    @overload
    def read_many(
        self, requests: Iterable[AnyRequest], *, unit_id: int | None = None
    ) -> list[Any]: ...

    def read_many(self, requests: Iterable[AnyRequest], *, unit_id: int | None = None) -> list[Any]:
        """Carry out reads and return their results in order, all or nothing.

        As many as may be under way at once go out in one go. Raises the error of the first that
        fails, and `RequestError`, before anything is sent, where one of them writes.
        """
        return self._read_many(list(requests), unit_id)

    def _read_many(self, reads: list[Request[R]], unit_id: int | None) -> list[R]:
        """Carry out `read_many`; a subclass says how."""
        raise NotImplementedError

    def run(self, flow: Flow[R], *, unit_id: int | None = None) -> R:
        """Carry out work of several requests and return what it ends with."""

        def ask(step: Step) -> Any:
            if isinstance(step, (Pause, Turn)):
                from modbus_wire.sync.waiting import wait

                return wait(step)
            if isinstance(step, list):
                return self.read_many(step, unit_id=unit_id)
            return self.execute(step, unit_id=unit_id)

        return run_flow(flow, ask)

    def read_coils(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[bool]:
        """Read 1 to 2000 coils (FC 1, AP §6.1)."""
        return self.execute(ReadCoils(address, quantity), unit_id=unit_id)

    def read_discrete_inputs(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[bool]:
        """Read 1 to 2000 discrete inputs (FC 2, AP §6.2)."""
        return self.execute(ReadDiscreteInputs(address, quantity), unit_id=unit_id)

    def read_holding_registers(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[int]:
        """Read 1 to 125 holding registers (FC 3, AP §6.3)."""
        return self.execute(ReadHoldingRegisters(address, quantity), unit_id=unit_id)

    def read_input_registers(
        self, address: int, quantity: int = 1, *, unit_id: int | None = None
    ) -> list[int]:
        """Read 1 to 125 input registers (FC 4, AP §6.4)."""
        return self.execute(ReadInputRegisters(address, quantity), unit_id=unit_id)

    def write_single_coil(self, address: int, value: bool, *, unit_id: int | None = None) -> None:
        """Switch one coil (FC 5, AP §6.5)."""
        self.execute(WriteSingleCoil(address, value), unit_id=unit_id)

    def write_single_register(
        self, address: int, value: int, *, unit_id: int | None = None
    ) -> None:
        """Write one holding register, 0 to 65535 (FC 6, AP §6.6)."""
        self.execute(WriteSingleRegister(address, value), unit_id=unit_id)

    def read_exception_status(self, *, unit_id: int | None = None) -> int:
        """Read the eight exception status outputs, 0 to 255 (FC 7, AP §6.7)."""
        return self.execute(rare.ReadExceptionStatus(), unit_id=unit_id)

    def diagnostics(
        self, sub_function: int, data: bytes = b"\0\0", *, unit_id: int | None = None
    ) -> bytes:
        """Carry out a `DiagnosticsCode`; return the data of the answer (FC 8, AP §6.8).

        Forcing the listen only mode has no answer and returns nothing.
        """
        return self.execute(rare.Diagnostics(sub_function, data), unit_id=unit_id)

    def get_comm_event_counter(self, *, unit_id: int | None = None) -> CommEventCounter:
        """Read the status word and the count of successful requests (FC 11, AP §6.9)."""
        return self.execute(rare.GetCommEventCounter(), unit_id=unit_id)

    def get_comm_event_log(self, *, unit_id: int | None = None) -> CommEventLog:
        """Read the status word, the counts and the last events (FC 12, AP §6.10)."""
        return self.execute(rare.GetCommEventLog(), unit_id=unit_id)

    def write_multiple_coils(
        self, address: int, values: Iterable[bool], *, unit_id: int | None = None
    ) -> None:
        """Write 1 to 1968 adjacent coils (FC 15, AP §6.11)."""
        self.execute(WriteMultipleCoils(address, values), unit_id=unit_id)

    def write_multiple_registers(
        self, address: int, values: Iterable[int], *, unit_id: int | None = None
    ) -> None:
        """Write 1 to 123 adjacent holding registers (FC 16, AP §6.12)."""
        self.execute(WriteMultipleRegisters(address, values), unit_id=unit_id)

    def report_server_id(self, id_size: int = 1, *, unit_id: int | None = None) -> ServerId:
        """Read the server's id, of ``id_size`` bytes, and run indicator (FC 17, AP §6.13)."""
        return self.execute(rare.ReportServerId(id_size), unit_id=unit_id)

    def read_file_record(
        self, records: Iterable[FileRecord], *, unit_id: int | None = None
    ) -> list[list[int]]:
        """Read registers of files, a list for each of the records (FC 20, AP §6.14)."""
        return self.execute(rare.ReadFileRecord(records), unit_id=unit_id)

    def write_file_record(self, records: Iterable[FileData], *, unit_id: int | None = None) -> None:
        """Write registers of files (FC 21, AP §6.15)."""
        self.execute(rare.WriteFileRecord(records), unit_id=unit_id)

    def mask_write_register(
        self, address: int, and_mask: int, or_mask: int, *, unit_id: int | None = None
    ) -> None:
        """Make a holding register ``(current & and_mask) | (or_mask & ~and_mask)`` (AP §6.16)."""
        self.execute(MaskWriteRegister(address, and_mask, or_mask), unit_id=unit_id)

    def read_write_multiple_registers(
        self,
        read_address: int,
        read_quantity: int,
        write_address: int,
        values: Iterable[int],
        *,
        unit_id: int | None = None,
    ) -> list[int]:
        """Write 1 to 121 holding registers, then read 1 to 125 (FC 23, AP §6.17)."""
        request = ReadWriteMultipleRegisters(read_address, read_quantity, write_address, values)
        return self.execute(request, unit_id=unit_id)

    def read_fifo_queue(self, address: int, *, unit_id: int | None = None) -> list[int]:
        """Read up to 31 registers of a queue, which keeps them (FC 24, AP §6.18)."""
        return self.execute(rare.ReadFifoQueue(address), unit_id=unit_id)

    def read_device_identification(
        self,
        category: int = 1,
        object_id: int = 0,
        *,
        unit_id: int | None = None,
    ) -> DeviceIdentification:
        """Read all objects of a category from ``object_id`` on (FC 43/14, AP §6.21).

        ``category`` is a `ReadDeviceIdCode`: 1 basic, 2 regular, 3 extended, 4 a single object.
        """
        from modbus_wire.identification import read_identification

        return self.run(read_identification(category, object_id), unit_id=unit_id)
