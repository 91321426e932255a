"""Conduct a repetition: one order after the other, in the order of the record."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from toolkit.system.deploy.coordinator import Coordinator
from toolkit.system.deploy.remote import Remote
from toolkit.system.deploy.replaying import ReplayHost
from toolkit.system.faults import Fault
from toolkit.system.replay import ReplayError
from toolkit.system.trace import Row, Trace

TURN = 2.0
"""Seconds that an order may take, on top of its handler."""


class ReplayCoordinator(Coordinator):
    """A coordinator whose schedule is a record. `follow` says which."""

    host_class = ReplayHost

    def follow(self, trace: Trace) -> "ReplayCoordinator":
        """Repeat this record."""
        self.record = trace
        self.places = {remote.name: remote for remote in self.remotes}
        self.cuts: list[tuple[Any, ...]] = []
        self.skews: dict[str, tuple[Any, ...]] = {}
        self.done = asyncio.Event()
        return self

    def _left(self) -> float:
        return super()._left() + 2 * TURN  # so that it is an order that fails, and says where

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        return [self.watch.keep(), self._follow()]

    def _start(self, remote: Remote, offset: float) -> None:
        if remote.name in self.skews:  # a clock that is wrong stays wrong over a restart
            remote.tell("skew", *self.skews[remote.name])
        super()._start(remote, offset)

    def _heard(self, remote: Remote, what: str, text: str = "") -> None:
        if what != "done":
            super()._heard(remote, what, text)
        self._turn_over(what)

    def _client_tells(self, what: str, text: str = "") -> None:
        super()._client_tells(what, text)
        self._turn_over(what)

    def _turn_over(self, what: str) -> None:
        if what != "up":
            self.done.set()

    async def _follow(self) -> None:
        """All events of the record that somebody must be told of; then the run is over."""
        while any(remote.status == "up" and not remote.started for remote in self.remotes):
            await asyncio.sleep(0.002)
        for row in self.record.rows:
            kind, node = row[2], row[3]
            if kind == "deliver":
                await self._order(node, "deliver", row[4][1], row)
            elif kind == "timer":
                await self._order(node, "fire", row[5], row)
            elif kind == "crash" and row[5] != "error":
                await self._crash(self.places[node], Fault(row[0], "crash", node))
            elif kind == "restart":
                await self._restart(self.places[node], Fault(row[0], "restart", node))
            elif kind == "clock":
                self.skews[node] = row[5:]
                self._tell(node, "skew", *row[5:])
                self._note(node, kind, *row[5:])
            elif kind in ("pause", "resume"):  # the order of the events shows it already
                self._note(node, kind)
            elif kind in ("partition", "heal"):
                self.cuts.append((self._at(), kind, *row[5:]))
        if not self.broken.done():
            self.broken.set_result(None)

    def _note(self, node: str, kind: str, *values: Any) -> None:
        lane, life = (self.notes[node], 0) if node in self.notes else (self.places[node].lane, self.places[node].life)
        lane.done.append((self._at(), life, kind, *values))

    def _network(self) -> list[tuple[Any, ...]]:
        return self.cuts

    async def _order(self, node: str, what: str, subject: Any, row: Row) -> None:
        self.done.clear()
        if what == "deliver" and self.plan.script is not None and subject in self.plan.script.kept:
            self._tell(row[4][3], "release", subject)
        self._tell(node, what, subject)
        try:
            await asyncio.wait_for(self.done.wait(), min(self.watch.limit + TURN, self._left() - TURN))
        except TimeoutError:
            raise ReplayError(
                f"{what} {subject!r} at {node} ({row[0]:.6f} s in the record) cannot be repeated in time"
            ) from None

    def _tell(self, node: str, *order: Any) -> None:
        if node in self.clients:
            self.clients[node].obey(*order)
        else:
            self.places[node].tell(*order)
