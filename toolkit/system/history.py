"""What clients saw: every operation with its invocation, its return, and how it ended. Checkers judge this record.

An operation "failed" if the system said so (a reply of type "error"): it did not happen. It is "unknown" if no reply
came in time: it may have happened, may still happen, or never will. See Herlihy and Wing 1990, "Linearizability",
TOPLAS 12(3).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from toolkit.system.trace import Trace

OUTCOMES = ("ok", "failed", "unknown")


@dataclass(frozen=True)
class Operation:
    """One operation of one client.

    `operation` is the type of the request and `fields` its fields; `to` the node asked; `result` the fields of the
    reply (None without one); `invoked` and `returned` are seconds (None: never); `outcome` is "ok", "failed" or
    "unknown".
    """

    client: str
    operation: str
    fields: dict[str, Any]
    to: str
    invoked: float
    returned: float | None = None
    outcome: str = "unknown"
    result: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome={self.outcome!r} must be one of {', '.join(OUTCOMES)}")
        if self.returned is not None and self.returned < self.invoked:
            raise ValueError(f"returned={self.returned!r} lies before invoked={self.invoked!r}")

    @property
    def latency(self) -> float | None:
        """Seconds from invocation to return; None if it did not return."""
        return None if self.returned is None else self.returned - self.invoked


class History(Sequence[Operation]):
    """An immutable sequence of operations in the order of invocation."""

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._operations = tuple(sorted(operations, key=lambda operation: operation.invoked))

    @classmethod
    def of_trace(cls, trace: "Trace") -> "History":
        """The operations that a trace recorded as "invoke" and "return"."""
        begun: dict[Any, dict[str, Any]] = {}
        for row in trace.rows:
            if row[2] == "invoke":
                id, operation, fields, to = row[5:]
                begun[id] = {"client": row[3], "operation": operation, "fields": fields, "to": to, "invoked": row[0]}
            elif row[2] == "return" and row[6] != "unknown":
                begun[row[5]] |= {"returned": row[0], "outcome": row[6], "result": row[7]}
        return cls(Operation(**operation) for operation in begun.values())

    def __len__(self) -> int:
        return len(self._operations)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Operation, ...]: ...
    def __getitem__(self, index: int | slice) -> Operation | tuple[Operation, ...]:
        return self._operations[index]

    @property
    def clients(self) -> tuple[str, ...]:
        """The clients that did something, in the order of their first operation."""
        return tuple(dict.fromkeys(operation.client for operation in self))

    def of(
        self, client: str | None = None, operation: str | None = None, outcome: str | None = None
    ) -> tuple[Operation, ...]:
        """The operations of one client, one type, one outcome, or all of these. Raises ValueError for no outcome."""
        if outcome is not None and outcome not in OUTCOMES:
            raise ValueError(f"outcome={outcome!r} must be one of {', '.join(OUTCOMES)}")
        return tuple(
            item
            for item in self
            if client in (None, item.client) and operation in (None, item.operation) and outcome in (None, item.outcome)
        )

    def lines(self) -> Iterable[str]:
        """The history as JSON lines, one operation a line."""
        return (json.dumps(asdict(operation), ensure_ascii=False) + "\n" for operation in self)

    def save(self, path: str | Path) -> None:
        """Write as JSON lines in UTF-8."""
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(self.lines())

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read what `save` wrote. Raises ValueError that names the line if the file is something else or damaged."""
        operations: list[Operation] = []
        try:
            with Path(path).open(encoding="utf-8") as file:
                for line in file:
                    operations.append(Operation(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"path={str(path)!r} is not a whole history: line {len(operations) + 1}: {error}"
            ) from None
        return cls(operations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._operations == other._operations

    __hash__ = None  # type: ignore[assignment]  # fields are dictionaries

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of(outcome=outcome))} {outcome}" for outcome in OUTCOMES)
        return f"<History: {len(self)} operations of {len(self.clients)} clients: {counts}>"
