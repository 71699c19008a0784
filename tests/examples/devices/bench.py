"""A device on a socket, and a client that notes what it asks for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from struct import unpack_from
from typing import Any, Generic, NamedTuple, TypeVar

from pymodbus.client.mixin import ModbusClientMixin

from modbus_schema import Device, RegisterMap, Simulation, simulate
from modbus_wire import Client, Server
from modbus_wire.bank import SparseBank
from modbus_wire.codes import Table
from modbus_wire.trace import TracedFrame

M = TypeVar("M", bound=RegisterMap)

Asked = tuple[int, int, int]
"""Function code, address, and the quantity, or the value of FC 5 and 6."""

Words = Mapping[int, Sequence[int]]
"""Registers as a plain client sees them, by the address of the first."""

_PDU = 7
INPUT, HOLDING = Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS


class Notes(list[Asked]):
    """What was asked for, in order."""

    def __call__(self, frame: TracedFrame) -> None:
        if frame.is_sent:
            self.append(unpack_from(">BHH", frame.data, _PDU))

    def take(self) -> list[Asked]:
        """Return the notes, and begin new ones."""
        taken = [*self]
        self.clear()
        return taken


class Bench(NamedTuple, Generic[M]):
    """Both ends."""

    sim: Simulation[M]
    client: Client
    device: Device[M]
    asked: Notes

    def has_words(self, table: Table, words: Words) -> bool:
        """Whether the registers hold what they should; else says the first that do not."""
        return has_words(self.client, table, words)


@contextmanager
def simulated(instance: M) -> Iterator[Bench[M]]:
    """Serve a device made from an instance, and connect."""
    notes = Notes()
    with (
        simulate(instance, port=0) as sim,
        Client(sim.host, sim.port, trace=notes) as client,
    ):
        yield Bench(sim, client, Device(client, type(instance)), notes)


@contextmanager
def served(bank: SparseBank) -> Iterator[Client]:
    """Serve registers that no class of ours has made, and connect."""
    with Server(bank, port=0) as server, Client(*server.address) as client:
        yield client


def has_words(client: Client, table: Table, words: Words) -> bool:
    """Whether registers hold what they should; AssertionError for the first that do not."""
    read = client.read_input_registers if table is INPUT else client.read_holding_registers
    for address, expected in words.items():
        found = read(address, len(expected))
        assert found == list(expected), f"{table.label}[{address:#06x}]"
    return True


def bank_of(table: Table, words: Words) -> SparseBank:
    """Return a bank that has just these registers."""
    bank = SparseBank({table: [range(first, first + len(held)) for first, held in words.items()]})
    for first, held in words.items():
        bank.set_registers(table, first, list(held))
    return bank


def by_pymodbus(kind: str, word_order: Any = "big") -> Callable[[Any], list[int]]:
    """Return pymodbus' conversion of a value to registers, such as of ``"FLOAT32"``."""
    datatype = getattr(ModbusClientMixin.DATATYPE, kind)

    def words(value: Any) -> list[int]:
        found: list[int] = ModbusClientMixin.convert_to_registers(
            value, datatype, word_order=word_order
        )
        return found

    return words
