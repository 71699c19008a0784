"""Peers that misbehave, as data: what they do, what is asked of them, how each request has to end.

Every client passes the same list, on every framing that a case makes sense on. After what went
wrong, the last read of a case shows that the client is as good as new.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from modbus_wire.errors import (
    ConnectionClosedError,
    CrcError,
    ExceptionResponse,
    FrameError,
    IllegalDataAddress,
    IllegalFunction,
    ModbusError,
    ResponseMismatch,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.pdu.registers import ReadHoldingRegisters, WriteSingleRegister
from tests.wire.behaviours import (
    GOOD,
    SIZES,
    Behaviour,
    Wire,
    answering,
    closing,
    cut,
    good,
    half,
    pdu,
    raw,
    twice,
    with_late_answer,
)
from tests.wire.peers import LIMIT, Peer, Script, registers

SHORT = 0.15
"""Seconds of patience in the cases that end by a timeout."""

READ = ReadHoldingRegisters(0, 1)
WRITE = WriteSingleRegister(1, 2)
Driver = Callable[[str, int, Framing, float, list[AnyRequest]], list[object]]
"""Carries requests out, one after the other, by one client of host and port.

The float is the client's timeout. Returns each result, or the `ModbusError` in its place.
"""


class Raises(NamedTuple):
    """A request that has to fail."""

    kind: type[ModbusError]
    may_have_been_applied: bool = False


class Case(NamedTuple):
    """A peer, what it is asked, and how each request has to end: a value, or `Raises`.

    ``behaviours`` are those of its connections, in order; each has to be used.
    """

    name: str
    framing: Framing
    behaviours: tuple[Behaviour, ...]
    requests: tuple[AnyRequest, ...]
    outcomes: tuple[object, ...]
    timeout: float = LIMIT

    @property
    def scripts(self) -> list[Script]:
        """The scripts of a `ScriptedServer`."""

        def script(behaviour: Behaviour, peer: Peer) -> None:
            behaviour(Wire(peer, self.framing))

        return [partial(script, behaviour) for behaviour in self.behaviours]

    @property
    def writes(self) -> int:
        """How many writes are asked: as many may go out, and no more."""
        return sum(request.writes for request in self.requests)

    def __str__(self) -> str:
        return f"{self.framing.value}: {self.name}"


def on(framing: Framing, name: str, *behaviours: Behaviour, end: object, times: int = 1) -> Case:
    """Return a case whose first requests end as given, and then a read works."""
    asked, outcome = (WRITE, end.outcome) if isinstance(end, Write) else (READ, end)
    slow = isinstance(outcome, Raises) and outcome.kind is ResponseTimeout
    requests = (*[asked] * times, READ)
    outcomes = (*[outcome] * times, [7])
    return Case(name, framing, behaviours, requests, outcomes, SHORT if slow else LIMIT)


class Write(NamedTuple):
    """The end of a request that is the write."""

    outcome: object


def everywhere(framing: Framing) -> list[Case]:
    """Return the cases that end alike on every framing."""
    case = partial(on, framing)
    mismatch, lost = Raises(ResponseMismatch), Raises(ConnectionClosedError)
    unsure = Raises(ConnectionClosedError, may_have_been_applied=True)
    unknown = Raises(ExceptionResponse)
    wrong_echo = Write(Raises(ResponseMismatch, may_have_been_applied=True))
    return [
        case("split at every byte", cut, end=[7], times=SIZES[framing] - 1),
        case("two answers at once", twice, end=[1]),
        case("wrong function", answering(pdu("04 02 0001")), good, end=mismatch),
        case("other exception", answering(pdu("84 02")), good, end=mismatch),
        case("more than asked", answering(pdu("03 04 0001 0002")), good, end=mismatch),
        case("less than asked", answering(pdu("03 00")), good, end=mismatch),
        case("exception", answering(pdu("83 02"), then=good), end=Raises(IllegalDataAddress)),
        case("exception of 0x80", answering(pdu("80 01"), then=good), end=Raises(IllegalFunction)),
        case("unknown exception", answering(pdu("83 63"), then=good), end=unknown),
        case("wrong value in the echo", answering(pdu("06 0001 0003")), good, end=wrong_echo),
        case("wrong address in the echo", answering(pdu("06 0002 0002")), good, end=wrong_echo),
        case("closes unanswered", answering(then=closing), good, end=lost),
        case("closes in the middle", answering(half("03 02 0001"), then=closing), good, end=lost),
        case("resets", answering(then=Wire.reset), good, end=lost),
        case("closes on a write", answering(then=closing), good, end=Write(unsure)),
        case(
            "closes in the middle of an echo",
            answering(half("06 0001 0002"), then=closing),
            good,
            end=Write(unsure),
        ),
        case("resets on a write", answering(then=Wire.reset), good, end=Write(unsure)),
    ]


def of_tcp() -> list[Case]:
    """Return the cases of Modbus TCP: ids tell answers apart."""
    case = partial(on, Framing.TCP)
    late = Raises(ResponseTimeout)
    unsure = Write(Raises(ResponseTimeout, may_have_been_applied=True))
    broken = Raises(FrameError)
    return [
        case("late answer", with_late_answer, end=late),
        case("no answer to a write", answering(then=good), end=unsure),
        case(
            "wrong transaction",
            answering(pdu("03 02 0001", shift=1), then=good),
            end=late,
        ),
        case(
            "wrong transaction, then the answer",
            answering(pdu("03 02 0001", shift=-1), pdu("03 02 0002"), then=good),
            end=[2],
        ),
        case(
            "wrong transaction and the answer at once",
            answering(lambda wire: wire.frame(GOOD, shift=9) + wire.frame(registers(2)), then=good),
            end=[2],
        ),
        case(
            "another protocol, then the answer",
            answering(pdu("03 02 0001", protocol_id=7), pdu("03 02 0002"), then=good),
            end=[2],
        ),
        case(
            "wrong unit",
            answering(pdu("03 02 0001", unit_id=9)),
            good,
            end=Raises(ResponseMismatch),
        ),
        case(
            "wrong byte count",
            answering(pdu("03 04 0001")),
            good,
            end=Raises(ResponseMismatch),
        ),
        case("garbage", answering(raw(b"\xff" * 9)), good, end=broken),
        case(
            "garbage before the answer",
            answering(lambda wire: b"HTTP/1.1 400\r\n" + wire.frame(GOOD)),
            good,
            end=broken,
        ),
        case(
            "garbage in the echo of a write",
            answering(raw(b"\xff" * 9)),
            good,
            end=Write(Raises(FrameError, may_have_been_applied=True)),
        ),
    ]


def of_lines(framing: Framing) -> list[Case]:
    """Return the cases of framings without transaction ids: a timeout leaves the connection."""
    case = partial(on, framing)
    late = Raises(ResponseTimeout)
    unsure = Write(Raises(ResponseTimeout, may_have_been_applied=True))

    def corrupt(wire: Wire) -> bytes:
        frame = bytearray(wire.frame(GOOD))
        frame[-3] ^= 1  # RTU: the last byte of data; ASCII: the LRC
        return bytes(frame)

    return [
        case("no answer", answering(), good, end=late),
        case("no answer to a write", answering(), good, end=unsure),
        case("half an answer", answering(half("03 02 0001")), good, end=late),
        case(
            "another unit, then the answer",
            answering(pdu("03 02 0001", unit_id=9), pdu("03 02 0002"), then=good),
            end=[2],
        ),
        case("wrong unit", answering(pdu("03 02 0001", unit_id=9)), good, end=late),
        case("wrong checksum", answering(corrupt), good, end=Raises(CrcError)),
        case(
            "noise before the answer",
            answering(lambda wire: b"\x00\xff\x00" + wire.frame(registers(2)), then=good),
            end=[2],
        ),
    ]


CASES = [
    *(case for framing in Framing for case in everywhere(framing)),
    *of_tcp(),
    *of_lines(Framing.RTU),
    *of_lines(Framing.ASCII),
]
