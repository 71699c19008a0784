"""ModbusServer: starting and stopping, and what it answers to requests byte by byte."""

import socket
import socketserver
import struct
from threading import Thread

import pytest

from tests.compat.conftest import PortOf
from tests.compat.peers import Package, free_port, running


def ask(port: int, *pdus: str) -> list[str]:
    """Send requests on one connection and return the response PDUs."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        return [exchange(connection, pdu) for pdu in pdus]


def exchange(connection: socket.socket, pdu: str, unit_id: int = 9) -> str:
    """Send one request and return its response PDU."""
    body = bytes.fromhex(pdu)
    connection.sendall(struct.pack(">HHHB", 0x1234, 0, len(body) + 1, unit_id) + body)
    head = connection.recv(7, socket.MSG_WAITALL)
    transaction_id, protocol_id, length, answered = struct.unpack(">HHHB", head)
    assert (transaction_id, protocol_id, answered) == (0x1234, 0, unit_id)
    return connection.recv(length - 1, socket.MSG_WAITALL).hex()


@pytest.mark.parametrize(
    ("request_pdu", "reply_pdu"),
    [
        ("0100000003", "010105"),
        ("0200000003", "020105"),
        ("0300000002", "030400070008"),
        ("0400000002", "040400070008"),
        ("050000ff00", "050000ff00"),
        ("0600000007", "0600000007"),
        ("0f000000030105", "0f00000003"),
        ("1000000001020007", "1000000001"),
        ("0100000000", "8103"),
        ("01000007d1", "8103"),
        ("0300000000", "8303"),
        ("030000007e", "8303"),
        ("0f000000000100", "8f03"),
        ("10000000010100", "9003"),
        ("01ffff0002", "8102"),
        ("02ffff07d1", "8203"),
        ("03ffff0002", "8302"),
        ("04ffff007e", "8403"),
        ("0fffff00020103", "8f02"),
        ("10ffff00020400010002", "9002"),
        ("07", "8701"),
        ("41", "c101"),
        ("2b0e0100", "ab01"),
    ],
)
def test_answers(package: Package, port_of: PortOf, request_pdu: str, reply_pdu: str) -> None:
    """Function, then quantity, then address are checked; the unit id is echoed."""
    package.server.DataBank.set_bits(0, [True, False, True])
    package.server.DataBank.set_words(0, [7, 8])
    if len(request_pdu) == 2 and package.name == "pyModbusTCP":
        pytest.skip("the released server closes on a PDU of one byte")
    assert ask(port_of(package), request_pdu) == [reply_pdu]


@pytest.mark.parametrize("code", [7, 11, 12, 17, 24, 43, 100])
def test_unknown_functions(ours: Package, code: int) -> None:
    """A function without a class is exception 01, with or without a body."""
    refusal = f"{code | 0x80:02x}01"
    with running(ours) as port:
        assert ask(port, f"{code:02x}", f"{code:02x}0000") == [refusal, refusal]


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 15, 16])
def test_sizes(ours: Package, code: int) -> None:
    """A PDU that is too short or too long is exception 03, and the connection goes on."""
    sound = {15: "0000000801ff", 16: "0000000102ffff"}.get(code, "00000001")
    refusal = f"{code | 0x80:02x}03"
    ours.server.DataBank.set_words(0, [7])
    with running(ours) as port:
        wrong = ["", sound[:-2], sound + "00"]
        answers = ask(port, *(f"{code:02x}{body}" for body in wrong), "0300000001")
    assert answers == [refusal] * 3 + ["03020007"]


def test_a_coil_is_on_or_off(ours: Package) -> None:
    """FC 5 with another value than FF00 or 0000 is exception 03, the coil untouched."""
    ours.server.DataBank.set_bits(0, [True])
    with running(ours) as port:
        assert ask(port, "0500000001", "050000ff01") == ["8503", "8503"]
    assert ours.server.DataBank.get_bits(0) == [True]


def test_start_and_stop(package: Package) -> None:
    """start() and stop() return None and do nothing twice; a stopped server starts again."""
    server = package.server.ModbusServer("127.0.0.1", free_port(), no_block=True)
    assert (server.host, server.no_block, server.ipv6) == ("127.0.0.1", True, False)
    assert server.stop() is None
    assert (server.start(), server.start()) == (None, None)
    assert ask(server.port, "0600000007") == ["0600000007"]
    assert server.is_run is True
    assert (server.stop(), server.stop()) == (None, None)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_restart(ours: Package) -> None:
    """A server starts again at once after stop(), and runs when start() returns."""
    server = ours.server.ModbusServer("127.0.0.1", free_port(), no_block=True)
    for _ in range(3):
        server.start()
        assert server.is_run is True
        assert ask(server.port, "0600000007") == ["0600000007"]
        server.stop()
        assert server.is_run is False


def test_blocking_start(ours: Package) -> None:
    """Without no_block, start() returns when another thread stops the server."""
    server = ours.server.ModbusServer("127.0.0.1", free_port())
    thread = Thread(target=server.start)
    thread.start()
    client = ours.client.ModbusClient("127.0.0.1", server.port)
    while not client.open():
        assert thread.is_alive()
    assert client.write_single_register(0, 1) is True
    client.close()
    server.stop()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the released one leaves a socket
def test_bind_failure(package: Package) -> None:
    """A port in use, or a host that is not here, is an OSError of start()."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for host in ("127.0.0.1", "192.0.2.1"):
            server = package.server.ModbusServer(host, taken.getsockname()[1], no_block=True)
            with pytest.raises(OSError, match=r"in use|assign"):
                server.start()
            assert server.is_run is False


def test_a_name_that_does_not_resolve(ours: Package) -> None:
    """It is an OSError of start() too."""
    server = ours.server.ModbusServer("a" * 64, free_port(), no_block=True)
    with pytest.raises(OSError, match="does not resolve"):
        server.start()


def test_ipv6(ours: Package) -> None:
    """With ipv6 the server listens on an IPv6 address."""
    port = free_port()
    try:
        socket.create_server(("::1", port), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6")
    for ipv6, host in ((True, "::1"), (False, "127.0.0.1")):
        server = ours.server.ModbusServer(host, port, no_block=True, ipv6=ipv6)
        server.start()
        socket.create_connection((host, port), timeout=5).close()
        server.stop()


def test_stop_closes_live_links(ours: Package) -> None:
    """A connected client sees the end of its connection."""
    with running(ours) as port:
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        assert exchange(connection, "0600000007") == "0600000007"
    with connection:
        assert connection.recv(1) == b""


def test_nothing_process_wide_changes(ours: Package) -> None:
    """Serving on IPv6 or IPv4 leaves the servers of the standard library as they are."""
    before = dict(vars(socketserver.ThreadingTCPServer)), dict(vars(socketserver.TCPServer))
    timeout = socket.getdefaulttimeout()
    with running(ours) as port:
        ask(port, "0300000001")
    after = dict(vars(socketserver.ThreadingTCPServer)), dict(vars(socketserver.TCPServer))
    assert (before, timeout) == (after, socket.getdefaulttimeout())


def test_all_servers_share_one_store(package: Package) -> None:
    """What is written through one server is read through another."""
    with running(package) as first, running(package) as second:
        assert ask(first, "060005002a") == ["060005002a"]
        assert ask(second, "0300050001") == ["0302002a"]
