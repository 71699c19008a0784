"""How a server starts, stops and starts again, out of any thread."""

import threading
from collections.abc import Iterator

import pytest

from modbus_wire.bank import SharedBank
from modbus_wire.sync.server import Server
from tests.wire.peers import LIMIT
from tests.wire.raw_client import READ, WRITE, Calling, RawClient, server_threads


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A test that ends has ended its servers."""
    before = server_threads()
    yield
    assert server_threads() <= before


def test_stop_closes_live_connections_and_frees_the_port() -> None:
    """Clients see the end at once; the same server starts again on the same port."""
    with Server(SharedBank(), port=0) as server:
        port = server.address[1]
    server = Server(SharedBank(), port=port)
    for _ in range(3):
        server.start()
        clients = [RawClient(server) for _ in range(5)]
        assert all(client.is_served() for client in clients)
        assert server.connections == 5
        server.stop()
        for client in clients:
            assert client.until_end() == b""
            client.close()
        with pytest.raises(ConnectionRefusedError):
            RawClient(server)


def test_start_and_stop_may_be_repeated() -> None:
    """Starting a running server and stopping a stopped one change nothing."""
    before = server_threads()
    server = Server(SharedBank(), port=0)
    server.stop()
    server.start()
    address = server.address
    server.start()
    assert server.address == address
    assert len(server_threads() - before) == 1
    server.stop()
    server.stop()


def test_port_0_is_chosen_at_each_start() -> None:
    """A server that was stopped listens again, wherever that is, with its bank as it was."""
    server = Server(SharedBank(), port=0)
    with server, RawClient(server) as client:
        client.ask(WRITE)
    with server, RawClient(server) as client:
        assert client.ask(READ) == b"\x03\x02\0\1"


def test_serve_forever_until_stopped() -> None:
    """It blocks until another thread stops the server."""
    server = Server(SharedBank(), port=0)
    server.start()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    with RawClient(server) as client:
        assert client.is_served()
        assert serving.is_alive()
        server.stop()
        assert client.until_end() == b""
    serving.join(LIMIT)
    assert not serving.is_alive()


def test_many_stop_at_once() -> None:
    """Several threads may stop a server together; all return when it is stopped."""
    before = server_threads()
    with Server(SharedBank(), port=0) as server:
        threads = [threading.Thread(target=server.stop) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        assert server_threads() == before


def test_stop_out_of_a_bank() -> None:
    """The server's own thread may stop it: the request is answered, then all is closed."""
    bank = Calling()
    server = Server(bank, port=0)
    bank.call = server.stop
    for _ in range(2):
        server.start()
        with RawClient(server) as client, RawClient(server) as other:
            assert other.is_served()
            assert client.ask(WRITE) == WRITE
            assert client.until_end() == b""
            assert other.until_end() == b""
        server.stop()


def test_a_restart_out_of_a_bank() -> None:
    """The server's own thread may stop and start it: the request is answered, others come in."""

    class Rebooting(SharedBank):
        def write_registers(self, address: int, data: bytes) -> None:
            super().write_registers(address, data)
            runs.append(threading.current_thread())
            server.stop()
            server.start()

    runs: list[threading.Thread] = []
    server = Server(Rebooting(), port=0)
    with server:
        server.port = server.address[1]
        for _ in range(2):
            with RawClient(server) as client:
                assert client.ask(WRITE) == WRITE
                assert client.until_end() == b""
            with RawClient(server) as client:
                assert client.ask(READ) == b"\x03\x02\0\1"
    for run in runs:
        run.join(LIMIT)
    assert len(runs) == 2


def test_stop_from_two_threads_one_of_them_its_own() -> None:
    """A stop that waits for a bank does not hold up the bank's own stop."""
    bank = Calling()
    stopped = threading.Event()

    def stop_too() -> None:
        stopper.start()
        stopped.wait(LIMIT)
        server.stop()

    def stop() -> None:
        stopped.set()
        server.stop()

    with Server(bank, port=0) as server:
        bank.call = stop_too
        stopper = threading.Thread(target=stop)
        with RawClient(server) as client:
            client.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
            client.until_end()
        stopper.join(LIMIT)
        assert not stopper.is_alive()


def test_nothing_is_carried_out_after_stop() -> None:
    """Requests that are there already when a bank stops the server stay undone."""
    bank = Calling()
    first, all_sent = threading.Event(), threading.Event()
    calls: list[int] = []

    def wait_then_stop() -> None:
        calls.append(1)
        if len(calls) == 1:
            first.set()
            all_sent.wait(LIMIT)
        else:
            server.stop()

    bank.call = wait_then_stop
    frame = bytes.fromhex("0001 0000 0006 01") + WRITE
    with (
        Server(bank, port=0) as server,
        RawClient(server) as one,
        RawClient(server) as two,
        RawClient(server) as three,
    ):
        assert two.is_served()
        assert three.is_served()
        one.send(frame)
        assert first.wait(LIMIT)
        two.send(frame)
        three.send(frame)
        all_sent.set()
        assert sorted((two.until_end(), three.until_end())) == [b"", frame]
    assert len(calls) == 2


def test_start_waits_for_the_end_of_the_last_run() -> None:
    """A server that a bank has stopped starts again on its port, though the bank has not returned.

    The bank returns when `start` has had the time to fail.
    """
    bank = Calling()
    stopped, never = threading.Event(), threading.Event()

    def stop_and_linger() -> None:
        server.stop()
        stopped.set()
        never.wait(0.1)
        server.stop()

    bank.call = stop_and_linger
    with Server(SharedBank(), port=0) as other:
        port = other.address[1]
    with Server(bank, port=port) as server, RawClient(server) as client:
        client.send(bytes.fromhex("0001 0000 0006 01") + WRITE)
        assert stopped.wait(LIMIT)
        server.start()
        with RawClient(server) as again:
            assert again.is_served()
