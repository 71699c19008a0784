"""What an exchange costs a blocking client in CPU time, against the least there can be.

The server is written in C and shares the core; its time does not count.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from modbus_wire.client import ModbusClient
from modbus_wire.pdu.registers import ReadHoldingRegisters
from modbus_wire.sync.client import Client
from tests.benchmarks.children import Child, compiled
from tests.benchmarks.harness import (
    Effort,
    Ratio,
    Samples,
    Unavailable,
    interleave,
    one_core,
    per_call,
)
from tests.benchmarks.raw import RawClient

HOST = "127.0.0.1"
WORDS = [address * 257 & 0xFFFF for address in range(125)]
IMAGE = b"".join(word.to_bytes(2, "big") for word in WORDS)


def run(effort: Effort) -> Iterator[Ratio]:
    """Measure the read of 125 registers against a raw socket and against pyModbusTCP."""
    if find_spec("pyModbusTCP") is None:
        raise Unavailable("pyModbusTCP 0.1.10 is not installed")
    with compiled("answer") as program, one_core():
        samples = read_registers(program, effort)
        many = read_many(program, effort)
    yield samples.at_most("client FC3 of 125 against a raw socket", "ours", "raw", 1.35)
    yield samples.at_most("client FC3 of 125", "ours", "pyModbusTCP", 0.5)
    yield samples.at_most("drop-in client FC3 of 125", "drop-in", "pyModbusTCP", 0.5)
    yield many.at_most("client read_many of 16 x FC3 of 10", "ours", "raw", 1.6)


def read_many(program: Path, effort: Effort) -> Samples:
    """Read 10 registers sixteen times in one call."""
    with ExitStack() as stack:
        port = int(stack.enter_context(Child([program, IMAGE.hex()])).hear())
        raw = stack.enter_context(RawClient(port))
        client = stack.enter_context(Client(HOST, port, max_in_flight=16))
        reads = [ReadHoldingRegisters(0, 10)] * 16
        assert client.read_many(reads) == [WORDS[:10]] * 16
        assert [list(words) for words in raw.read_many()] == [WORDS[:10]] * 16
        meters = {
            "raw": per_call(raw.read_many, effort=effort),
            "ours": per_call(client.read_many, reads, effort=effort),
        }
        return interleave(meters, effort)


def read_registers(program: Path, effort: Effort) -> Samples:
    """Read 125 registers in every way."""
    peer_class = import_module("pyModbusTCP.client").ModbusClient
    with ExitStack() as stack:
        port = int(stack.enter_context(Child([program, IMAGE.hex()])).hear())
        raw = stack.enter_context(RawClient(port))
        readers = {
            "ours": stack.enter_context(Client(HOST, port)),
            "drop-in": stack.enter_context(closing(ModbusClient(HOST, port, auto_open=True))),
            "pyModbusTCP": stack.enter_context(closing(peer_class(HOST, port, auto_open=True))),
        }
        assert list(raw.read_125()) == WORDS
        assert all(reader.read_holding_registers(0, 125) == WORDS for reader in readers.values()), (
            "a client reads something else"
        )
        meters = {
            way: per_call(reader.read_holding_registers, 0, 125, effort=effort)
            for way, reader in readers.items()
        }
        return interleave({"raw": per_call(raw.read_125, effort=effort), **meters}, effort)
