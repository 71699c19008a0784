"""Where the other side is: values that name a transport, and the URLs they are written as.

tcp://plc:502            Modbus TCP; rtu+tcp:// and ascii+tcp:// are other framings on it
udp://plc:502            Modbus TCP frames in datagrams; rtu+udp:// and ascii+udp:// likewise
tls://plc:802?ca=ca.pem&cert=me.pem&key=me.key
rtu:///dev/ttyUSB0?baudrate=9600&parity=E&stopbits=1&bytesize=8
ascii:///dev/ttyUSB0
"""

from __future__ import annotations

from collections.abc import Callable

from modbus_wire.framing.base import Framing
from modbus_wire.typed import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ssl import SSLContext

DEFAULT_PORT = 502
"""Of Modbus TCP, in streams and datagrams (TCP §4.2.1)."""

SECURE_PORT = 802
"""Of Modbus/TCP Security (SEC §6)."""

_CHARACTER_BITS = 11
_FASTEST_COMPUTED = 19_200
_FIXED_SILENCE = 0.00175


class _Network:
    """A host and a port; an IPv6 address is in brackets in a URL only.

    A server at the host "" listens on every interface; a client needs a host.
    """

    __slots__ = ("framing", "host", "port")

    scheme = ""
    default_port = DEFAULT_PORT

    def __init__(
        self, host: str, port: int | None = None, *, framing: Framing = Framing.TCP
    ) -> None:
        if not isinstance(framing, Framing):
            raise TypeError(f"framing {framing!r} is no Framing")
        _check_host(host)
        if port is None:
            port = self.default_port
        if isinstance(port, bool) or not isinstance(port, int):
            raise TypeError(f"port {port!r} is no int")
        if not 0 <= port <= 0xFFFF:
            raise ValueError(f"port {port} is not in 0..65535")
        self.host = host
        self.port = port
        self.framing = framing

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        prefix = "" if self.framing is Framing.TCP else f"{self.framing.value}+"
        return f"{prefix}{self.scheme}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host!r}, {self.port}, framing={self.framing!r})"


class TcpEndpoint(_Network):
    """A TCP port, IPv4 or IPv6. Port 0 lets the system choose one for a server."""

    __slots__ = ()

    scheme = "tcp"


class UdpEndpoint(_Network):
    """A UDP port: each datagram carries whole frames."""

    __slots__ = ()

    scheme = "udp"


class TlsEndpoint(_Network):
    """A port of Modbus/TCP Security (SEC): TLS 1.2 or newer, both sides with certificates.

    Either ``context`` or the files: ``cert`` and ``key`` are this side's own, ``ca`` those that
    the other side's certificate has to descend from. ``server_hostname`` is the name that a client
    expects in it where that is not ``host``.

    The files are read when a client connects or a server starts; ValueError names those that are
    missing or cannot be used then, in a client's requests as in its ``open()``.
    """

    __slots__ = ("ca", "cert", "context", "key", "server_hostname")

    scheme = "tls"
    default_port = SECURE_PORT

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        context: SSLContext | None = None,
        cert: str | None = None,
        key: str | None = None,
        ca: str | None = None,
        server_hostname: str | None = None,
    ) -> None:
        """Take the values.

        Raises ValueError for a context beside files, TypeError for one that is no SSLContext.
        """
        super().__init__(host, port)
        if context is not None:
            _check_context(context)
            if (cert, key, ca) != (None, None, None):
                raise ValueError("a context has its own certificates: give it, or cert, key and ca")
        self.context = context
        self.cert = cert
        self.key = key
        self.ca = ca
        self.server_hostname = server_hostname

    def check_certificates(self) -> None:
        """Raise ValueError where there is neither a context nor the names of the files."""
        if self.context is None and (self.cert is None or self.ca is None):
            missing = "cert" if self.cert is None else "ca"
            raise ValueError(f"{self} needs a context, or the files cert, key and ca: no {missing}")


class SerialEndpoint:
    """A serial line, RTU or ASCII; the defaults are those of SL §2.5.1 and §2.5.2."""

    __slots__ = ("baudrate", "bytesize", "device", "framing", "parity", "stopbits")

    def __init__(
        self,
        device: str,
        *,
        framing: Framing = Framing.RTU,
        baudrate: int = 19_200,
        bytesize: int | None = None,
        parity: str = "E",
        stopbits: float | None = None,
    ) -> None:
        """Take the settings; raises ValueError for those that no serial line has.

        ``bytesize`` is 8 for RTU and 7 for ASCII, ``stopbits`` 1, or 2 without parity.
        """
        if framing is Framing.TCP:
            raise ValueError("Modbus TCP frames do not go over a serial line")
        if bytesize is None:
            bytesize = 7 if framing is Framing.ASCII else 8
        if stopbits is None:
            stopbits = 2 if parity == "N" else 1
        if not isinstance(device, str):
            raise TypeError(f"device {device!r} is no string")
        if not device.strip(" /"):
            raise ValueError("a serial line needs a device, as in rtu:///dev/ttyUSB0 or rtu://COM3")
        if baudrate <= 0:
            raise ValueError(f"baudrate {baudrate} is not above 0")
        if bytesize != 8 and not (bytesize == 7 and framing is Framing.ASCII):
            raise ValueError(f"bytesize {bytesize} cannot carry {framing.value.upper()} frames")
        if parity not in ("N", "E", "O"):
            raise ValueError(f"parity {parity!r} is not N, E or O")
        if stopbits not in (1, 1.5, 2):
            raise ValueError(f"stopbits {stopbits} is not 1, 1.5 or 2")
        self.device = device
        self.framing = framing
        self.baudrate = baudrate
        self.bytesize = bytesize
        self.parity = parity
        self.stopbits = stopbits

    @property
    def silence(self) -> float:
        """The seconds of silence between RTU frames, 3.5 characters (SL §2.5.1.1)."""
        if self.baudrate > _FASTEST_COMPUTED:
            return _FIXED_SILENCE
        return 3.5 * _CHARACTER_BITS / self.baudrate

    def __str__(self) -> str:
        return f"{self.framing.value}://{self.device}"

    def __repr__(self) -> str:
        return f"SerialEndpoint({self.device!r}, framing={self.framing!r})"


