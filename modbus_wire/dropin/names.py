"""The server names that pyModbusTCP 0.1.10 takes."""

import re
import socket

_NAME = re.compile(r"^[a-z][a-z0-9.\-]+$")


def is_host(text: str) -> bool:
    """Return whether ``text`` is an IPv4 or IPv6 address, or a lower-case name.

    Raises TypeError for what is no string.
    """
    families = socket.AF_INET, socket.AF_INET6
    return any(_is_address(text, family) for family in families) or bool(_NAME.match(text))


def _is_address(text: str, family: int) -> bool:
    try:
        socket.inet_pton(family, text)
    except OSError:
        return False
    return True
