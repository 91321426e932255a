"""Space–time diagrams, drawn from runs of real systems and read back from the SVG."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable

import pytest

from toolkit.pictures import space_time
from toolkit.pictures.space_time import drawing
from toolkit.pictures.space_time_layout import LEFT, round_step
from toolkit.pictures.space_time_messages import segment
from toolkit.system import (
    Closed,
    Constant,
    Fault,
    Faults,
    Network,
    Node,
    Run,
    Script,
    System,
    Trace,
    ask,
    crash,
    drop,
    heal,
    op,
    partition,
    pause,
    restart,
    resume,
    skew_clock,
)

SVG = "{http://www.w3.org/2000/svg}"


class Echo(Node):
    """n1 asks everybody every 20 ms; everybody answers."""

    def on_start(self) -> None:
        if self.name == "n1":
            self.set_timer("tick", 0.02)

    def on_timer(self, name: str) -> None:
        self.broadcast("ask")
        self.set_timer("tick", 0.02)

    def on_ask(self, sender: str) -> None:
        self.reply("answer")

    def on_answer(self, sender: str) -> None:
        self.log("got it")

    def on_divide(self, sender: str, by: int) -> None:
        self.reply("done", value=1 / by)


def run(nodes: int = 3, until: float = 0.1, faults: Iterable[Fault] = (), **options) -> Run:
    system = System([Echo] * nodes, network=Network(latency=Constant(0.005)), clients=options.pop("clients", 0))
    return system.simulate(seed=1, until=until, faults=faults, **options)


def parsed(picture) -> ElementTree.Element:
    return ElementTree.fromstring(picture.svg)


def titles(picture) -> list[str]:
    return [title.text or "" for title in parsed(picture).iter(f"{SVG}title")]


def texts(picture) -> list[str]:
    return [text.text or "" for text in parsed(picture).iter(f"{SVG}text")]


def test_every_delivered_message_has_one_arrow_from_lane_to_lane():
    made = drawing(run())
    lines = re.findall(r"M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)(?=[M\"])", made.picture.svg)
    drawn = sorted(tuple(map(float, line)) for line in lines)
    x, y = made.layout.x, made.layout.lanes
    arrived = [message for message in made.messages if message.ended is not None]
    assert len(arrived) > 10
    for message in arrived:
        expected = (x(message.sent), y[message.sender], x(message.ended or 0.0), y[message.to])
        assert any(line == pytest.approx(expected, abs=0.06) for line in drawn), message


def test_time_runs_to_the_right_and_the_same_for_all():
    layout = drawing(run()).layout
    assert layout.x(0.0) == LEFT
    assert layout.x(0.1) == layout.right
    assert layout.x(0.05) == pytest.approx((LEFT + layout.right) / 2)


def test_types_are_named_on_arrows_and_in_the_legend():
    words = texts(space_time(run()))
    assert words.count("ask") > 2
    assert words.count("answer") > 2
    assert {"n1", "n2", "n3", "timer", "log"} <= set(words)
    assert "lost" not in words


def test_what_is_lost_ends_in_a_cross_before_its_lane():
    first = run().trace.messages[0].id
    made = drawing(run(faults=[drop(message=first)]))
    lost = [message for message in made.messages if message.why is not None]
    assert [message.id for message in lost] == [first]
    line = segment(lost[0], made.layout)
    assert line is not None
    _, y1, x2, y2 = line
    assert y1 < y2 < made.layout.lanes[lost[0].to]
    assert f"M{x2 - 7:.1f} {y2 - 7:.1f}l14 14" in made.picture.svg
    assert "1 of them lost" in made.picture.text
    assert "lost" in texts(made.picture)


def test_faults_are_shaded_and_told_in_words():
    faults = Faults([
        crash(0.03, "n2"), restart(0.06, "n2"), pause(0.01, "n3"), resume(0.05, "n3"),
        partition(0.07, ["n1"], ["n2", "n3"]), heal(0.09), skew_clock(0.0, "n1", offset=0.5),
    ])  # fmt: skip
    picture = space_time(run(faults=faults))
    assert {"n2 is down from 0.03 s to 0.06 s", "n3 stands still from 0.01 s to 0.05 s"} <= set(titles(picture))
    assert "partition: n1 | n2 n3, from 0.07 s to 0.09 s" in titles(picture)
    assert {"down", "paused", "cut: n1 | n2 n3", "clock +0.5 s"} <= set(texts(picture))
    for sentence in ("n2 crashed at 0.03 s.", "n3 was paused at 0.01 s.", "Partition at 0.07 s."):
        assert sentence in picture.text


def test_a_lane_has_a_gap_while_its_node_is_down():
    made = drawing(run(faults=[crash(0.03, "n2"), restart(0.06, "n2")]))
    x, y = made.layout.x, made.layout.lanes["n2"]
    assert f"M{LEFT} {y:g}H{x(0.03):.1f}" in made.picture.svg.replace(".0H", "H")
    assert f"H{x(0.06):.1f}" not in made.picture.svg
    assert any(f"M{x(0.06):.1f}".removesuffix(".0") in part for part in made.picture.svg.split('"') if "H" in part)


def test_clients_lie_on_top_and_their_operations_are_bars():
    workload = Closed([op("divide", by=2)], timeout=0.02, to="n2", count=2)
    made = drawing(run(clients=["alice"], workload=workload, until=0.05))
    assert next(iter(made.layout.lanes)) == "alice"
    assert any(title.startswith("alice: divide 2 → 0.5, ok, ") for title in titles(made.picture))


def test_an_operation_without_answer_is_open_and_the_error_is_named():
    workload = Closed([op("divide", by=0)], timeout=0.02, to="n2", count=1)
    picture = space_time(run(clients=1, workload=workload, until=0.05))
    assert any("divide 0 → ?, unknown" in title for title in titles(picture))
    assert any(title.startswith("n2 raised ZeroDivisionError") for title in titles(picture))
    assert "n2 failed at" in picture.text


def test_a_long_run_shows_its_beginning_and_says_so():
    long = run(nodes=5, until=2.0)
    picture = space_time(long)
    shown, total = map(int, re.findall(r"(\d+) of (\d+) messages", picture.text.replace(",", ""))[0])
    assert shown < 300 < total == len(long.trace.messages)


def test_a_window_cuts_messages_at_its_edges():
    made = drawing(run(), (0.022, 0.043))
    assert made.messages
    for message in made.messages:
        line = segment(message, made.layout)
        assert line is not None
        assert LEFT <= line[0] <= line[2] <= made.layout.right
    early = min(made.messages, key=lambda message: message.sent)
    assert early.sent < 0.022
    edge = segment(early, made.layout)
    assert edge is not None
    assert edge[0] == LEFT
    assert made.layout.lanes["n1"] < edge[1] < made.layout.lanes[early.to]


@pytest.mark.parametrize("window", [(0.05, 0.01), (5, 6), (0,), "all", (0, float("nan")), (-2, -1), 3])
def test_a_window_without_anything_in_it_is_refused(window):
    with pytest.raises(ValueError, match="window="):
        space_time(run(), window)


def test_paper_that_is_too_narrow_is_refused():
    with pytest.raises(ValueError, match="width="):
        space_time(run(), width=100)


def test_two_thousand_messages_take_a_path_for_each_style():
    busy = run(nodes=5, until=5.0)
    assert len(busy.trace.messages) > 1900
    made = drawing(busy, (0, 5.0), width=20_000)
    assert len(made.messages) == len(busy.trace.messages)
    assert sum(1 for _ in parsed(made.picture).iter(f"{SVG}path")) < 3000
    arrows = [e for e in parsed(made.picture).iter(f"{SVG}path") if e.get("d", "").count("L") > 900]
    assert len(arrows) == 4, "lines and heads of two types"


def test_a_crowd_becomes_a_map_of_heat_that_counts_every_arrival():
    crowd = run(nodes=200, until=0.1)
    made = drawing(crowd)
    assert made.messages == ()
    assert "200" in texts(made.picture)
    assert any("arrived in a cell" in text for text in texts(made.picture))
    assert len(made.picture.svg) < 200_000


def test_an_empty_trace_is_drawn_too():
    nothing = Trace([], nodes=["n1", "n2"], until=0.0)
    assert "0 messages, none of them lost" in space_time(nothing).text


def test_a_self_addressed_message_is_a_bow():
    class Selfish(Node):
        def on_start(self) -> None:
            self.send(self.name, "note")

        def on_note(self, sender: str) -> None:
            self.log("noted")

    assert "Q" in "".join(
        path.get("d", "") for path in parsed(space_time(System([Selfish]).simulate(until=0.1))).iter(f"{SVG}path")
    )


def test_text_from_outside_is_escaped():
    class Rude(Node):
        def on_start(self) -> None:
            self.log("<script>&")

    assert any("<script>&" in title for title in titles(space_time(System([Rude]).simulate(until=0.1))))


@pytest.mark.parametrize(("rough", "step"), [(0.013, 0.02), (1.0, 1.0), (2.1, 5.0), (70.0, 100.0)])
def test_ticks_are_round_numbers(rough, step):
    assert round_step(rough) == pytest.approx(step)


def test_what_was_asked_stands_in_its_bar_or_behind_it_never_under_the_next():
    class Slow(Node):
        def on_read(self, sender: str) -> None:
            self.reply("value", value="ten")

    script = Script([ask(0.0, "ann", "n1", "read"), ask(0.01, "ann", "n1", "read"), ask(0.2, "ann", "n1", "read")])
    system = System([Slow], network=Network(latency=Constant(0.001)), clients=["ann"])
    made = drawing(system.simulate(until=1.0, workload=script))
    bars = [title for title in titles(made.picture) if title.startswith("ann: read → ten")]
    assert len(bars) == 3
    written = [text for text in texts(made.picture) if "read →" in text]
    assert written == ["read → ten"] * 2, "the first has no room: the second begins 10 of 1,000 ms later"
