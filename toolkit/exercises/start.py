"""The exercises of notebook 00: a name stays, a process doesn't."""

from toolkit.exercises.exercise import Exercise
from toolkit.exercises.judging import equals, returns

REPLACED = Exercise(
    id="00.1",
    title="Which workers were replaced?",
    minutes=5,
    task="""\
`cluster.pids` says which process stands behind each worker's name, for example `{"w0": 4711, "w1": 4712}`.
You look once, something happens, and you look again.

Write `replaced(before, after)`: the **sorted list of the names** that were there both times, but with a *different
process* behind them. A worker that is missing the second time has not been replaced (yet), and a worker that is new
has replaced nobody.""",
    blank="""\
def replaced(before, after):
    # before and after are dictionaries, from a worker's name to its pid
    return ...""",
    solution="""\
def replaced(before, after):
    return sorted(name for name, pid in before.items() if name in after and after[name] != pid)""",
    hints=(
        "Go through the names in `before`. What must be true of a name in `after` for it to count?",
        "Two conditions: the name is in `after`, and `after[name]` differs from `before[name]`.",
        "A list comprehension over `before.items()` with both conditions, inside `sorted(...)`.",
    ),
    answer="replaced",
    judge=returns(
        (({"w0": 11, "w1": 12}, {"w0": 11, "w1": 40}), ["w1"]),
        (({"w0": 11, "w1": 12}, {"w0": 11, "w1": 12}), []),
        (({"w0": 11, "w1": 12, "w2": 13}, {"w0": 11, "w2": 41}), ["w2"]),
        (({"w0": 11}, {"w0": 11, "w1": 50}), []),
        (({"w2": 1, "w1": 2, "w0": 3}, {"w0": 4, "w1": 5, "w2": 6}), ["w0", "w1", "w2"]),
        (({"w0": 11, "w1": 12}, {"w0": 12, "w1": 11}), ["w0", "w1"]),
        (({}, {"w0": 1}), []),
    ),
)

SURVIVES = Exercise(
    id="00.2",
    title="What survives a kill?",
    minutes=5,
    task="""\
Worker `w1` is killed; its nanny starts a new process in its place. For each thing below, answer `True` if it is
still there afterwards **without anybody computing, loading or sending it again**, and `False` if not.""",
    blank="""\
survives = {
    "the name w1 in the cluster": ...,
    "the process number (pid) behind the name w1": ...,
    "a result whose only copy was in w1's memory": ...,
    "a result of which w0 holds a copy too": ...,
    "a module that was imported in w1's process": ...,
    "a variable in this notebook": ...,
}""",
    solution="""\
survives = {
    "the name w1 in the cluster": True,
    "the process number (pid) behind the name w1": False,
    "a result whose only copy was in w1's memory": False,
    "a result of which w0 holds a copy too": True,
    "a module that was imported in w1's process": False,
    "a variable in this notebook": True,
}""",
    hints=(
        "Ask of each thing: in which process's memory does it lie? Only one process has died.",
        "What lies in a process's memory ends with it. The scheduler keeps the names; the notebook is a process too.",
        "Dask often brings a lost result back, but by computing it *again*: that doesn't count as surviving.",
    ),
    answer="survives",
    judge=equals(
        {
            "the name w1 in the cluster": True,
            "the process number (pid) behind the name w1": False,
            "a result whose only copy was in w1's memory": False,
            "a result of which w0 holds a copy too": True,
            "a module that was imported in w1's process": False,
            "a variable in this notebook": True,
        }
    ),
)

EXERCISES = (REPLACED, SURVIVES)
