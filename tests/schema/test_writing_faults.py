"""What is known of a write when the link, the device or the caller gives up in the middle."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from modbus_schema import (
    RW,
    AsyncDevice,
    Device,
    Outcome,
    RegisterMap,
    Verify,
    bit,
    coil,
    holding_register,
    outcome_of,
    simulate,
    uint16,
)
from modbus_wire import (
    AsyncClient,
    Client,
    ConnectError,
    ConnectionClosedError,
    GatewayPathUnavailable,
    GatewayTargetFailedToRespond,
    IllegalDataValue,
    MaskWriteRegister,
    ModbusError,
    ReadHoldingRegisters,
    ResponseTimeout,
    Server,
    ServerDeviceFailure,
    SparseBank,
    Table,
)
from modbus_wire.flows import Turn
from tests.schema.writers import PickyWire
from tests.wire.async_peers import AsyncPeer, both_loops, run, scripted
from tests.wire.peers import LIMIT, Peer, ScriptedServer, answer, refused_port, registers

SHORT = 0.1
"""Seconds of patience where a timeout is due."""


class Three(RegisterMap):
    """Three fields that take a request each."""

    a: RW[int] = holding_register(0, uint16)
    b: RW[int] = holding_register(10, uint16)
    c: RW[bool] = coil(0)


CHANGES = Three.a.to(1), Three.b.to(2), Three.c.to(True)


def echo(peer: Peer) -> None:
    """Answer a write well."""
    request = peer.request()
    peer.send(answer(request, request[7:12]))


def closes(peer: Peer) -> None:
    """Take a request and close."""
    peer.request()


def resets(peer: Peer) -> None:
    """Take a request and break the connection."""
    peer.request()
    peer.reset()


def is_silent(peer: Peer) -> None:
    """Take a request and say nothing until the client goes."""
    peer.request()
    peer.wait_for_end()


def says(code: int) -> Callable[[Peer], None]:
    """Return what refuses a request with an exception code."""

    def refuse(peer: Peer) -> None:
        request = peer.request()
        peer.send(answer(request, bytes((request[7] | 0x80, code))))

    return refuse


def echoes_wrong(peer: Peer) -> None:
    """Answer a write with another value."""
    request = peer.request()
    peer.send(answer(request, request[7:11] + b"\x63"))


FAULTS = [
    (closes, ConnectionClosedError, True),
    (resets, ConnectionClosedError, True),
    (is_silent, ResponseTimeout, True),
    (echoes_wrong, ModbusError, True),
    (says(0x0B), GatewayTargetFailedToRespond, True),
    (says(0x04), ServerDeviceFailure, True),
    (says(0x03), IllegalDataValue, False),
    (says(0x0A), GatewayPathUnavailable, False),
]


@pytest.mark.parametrize(("fault", "kind", "is_uncertain"), FAULTS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_fault_at_any_request(
    place: int, fault: Callable[[Peer], None], kind: type[ModbusError], is_uncertain: bool
) -> None:
    """Before it all is certain, after it too; and nothing is ever sent twice."""

    def script(peer: Peer) -> None:
        for _ in range(place):
            echo(peer)
        fault(peer)

    with ScriptedServer(script) as server:
        timeout = SHORT if kind is ResponseTimeout else None
        client = Client(server.host, server.port, timeout=timeout)
        with client, pytest.raises(kind) as caught:
            Device(client, Three).write(*CHANGES)
    refs = (Three.a, Three.b, Three.c)
    outcome = the_outcome(caught.value)
    assert outcome.written == refs[:place]
    assert outcome.uncertain == (refs[place : place + 1] if is_uncertain else ())
    assert outcome.not_written == refs[place + is_uncertain :]
    assert caught.value.may_have_been_applied is bool(place or is_uncertain)
    assert len(server.requests) == place + 1 == len(outcome.requests)


def the_outcome(error: BaseException) -> Outcome[Any]:
    """Return the outcome that an error carries."""
    outcome = outcome_of(error)
    assert outcome is not None
    return outcome


def test_where_nobody_listens_nothing_was_written() -> None:
    """That is certain: there was no connection."""
    with (
        refused_port() as port,
        Client("127.0.0.1", port) as client,
        pytest.raises(ConnectError) as caught,
    ):
        Device(client, Three).write(*CHANGES)
    assert the_outcome(caught.value).not_written == (Three.a, Three.b, Three.c)
    assert not caught.value.may_have_been_applied


def test_the_client_goes_on_after_a_lost_link() -> None:
    """The next call connects anew, and sends only what it is asked."""

    def second(peer: Peer) -> None:
        peer.send(answer(peer.request(), registers(7)))
        peer.wait_for_end()

    def first(peer: Peer) -> None:
        echo(peer)
        closes(peer)

    with ScriptedServer(first, second) as server, Client(server.host, server.port) as client:
        device = Device(client, Three)
        with pytest.raises(ConnectionClosedError):
            device.write(*CHANGES)
        assert device.read(Three.a) == 7
    assert len(server.written) == 2


async def async_echo(peer: AsyncPeer) -> None:
    """Answer a write well."""
    request = await peer.request()
    await peer.send(answer(request, request[7:12]))


def answers(writes: int, *, asked: asyncio.Event) -> Callable[[AsyncPeer], Awaitable[None]]:
    """Return the script that answers some writes, leaves the next one, and answers reads."""

    async def script(peer: AsyncPeer) -> None:
        for _ in range(writes):
            await async_echo(peer)
        await peer.request()
        asked.set()
        await peer.send(answer(await peer.request(), registers(7)))
        await peer.wait_for_end()

    return script


@both_loops
@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_cancelled_write_says_what_was_written(writes: int, loop: Any) -> None:
    """And what may have been; the client goes on, and sends nothing again."""

    async def main() -> None:
        asked = asyncio.Event()
        async with (
            scripted(answers(writes, asked=asked)) as peers,
            AsyncClient(peers.host, peers.port, max_in_flight=4) as client,
        ):
            device = AsyncDevice(client, Three)
            task = asyncio.create_task(device.write(*CHANGES))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert await device.read(Three.a) == 7
        refs = (Three.a, Three.b, Three.c)
        outcome = the_outcome(caught.value)
        assert outcome.written == refs[:writes]
        assert outcome.uncertain == refs[writes : writes + 1]
        assert outcome.not_written == refs[writes + 1 :]
        assert len(peers.requests) == writes + 2

    run(main(), loop)


def test_a_write_that_a_timeout_cancels_says_it_too() -> None:
    """The outcome is found through what the error was raised from."""

    async def main() -> None:
        asked = asyncio.Event()
        async with (
            scripted(answers(1, asked=asked)) as peers,
            AsyncClient(peers.host, peers.port) as client,
        ):
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(SHORT):
                    await AsyncDevice(client, Three).write(*CHANGES)
        outcome = the_outcome(caught.value)
        assert (outcome.written, outcome.uncertain) == ((Three.a,), (Three.b,))

    run(main())


def test_a_verification_may_be_cancelled() -> None:
    """While it waits all has been written; the client goes on."""

    async def main() -> None:
        state = Three(a=0, b=0, c=False)
        async with simulate(state, port=0) as sim, AsyncClient(sim.host, sim.port) as client:
            device = AsyncDevice(client, Three)
            written = asyncio.Event()
            loop = asyncio.get_running_loop()
            sim.on_write(Three.c)(lambda old, new: loop.call_soon(written.set))
            task = asyncio.create_task(device.write(*CHANGES, verify=Verify(settle=60)))
            await written.wait()
            await client.read_coils(0)  # so that the answer to the write has been taken in
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert await device.read() == Three(a=1, b=2, c=True)
        assert the_outcome(caught.value).is_complete

    run(main())


def test_an_async_write_is_verified() -> None:
    """As a blocking one."""

    async def main() -> None:
        state = Three(a=0, b=0, c=False)
        async with simulate(state, port=0) as sim, AsyncClient(sim.host, sim.port) as client:
            device = AsyncDevice(client, Three)
            done = await device.write(*CHANGES, verify=Verify(settle=0.01))
            assert done.verified == done.written == (Three.a, Three.b, Three.c)
            now = await device.read()
            done = await device.write_changes(now, state, verify=Verify(settle=0.01))
            assert len(done.verified) == 3

    run(main())


def test_an_interrupt_says_what_was_written() -> None:
    """Whoever stops a program with Ctrl-C may still log it."""

    class Interrupted(Client):
        def execute(self, request: Any, *, unit_id: int | None = None) -> Any:
            if getattr(request, "address", 0) == 10:
                raise KeyboardInterrupt
            return super().execute(request, unit_id=unit_id)

    with (
        simulate(Three(a=0, b=0, c=False), port=0) as sim,
        Interrupted(sim.host, sim.port) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        Device(client, Three).write(*CHANGES)
    outcome = the_outcome(caught.value)
    assert (outcome.written, outcome.uncertain) == ((Three.a,), (Three.b,))


class Switches(RegisterMap):
    """Bits of one register, on a device that cannot mask."""

    left: RW[bool] = holding_register(0, bit(0))
    right: RW[bool] = holding_register(0, bit(1))


class Waiting(AsyncClient):
    """A client after whose reads whoever else may go on does."""

    async def execute(self, request: Any, *, unit_id: int | None = None) -> Any:
        result = await super().execute(request, unit_id=unit_id)
        if isinstance(request, ReadHoldingRegisters):
            for _ in range(20):
                await asyncio.sleep(0)
        return result


def test_tasks_that_write_bits_of_one_register_do_not_undo_each_other() -> None:
    """The register is read and written back by one at a time, in each event loop anew."""

    async def main() -> None:
        async with Waiting(sim.host, sim.port, max_in_flight=4) as client:
            device.client = client
            await asyncio.gather(
                device.write(Switches.left.to(True)), device.write(Switches.right.to(True))
            )
            assert await device.read() == Switches(left=True, right=True)
            await device.write(Switches(left=False, right=False))

    with simulate(Switches(left=False, right=False), port=0) as sim:
        device = AsyncDevice(AsyncClient(sim.host, sim.port), Switches, mask_write=False)
        for _ in range(2):
            run(main())


@pytest.mark.parametrize("unit_id", [None, 1])
def test_devices_of_one_unit_do_not_undo_what_each_other_writes(unit_id: int | None) -> None:
    """They share the turn, also where only one says which unit it is."""

    async def main() -> None:
        async with Waiting(sim.host, sim.port, max_in_flight=4) as client:
            one = AsyncDevice(client, Switches, mask_write=False, unit_id=unit_id)
            other = AsyncDevice(client, Switches, mask_write=False, unit_id=1)
            await asyncio.gather(
                one.write(Switches.left.to(True)), other.write(Switches.right.to(True))
            )
            assert await one.read() == Switches(left=True, right=True)

    with simulate(Switches(left=False, right=False), port=0) as sim:
        run(main())


def test_devices_of_a_client_that_is_no_key_write_too() -> None:
    """Each has turns of its own."""

    class Nameless(PickyWire):
        __hash__ = None  # type: ignore[assignment]

    wire = Nameless(lacks=[MaskWriteRegister])
    device = Device(wire, Switches)
    device.write(Switches.left.to(True))
    device.write(Switches.right.to(True))
    assert device.read() == Switches(left=True, right=True)


def test_a_whole_register_is_not_undone_by_who_writes_its_bits() -> None:
    """Nor by FC 23: it is written before the register is read, or after it was written back."""

    class Viewed(Switches, mask_write=False):
        word: RW[int] = holding_register(0, uint16, overlap=True)

    async def main() -> None:
        async with Waiting(*server.address, max_in_flight=4) as client:
            device = AsyncDevice(client, Viewed)
            whole = device.write(Viewed.word.to(0xF0))
            await asyncio.gather(device.write(Viewed.left.to(True)), whole)
            assert await device.read(Viewed.word) == 0xF0
            both = device.write_and_read(Viewed.word.to(0xA0), read=Viewed.word)
            await asyncio.gather(device.write(Viewed.left.to(True)), both)
            assert await device.read(Viewed.word) == 0xA0

    with Server(SparseBank({Table.HOLDING_REGISTERS: [range(1)]}), port=0) as server:
        run(main())


def test_threads_that_write_bits_of_one_register_do_not_undo_each_other() -> None:
    """The second reads when the first has written."""
    is_read = threading.Event()
    second_asks = threading.Event()

    class Slow(Client):
        def execute(self, request: Any, *, unit_id: int | None = None) -> Any:
            if is_read.is_set():
                second_asks.set()
            result = super().execute(request, unit_id=unit_id)
            if not is_read.is_set():
                is_read.set()
                second_asks.wait(SHORT)  # in vain: its turn comes later
            return result

    with (
        simulate(Switches(left=False, right=False), port=0) as sim,
        Slow(sim.host, sim.port) as client,
    ):
        device = Device(client, Switches, mask_write=False)
        first = threading.Thread(target=device.write, args=(Switches.left.to(True),))
        first.start()
        is_read.wait(LIMIT)
        device.write(Switches.right.to(True))
        first.join(LIMIT)
        assert device.read() == Switches(left=True, right=True)


def test_a_turn_ends_with_a_cancellation() -> None:
    """Of who has it and of who waits for it; the next write has it then."""

    async def main() -> None:
        asked = asyncio.Event()

        async def script(peer: AsyncPeer) -> None:
            await peer.request()
            asked.set()
            await peer.send(answer(await peer.request(), registers(4)))
            await async_echo(peer)
            await peer.wait_for_end()

        async with (
            scripted(script) as peers,
            AsyncClient(peers.host, peers.port, max_in_flight=4) as client,
        ):
            device = AsyncDevice(client, Switches, mask_write=False)
            has = asyncio.create_task(device.write(Switches.left.to(True)))
            await asked.wait()
            waits = asyncio.create_task(device.write(Switches.right.to(True)))
            await asyncio.sleep(0)
            for task in (waits, has):
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
                assert not the_outcome(caught.value).may_have_been_applied
            done = await device.write(Switches.left.to(True))
            assert done.written == (Switches.left,)
            assert len(peers.requests) == 3

    run(main())


def test_a_turn_ends_with_a_failure() -> None:
    """The next write has it."""

    def script(peer: Peer) -> None:
        says(0x03)(peer)
        peer.send(answer(peer.request(), registers(4)))
        echo(peer)

    with ScriptedServer(script) as server, Client(server.host, server.port) as client:
        device = Device(client, Switches, mask_write=False)
        with pytest.raises(IllegalDataValue):
            device.write(Switches.left.to(True))
        assert device.write(Switches.left.to(True)).is_complete


def test_who_is_interrupted_while_waiting_for_a_turn_has_written_nothing() -> None:
    """It has sent nothing yet."""

    class Interrupted(Turn):
        def acquire(self) -> None:
            raise KeyboardInterrupt

    class Impatient(Device[Switches]):
        def _new_turn(self) -> Turn:
            return Interrupted()

    device = Impatient(PickyWire(lacks=[MaskWriteRegister]), Switches)
    with pytest.raises(KeyboardInterrupt) as caught:
        device.write(Switches.left.to(True))
    assert the_outcome(caught.value).not_written == (Switches.left,)
