"""Who is at the other end of a server's connection."""

from __future__ import annotations


class Peer:
    """A client as the server sees it."""

    __slots__ = ("host", "port", "role")

    def __init__(self, host: str = "", port: int = 0, role: str | None = None) -> None:
        self.host = host
        """Its address; a serial line's device; empty where nobody knows."""

        self.port = port
        """Its port; 0 on a serial line and where nobody knows."""

        self.role = role
        """The role in its certificate (SEC §8.3); None is the null role."""

    @property
    def is_on_network(self) -> bool:
        """Whether it came over a network, and not over a serial line."""
        return self.port != 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host

    def __repr__(self) -> str:
        return f"Peer({self.host!r}, {self.port}, role={self.role!r})"


NOBODY = Peer()
"""The peer of a request that came from no connection."""
