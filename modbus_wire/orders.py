"""What a server is to do with the answer to a request besides sending it: hold it back, or not."""

from __future__ import annotations

from modbus_wire.errors import ExceptionResponse
from modbus_wire.pdu.value import Value
from modbus_wire.typed import Protocol
from modbus_wire.withheld import Answer, Wait, Withheld

NOTHING = Withheld()
"""No answer, whatever the request is."""

HANGING_UP = Withheld()
HANGING_UP.closes = True


class Respond(Protocol):
    """Carries a request out; never raises."""

    def __call__(self, error: ExceptionResponse | None = None) -> Answer:
        """Return the answer; with an error the request is not carried out, but refused with it."""
        ...


class Order(Value):
    """What is to become of one request; a subclass of your own overrides `answer`."""

    __slots__ = ()

    def answer(self, respond: Respond) -> Answer:
        """Return the answer to a request, which ``respond`` carries out."""
        return respond()


class Delay(Order):
    """The request is carried out now and answered later; meanwhile others are served.

    On a connection with transaction ids later requests may be answered before it; without, their
    answers wait for it.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        """Take the seconds to wait; raises ValueError below 0."""
        if not seconds >= 0:
            raise ValueError(f"a delay of {seconds!r} s cannot be")
        self.seconds = seconds

    def answer(self, respond: Respond) -> Answer:
        return held_back(respond(), self.seconds)


class NoAnswer(Order):
    """The client waits in vain: the request is lost, or, ``carried_out``, the answer to it."""

    __slots__ = ("carried_out",)

    def __init__(self, *, carried_out: bool = False) -> None:
        self.carried_out = carried_out

    def answer(self, respond: Respond) -> Answer:
        if self.carried_out:
            respond()
        return NOTHING


class Disconnect(Order):
    """The connection ends instead of an answer, before or after the request is carried out.

    Where there are no connections, as with datagrams, nothing is answered.
    """

    __slots__ = ("carried_out",)

    def __init__(self, *, carried_out: bool = False) -> None:
        self.carried_out = carried_out

    def answer(self, respond: Respond) -> Answer:
        if self.carried_out:
            respond()
        return HANGING_UP


def held_back(answer: Answer, wait: Wait) -> Answer:
    """Return an answer that waits; one that is withheld already stays as it is."""
    if not answer or isinstance(answer, Withheld):
        return answer
    held = Withheld(answer)
    held.wait = wait
    return held
