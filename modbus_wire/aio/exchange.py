"""A request on its way through an async client, and the reads of one call."""

from __future__ import annotations

import asyncio

from modbus_wire.aio.reply import Reply
from modbus_wire.pdu.base import AnyRequest
from modbus_wire.policy import Policy
from modbus_wire.statistics import UnitStatistics
from modbus_wire.typed import Any


class Batch(Reply):
    """The results of the reads of one call, in order; it is over with the last."""

    __slots__ = ("left",)

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        super().__init__(loop)
        self.value = [None] * size
        self.left = size
        """How many results are still to come."""


class Exchange(Reply):
    """A request to a unit, from the call to its end: a result, an error or a cancellation."""

    __slots__ = (
        "_index",
        "batch",
        "deadline",
        "may_repeat",
        "policy",
        "request",
        "retries",
        "sent_at",
        "unit",
        "unit_id",
    )

    deadline: float
    """When it will have taken too long, on the monotonic clock; set when it is sent."""

    sent_at: float
    """When it was sent, on the monotonic clock."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        request: AnyRequest,
        unit_id: int,
        policy: Policy,
        unit: UnitStatistics,
        may_repeat: bool,
        batch: Batch | None = None,
        index: int = 0,
    ) -> None:
        """Take a request.

        ``unit`` are the counts of its unit, ``index`` is its place in the batch. ``may_repeat``
        says that a connection stood already: where that ends, it may have been idle and gone for
        long, and a read is sent again.
        """
        if batch is None:  # otherwise nobody waits for it
            self._asyncio_future_blocking = False
            self._loop = loop
            self._task = None
            self._error = None
            self.is_over = False
        self.request = request
        self.unit_id = unit_id
        self.policy = policy
        self.retries = 0
        """How often it has been sent again after an error."""

        self.unit = unit
        self.batch = batch
        self._index = index
        self.may_repeat = may_repeat

    @property
    def reply(self) -> Reply:
        """What is awaited: the exchange itself, or the batch it belongs to."""
        return self.batch or self

    def answer(self, result: Any) -> Reply | None:
        """Take in the result; return what is to be woken, None for nothing."""
        batch = self.batch
        if batch is None:
            if self.is_over:
                return None
            self.value = result
            self.is_over = True
            return self
        if batch.is_over:
            return None
        batch.value[self._index] = result
        batch.left -= 1
        if batch.left:
            return None
        batch.is_over = True
        return batch
