"""The drop-in face of pyModbusTCP 0.1.10's client: None for a failure, accessors as methods.

Nothing of the protocol is decided here. `modbus_wire.sync.client.Client` is the client that raises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import ParamSpec

import modbus_wire.constants as const
from modbus_wire.dropin.calls import (
    CustomCall,
    ReadBits,
    ReadRegisters,
    WriteCoil,
    WriteCoils,
    WriteRegister,
    WriteRegisters,
)
from modbus_wire.dropin.driver import Driver
from modbus_wire.dropin.identification import DeviceIdentification, ReadDeviceIdentification
from modbus_wire.dropin.names import is_host
from modbus_wire.dropin.report import (
    connect_error_code,
    debug_lines,
    frame_dump,
    request_error_code,
)
from modbus_wire.errors import ConnectError, ExceptionResponse, ModbusError, RequestError
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import R, Request
from modbus_wire.pdu.registers import ReadWriteMultipleRegisters

P = ParamSpec("P")

_FRAMINGS = {const.MODBUS_TCP: Framing.TCP, const.MODBUS_RTU: Framing.RTU}


class ModbusClient:
    """Modbus TCP client with pyModbusTCP's manners; threads may share it.

    Requests return None where they failed, and ``last_error()`` tells why. An accessor without an
    argument gets its value; with one it sets it, and returns None for a value that is refused.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        unit_id: int | None = None,
        timeout: float | None = None,
        debug: bool | None = None,
        auto_open: bool | None = None,
        auto_close: bool | None = None,
    ) -> None:
        """Take the settings given; raises ValueError for one that its accessor refuses."""
        self.__driver = Driver("localhost", const.MODBUS_PORT, timeout=30.0)
        self.__is_watched = type(self).on_tx_rx is not ModbusClient.on_tx_rx
        self.__unit_id = 1
        self.__debug = False
        self.__mode = const.MODBUS_TCP
        self.__last_error = const.MB_NO_ERR
        self.__last_except = const.EXP_NONE
        if host and not self.host(host):
            raise ValueError("host value error")
        if port and not self.port(port):
            raise ValueError("port value error")
        if unit_id is not None and self.unit_id(unit_id) is None:
            raise ValueError("unit_id value error")
        if timeout and not self.timeout(timeout):
            raise ValueError("timeout value error")
        self.debug(bool(debug))
        self.auto_open(bool(auto_open))
        self.auto_close(bool(auto_close))

    def version(self) -> str:
        """Return the version of the package."""
        return const.VERSION

    def last_error(self) -> int:
        """Return the code of the last error; a later success does not clear it."""
        return self.__last_error

    def last_error_txt(self) -> str:
        """Return the text of the last error."""
        return const.MB_ERR_TXT.get(self.__last_error, "unknown error")

    def last_except(self) -> int:
        """Return the last exception code; a later success does not clear it."""
        return self.__last_except

    def last_except_txt(self, verbose: bool = False) -> str:
        """Return the text of the last exception code, a long one if ``verbose``."""
        texts = const.EXP_DETAILS if verbose else const.EXP_TXT
        return texts.get(self.__last_except, f"unreferenced exception 0x{self.__last_except:X}")

    def host(self, hostname: str | None = None) -> str | None:
        """Get or set the server: an IPv4 or IPv6 address, or a name; a new one closes the link."""
        if hostname is None or hostname == self.__driver.host:
            return self.__driver.host
        self.close()
        if not is_host(hostname):
            return None
        self.__driver.set_endpoint(host=hostname)
        return hostname

    def port(self, port: int | None = None) -> int | None:
        """Get or set the TCP port, 1 to 65535; a new one closes the link."""
        if port is None or port == self.__driver.port:
            return self.__driver.port
        self.close()
        if not 0 < int(port) < 65536:
            return None
        self.__driver.set_endpoint(port=int(port))
        return self.__driver.port

    def unit_id(self, unit_id: int | None = None) -> int | None:
        """Get or set the unit id, 0 to 255."""
        if unit_id is None:
            return self.__unit_id
        if not 0 <= int(unit_id) < 256:
            return None
        self.__unit_id = int(unit_id)
        return self.__unit_id

    def timeout(self, timeout: float | None = None) -> float | None:
        """Get or set how long a whole request may take, in seconds: above 0, below 3600."""
        if timeout is None:
            return self.__driver.timeout
        if not 0 < float(timeout) < 3600:
            return None
        self.__driver.timeout = float(timeout)
        return self.__driver.timeout

    def debug(self, state: bool | None = None) -> bool | None:
        """Get or set whether frames and errors are printed."""
        if state is not None:
            self.__debug = bool(state)
        return self.__debug

    def auto_open(self, state: bool | None = None) -> bool | None:
        """Get or set whether a request connects where there is no link."""
        if state is not None:
            self.__driver.auto_open = bool(state)
        return self.__driver.auto_open

    def auto_close(self, state: bool | None = None) -> bool | None:
        """Get or set whether the link is closed after each request."""
        if state is not None:
            self.__driver.auto_close = bool(state)
        return self.__driver.auto_close

    def mode(self, mode: int | None = None) -> int | None:
        """Get or set how frames are built: ``MODBUS_TCP`` or ``MODBUS_RTU`` (over TCP)."""
        if mode is None:
            return self.__mode
        if mode not in (const.MODBUS_TCP, const.MODBUS_RTU):
            return None
        self.__mode = mode
        self.__driver.set_endpoint(framing=_FRAMINGS[mode])
        return self.__mode

    def open(self) -> bool:
        """Connect, anew where there is a link; False where that failed."""
        try:
            self.__driver.open()
        except ConnectError as error:
            self.__last_error = connect_error_code(error)
            if self.__debug:
                _print(["connect error"])
            return False
        return True

    def is_open(self) -> bool:
        """Return whether there is a link."""
        return self.__driver.is_open

    def close(self) -> bool | None:
        """Close the link; None where there was none."""
        was_open = self.__driver.is_open
        self.__driver.close()
        return True if was_open else None

    def read_coils(self, bit_addr: int, bit_nb: int = 1) -> list[bool] | None:
        """Read 1 to 2000 coils (FC 1, AP §6.1)."""
        return self.__perform("read_coils", ReadBits, const.READ_COILS, bit_addr, bit_nb)

    def read_discrete_inputs(self, bit_addr: int, bit_nb: int = 1) -> list[bool] | None:
        """Read 1 to 2000 discrete inputs (FC 2, AP §6.2)."""
        return self.__perform(
            "read_discrete_inputs", ReadBits, const.READ_DISCRETE_INPUTS, bit_addr, bit_nb
        )

    def read_holding_registers(self, reg_addr: int, reg_nb: int = 1) -> list[int] | None:
        """Read 1 to 125 holding registers (FC 3, AP §6.3)."""
        return self.__perform(
            "read_holding_registers", ReadRegisters, const.READ_HOLDING_REGISTERS, reg_addr, reg_nb
        )

    def read_input_registers(self, reg_addr: int, reg_nb: int = 1) -> list[int] | None:
        """Read 1 to 125 input registers (FC 4, AP §6.4)."""
        return self.__perform(
            "read_input_registers", ReadRegisters, const.READ_INPUT_REGISTERS, reg_addr, reg_nb
        )

    def write_single_coil(self, bit_addr: int, bit_value: bool) -> bool | None:
        """Switch one coil (FC 5, AP §6.5); True where the server confirms it."""
        return self.__perform("write_single_coil", WriteCoil, bit_addr, bit_value)

    def write_single_register(self, reg_addr: int, reg_value: int) -> bool | None:
        """Write one holding register, 0 to 65535 (FC 6, AP §6.6); True where confirmed."""
        return self.__perform("write_single_register", WriteRegister, reg_addr, reg_value)

    def write_multiple_coils(self, bits_addr: int, bits_value: Collection[bool]) -> bool | None:
        """Write 1 to 1968 adjacent coils (FC 15, AP §6.11); True where confirmed."""
        return self.__perform("write_multiple_coils", WriteCoils, bits_addr, bits_value)

    def write_multiple_registers(self, regs_addr: int, regs_value: Collection[int]) -> bool | None:
        """Write 1 to 123 adjacent holding registers (FC 16, AP §6.12); True where confirmed."""
        return self.__perform("write_multiple_registers", WriteRegisters, regs_addr, regs_value)

    def write_read_multiple_registers(
        self, write_addr: int, write_values: Collection[int], read_addr: int, read_nb: int = 1
    ) -> list[int] | None:
        """Write 1 to 121 holding registers, then read 1 to 125 (FC 23, AP §6.17)."""
        return self.__perform(
            "write_read_multiple_registers",
            ReadWriteMultipleRegisters,
            read_addr,
            read_nb,
            write_addr,
            write_values,
        )

    def read_device_identification(
        self, read_code: int = 1, object_id: int = 0
    ) -> DeviceIdentification | None:
        """Read what the device says about itself (FC 43/14, AP §6.21).

        ``read_code`` 1, 2, 3: the basic, regular, extended objects from ``object_id`` on; 4: one.
        """
        return self.__perform(
            "read_device_identification", ReadDeviceIdentification, read_code, object_id
        )

    def custom_request(self, pdu: bytes) -> bytes | None:
        """Send any PDU of 1 to 253 bytes and return the PDU of the response."""
        return self.__perform("custom_request", CustomCall, bytes(pdu))

    def execute(self, request: Request[R], *, unit_id: int | None = None) -> R:
        """Carry out a request of `modbus_wire.pdu`; failures raise and leave ``last_error()``.

        ``unit_id`` is that of the client where not given. Raises `ConnectError` where there is no
        link and ``auto_open()`` is False.
        """
        with self.__driver.turn:
            return self.__carry_out(request, self.__unit_id if unit_id is None else unit_id)

    def read_many(self, requests: Iterable[Request[R]], *, unit_id: int | None = None) -> list[R]:
        """Carry out reads one after the other, up to the first that fails; as `execute`."""
        return [self.execute(request, unit_id=unit_id) for request in requests]

    def on_tx_rx(self, frame: bytes, is_tx: bool) -> None:
        """Override to see each frame that is sent (``is_tx``) or received."""

    def __perform(
        self, name: str, kind: Callable[P, Request[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R | None:
        with self.__driver.turn:
            try:
                return self.__carry_out(kind(*args, **kwargs), self.__unit_id)
            except RequestError as error:
                if self.__debug:
                    _print([f"{name}(): {error.message}"])
            except ModbusError as error:
                self.__failed(name, error)
        return None

    def __failed(self, name: str, error: ModbusError) -> None:
        self.__last_error = request_error_code(error, self.__mode)
        if isinstance(error, ExceptionResponse):
            self.__last_except = int(error.code)  # an ExceptionCode has another repr
        if self.__debug:
            _print(debug_lines(error, name, self.__mode, self.__driver.received))

    def __carry_out(self, request: Request[R], unit_id: int) -> R:
        is_watched = self.__debug or self.__is_watched or "on_tx_rx" in self.__dict__
        self.__driver.watch = self.__trace if is_watched else None
        return self.__driver.execute(request, unit_id=unit_id)

    def __trace(self, frame: bytes, is_sent: bool) -> None:
        self.on_tx_rx(frame, is_sent)
        if self.__debug:
            _print(frame_dump("Tx" if is_sent else "Rx", frame, self.__mode))


def _print(lines: list[str]) -> None:
    print(*lines, sep="\n")
