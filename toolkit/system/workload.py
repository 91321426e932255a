"""Clients and what they ask for: closed loops, open loops, and scripts; keys, mixes and rates.

    Closed([op("read", 9, key=Zipf(100)), op("write", 1, key=Zipf(100), value=Unique())], timeout=0.5)

A closed loop waits for its answer before it asks again, so a slow system is asked less; an open loop asks at its rate,
whatever happens, as the world does (Schroeder et al. 2006, "Open Versus Closed: A Cautionary Tale", NSDI).
A workload is plain data and draws from the client's own random numbers, so it is the same in both worlds.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Any


class Values:
    """Base of what stands for a field and gives a new value for every operation."""

    def draw(self, random: random.Random, client: str, number: int) -> Any:
        """A value; `number` counts the operations of this client from 1."""
        raise NotImplementedError


@dataclass(frozen=True)
class Keys(Values):
    """`count` keys "k0", "k1", …, each as likely as any other."""

    count: int

    def __post_init__(self) -> None:
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 1:
            raise ValueError(f"count={self.count!r} must be a whole number of keys, 1 or more")

    def draw(self, random: random.Random, client: str, number: int) -> str:
        """A key."""
        return f"k{random.randrange(self.count)}"


@dataclass(frozen=True)
class Zipf(Keys):
    """`count` keys, the r-th most popular asked for in proportion to 1/r^s: few are hot, as in real data. Zipf 1949."""

    s: float = 1.0

    def draw(self, random: random.Random, client: str, number: int) -> str:
        """A key; "k0" is the hottest."""
        sums = _zipf_sums(self.count, self.s)
        return f"k{bisect_left(sums, random.random() * sums[-1])}"


@cache
def _zipf_sums(count: int, s: float) -> list[float]:
    return list(accumulate(rank**-s for rank in range(1, count + 1)))


@dataclass(frozen=True)
class Choice(Values):
    """One of these values, each as likely as any other."""

    values: Sequence[Any]

    def draw(self, random: random.Random, client: str, number: int) -> Any:
        """A value."""
        return self.values[random.randrange(len(self.values))]


@dataclass(frozen=True)
class Unique(Values):
    """A value that no other operation writes: what a checker can tell apart."""

    def draw(self, random: random.Random, client: str, number: int) -> str:
        """The client's name and a number."""
        return f"{client}-{number}"


@dataclass(frozen=True)
class Template:
    """One kind of operation: its message type, how often it is chosen, and its fields (constants or `Values`)."""

    type: str
    weight: float
    fields: dict[str, Any]

    def draw(self, random: random.Random, client: str, number: int) -> dict[str, Any]:
        """The fields of one operation."""
        return {
            name: value.draw(random, client, number) if isinstance(value, Values) else value
            for name, value in self.fields.items()
        }


def op(type: str, weight: float = 1.0, /, **fields: Any) -> Template:
    """One kind of operation in a mix. Raises ValueError for a weight that is not above 0."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise ValueError(f"weight={weight!r} of {type!r} must be a number above 0")
    return Template(type, weight, fields)


@dataclass(frozen=True)
class Workload:
    """What every client does. Use `Closed`, `Open` or `Script`.

    `timeout`: seconds after which an operation is given up as unknown. `to`: the node asked, several of which one is
    drawn for each operation, or None for all.
    """

    operations: Sequence[Template]
    timeout: float = field(default=1.0, kw_only=True)
    to: str | Sequence[str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        operations = [self.operations] if isinstance(self.operations, Template) else list(self.operations)
        if not operations or not all(isinstance(item, Template) for item in operations):
            raise ValueError(f"operations={self.operations!r} must be one or more of op(type, weight, field=...)")
        object.__setattr__(self, "operations", tuple(operations))
        _positive("timeout", self.timeout)

    def targets(self, nodes: Sequence[str]) -> tuple[str, ...]:
        """The nodes that may be asked."""
        return tuple(nodes) if self.to is None else (self.to,) if isinstance(self.to, str) else tuple(self.to)

    def draw(self, random: random.Random, client: str, number: int) -> tuple[str, dict[str, Any]]:
        """(type, fields) of the client's next operation."""
        if len(self.operations) == 1:
            template = self.operations[0]
        else:
            template = random.choices(self.operations, [item.weight for item in self.operations])[0]
        return template.type, template.draw(random, client, number)


@dataclass(frozen=True)
class Closed(Workload):
    """Every client asks, waits for the answer, thinks `think` seconds and asks again, `count` times or to the end."""

    think: float = field(default=0.0, kw_only=True)
    count: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        _positive("think", self.think, zero=True)


@dataclass(frozen=True)
class Open(Workload):
    """Every client asks `rate` times a second, answered or not: at random moments (Poisson) or `regular` ones."""

    rate: float = field(default=10.0, kw_only=True)
    regular: bool = field(default=False, kw_only=True)
    count: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        _positive("rate", self.rate)

    def gap(self, random: random.Random) -> float:
        """Seconds until the next operation."""
        return 1.0 / self.rate if self.regular else random.expovariate(self.rate)


@dataclass(frozen=True)
class Step:
    """One line of a script: at which second which client asks which node for what."""

    at: float
    client: str
    to: str
    type: str
    fields: dict[str, Any]


def ask(at: float, client: str, to: str, type: str, /, **fields: Any) -> Step:
    """One line of a script. Raises ValueError for a time below 0."""
    _positive("at", at, zero=True)
    return Step(at, client, to, type, fields)


@dataclass(frozen=True)
class Script(Workload):
    """Exactly these operations: `Script([ask(0.1, "c1", "n1", "write", key="x", value=1), ...])`."""

    operations: Sequence[Step]  # type: ignore[assignment]  # a script has steps where a mix has templates

    def __post_init__(self) -> None:
        if not all(isinstance(step, Step) for step in self.operations):
            raise ValueError(
                f"operations={self.operations!r} of a script must be made by ask(at, client, to, type, ...)"
            )
        object.__setattr__(self, "operations", tuple(sorted(self.operations, key=lambda step: step.at)))
        _positive("timeout", self.timeout)


def _positive(name: str, value: Any, zero: bool = False) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < math.inf
        or not (value or zero)
    ):
        raise ValueError(f"{name}={value!r} must be a number {'of 0 or more' if zero else 'above 0'}")
