"""Planted cheats are found, and the line is named."""

import random
import time

import pytest

from toolkit.system import Node, System, check_determinism

shared: list[str] = []


class Honest(Node):
    """Gossips numbers, drawing what it draws from its own stream."""

    def on_start(self):
        self.got = 0
        self.set_timer("tell", self.random.random())

    def on_timer(self, name):
        self.tell()
        self.set_timer("tell", 0.2)

    def tell(self):
        for peer in self.peers:
            self.send(peer, "word", number=self.random.randrange(10))

    def on_word(self, sender, number):
        self.got += number


class WallClock(Honest):
    def on_word(self, sender, number):
        self.got += number
        at = time.time()  # cheat
        self.got += at


class SentWallClock(Honest):
    def tell(self):
        self.broadcast("word", number=time.perf_counter())  # cheat


class GlobalRandom(Honest):
    def on_word(self, sender, number):
        if random.random() < 0.5:  # cheat
            self.got += 1


class SetOrder(Honest):
    def tell(self):
        for peer in set(self.peers):  # cheat
            self.send(peer, "word", number=1)


class Hash(Honest):
    def on_word(self, sender, number):
        self.got += hash(sender) % 7  # cheat


class Outliving(Honest):
    def on_word(self, sender, number):
        shared.append(sender)
        self.got = len(shared)  # cheat


@pytest.mark.parametrize("cheat", [WallClock, SentWallClock, GlobalRandom, SetOrder, Hash, Outliving])
def test_a_cheat_is_found_and_its_line_named(cheat):
    verdict = check_determinism(System([cheat] * 4), until=3.0)
    assert not verdict
    with open(__file__, encoding="utf-8") as file:
        line = file.read().splitlines()[verdict.line - 1]
    assert line.endswith("# cheat"), verdict.message
    assert cheat.__name__ in verdict.message
    assert verdict.code in verdict.message


def test_an_honest_system_holds_even_if_it_uses_sets_well():
    class Sorted(Honest):
        def tell(self):
            for peer in sorted(set(self.peers)):
                self.send(peer, "word", number=1)

    verdict = System([Sorted] * 4).check_determinism(until=3.0)
    assert verdict, verdict.message
    assert "deterministic: three runs" in str(verdict)


def test_it_is_bounded_and_says_what_is_wrong():
    with pytest.raises(TimeoutError, match=r"timeout=0\.05"):
        check_determinism(System([Honest] * 4), until=3.0, timeout=0.05)
    with pytest.raises(ValueError, match="until=-1"):
        check_determinism(System([Honest]), until=-1)
