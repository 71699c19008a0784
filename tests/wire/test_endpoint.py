"""Endpoints and the URLs they are written as."""

import ssl
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_wire.endpoint import (
    Endpoint,
    SerialEndpoint,
    TcpEndpoint,
    TlsEndpoint,
    UdpEndpoint,
    endpoint_of,
)
from modbus_wire.framing.base import Framing

KINDS: dict[str, type[TcpEndpoint] | type[UdpEndpoint]] = {"tcp": TcpEndpoint, "udp": UdpEndpoint}
FRAMINGS = {"": Framing.TCP, "rtu+": Framing.RTU, "ascii+": Framing.ASCII}


@pytest.mark.parametrize("prefix", FRAMINGS)
@pytest.mark.parametrize("scheme", KINDS)
@pytest.mark.parametrize(
    ("where", "host", "port"),
    [
        ("plc:1502", "plc", 1502),
        ("plc", "plc", 502),
        ("plc/", "plc", 502),
        ("192.168.1.10:0", "192.168.1.10", 0),
        ("[::1]:65535", "::1", 65535),
        ("[fe80::1%25eth0]", "fe80::1%25eth0", 502),
    ],
)
def test_network_urls(prefix: str, scheme: str, where: str, host: str, port: int) -> None:
    """Every framing on streams and datagrams; the port is 502 where none is said."""
    endpoint = endpoint_of(f"{prefix}{scheme}://{where}")
    assert isinstance(endpoint, KINDS[scheme])
    assert (endpoint.host, endpoint.port) == (host, port)
    assert endpoint.framing is FRAMINGS[prefix]


def test_tls_urls() -> None:
    """The port is 802 where none is said, and the files are options (SEC §6)."""
    url = "tls://plc?ca=ca.pem&cert=me.pem&key=my%20key.pem&server_hostname=plc.example"
    endpoint = endpoint_of(url)
    assert isinstance(endpoint, TlsEndpoint)
    assert (endpoint.host, endpoint.port, endpoint.framing) == ("plc", 802, Framing.TCP)
    files = (endpoint.ca, endpoint.cert, endpoint.key, endpoint.server_hostname)
    assert files == ("ca.pem", "me.pem", "my key.pem", "plc.example")
    bare = endpoint_of("tls://[::1]:9000")
    assert isinstance(bare, TlsEndpoint)
    assert (bare.host, bare.port, bare.ca, bare.context) == ("::1", 9000, None, None)


@pytest.mark.parametrize(
    ("url", "device", "settings"),
    [
        ("rtu:///dev/ttyUSB0", "/dev/ttyUSB0", (Framing.RTU, 19200, 8, "E", 1)),
        (
            "rtu:///dev/ttyUSB0?baudrate=9600&parity=n",
            "/dev/ttyUSB0",
            (Framing.RTU, 9600, 8, "N", 2),
        ),
        (
            "rtu:///dev/ttyS1?baudrate=115200&parity=O&stopbits=1.5&bytesize=8",
            "/dev/ttyS1",
            (Framing.RTU, 115200, 8, "O", 1.5),
        ),
        ("ascii:///dev/ttyUSB0", "/dev/ttyUSB0", (Framing.ASCII, 19200, 7, "E", 1)),
        ("ascii://COM3?bytesize=8", "COM3", (Framing.ASCII, 19200, 8, "E", 1)),
    ],
)
def test_serial_urls(url: str, device: str, settings: tuple[object, ...]) -> None:
    """The defaults are those of SL §2.5.1 and §2.5.2: even parity, or none and two stop bits."""
    endpoint = endpoint_of(url)
    assert isinstance(endpoint, SerialEndpoint)
    assert endpoint.device == device
    assert settings == (
        endpoint.framing,
        endpoint.baudrate,
        endpoint.bytesize,
        endpoint.parity,
        endpoint.stopbits,
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://plc",
        "://plc",
        "tcp+rtu://plc",
        "rtu+tls://plc",
        "tls+tcp://plc",
        "rtu+rtu:///dev/ttyUSB0",
        "xyz+tcp://plc",
        "tcp://",
        "tcp://:502",
        "tcp://plc/path",
        "tcp://plc:65536",
        "tcp://plc:-1",
        "tcp://plc:x",
        "tcp://user@plc",
        "tcp://plc#1",
        "tcp://[::1",
        "tcp://plc?unit=1",
        "udp://plc?baudrate=9600",
        "tls://plc?certificate=me.pem",
        "tls://plc?ca",
        "rtu://",
        "rtu:///dev/ttyUSB0?baudrate=fast",
        "rtu:///dev/ttyUSB0?baudrate=0",
        "rtu:///dev/ttyUSB0?baudrate=-9600",
        "rtu:///dev/ttyUSB0?parity=X",
        "rtu:///dev/ttyUSB0?parity=",
        "rtu:///dev/ttyUSB0?stopbits=3",
        "rtu:///dev/ttyUSB0?bytesize=7",
        "ascii:///dev/ttyUSB0?bytesize=6",
        "rtu:///dev/ttyUSB0?speed=9600",
        "rtu:///dev/ttyUSB0?baudrate",
        "rtu:///dev/ttyUSB0?baudrate=9600&baudrate=19200",
    ],
)
def test_bad_urls(url: str) -> None:
    """Whatever is wrong with a URL is a ValueError that names it."""
    with pytest.raises(ValueError, match=r"://") as caught:
        endpoint_of(url)
    assert str(caught.value).startswith(url)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_an_endpoint_or_a_value_error(scheme: str, rest: str) -> None:
    """No URL raises anything else."""
    try:
        endpoint = endpoint_of(f"{scheme}://{rest}")
    except ValueError:
        return
    assert isinstance(endpoint, Endpoint)


