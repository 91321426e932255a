"""Networks and latencies do what their names say."""

import math
import random
from statistics import mean, median

import pytest

from toolkit.system import Constant, Exponential, LogNormal, Network, Node, System, Uniform, delay, drop, duplicate


@pytest.mark.parametrize(
    ("latency", "least", "average"),
    [
        (Constant(0.2), 0.2, 0.2),
        (Uniform(0.1, 0.3), 0.1, 0.2),
        (Exponential(0.5, least=0.1), 0.1, 0.5),
        (LogNormal(0.1, sigma=0.5), 0.0, 0.1 * math.exp(0.125)),
    ],
)
def test_distributions_have_their_mean_and_minimum(latency, least, average):
    drawn = [next(delays) for delays in [latency.delays(random.Random(1))] for _ in range(40_000)]
    assert min(drawn) >= least
    assert mean(drawn) == pytest.approx(average, rel=0.02)
    if isinstance(latency, LogNormal):
        assert median(drawn) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network(latency=-0.1), "latency=-0.1 must be"),
        (lambda: Network(latency=0), "latency=0 must be a number of seconds above 0"),
        (lambda: Network(latency="fast"), "latency='fast' must be seconds or one of Constant"),  # type: ignore[arg-type]
        (lambda: Network(loss=1.1), "loss=1.1 must be a probability"),
        (lambda: Network(duplicate=-0.1), "duplicate=-0.1 must be a probability"),
        (lambda: Network(links={("n1", "n2"): -1}), "latency=-1"),
        (lambda: Constant(0), "seconds=0 of Constant must be above 0"),
        (lambda: Uniform(2, 1), "least=2 must not be more than most=1"),
        (lambda: Exponential(1, least=2), "least=2 must not be more than mean=1"),
        (lambda: LogNormal(-1), "median=-1 of LogNormal"),
    ],
)
def test_a_network_that_cannot_be_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


class Many(Node):
    """n1 sends 2,000 numbers to n2, a hundred times a second."""

    def on_start(self):
        self.got = []
        self.sent = 0
        if self.name == "n1":
            self.set_timer("send", 0.01)

    def on_timer(self, name):
        for _ in range(20):
            self.send("n2", "item", number=self.sent)
            self.sent += 1
        if self.sent < 2000:
            self.set_timer("send", 0.01)

    def on_item(self, sender, number):
        self.got.append(number)


def got(network=None, faults=()):
    return System([Many] * 2, network=network).simulate(1, until=5.0, faults=faults).nodes["n2"].got


def test_loss_and_duplication_are_as_frequent_as_asked():
    assert 1350 <= len(got(Network(loss=0.3))) <= 1450
    doubled = got(Network(duplicate=0.3))
    assert 2550 <= len(doubled) <= 2650
    assert set(doubled) == set(range(2000))


def test_message_faults_hit_what_they_name_while_they_hold():
    assert got(faults=[drop(to="n1"), drop(type="other"), drop(sender="n2")]) != []
    assert len(got(faults=[drop(to="n1"), drop(type="other"), drop(sender="n2")])) == 2000
    assert got(faults=[drop(sender="n1", to="n2", type="item")]) == []
    assert len(got(faults=[drop(0.0, 0.5)])) == 2000 - 49 * 20
    assert 900 <= len(got(faults=[drop(probability=0.5)])) <= 1100
    assert len(got(faults=[duplicate()])) == 4000
    assert max(got(faults=[delay(seconds=4.5)]), default=-1) < 1000, "what is delayed beyond the end does not arrive"


def test_messages_to_oneself_are_not_lost():
    class Alone(Node):
        def on_start(self):
            self.got = 0
            for _ in range(100):
                self.send("n1", "note")

        def on_note(self, sender):
            self.got += 1

    assert System([Alone], network=Network(loss=1.0)).simulate().nodes["n1"].got == 100
