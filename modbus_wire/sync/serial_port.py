"""A serial line as bytes out and bytes in (the extra ``serial``, pyserial underneath)."""

from __future__ import annotations

import os
from time import monotonic, sleep

from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import ConnectError, ConnectionClosedError, ResponseTimeout
from modbus_wire.framing.base import Framing
from modbus_wire.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serial import Serial

TURNAROUND = 0.1
"""The seconds that devices get for a broadcast before the next request (SL §2.4.1)."""

_CHARACTER_BITS = 11
_LONGEST_FRAME = 513
_SLACK = 1.0
"""Seconds that a frame may take to go out beyond the time that its bits need."""

_PSEUDO_TERMINALS = "/dev/pts/"
_BROADCASTS = {Framing.RTU: b"\x00", Framing.ASCII: b":00"}


class SerialPort:
    """An open serial line, for one thread; only `cancel` may come from others.

    Before an RTU frame it keeps the silence of 3.5 characters since the last byte that it sent or
    received (SL §2.5.1.1), and after a broadcast it gives the devices time to carry it out.
    """

    def __init__(self, endpoint: SerialEndpoint) -> None:
        """Open the line; raises `ConnectError`, or ImportError where pyserial is not installed."""
        self.endpoint = endpoint
        self._silence = endpoint.silence if endpoint.framing is Framing.RTU else 0.0
        self._broadcast = _BROADCASTS[endpoint.framing]
        self._serial = _open(endpoint)
        self._free_from = 0.0
        """When the next frame may go out, on the monotonic clock."""

    def send(self, data: bytes) -> None:
        """Send a whole frame and wait until it is out.

        Raises `ConnectionClosedError`, or `ResponseTimeout` where the line takes no bytes.
        """
        from serial import SerialTimeoutException

        wait = self._free_from - monotonic()
        if wait > 0:
            sleep(wait)
        try:
            self._serial.write(data)
            self._serial.flush()
        except SerialTimeoutException:
            raise ResponseTimeout("the line takes no bytes") from None
        except Exception as error:  # termios.error is no OSError
            raise ConnectionClosedError(f"sending failed: {error}") from error
        is_broadcast = data.startswith(self._broadcast)
        self._free_from = monotonic() + (TURNAROUND if is_broadcast else self._silence)

    def receive(self, timeout: float) -> bytes:
        """Return what has come, waiting ``timeout`` seconds at most; no bytes for nothing.

        Raises `ConnectionClosedError` where the line is gone.
        """
        serial = self._serial
        try:
            if serial.timeout != timeout:
                serial.timeout = timeout
            data: bytes = serial.read(max(serial.in_waiting, 1))
            if len(data) == 1:
                data += serial.read(serial.in_waiting)
        except Exception as error:  # closed from outside: TypeError; termios.error is no OSError
            raise ConnectionClosedError(f"receiving failed: {error}") from error
        if data:
            self._free_from = max(self._free_from, monotonic() + self._silence)
        return data

    def cancel(self) -> None:
        """Wake the `receive` that waits, or the next one: it returns at once."""
        self._serial.cancel_read()

    def close(self) -> None:
        """Close the line."""
        self._serial.close()


def _open(endpoint: SerialEndpoint) -> Serial:
    try:
        from serial import Serial
    except ImportError as error:
        raise ImportError("a serial line needs the extra: pip install modbus-schema[serial]") from (
            error
        )
    options: dict[str, Any] = {"bytesize": endpoint.bytesize, "parity": endpoint.parity}
    if os.path.realpath(endpoint.device).startswith(_PSEUDO_TERMINALS):
        options = {}  # it carries bytes, and refuses what describes bits
    if os.name == "posix":
        options["exclusive"] = True
    try:
        return Serial(
            endpoint.device,
            baudrate=endpoint.baudrate,
            stopbits=endpoint.stopbits,
            write_timeout=_LONGEST_FRAME * _CHARACTER_BITS / endpoint.baudrate + _SLACK,
            **options,
        )
    except Exception as error:  # ValueError for settings the driver lacks, termios.error, OSError
        raise ConnectError(f"{endpoint.device} cannot be opened: {error}") from error
