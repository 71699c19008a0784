"""Services of the four tables: FC 1 to 6, 15, 16, 22 and 23."""

from __future__ import annotations

from collections.abc import Mapping

from modbus_wire.bank import Bank
from modbus_wire.bits import byte_count
from modbus_wire.codes import Table
from modbus_wire.errors import IllegalDataValue
from modbus_wire.pdu.base import ReadRequest
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
from modbus_wire.services.base import RequestType, Service, wrong_size
from modbus_wire.typed import Any
from modbus_wire.unit import Unit


class ReadService:
    """The service of a plain read (AP §6.1 to §6.4); subclasses say of what."""

    def __init__(self, kind: type[ReadRequest[Any]], table: Table) -> None:
        self._function_code = kind.function_code
        self._max_quantity = kind.max_quantity
        self._table = table

    def __call__(self, unit: Unit, request: ReadRequest[Any]) -> bytes:
        data = self.fetch(unit.bank, request.address, request.quantity)
        return bytes((self._function_code, len(data))) + data

    def fetch(self, bank: Bank, address: int, quantity: int) -> bytes | bytearray:
        """Return the bytes of the cells; refuses a quantity that the request class refuses."""
        raise NotImplementedError


class _BitRead(ReadService):
    def fetch(self, bank: Bank, address: int, quantity: int) -> bytes | bytearray:
        if not 0 < quantity <= self._max_quantity:
            raise IllegalDataValue
        data = bank.read_bits(self._table, address, quantity)
        if len(data) != byte_count(quantity):
            raise wrong_size(data, quantity)
        return data


class _RegisterRead(ReadService):
    def fetch(self, bank: Bank, address: int, quantity: int) -> bytes | bytearray:
        if not 0 < quantity <= self._max_quantity:
            raise IllegalDataValue
        data = bank.read_registers(self._table, address, quantity)
        if len(data) != 2 * quantity:
            raise wrong_size(data, quantity)
        return data


def _write_single_coil(unit: Unit, request: WriteSingleCoil) -> bytes:
    unit.bank.write_coils(request.address, 1, b"\x01" if request.value else b"\x00")
    return request.encode_response()


def _write_multiple_coils(unit: Unit, request: WriteMultipleCoils) -> bytes:
    unit.bank.write_coils(request.address, request.quantity, request.data)
    return request.encode_response()


def _write_single_register(unit: Unit, request: WriteSingleRegister) -> bytes:
    unit.bank.write_registers(request.address, request.value.to_bytes(2, "big"))
    return request.encode_response()


def _write_multiple_registers(unit: Unit, request: WriteMultipleRegisters) -> bytes:
    unit.bank.write_registers(request.address, request.data)
    return request.encode_response()


def _mask_write_register(unit: Unit, request: MaskWriteRegister) -> bytes:
    unit.bank.mask_write_register(request.address, request.and_mask, request.or_mask)
    return request.encode_response()


def _read_write_multiple_registers(unit: Unit, request: ReadWriteMultipleRegisters) -> bytes:
    data = unit.bank.read_write_registers(
        request.read_address, request.read_quantity, request.write_address, request.data
    )
    if len(data) != 2 * request.read_quantity:
        raise wrong_size(data, request.read_quantity)
    return bytes((request.function_code, len(data))) + data


TABLES: Mapping[RequestType, Service] = {
    ReadCoils: _BitRead(ReadCoils, Table.COILS),
    ReadDiscreteInputs: _BitRead(ReadDiscreteInputs, Table.DISCRETE_INPUTS),
    ReadHoldingRegisters: _RegisterRead(ReadHoldingRegisters, Table.HOLDING_REGISTERS),
    ReadInputRegisters: _RegisterRead(ReadInputRegisters, Table.INPUT_REGISTERS),
    WriteSingleCoil: _write_single_coil,
    WriteSingleRegister: _write_single_register,
    WriteMultipleCoils: _write_multiple_coils,
    WriteMultipleRegisters: _write_multiple_registers,
    MaskWriteRegister: _mask_write_register,
    ReadWriteMultipleRegisters: _read_write_multiple_registers,
}
"""The services of the tables."""
