"""PDU in, PDU out: a request is checked and carried out on the bank of its unit.

The order of checks is that of AP §6: function (01), the request's own fields (03), addresses (02),
execution (04). The fields are the request class's matter, addresses the bank's. A handler knows no
frame, no transaction and no socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modbus_wire.bank import Bank
from modbus_wire.bits import byte_count
from modbus_wire.codes import EXCEPTION_FLAG, Table
from modbus_wire.errors import (
    ExceptionResponse,
    GatewayTargetFailedToRespond,
    IllegalDataValue,
    IllegalFunction,
    ServerDeviceFailure,
)
from modbus_wire.log import logger
from modbus_wire.pdu.base import ReadRequest, Request
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
from modbus_wire.typed import Any, TypeAlias

RequestType: TypeAlias = type[Request[Any]]
"""A request class of any result type."""

Service: TypeAlias = Callable[[Bank, Any], bytes | None]
"""Carries out a request of one class on a bank and returns the response PDU, None for no answer;
raises an `ExceptionResponse` to refuse."""

_MAX_CODE = 0xFF

Banks: TypeAlias = Bank | Mapping[int, Bank]
"""One bank for every unit id, or one under each unit id there is."""


class ReadService:
    """The service of a plain read (AP §6.1 to §6.4); subclasses say of what."""

    def __init__(self, kind: type[ReadRequest[Any]], table: Table) -> None:
        self._function_code = kind.function_code
        self._max_quantity = kind.max_quantity
        self._table = table

    def __call__(self, bank: Bank, request: ReadRequest[Any]) -> bytes:
        data = self.fetch(bank, request.address, request.quantity)
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
            raise _wrong_size(data, quantity)
        return data


class _RegisterRead(ReadService):
    def fetch(self, bank: Bank, address: int, quantity: int) -> bytes | bytearray:
        if not 0 < quantity <= self._max_quantity:
            raise IllegalDataValue
        data = bank.read_registers(self._table, address, quantity)
        if len(data) != 2 * quantity:
            raise _wrong_size(data, quantity)
        return data


def _wrong_size(data: bytes | bytearray, quantity: int) -> ValueError:
    return ValueError(f"the bank gave {len(data)} bytes for {quantity} cells")


def _write_single_coil(bank: Bank, request: WriteSingleCoil) -> bytes:
    bank.write_coils(request.address, 1, b"\x01" if request.value else b"\x00")
    return request.encode_response()


def _write_multiple_coils(bank: Bank, request: WriteMultipleCoils) -> bytes:
    bank.write_coils(request.address, request.quantity, request.data)
    return request.encode_response()


def _write_single_register(bank: Bank, request: WriteSingleRegister) -> bytes:
    bank.write_registers(request.address, request.value.to_bytes(2, "big"))
    return request.encode_response()


def _write_multiple_registers(bank: Bank, request: WriteMultipleRegisters) -> bytes:
    bank.write_registers(request.address, request.data)
    return request.encode_response()


def _mask_write_register(bank: Bank, request: MaskWriteRegister) -> bytes:
    bank.mask_write_register(request.address, request.and_mask, request.or_mask)
    return request.encode_response()


def _read_write_multiple_registers(bank: Bank, request: ReadWriteMultipleRegisters) -> bytes:
    data = bank.read_write_registers(
        request.read_address, request.read_quantity, request.write_address, request.data
    )
    if len(data) != 2 * request.read_quantity:
        raise _wrong_size(data, request.read_quantity)
    return bytes((request.function_code, len(data))) + data


SERVICES: Mapping[RequestType, Service] = {
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
"""What carries out each request class. A user's own function code is one more entry."""


class Handler:
    """Answers requests from the banks it is given.

    One bank answers under every unit id; of a mapping, a unit id that is not in it gets exception
    0B. The mapping is looked into at each request: units may come and go.

    ``services`` says which functions there are: ``{**SERVICES, Own: own_service}`` adds one.
    Any exception of a bank or service but an `ExceptionResponse` is logged and answered with 04.
    """

    def __init__(self, bank: Banks, services: Mapping[RequestType, Service] = SERVICES) -> None:
        self._units: Mapping[int, Bank] = bank if isinstance(bank, Mapping) else {}
        self._only_bank = None if isinstance(bank, Mapping) else bank
        self._services = {kind.function_code: (kind, do) for kind, do in services.items()}
        self._reads = {
            code: service.fetch
            for code, (_, service) in self._services.items()
            if isinstance(service, ReadService)
        }

    def handle(self, unit_id: int, pdu: bytes) -> bytes | None:
        """Return the response to a request PDU, normal or an exception (AP §7); never raises.

        None means that none is due, as the service says.
        """
        function_code = pdu[0] if pdu else 0
        try:
            bank = self._only_bank
            if bank is None:
                bank = self._unit(unit_id)
            kind, service = self._service_of(function_code)
            return service(bank, kind.decode(pdu))
        except Exception as error:
            return _refusal(function_code, error)

    def broadcast(self, pdu: bytes) -> None:
        """Carry a write out on every bank there is; nobody answers it (SL §2.1). Never raises."""
        function_code = pdu[0] if pdu else 0
        banks = list(self._units.values()) if self._only_bank is None else [self._only_bank]
        for bank in {id(bank): bank for bank in banks}.values():
            try:
                kind, service = self._service_of(function_code)
                if kind.writes:
                    service(bank, kind.decode(pdu))
            except Exception as error:
                _refusal(function_code, error)

    def read(
        self, unit_id: int, function_code: int, address: int, quantity: int
    ) -> bytes | bytearray | None:
        """Return the bytes of the cells that a plain read asks for.

        None means that it is no plain read or is refused: `handle` has to speak.
        """
        fetch = self._reads.get(function_code)
        if fetch is None:
            return None
        try:
            bank = self._only_bank
            if bank is None:
                bank = self._unit(unit_id)
            return fetch(bank, address, quantity)
        except Exception:
            return None

    def _unit(self, unit_id: int) -> Bank:
        bank = self._units.get(unit_id)
        if bank is None:
            raise GatewayTargetFailedToRespond
        return bank

    def _service_of(self, function_code: int) -> tuple[RequestType, Service]:
        try:
            return self._services[function_code]
        except KeyError:
            raise IllegalFunction from None


def _refusal(function_code: int, error: Exception) -> bytes:
    """Return the exception response that tells the client of an error."""
    if not (isinstance(error, ExceptionResponse) and 0 < error.code <= _MAX_CODE):
        logger("modbus_wire.handler").error(
            "function code %d failed", function_code, exc_info=error
        )
        error = ServerDeviceFailure()
    return bytes((function_code | EXCEPTION_FLAG, error.code))