@pytest.mark.parametrize(
    "url",
    [
        "tcp://plc:502",
        "rtu+tcp://[::1]:1502",
        "ascii+udp://10.0.0.1:502",
        "udp://plc:502",
        "tls://plc:802",
        "rtu:///dev/ttyUSB0",
        "ascii://COM3",
    ],
)
def test_an_endpoint_says_its_url(url: str) -> None:
    """What an endpoint prints opens it again."""
    endpoint = endpoint_of(url)
    assert str(endpoint) == url
    assert repr(endpoint).startswith(type(endpoint).__name__)


def test_a_host_is_modbus_tcp() -> None:
    """A name or address without a scheme is a TCP server, with port and framing beside it."""
    for endpoint, port, framing in (
        (endpoint_of("plc"), 502, Framing.TCP),
        (endpoint_of("plc", 1502), 1502, Framing.TCP),
        (endpoint_of("plc", 1502, Framing.RTU), 1502, Framing.RTU),
    ):
        assert type(endpoint) is TcpEndpoint
        assert (endpoint.host, endpoint.port, endpoint.framing) == ("plc", port, framing)
    ipv6 = endpoint_of("::1", 502)
    assert isinstance(ipv6, TcpEndpoint)
    assert ipv6.host == "::1"


def test_an_endpoint_is_itself() -> None:
    """A value that is an endpoint already is returned."""
    for endpoint in (TcpEndpoint("plc"), SerialEndpoint("COM1"), TlsEndpoint("plc")):
        assert endpoint_of(endpoint) is endpoint


@pytest.mark.parametrize("where", ["tcp://plc", "rtu:///dev/ttyUSB0", TcpEndpoint("plc")])
def test_what_says_port_and_framing_is_told_neither(where: str | Endpoint) -> None:
    """Two answers to one question are a mistake."""
    for arguments in ((1502, None), (None, Framing.TCP)):
        with pytest.raises(ValueError, match="port and framing"):
            endpoint_of(where, *arguments)


@pytest.mark.parametrize("port", [-1, 65536])
@pytest.mark.parametrize("kind", [TcpEndpoint, UdpEndpoint, TlsEndpoint])
def test_port_out_of_range(kind: Any, port: int) -> None:
    """A port is 0 to 65535."""
    with pytest.raises(ValueError, match=str(port)):
        kind("plc", port)


def test_framing_that_is_none() -> None:
    """A framing is one of the enum's, not its name; a serial line carries no MBAP."""
    with pytest.raises(TypeError, match="no Framing"):
        TcpEndpoint("plc", framing="rtu")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="serial line"):
        SerialEndpoint("COM1", framing=Framing.TCP)


def test_a_context_goes_with_a_tls_endpoint() -> None:
    """Files, or a context that the user made."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert TlsEndpoint("plc", context=context).context is context


@pytest.mark.parametrize(
    ("baudrate", "silence"), [(9600, 0.00401), (19200, 0.002005), (38400, 0.00175), (300, 0.12833)]
)
def test_silence_between_rtu_frames(baudrate: int, silence: float) -> None:
    """3.5 characters of 11 bits up to 19200 baud, 1.75 ms above (SL §2.5.1.1)."""
    endpoint = SerialEndpoint("COM1", baudrate=baudrate)
    assert endpoint.silence == pytest.approx(silence, rel=1e-3)
