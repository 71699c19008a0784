"""Who may do what: rules by role, and what a rule is made of (SEC §8.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from modbus_wire.errors import ExceptionResponse, IllegalFunction
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.peer import Peer
from modbus_wire.typed import TypeAlias

Access: TypeAlias = Callable[[Peer, int, AnyRequest], bool]
"""Whether a peer may have a request carried out on a unit; who may not gets exception 01."""

Rule: TypeAlias = str | Collection[int]
"""``"read"``: requests that change nothing; ``"write"``: all requests; or the function codes."""

READ = "read"
WRITE = "write"
_MAX_CODE = 0x7F


class RoleAccess:
    """Access by the role in the peer's certificate.

    The rule under None is that of the null role: of a peer without a role, and of roles that have
    no rule of their own. Without it, they may do nothing.
    """

    __slots__ = ("_rules",)

    def __init__(self, rules: Mapping[str | None, Rule]) -> None:
        """Take a rule for each role; raises ValueError for what is no rule."""
        self._rules = {role: _checked(rule) for role, rule in rules.items()}

    def __call__(self, peer: Peer, unit_id: int, request: AnyRequest) -> bool:
        rules = self._rules
        rule = rules.get(peer.role)
        if rule is None:
            rule = rules.get(None, ())
        if isinstance(rule, str):
            return rule == WRITE or not request.writes
        return request.function_code in rule


class Guard:
    """Lets through what a peer may ask of a handler."""

    __slots__ = ("_access", "_read_only")

    def __init__(self, access: Access | None, read_only: bool) -> None:
        if access is not None:
            check_function("access", access)
        if not isinstance(read_only, bool):
            raise TypeError(f"read_only {read_only!r} is neither True nor False")
        self._access = access
        self._read_only = read_only

    def admit(self, kind: type[AnyRequest], pdu: bytes, unit_id: int, peer: Peer) -> AnyRequest:
        """Return the request of a class that a PDU is.

        Raises `IllegalFunction` where the peer may not, and what the class makes of a bad PDU.
        """
        if self._read_only and kind.writes is True:  # otherwise the request itself knows
            raise IllegalFunction
        try:
            request = kind.decode(pdu)
        except ExceptionResponse:
            from modbus_wire.pdu.raw import RawPdu

            if self._permits(RawPdu(pdu), unit_id, peer):
                raise
            raise IllegalFunction from None
        if not self._permits(request, unit_id, peer) or (self._read_only and request.writes):
            raise IllegalFunction
        return request

    def _permits(self, request: AnyRequest, unit_id: int, peer: Peer) -> bool:
        return self._access is None or self._access(peer, unit_id, request)


def check_function(name: str, function: object) -> None:
    """Raise TypeError for what cannot be called, and for a coroutine function."""
    if not callable(function):
        raise TypeError(f"{name} {function!r} cannot be called")
    from inspect import iscoroutinefunction  # it takes longer than the whole package

    if iscoroutinefunction(function):
        raise TypeError(f"{name} {function!r} is a coroutine function, which nobody would await")


def _checked(rule: Rule) -> Rule:
    if isinstance(rule, str):
        if rule not in (READ, WRITE):
            raise ValueError(f"{rule!r} is no rule: {READ!r}, {WRITE!r} or function codes")
        return rule
    codes = frozenset(rule)
    for code in codes:
        if not 0 < code <= _MAX_CODE:
            raise ValueError(f"{code!r} is no function code (1..{_MAX_CODE})")
    return codes
