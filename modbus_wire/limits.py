"""Whom a server lets in, how many at once, and for how long without a word."""

from __future__ import annotations

from collections.abc import Iterable

from modbus_wire.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


class Limits:
    """What a server asks of its clients' connections (TCP §4.2.1, access control).

    ``allow`` are the networks that may connect, such as ``"10.0.0.0/8"``, ``"::1"``; none given,
    everybody may. Beyond ``max_connections`` the one that has been idle longest is closed for the
    new one. A connection that got no answer for ``idle_timeout`` seconds is closed: bytes that
    never become a request do not keep it.
    """

    __slots__ = ("_networks", "idle_timeout", "max_connections")

    def __init__(
        self,
        allow: Iterable[str] = (),
        max_connections: int | None = None,
        idle_timeout: float | None = None,
    ) -> None:
        """Take the values.

        Raises ValueError for one out of range and for what is no network, TypeError for values of
        another kind.
        """
        if isinstance(allow, str):
            raise TypeError(f"allow {allow!r} is one network: a list of them is expected")
        if max_connections is not None and not isinstance(max_connections, int):
            raise TypeError(f"max_connections {max_connections!r} is no int")
        if max_connections is not None and max_connections < 1:
            raise ValueError(f"max_connections {max_connections} is not above 0")
        if idle_timeout is not None and not isinstance(idle_timeout, int | float):
            raise TypeError(f"idle_timeout {idle_timeout!r} is no number")
        if idle_timeout is not None and not idle_timeout > 0:
            raise ValueError(f"idle_timeout {idle_timeout} is not above 0")
        self.max_connections = max_connections
        self.idle_timeout = idle_timeout
        self._networks: tuple[IPv4Network | IPv6Network, ...] = _networks(allow)

    @property
    def is_timed(self) -> bool:
        """Whether it matters when a connection was last used."""
        return self.max_connections is not None or self.idle_timeout is not None

    @property
    def are_none(self) -> bool:
        """Whether everybody may do as they like."""
        return not self.is_timed and not self._networks

    def allows(self, host: str) -> bool:
        """Whether a client at that address may connect; an IPv4 client of IPv6 counts as IPv4."""
        if not self._networks:
            return True
        from ipaddress import IPv6Address, ip_address

        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            return any(address.ipv4_mapped in network for network in self._networks)
        return any(address in network for network in self._networks)


def _networks(allow: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    allowed = tuple(allow)
    if not allowed:  # the module takes its time to import
        return ()
    from ipaddress import IPv4Network, IPv6Network, ip_network

    for network in allowed:  # a number would be one too, such as 0.0.0.5
        if not isinstance(network, str | IPv4Network | IPv6Network):
            raise TypeError(f"allow {network!r} is no text")
    return tuple(ip_network(network) for network in allowed)
