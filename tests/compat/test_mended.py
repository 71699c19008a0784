"""The faults of the released client that are mended: they are not to come back."""

import os
import resource
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from tests.compat.peers import Package, scripted
from tests.compat.test_errors import RTU, new_client, rtu, state, tcp


def echo_address(request: bytes) -> bytes:
    """Answer a read of one register with its address."""
    return tcp(request, "0302" + request[8:10].hex())


@pytest.mark.parametrize("name", ["a" * 64, "plc..local"])
def test_a_name_that_does_not_resolve(ours: Package, name: str) -> None:
    """open() is False with error 1; a request by auto_open ends at 9, as when refused."""
    c = ours.client.ModbusClient(name)
    assert c.open() is False
    assert (c.last_error_txt(), *state(c)) == ("name resolve error", 1, 0, False)
    c.auto_open(True)
    assert c.read_coils(0) is None
    assert state(c) == (9, 0, False)


def test_a_name_that_nobody_knows(ours: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the resolver that there is no such name is error 1 too."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    c = ours.client.ModbusClient("plc.domain.net")
    assert c.open() is False
    assert state(c) == (1, 0, False)


@pytest.mark.parametrize("reply", ["04020007", "8402", "030200070000"[:4]])
def test_another_function_code(ours: Package, reply: str) -> None:
    """A reply to another function is None and error 4, an exception of it likewise."""
    with scripted(lambda request: tcp(request, reply)) as port:
        c = new_client(ours, port, auto_open=True)
        assert c.read_holding_registers(0) is None
        assert state(c) == (4, 0, False)


@pytest.mark.parametrize("mode", [1, RTU])
def test_a_reply_in_pieces(ours: Package, mode: int) -> None:
    """A reply that comes byte by byte is one reply, in RTU mode too."""

    def answer(request: bytes) -> list[bytes]:
        reply = tcp(request, "03020007") if mode == 1 else rtu(ours, "0103020007")
        return [reply[n : n + 1] for n in range(len(reply))]

    with scripted(answer) as port:
        c = new_client(ours, port, mode, auto_open=True)
        c.timeout(5)
        assert c.read_holding_registers(0) == [7]
        assert c.read_holding_registers(0) == [7]
        assert state(c) == (0, 0, True)
        c.close()


def test_one_deadline(ours: Package) -> None:
    """A reply that trickles in does not prolong the wait."""

    def answer(request: bytes) -> list[bytes]:
        return [bytes([byte]) for byte in tcp(request, "037c" + "00" * 124)]

    with scripted(answer) as port:
        c = new_client(ours, port, auto_open=True)
        start = monotonic()
        assert c.read_holding_registers(0, 62) is None
        # all the pieces take over two seconds, each of them far less than the timeout
        assert 0.3 <= monotonic() - start < 1
        assert state(c) == (4, 0, False)


def test_large_socket_numbers(ours: Package) -> None:
    """A socket numbered 1024 or more is waited for like any other."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("the system does not give that many")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    try:
        with scripted(echo_address) as port:
            while taken[-1] < 1024:
                taken.append(os.dup(taken[0]))
            c = new_client(ours, port, auto_open=True)
            assert c.read_holding_registers(5) == [5]
            c.close()
    finally:
        for number in taken:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("length", [0, 1, 2, 3, 300])
def test_debug_on_a_short_bad_frame(
    ours: Package, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    """A bad header without its body is shown as it came."""
    with scripted(lambda r: tcp(r, "", transaction_id=0xABCD, length=length)) as port:
        c = new_client(ours, port, debug=True, auto_open=True)
        assert c.read_holding_registers(0) is None
        assert state(c) == (4, 0, False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [
        "MBAP format error",
        "Rx",
        f"[AB CD 00 00 {length >> 8:02X} {length & 255:02X} 01] ",
    ]


def test_debug_on_a_short_rtu_frame(ours: Package, capsys: pytest.CaptureFixture[str]) -> None:
    """Four bytes, which no RTU frame has, are shown without brackets."""
    with scripted(lambda _: bytes.fromhex("01410000")) as port:
        c = new_client(ours, port, RTU, debug=True, auto_open=True)
        assert c.read_holding_registers(0) is None
        assert state(c) == (4, 0, False)
    assert capsys.readouterr().out.splitlines()[2:] == ["Rx", "01 41 00 00 ", "short frame error"]


def test_threads_share_a_client(ours: Package) -> None:
    """Each thread gets the answers to its own requests, whoever opens and closes the link."""
    wrong: list[object] = []

    def work(c: Any, base: int) -> None:
        for address in range(base, base + 40):
            values = c.read_holding_registers(address)
            if values != [address]:
                wrong.append((address, values))

    for auto_close in (False, True):
        with scripted(echo_address) as port:
            c = new_client(ours, port, auto_open=True, auto_close=auto_close)
            c.timeout(5)
            threads = [Thread(target=work, args=(c, 1000 * n)) for n in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            c.close()
    assert wrong == []


class ClosingServer:
    """Answers one request per connection and closes it; a silent one closes without an answer."""

    def __init__(self, *, silent: bool = False) -> None:
        self.requests: list[bytes] = []
        self.closed = Event()
        self.silent = silent

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve and yield the port."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = Thread(target=self._serve, args=(listener,), daemon=True)
            thread.start()
            yield listener.getsockname()[1]
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(300)
                self.requests.append(request)
                if request and not self.silent:
                    connection.sendall(request[:5] + struct.pack(">B", 6) + request[6:12])
            self.closed.set()

    def wait_closed(self) -> None:
        """Wait until the connection of the last request is closed."""
        assert self.closed.wait(5)
        self.closed.clear()


@pytest.mark.parametrize("auto_open", [True, False])
def test_the_first_request_after_an_idle_close(ours: Package, auto_open: bool) -> None:
    """It is carried out on a new connection, once, however the link was opened."""
    server = ClosingServer()
    with server.running() as port:
        c = new_client(ours, port, auto_open=auto_open)
        assert c.open() is True
        for value in range(5):
            assert c.write_single_register(1, value) is True
            server.wait_closed()
        c.close()
    assert [request[11] for request in server.requests] == [0, 1, 2, 3, 4]
    assert state(c) == (0, 0, False)


def test_the_first_read_after_an_idle_close(ours: Package) -> None:
    """A read is asked again, even where the close was not seen in advance."""
    answers = iter([True, False, True, True])

    def answer(request: bytes) -> bytes | None:
        return echo_address(request) if next(answers) else None

    with scripted(answer) as port:
        c = new_client(ours, port)
        assert c.open() is True
        assert [c.read_holding_registers(n) for n in (1, 2, 3)] == [[1], [2], [3]]
        assert state(c) == (0, 0, True)
        c.close()


def test_no_write_is_repeated(ours: Package) -> None:
    """A write that got no answer is None and error 4; the device saw it once."""
    server = ClosingServer(silent=True)
    with server.running() as port:
        c = new_client(ours, port, auto_open=True)
        assert c.write_single_register(1, 5) is None
        assert state(c) == (4, 0, False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("writes", [False, True])
def test_the_server_is_gone(ours: Package, writes: bool) -> None:
    """An open link whose server went away is an error of the link, and closed then."""
    server = ClosingServer()
    with server.running() as port:
        c = new_client(ours, port, auto_open=True)
        assert c.write_single_register(1, 5) is True
        server.wait_closed()
    assert (c.write_single_register(1, 6) if writes else c.read_coils(0)) is None
    assert state(c) == (4, 0, False)
    assert c.read_holding_registers(0) is None
    assert state(c) == (9, 0, False)


def test_no_descriptor_is_left(ours: Package) -> None:
    """Opening, failing and closing over and over leaves no socket behind."""
    table = Path("/proc/self/fd")
    if not table.exists():
        pytest.skip("needs /proc")
    before = len(list(table.iterdir()))
    with scripted(lambda _: None) as port:
        c = new_client(ours, port, auto_open=True)
        for _ in range(20):
            c.open()
            c.read_coils(0)
            c.host("127.0.0.2")
            c.host("127.0.0.1")
            c.write_single_coil(0, True)
    assert len(list(table.iterdir())) == before
