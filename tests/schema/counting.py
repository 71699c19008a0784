"""A client that remembers what was asked, around any other."""

from typing import Any

from modbus_wire import Client
from modbus_wire.pdu.base import AnyRequest


class Counting:
    """A client that remembers what was asked."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.asked: list[AnyRequest] = []

    def execute(self, request: Any, *, unit_id: int | None = None) -> Any:
        """Note a request and carry it out."""
        self.asked.append(request)
        return self.client.execute(request, unit_id=unit_id)

    def read_many(self, requests: list[AnyRequest], /, *, unit_id: int | None = None) -> Any:
        """Note requests and carry them out."""
        self.asked += requests
        return self.client.read_many(requests, unit_id=unit_id)
