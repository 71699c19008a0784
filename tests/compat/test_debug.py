"""Debug output: the same lines from both packages, apart from the transaction id."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.peers import Answer, Package, free_port, scripted
from tests.compat.test_errors import new_client, rtu, tcp

Script = Callable[[Any], object]

RTU = 2
TRANSACTION_ID = re.compile(r"\[[0-9A-F]{2} [0-9A-F]{2} ")


def printed(
    package: Package,
    capsys: pytest.CaptureFixture[str],
    answer: Answer,
    script: Script,
    mode: int = 1,
) -> str:
    """Return what a script prints with debug on, transaction ids blanked in TCP mode."""
    with scripted(answer) as port:
        c = new_client(package, port, mode, debug=True, auto_open=True)
        script(c)
        c.debug(False)
        c.close()
    output = capsys.readouterr().out
    return TRANSACTION_ID.sub("[.. .. ", output) if mode == 1 else output


def read(c: Any) -> object:
    """Read two registers."""
    return c.read_holding_registers(0, 2)


def test_tcp_frames(package: Package, capsys: pytest.CaptureFixture[str]) -> None:
    """Tx and Rx stand alone on a line; the frame follows with its MBAP header in brackets."""
    output = printed(package, capsys, lambda r: tcp(r, "0304006F0000"), read)
    assert output == (
        "Tx\n[.. .. 00 00 00 06 01] 03 00 00 00 02 \n"
        "Rx\n[.. .. 00 00 00 07 01] 03 04 00 6F 00 00 \n"
    )


def test_rtu_frames(package: Package, capsys: pytest.CaptureFixture[str]) -> None:
    """In RTU mode the brackets are around the CRC."""
    answer = rtu(package, "010304006F0000")
    output = printed(package, capsys, lambda _: answer, read, RTU)
    assert output == (
        "Tx\n01 03 00 00 00 02 [C4 0B] \n"
        f"Rx\n01 03 04 00 6F 00 00 [{answer[-2]:02X} {answer[-1]:02X}] \n"
    )


def write_all(c: Any) -> None:
    """Write by all four functions."""
    c.write_single_coil(1, True)
    c.write_single_register(1, 300)
    c.write_multiple_coils(1, [True] * 9)
    c.write_multiple_registers(1, [1, 2])


CASES: list[tuple[str, Answer, Script]] = [
    ("exception", lambda r: tcp(r, "8302"), read),
    ("closed", lambda _: None, write_all),
    ("silence", lambda _: b"", read),
    ("half a header", lambda r: r[:4], read),
    ("half a body", lambda r: tcp(r, "0304", length=7), read),
    ("unit id", lambda r: tcp(r, "030400010002", unit_id=2), read),
    ("protocol id", lambda r: tcp(r, "030400010002", protocol_id=2), read),
    ("byte count", lambda r: tcp(r, "030500010002"), read),
    ("no data", lambda r: tcp(r, "0300"), read),
    ("echo size", lambda r: tcp(r, "05000100"), lambda c: c.write_single_coil(1, 1)),
    ("another echo", lambda r: tcp(r, "0500020000"), lambda c: c.write_single_coil(1, 1)),
    ("writes", lambda r: r[:4] + b"\0\6" + r[6:12], write_all),
]


@pytest.mark.parametrize(("what", "answer", "script"), CASES, ids=[case[0] for case in CASES])
def test_both_print_the_same(
    ours: Package,
    released: Package,
    capsys: pytest.CaptureFixture[str],
    what: str,
    answer: Answer,
    script: Script,
) -> None:
    """Frames and messages come in the released order and words."""
    outputs = [printed(package, capsys, answer, script) for package in (ours, released)]
    assert outputs[0] == outputs[1]
    assert outputs[0], what


RTU_CASES: list[tuple[str, str | None]] = [
    ("exception", "018302"),
    ("other unit", "02030400010002"),
    ("closed", None),
]


@pytest.mark.parametrize(("what", "reply"), RTU_CASES, ids=[case[0] for case in RTU_CASES])
def test_both_print_the_same_in_rtu_mode(
    ours: Package,
    released: Package,
    capsys: pytest.CaptureFixture[str],
    what: str,
    reply: str | None,
) -> None:
    """Frames that are refused are shown too."""

    def answer(_: bytes) -> bytes | None:
        return None if reply is None else rtu(ours, reply)

    outputs = [printed(package, capsys, answer, read, RTU) for package in (ours, released)]
    assert outputs[0] == outputs[1]
    assert outputs[0], what


@pytest.mark.parametrize("reply", ["01030400010002abcd", ""], ids=["crc", "silence"])
def test_both_print_the_same_without_a_sound_frame(
    ours: Package, released: Package, capsys: pytest.CaptureFixture[str], reply: str
) -> None:
    """A frame with a wrong CRC is shown and named, and so is a timeout."""
    answer = bytes.fromhex(reply)
    outputs = [
        printed(package, capsys, lambda _: answer, read, RTU) for package in (ours, released)
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0]


def test_links_that_do_not_open(package: Package, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused connection and a closed link have their messages."""
    c = package.client.ModbusClient("127.0.0.1", free_port(), debug=True)
    c.open()
    c.read_coils(0)
    c.auto_open(True)
    c.read_coils(0)
    assert capsys.readouterr().out.splitlines() == [
        "connect error",
        "call _send on close socket",
        "connect error",
        "call _send on close socket",
    ]
