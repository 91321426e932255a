"""How long a message is under way: distributions of one-way delay, in seconds.

Drawn in blocks, because one call for a thousand numbers is much cheaper than a thousand calls; with the standard
library's generator, because its streams are the same in every version and on every machine.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

BLOCK = 256


@dataclass(frozen=True)
class Latency:
    """Base of the distributions; `block` draws several delays at once."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise ValueError(f"{item.name}={value!r} of {type(self).__name__} must be a number, 0 or more")

    def block(self, random: random.Random, count: int) -> list[float]:
        """`count` independent delays in seconds."""
        raise NotImplementedError

    def delays(self, random: random.Random) -> Iterator[float]:
        """An endless stream of delays."""
        return chain.from_iterable(iter(lambda: self.block(random, BLOCK), []))


@dataclass(frozen=True)
class Constant(Latency):
    """Every message takes the same time, above 0: messages of one link never overtake each other."""

    seconds: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seconds == 0:
            raise ValueError("seconds=0 of Constant must be above 0: without delay, a loop of messages stops time")

    def block(self, random: random.Random, count: int) -> list[float]:
        """`count` times the same."""
        return [self.seconds] * count


@dataclass(frozen=True)
class Uniform(Latency):
    """Any delay from `least` to `most` is as likely as any other."""

    least: float
    most: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least > self.most:
            raise ValueError(f"least={self.least!r} must not be more than most={self.most!r}")

    def block(self, random: random.Random, count: int) -> list[float]:
        """`count` uniform draws."""
        least, width, draw = self.least, self.most - self.least, random.random
        return [least + width * draw() for _ in range(count)]


@dataclass(frozen=True)
class Exponential(Latency):
    """`least` seconds at least, and `mean` seconds on average: without memory, the queue of one server."""

    mean: float
    least: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least > self.mean:
            raise ValueError(f"least={self.least!r} must not be more than mean={self.mean!r}")

    def block(self, random: random.Random, count: int) -> list[float]:
        """`count` shifted exponential draws."""
        least, scale, draw, log = self.least, self.mean - self.least, random.random, math.log
        return [least - scale * log(1.0 - draw()) for _ in range(count)]


@dataclass(frozen=True)
class LogNormal(Latency):
    """Half of the messages take less than `median`; a long tail, as measured on real networks. `sigma` is its width."""

    median: float
    sigma: float = 0.5

    def block(self, random: random.Random, count: int) -> list[float]:
        """`count` log-normal draws."""
        median, sigma, draw, exp = self.median, self.sigma, random.gauss, math.exp
        return [median * exp(sigma * draw(0.0, 1.0)) for _ in range(count)]


def as_latency(value: Any) -> Latency:
    """A distribution from a distribution or from a number of seconds. Raises ValueError or TypeError otherwise."""
    if isinstance(value, Latency):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value < math.inf:
            raise ValueError(f"latency={value!r} must be a number of seconds above 0: even light takes time")
        return Constant(value)
    raise TypeError(f"latency={value!r} must be seconds or one of Constant, Uniform, Exponential, LogNormal")
