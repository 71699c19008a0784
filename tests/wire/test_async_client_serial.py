"""The async client on a serial line: a thread waits there, and the event loop does not."""

import asyncio
import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterator

import pytest

from modbus_wire.aio.client import AsyncClient
from modbus_wire.bank import SharedBank
from modbus_wire.endpoint import SerialEndpoint
from modbus_wire.errors import (
    ConnectError,
    ConnectionClosedError,
    CrcError,
    ResponseTimeout,
)
from modbus_wire.framing.base import Framing
from modbus_wire.sync.server import Server
from tests.wire.async_peers import answer_pdu, both_loops, run, turns
from tests.wire.loops import NewLoop
from tests.wire.peers import registers, rtu
from tests.wire.serial_line import null_modem, plugged

pytest.importorskip("serial")

SHORT = 0.05
"""Seconds; the timeout of requests that are meant to time out."""

REQUEST_SIZE = 8


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """No test may leave a thread behind."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


class FarEnd:
    """The other end of a line, spoken on by hand in a thread: each request gets what a script says.

    The script may be changed by the test.
    """

    def __init__(self, device: str, script: Callable[[bytes], bytes]) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self._fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        os.write(self._fd, data)

    def end(self) -> None:
        """Speak no more."""
        os.write(self._stop, b"x")
        self._thread.join()
        for descriptor in (self._fd, self._wake, self._stop):
            os.close(descriptor)

    def _run(self) -> None:
        data = b""
        while True:
            ready, _, _ = select.select([self._fd, self._wake], [], [])
            if self._wake in ready:
                return
            data += os.read(self._fd, 4096)
            while len(data) >= REQUEST_SIZE:
                request, data = data[:REQUEST_SIZE], data[REQUEST_SIZE:]
                self.send(self.script(request))
                self.requests.append(request)


def right(request: bytes) -> bytes:
    """Return the answer whose registers hold their own addresses."""
    return rtu(request[0], answer_pdu(request[1:-2]))


def wrong(request: bytes) -> bytes:
    """Return an answer with a bad CRC."""
    return right(request)[:-1] + b"\x00"


def none(request: bytes) -> bytes:
    """Return no answer."""
    return b""


@contextlib.contextmanager
def line(script: Callable[[bytes], bytes] = right) -> Iterator[tuple[str, FarEnd]]:
    """Give the device of a line, and who speaks at its other end."""
    with null_modem() as (near, far):
        end = FarEnd(far, script)
        try:
            yield near, end
        finally:
            end.end()


@both_loops
@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_line_to_a_server(framing: Framing, loop: NewLoop) -> None:
    """A serial line carries everything; it is opened again after it was closed."""
    bank = SharedBank()
    bank.write_registers(0, b"".join(n.to_bytes(2, "big") for n in range(200)))
    with (
        null_modem() as (near, far),
        Server(bank, SerialEndpoint(far, framing=framing, baudrate=115_200)),
    ):

        async def main() -> None:
            url = f"{framing.value}://{near}?baudrate=115200"
            async with AsyncClient(url, max_in_flight=4) as client:
                assert await client.read_holding_registers(3, 2) == [3, 4]
                await client.write_single_register(150, 9)
                await client.close()
                assert await client.read_holding_registers(150) == [9]
                await client.write_single_register(150, 10, unit_id=0)
                assert await client.read_holding_registers(150) == [10]
                reads = [client.read_holding_registers(address) for address in range(5)]
                assert await asyncio.gather(*reads) == [[n] for n in range(5)]

        run(main(), loop)


def test_a_timeout_leaves_the_line_open_and_late_answers_are_dropped() -> None:
    """What comes before the next request has gone out answers nothing."""
    with line(none) as (device, far):

        async def main() -> None:
            async with AsyncClient(f"rtu://{device}", timeout=SHORT) as client:
                for _ in range(3):
                    with pytest.raises(ResponseTimeout):
                        await client.read_holding_registers(1)
                far.send(rtu(1, registers(66)))
                far.script = right
                await asyncio.sleep(SHORT / 2)
                assert await client.read_holding_registers(2) == [2]
                far.send(rtu(1, registers(67))[:4])
                await asyncio.sleep(SHORT / 2)
                assert await client.read_holding_registers(3) == [3]
                assert client.statistics.connects == 1

        run(main())


def test_a_bad_checksum_leaves_the_line_open() -> None:
    """The request fails, its retries go on, and so does the next."""
    with line(wrong) as (device, far):

        async def main() -> None:
            async with AsyncClient(f"rtu://{device}", timeout=10 * SHORT) as client:
                with pytest.raises((CrcError, ResponseTimeout)):
                    await client.read_holding_registers(1)
                far.script = right
                assert await client.read_holding_registers(2) == [2]
                assert client.statistics.connects == 1

        run(main())


@both_loops
def test_cancelled_and_closed_while_it_waits(loop: NewLoop) -> None:
    """A request that is cancelled, or ended by a close, leaves the line usable."""
    with line(none) as (device, far):

        async def main() -> None:
            async with AsyncClient(f"rtu://{device}") as client:
                await client.open()
                doomed = asyncio.create_task(client.read_holding_registers(1))
                while not far.requests:
                    await asyncio.sleep(0.001)
                await client.close()
                with pytest.raises(ConnectionClosedError, match="this side"):
                    await doomed
                far.script = right
                assert await client.read_holding_registers(2) == [2]
                for count in range(6):
                    doomed = asyncio.create_task(client.read_holding_registers(1))
                    await turns(count)
                    doomed.cancel()
                    assert await client.read_holding_registers(3) == [3]

        run(main(), loop)


@both_loops
def test_opening_cancelled_at_any_turn(loop: NewLoop) -> None:
    """A line half opened is closed again."""
    with line() as (device, _):

        async def main() -> None:
            async with AsyncClient(f"rtu://{device}") as client:
                for count in range(8):
                    opening = asyncio.create_task(client.open())
                    await turns(count)
                    opening.cancel()
                    await asyncio.wait([opening])
                    assert await client.read_holding_registers(3) == [3]
                    await client.close()

        run(main(), loop)


@both_loops
def test_a_line_that_is_cut(loop: NewLoop) -> None:
    """The request under way fails, and the next says that the device is gone."""
    with plugged() as modem:
        far = FarEnd(modem.devices[1], right)

        async def main() -> None:
            async with AsyncClient(f"rtu://{modem.devices[0]}", timeout=1) as client:
                assert await client.read_holding_registers(2) == [2]
                modem.cut()
                with pytest.raises((ConnectionClosedError, ConnectError)):
                    await client.write_single_register(1, 1)

        run(main(), loop)
        far.end()


def test_a_device_that_is_not_there() -> None:
    """A line that cannot be opened is a `ConnectError`, every time."""

    async def main() -> None:
        async with AsyncClient("rtu:///dev/no-such-line") as client:
            for failed in (1, 2):
                with pytest.raises(ConnectError, match="no-such-line"):
                    await client.read_holding_registers(0)
                assert client.statistics.failed_connects == failed

    run(main())


def test_a_line_left_behind_by_an_event_loop() -> None:
    """A client whose loop has ended without a close opens the line again in the next."""
    with line() as (device, _):
        client = AsyncClient(f"rtu://{device}")

        async def main(close: bool) -> None:
            assert await client.read_holding_registers(4) == [4]
            if close:
                await client.close()

        run(main(close=False))
        run(main(close=True))
