"""A record is replayed in its own order, whatever the simulator would have drawn."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.system.systems import UNTIL, Chatty, networks, schedules, system, workloads
from toolkit.system import Network, ReplayError, System, Trace, crash


@given(st.integers(0, 1000), networks, schedules, workloads)
@settings(max_examples=40)
def test_a_replay_does_what_the_record_says(seed, network, faults, workload):
    run = system(network).simulate(seed, UNTIL, faults, workload)
    replay = system(Network()).replay(run.trace)
    assert replay.trace.messages != ()
    fates = {m.id: (m.type, m.fields, m.delivered, m.dropped) for m in run.trace.messages}
    assert {m.id: (m.type, m.fields, m.delivered, m.dropped) for m in replay.trace.messages} == fates
    for name in run.trace.nodes:
        order = [(e.kind, e.message, e.at) for e in run.trace.of(node=name) if e.kind not in ("drop", "duplicate")]
        again = [(e.kind, e.message, e.at) for e in replay.trace.of(node=name) if e.kind not in ("drop", "duplicate")]
        assert again == order
    assert replay.history == run.history
    assert replay.states(UNTIL / 2) == run.states(UNTIL / 2)


def test_another_order_than_any_seed_gives_is_followed_too():
    """Two deliveries to a node are swapped at the end of a record, as if the network had been otherwise."""
    run = system(Network()).simulate(1, 0.5)
    arrivals = run.trace.of("deliver", "n1")
    first, second = next(
        (a.index, b.index)
        for a, b in reversed(list(pairwise(arrivals)))
        if run.trace.message(b.message).sent_event < a.index
    )
    records = list(run.trace.records())
    for name in ("message", "from"):
        records[first][name], records[second][name] = records[second][name], records[first][name]
    swapped = Trace.from_records(
        run.trace.header | {"kind": "deployed"},
        [*records[: first + 1], {**records[second], "at": records[first]["at"]}],
    )
    delivered = [e.message for e in system(Network()).replay(swapped).trace.of("deliver", "n1")]
    assert delivered == [e.message for e in swapped.of("deliver", "n1")]
    assert delivered != [e.message for e in arrivals][: len(delivered)]


def test_a_replay_can_be_stepped_and_rewound_but_not_forked():
    run = system(Network()).simulate(1, UNTIL, [crash(0.5, "n3")])
    replay = system(Network()).replay(run.trace)
    assert replay.rewind(0.4).nodes["n1"].heard == run.rewind(0.4).nodes["n1"].heard
    stepped = replay.rewind(0.0)
    count = 0
    while stepped.step() is not None:
        count += 1
    assert count > 50
    assert list(stepped.trace.records()) == list(replay.trace.records())
    with pytest.raises(ValueError, match="cannot be forked"):
        replay.fork(crash(0.1, "n1"))


def test_other_nodes_than_recorded_are_told():
    run = system(Network()).simulate(1, UNTIL)

    class Other(Chatty):
        def on_timer(self, name):
            self.send("n2", "note", number=1)

    with pytest.raises(ReplayError, match=r"sends 'note' to 'n2' at 0\.\d+ s, where the record has 'word'"):
        System([Other] * 3, clients=1).replay(run.trace)

    class Silent(Chatty):
        def on_start(self):
            self.heard = 0

    with pytest.raises(ReplayError, match=r"timer 'tick' of n. fires at .*not set in this replay"):
        System([Silent] * 3, clients=1).replay(run.trace)
    with pytest.raises(ValueError, match="trace has a node 'n3' that the system lacks"):
        System([Chatty] * 2, clients=1).replay(run.trace)
