"""The protocol suite in the simulator, with many seeds."""

import pytest

from tests.system.protocols import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_protocol_keeps_its_rule_whatever_the_seed(case):
    for seed in range(8):
        case.rule(case.system().simulate(seed, case.seconds, case.faults, case.workload))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_replay_of_the_record_ends_in_the_same_states(case):
    system = case.system()
    run = system.simulate(3, case.seconds, case.faults, case.workload)
    replay = system.replay(run.trace)
    case.rule(replay)
    assert replay.history == run.history
    assert replay.states(case.seconds / 2) == run.states(case.seconds / 2)


def test_the_rules_can_be_broken():
    """The counter answers before it syncs: then a crash may lose what was answered."""
    from tests.system.protocols import Counter, nothing_answered_is_lost
    from toolkit.system import Closed, System, crash, op, restart

    class Hasty(Counter):
        def on_increment(self, sender, by):
            self.total += by
            self.disk["total"] = self.total
            self.send(sender, "ok", total=self.total)

    run = System([Hasty], clients=1).simulate(
        1, 2.0, [crash(1.0, "n1"), restart(1.1, "n1")], Closed([op("increment", by=1)], timeout=0.2)
    )
    with pytest.raises(AssertionError, match="n1"):
        nothing_answered_is_lost(run)
