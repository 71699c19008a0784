"""What a client has counted: requests, answers, failures, bytes and how long it took, per unit."""

from __future__ import annotations


class UnitStatistics:
    """The counts of one unit; latencies run from the sending of a request to its answer."""

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "exceptions",
        "latency",
        "latency_max",
        "requests",
        "responses",
        "retries",
        "timeouts",
    )

    def __init__(self) -> None:
        self.requests = 0
        """Requests sent, repeated ones too."""

        self.responses = 0
        """Answers, exceptions too; ``latency / responses`` is the mean latency."""

        self.exceptions: dict[int, int] | None = None
        """Exception responses by their code; None where there were none."""

        self.timeouts = 0
        self.retries = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.latency = 0.0
        """Seconds that all answers took together."""

        self.latency_max = 0.0
        """Seconds that the slowest answer took."""

    def __repr__(self) -> str:
        counts = (f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"UnitStatistics({', '.join(counts)})"

    def answered(self, seconds: float, size: int) -> None:
        """Count an answer of ``size`` bytes."""
        self.responses += 1
        self.bytes_received += size
        self.latency += seconds
        if seconds > self.latency_max:
            self.latency_max = seconds

    def refused(self, code: int) -> None:
        """Count an answer that is an exception."""
        if self.exceptions is None:
            self.exceptions = {}
        self.exceptions[code] = self.exceptions.get(code, 0) + 1


class Statistics:
    """The counts of one client."""

    __slots__ = ("connects", "failed_connects", "units")

    def __init__(self) -> None:
        self.connects = 0
        self.failed_connects = 0
        self.units: dict[int, UnitStatistics] = {}

    def __repr__(self) -> str:
        counts = (f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"Statistics({', '.join(counts)})"

    def unit(self, unit_id: int) -> UnitStatistics:
        """Return the counts of a unit, all zero for one that was never asked."""
        found = self.units.get(unit_id)
        if found is None:
            found = self.units[unit_id] = UnitStatistics()
        return found
