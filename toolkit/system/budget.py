"""What a run cost and what its clients got: the numbers that a design is judged by, read off the record."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.system.history import History, Operation
    from toolkit.system.trace import Trace


@dataclass(frozen=True)
class Budget:
    """Costs of a run; None where there is nothing to divide by.

    `messages_per_operation` counts all messages, also between nodes and on timers. Latencies are seconds of operations
    that returned. `availability` is the share of operations that ended well, and `availability_in_faults` the same for
    those invoked while a node was down or paused or a partition was on.
    """

    operations: int
    messages: int
    messages_per_operation: float | None
    median: float | None
    p99: float | None
    availability: float | None
    availability_in_faults: float | None

    @classmethod
    def of(cls, trace: "Trace", history: "History") -> "Budget":
        """Read the costs off a trace and its history."""
        messages = sum(row[2] == "send" for row in trace.rows)
        latencies = sorted(item.latency for item in history if item.latency is not None)
        spans = fault_spans(trace)
        hit = [item for item in history if any(begin <= item.invoked < end for begin, end in spans)]
        return cls(
            operations=len(history),
            messages=messages,
            messages_per_operation=messages / len(history) if len(history) else None,
            median=percentile(latencies, 0.5),
            p99=percentile(latencies, 0.99),
            availability=_share_ok(list(history)),
            availability_in_faults=_share_ok(hit),
        )

    def __str__(self) -> str:
        def ms(seconds: float | None) -> str:
            return "-" if seconds is None else f"{seconds * 1000:.1f} ms"

        def share(value: float | None) -> str:
            return "-" if value is None else f"{value:.1%}"

        per_operation = "-" if self.messages_per_operation is None else f"{self.messages_per_operation:.1f}"
        return (
            f"{self.operations} operations, {per_operation} messages each; latency {ms(self.median)} median, "
            f"{ms(self.p99)} p99; {share(self.availability)} ok, {share(self.availability_in_faults)} during faults"
        )

    __repr__ = __str__


def percentile(ordered: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of the ordered values do not exceed; None for no values."""
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def fault_spans(trace: "Trace") -> list[tuple[float, float]]:
    """When a node was down or paused, or a partition was on, as (begin, end) in seconds."""
    ends = {"crash": "restart", "pause": "resume", "partition": "heal"}
    begun: dict[tuple[str, str | None], float] = {}
    spans = []
    for row in trace.rows:
        at, _, kind, node = row[:4]
        if kind in ends:
            begun.setdefault((ends[kind], node), at)
        for end in (kind, "resume") if kind == "crash" else (kind,):  # a crash also ends a pause
            if (end, node) in begun and end in ends.values():
                spans.append((begun.pop((end, node)), at))
    return spans + [(begin, max(trace.until, begin)) for begin in begun.values()]


def _share_ok(operations: "list[Operation]") -> float | None:
    return sum(item.outcome == "ok" for item in operations) / len(operations) if operations else None
