"""The detector of silent workers, by its own: when it suspects, when it does not, when it takes it back."""

from toolkit.cluster import feed
from toolkit.cluster.feed import TICK, Detector


class Clock:
    """Time that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def watch(detector: Detector, clock: Clock, seconds: float, last_seen: dict[str, float]) -> list[tuple[str, str]]:
    """Let it look at every tick for that long; what it said."""
    said = []
    for _ in range(round(seconds / TICK)):
        clock.now += TICK
        said += detector.look(last_seen, 0.5)
    return said


def test_a_worker_is_suspected_once_after_three_missing_heartbeats_and_cleared_by_the_next(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(feed, "time", clock)
    detector = Detector()
    seen = {"a": 100.0, "b": 1e9}
    assert watch(detector, clock, 1.4, seen) == []
    assert watch(detector, clock, 0.3, seen) == [("unresponsive", "a")]
    assert watch(detector, clock, 5.0, seen) == []
    seen["a"] = clock.now
    assert watch(detector, clock, 0.1, seen) == [("responsive", "a")]


def test_nobody_is_suspected_because_the_scheduler_itself_was_held_up(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(feed, "time", clock)
    detector = Detector()
    clock.now += 10  # the loop stood still; heartbeats lie unread
    assert detector.look({"a": 100.0}, 0.5) == []
    assert watch(detector, clock, 0.3, {"a": clock.now}) == []
    assert watch(detector, clock, 2.0, {"a": 100.0}) == [("unresponsive", "a")]


def test_a_worker_that_left_is_neither_suspected_nor_cleared(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(feed, "time", clock)
    detector = Detector()
    assert watch(detector, clock, 2.0, {"a": 100.0}) == [("unresponsive", "a")]
    assert watch(detector, clock, 2.0, {}) == []
    assert detector.suspects == set()
