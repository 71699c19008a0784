"""Which service carries out which request."""

from __future__ import annotations

from collections.abc import Mapping

from modbus_wire.services.base import RequestType, Service
from modbus_wire.services.diagnostics import DIAGNOSTICS
from modbus_wire.services.fifo import FIFO
from modbus_wire.services.files import FILES
from modbus_wire.services.identity import IDENTITY
from modbus_wire.services.tables import TABLES

SERVICES: Mapping[RequestType, Service] = {**TABLES, **DIAGNOSTICS, **IDENTITY, **FILES, **FIFO}
"""What carries out each request class of AP §6. A user's own function code is one more entry."""
