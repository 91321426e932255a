"""Sweeps find the seeds that break a rule, here and on real Dask workers."""

import pytest
from distributed import LocalCluster

from toolkit.system import Closed, MessageError, Network, Node, System, Unique, crash, op, restart


class Forgetful(Node):
    """Acknowledges every second write before it is safe."""

    def on_start(self):
        self.values = self.disk.get("values", [])

    def on_write(self, sender, value):
        self.values.append(value)
        self.disk["values"] = self.values
        if self.random.random() < 0.95:
            self.disk.sync()
        self.reply("ok")


def kept(run):
    """Nothing that was answered is forgotten."""
    answered = {o.fields["value"] for o in run.history.of(outcome="ok")}
    return None if answered <= set(run.nodes["n1"].values) else "an answered write is gone"


def schedule(seed):
    at = 0.2 + seed / 1000
    return [crash(at, "n1"), restart(at + 0.05, "n1")]


SYSTEM = System([Forgetful], clients=1, network=Network(latency=0.01))
ARGUMENTS = {
    "until": 0.5,
    "faults": schedule,
    "workload": Closed([op("write", value=Unique())], timeout=0.1),
    "progress": False,
}


def test_a_sweep_names_the_seeds_that_broke_a_rule():
    found = SYSTEM.sweep(range(60), kept, **ARGUMENTS)
    assert 0 < len(found.broken) < 60
    assert not found
    seed = next(iter(found.broken))
    assert found.broken[seed] == ["kept: an answered write is gone"]
    assert f"seed {seed}" in repr(found)
    again = SYSTEM.simulate(seed, 0.5, schedule(seed), ARGUMENTS["workload"])
    with pytest.raises(AssertionError, match=f"seed {seed} broke kept"):
        again.check(kept)


def test_a_sweep_that_finds_nothing_says_so(capsys):
    found = SYSTEM.sweep(range(5), lambda run: True, **(ARGUMENTS | {"progress": True}))
    assert found
    assert repr(found) == "<Sweep: 5 seeds, no rule broken>"
    assert "seeds" in capsys.readouterr().err, "there is a progress bar"


@pytest.mark.cluster
def test_a_dask_cluster_finds_the_same_seeds():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
        ) as cluster,
        cluster.get_client() as client,
    ):
        far = SYSTEM.sweep(range(60), kept, cluster=client, **ARGUMENTS)
    assert far == SYSTEM.sweep(range(60), kept, **ARGUMENTS)


def test_a_run_that_cannot_be_carried_out_is_reported_with_its_seed():
    class Typo(Node):
        def on_start(self):
            if self.random.random() < 0.5:
                self.send("n2", "tpyo")

    found = System([Typo] * 2).sweep(range(10), lambda run: True, progress=False)
    assert found.broken
    assert all(MessageError.__name__ in reason for why in found.broken.values() for reason in why)


@pytest.mark.parametrize("arguments", [([],), (range(3),)])
def test_a_sweep_needs_seeds_and_rules(arguments):
    rules = (kept,) if not arguments[0] else ()
    with pytest.raises(ValueError, match="a sweep needs seeds and rules"):
        SYSTEM.sweep(*arguments, *rules)
