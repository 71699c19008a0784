"""The drop-in faces of pyModbusTCP 0.1.10's server: one store for the process, and who serves it.

Nothing is served or stored here: `modbus_wire.sync.server` and `modbus_wire.bank` do that.
"""

import socket
from collections.abc import Iterable

from modbus_wire.bank import SharedBank
from modbus_wire.codes import ADDRESS_SPACE, Table
from modbus_wire.constants import MODBUS_PORT
from modbus_wire.errors import IllegalDataAddress
from modbus_wire.handler import Handler
from modbus_wire.services.tables import TABLES
from modbus_wire.sync.server import Server

_BANK = SharedBank()
_WORD = 0xFFFF


class DataBank:
    """What every `ModbusServer` of the process serves: 65536 bits and 65536 words.

    Coils and discrete inputs are the bits, holding and input registers the words. Threads may use
    it at once; each call is one step.
    """

    @classmethod
    def get_bits(cls, address: int, number: int = 1) -> list[bool] | None:
        """Return a copy of ``number`` bits; None where they are not all within 0..65535."""
        if _is_outside(address, number):
            return None
        return _BANK.get_bits(Table.COILS, address, max(number, 0))

    @classmethod
    def set_bits(cls, address: int, bit_list: Iterable[object]) -> bool | None:
        """Write bits by the truth of the values; None, and nothing written, where out of range."""
        try:
            _BANK.set_bits(Table.COILS, address, bit_list)
        except IllegalDataAddress:
            return None
        return True

    @classmethod
    def get_words(cls, address: int, number: int = 1) -> list[int] | None:
        """Return a copy of ``number`` words; None where they are not all within 0..65535."""
        if _is_outside(address, number):
            return None
        return _BANK.get_registers(Table.HOLDING_REGISTERS, address, max(number, 0))

    @classmethod
    def set_words(cls, address: int, word_list: Iterable[int]) -> bool | None:
        """Write the low 16 bits of ints; None, and nothing written, where out of range.

        Raises ValueError or TypeError for a value that ``int()`` does not take.
        """
        words = [int(word) & _WORD for word in word_list]
        try:
            _BANK.set_registers(Table.HOLDING_REGISTERS, address, words)
        except IllegalDataAddress:
            return None
        return True


class ModbusServer:
    """Modbus TCP server of the `DataBank`; the unit id of a request is ignored and echoed."""

    def __init__(
        self,
        host: str = "localhost",
        port: int = MODBUS_PORT,
        no_block: bool = False,
        ipv6: bool = False,
    ) -> None:
        """Make a stopped server; ``no_block`` lets ``start()`` return while it serves."""
        self.host = host
        self.port = port
        self.no_block = no_block
        self.ipv6 = ipv6
        self._server: Server | None = None

    @property
    def is_run(self) -> bool:
        """Whether it serves."""
        return self._server is not None and self._server.is_running

    def start(self) -> None:
        """Serve, until ``stop()`` is called elsewhere; a server that serves stays as it is.

        Raises OSError where it cannot listen.
        """
        if self.is_run:
            return
        self._server = Server(Handler(_BANK, TABLES), self._address(), self.port)
        if self.no_block:
            self._server.start()
        else:
            self._server.serve_forever()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        if self._server is not None:
            self._server.stop()

    def _address(self) -> str:
        family = socket.AF_INET6 if self.ipv6 else socket.AF_INET
        try:
            found = socket.getaddrinfo(
                self.host or None, self.port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
        except UnicodeError as error:
            raise OSError(f"{self.host!r} does not resolve: {error}") from error
        host, _ = socket.getnameinfo(found[0][4], socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
        return host


def _is_outside(address: int, number: int) -> bool:
    return address < 0 or address + number > ADDRESS_SPACE
