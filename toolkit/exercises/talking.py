"""A chat of nodes in the simulator, for the exercise on causal broadcast. Runs in the learner's process.

No solution stands in this module: the process that runs the learner's code imports it.
"""

from __future__ import annotations

from typing import Any


def chat(node_class: Any, seed: int) -> tuple[list[tuple[str, list[list[str]]]], list[str]]:
    """Four users write thirty posts over slow links that double some messages.

    Returns what each node showed, as (name, [[author, text], …]) in its order, and the errors in words.
    """
    from toolkit.system import LogNormal, Network, Script, System, ask, duplicate  # here: other exercises don't need it

    names = ["n1", "n2", "n3", "n4"]
    network = Network(latency=LogNormal(0.02, 0.9))
    says = [(names[(number * 7 + seed) % 4], f"post {number}") for number in range(30)]
    script = Script([ask(0.015 * number, "user", name, "say", text=text) for number, (name, text) in enumerate(says)])
    system = System(dict.fromkeys(names, node_class), network=network, clients=["user"])
    twice = duplicate(type="post", probability=0.1)
    run = system.simulate(seed=seed, until=30.0, faults=[twice], workload=script)
    return [(name, [list(post) for post in getattr(run.nodes[name], "shown", [])]) for name in names], run.errors
