"""The device behind tmodbus' server: a callable that is given its decoded requests."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from tests.peers.face import CELLS, INPUT_REGISTERS, INPUTS, Content

_ROOM = 240
"""Bytes for the objects of one answer of FC 43/14."""


def part(name: str) -> Any:
    """Return a module of tmodbus, untyped."""
    return import_module(f"tmodbus.{name}")


class TmodbusDevice:
    """Four tables, and the rest as the content says."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._coils = [False] * CELLS
        self._holding = [0] * CELLS
        self._answers: Mapping[str, Callable[[Any], Any]] = {
            "ReadCoilsPDU": lambda asked: self._read(asked, self._coils),
            "ReadDiscreteInputsPDU": lambda asked: self._read(asked, INPUTS),
            "ReadHoldingRegistersPDU": lambda asked: self._read(asked, self._holding),
            "ReadInputRegistersPDU": lambda asked: self._read(asked, INPUT_REGISTERS),
            "WriteSingleCoilPDU": lambda asked: self._write_one(asked, self._coils),
            "WriteSingleRegisterPDU": lambda asked: self._write_one(asked, self._holding),
            "WriteMultipleCoilsPDU": lambda asked: self._write(asked, self._coils),
            "WriteMultipleRegistersPDU": lambda asked: self._write(asked, self._holding),
            "MaskWriteRegisterPDU": self._mask,
            "ReadWriteMultipleRegistersPDU": self._read_write,
            "ReadExceptionStatusPDU": lambda _: content.exception_status,
            "DiagnosticsQueryDataPDU": lambda asked: asked.data,
            "DiagnosticsRestartCommunicationsOptionPDU": lambda asked: asked.clear_event_log,
            "DiagnosticsClearCountersAndRegisterPDU": lambda _: None,
            "GetCommEventCounterPDU": lambda _: part("pdu").serial_line.CommEventCounterResponse(
                0, 5
            ),
            "GetCommEventLogPDU": lambda _: part("pdu").serial_line.CommEventLogResponse(
                0, 5, 6, b"\x20\x00"
            ),
            "ReportServerIdPDU": lambda _: part("pdu").ServerIdResponse(*content.server_id),
            "ReadFileRecordPDU": self._files,
            "WriteFileRecordPDU": lambda asked: asked.file_records,
            "ReadFifoQueuePDU": lambda _: list(content.fifo),
            "ReadDeviceIdentificationPDU": self._identification,
        }

    async def __call__(self, unit_id: int, request: Any) -> Any:
        name = type(request).__name__
        if name.startswith("Diagnostics") and name not in self._answers:
            return 0
        return self._answers[name](request)

    def _check(self, request: Any, address: int, quantity: int) -> None:
        if address + quantity > CELLS:
            raise part("exceptions").IllegalDataAddressError(request.function_code)

    def _read(self, request: Any, cells: Sequence[Any]) -> list[Any]:
        address, quantity = request.start_address, request.quantity
        self._check(request, address, quantity)
        return list(cells[address : address + quantity])

    def _write_one(self, request: Any, cells: list[Any]) -> Any:
        self._check(request, request.address, 1)
        cells[request.address] = request.value
        return request.value

    def _write(self, request: Any, cells: list[Any]) -> int:
        address, values = request.start_address, request.values
        self._check(request, address, len(values))
        cells[address : address + len(values)] = values
        return len(values)

    def _mask(self, request: Any) -> tuple[int, int]:
        self._check(request, request.address, 1)
        kept = self._holding[request.address] & request.and_mask
        self._holding[request.address] = kept | request.or_mask & ~request.and_mask & 0xFFFF
        return request.and_mask, request.or_mask

    def _read_write(self, request: Any) -> list[int]:
        written, values = request.write_start_address, request.write_values
        self._check(request, written, len(values))
        self._check(request, request.read_start_address, request.read_quantity)
        self._holding[written : written + len(values)] = values
        read = request.read_start_address
        return self._holding[read : read + request.read_quantity]

    def _files(self, request: Any) -> list[bytes]:
        _, _, values = self._content.file
        return [
            b"".join(value.to_bytes(2, "big") for value in values[: group.record_length])
            for group in request.requests
        ]

    def _identification(self, request: Any) -> Any:
        device = part("pdu.device")
        last = {1: 2, 2: 0x7F, 3: 0xFF}[request.read_device_id_code]
        objects: dict[int, bytes] = {}
        following = 0
        for number, value in self._content.identification.items():
            if not request.object_id <= number <= last:
                continue
            if sum(len(held) + 2 for held in objects.values()) + len(value) + 2 > _ROOM:
                following = number
                break
            objects[number] = value
        return device.ReadDeviceIdentificationResponse(
            request.read_device_id_code,
            device.ConformityLevel.EXTENDED,
            following != 0,
            following,
            len(objects),
            objects,
        )