Endpoint: TypeAlias = TcpEndpoint | UdpEndpoint | TlsEndpoint | SerialEndpoint


def endpoint_of(
    where: str | Endpoint, port: int | None = None, framing: Framing | None = None
) -> Endpoint:
    """Return the endpoint that ``where`` is: a host name or address, a URL, or an endpoint.

    ``port`` and ``framing`` go with a host only. Raises ValueError for anything else, TypeError
    for what is neither a string nor an endpoint.
    """
    if not isinstance(where, str):
        if not isinstance(where, Endpoint):
            raise TypeError(f"host {where!r} is neither a string nor an endpoint")
        if port is not None or framing is not None:
            raise ValueError("an endpoint has its own port and framing")
        return where
    if "://" not in where:
        return TcpEndpoint(where, port, framing=Framing.TCP if framing is None else framing)
    if port is not None or framing is not None:
        raise ValueError(f"{where} says port and framing itself")
    return _parse(where)


_HEXADECIMAL = frozenset("0123456789abcdefABCDEF:.")


def _check_host(host: str) -> None:
    """Raise ValueError for what is neither a name nor an address, and tell what was meant."""
    if not isinstance(host, str):
        raise TypeError(f"host {host!r} is no string")
    if not host.isprintable() or " " in host:
        raise ValueError(f"host {host!r} has a space or control character in it")
    address = host.partition("%")[0]
    is_ipv6 = address.count(":") > 1 and _HEXADECIMAL.issuperset(address)
    if "/" in host or "[" in host or "]" in host or (":" in host and not is_ipv6):
        raise ValueError(
            f"host {host!r} is neither a name nor an address, {_meant(host)} is a URL of that kind"
        )


def _meant(host: str) -> str:
    """Return a URL that somebody may have meant who wrote no URL."""
    scheme, _, rest = host.partition(":")
    if scheme in ("rtu", "ascii") and rest.strip("/"):
        return f"{scheme}://{rest}"
    if host.startswith("/") and host.strip("/"):
        return f"rtu://{host}"
    if "/" in host or not host.strip("[]"):
        return "tcp://plc:502"
    return f"tcp://{host}"


def _check_context(context: object) -> None:
    from ssl import SSLContext

    if not isinstance(context, SSLContext):
        raise TypeError(f"context {context!r} is no SSLContext")


_STREAMS: dict[str, type[TcpEndpoint | UdpEndpoint]]
_STREAMS = {"tcp": TcpEndpoint, "udp": UdpEndpoint}


def _parse(url: str) -> Endpoint:
    from urllib.parse import urlsplit

    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.fragment:
            raise ValueError("neither a user nor a fragment belongs there")
        options = _options(parts.query)
        prefix, _, transport = parts.scheme.rpartition("+")
        if parts.scheme in ("rtu", "ascii"):
            return _serial(parts.netloc + parts.path, Framing(parts.scheme), options)
        if parts.path not in ("", "/") or not parts.hostname:
            raise ValueError("a host and perhaps a port is expected")
        if parts.scheme == "tls":
            return TlsEndpoint(parts.hostname, parts.port, **_known(options, _TLS_OPTIONS))
        _known(options, {})
        kind = _STREAMS[transport]
        framing = Framing(prefix) if prefix else Framing.TCP
        return kind(parts.hostname, parts.port, framing=framing)
    except KeyError:
        raise ValueError(f"{url}: {scheme!r} is no transport") from None
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from None


def _options(query: str) -> dict[str, str]:
    """Return what follows the question mark; raises ValueError for an option without a value."""
    from urllib.parse import parse_qsl

    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ValueError("an option is given twice")
    return options


_TLS_OPTIONS: dict[str, Callable[[str], Any]] = dict.fromkeys(
    ("cert", "key", "ca", "server_hostname"), str
)
_SERIAL_OPTIONS: dict[str, Callable[[str], Any]] = {
    "baudrate": int,
    "bytesize": int,
    "parity": str.upper,
    "stopbits": float,
}


def _serial(device: str, framing: Framing, options: dict[str, str]) -> SerialEndpoint:
    return SerialEndpoint(device, framing=framing, **_known(options, _SERIAL_OPTIONS))


def _known(options: dict[str, str], kinds: dict[str, Callable[[str], Any]]) -> dict[str, Any]:
    """Return the options by their kinds; raises ValueError for one that is not among them."""
    unknown = sorted(options.keys() - kinds.keys())
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r}: there are {', '.join(kinds)}")
    return {name: kinds[name](text) for name, text in options.items()}
