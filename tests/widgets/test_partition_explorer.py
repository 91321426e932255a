"""The partition explorer shows the real load of real keys under every scheme."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.partitioning import HashModulo, HashRing, load, moved
from toolkit.widgets import PartitionExplorer
from toolkit.widgets.partition_explorer import SCHEMES

TABLE = pd.DataFrame(
    {
        "carrier": ["UA"] * 60 + ["B6"] * 30 + [None] * 5 + ["HA"] * 5,
        "flight": np.arange(100),
        "delay": np.linspace(-3.0, 9.0, 100),
        "late": [True, False] * 50,
    }
)


def test_only_columns_that_can_be_keys_are_offered() -> None:
    explorer = PartitionExplorer(TABLE)
    offered = next(control["options"] for control in explorer.controls if control["id"] == "column")
    assert offered == ["carrier", "flight"]


def test_it_shows_the_load_of_the_rows_that_have_a_key() -> None:
    explorer = PartitionExplorer(TABLE, nodes=3)
    truth = load(HashModulo(["w0", "w1", "w2"]), TABLE["carrier"].dropna())
    assert explorer.load == truth
    assert explorer.load.keys == 95
    assert f"{truth.peak_to_mean:.2f} times the mean" in explorer.text


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("column", ["carrier", "flight"])
def test_every_scheme_places_every_row(scheme: str, column: str) -> None:
    explorer = PartitionExplorer(TABLE)
    explorer.set_state({"column": column})
    explorer.set_state({"scheme": scheme})
    rows = int(TABLE[column].notna().sum())
    assert explorer.load.keys == rows
    assert f"{rows} rows on 4 nodes" in explorer.text


def test_modulo_needs_numbers() -> None:
    explorer = PartitionExplorer(TABLE)
    explorer.scheme = "modulo"
    assert explorer.scheme == "hash modulo"
    explorer.column = "flight"
    explorer.scheme = "modulo"
    assert explorer.load.counts == (25, 25, 25, 25)
    explorer.column = "carrier"  # text again
    assert explorer.scheme == "hash modulo"


def test_another_number_of_nodes_shows_what_moves_and_nothing_else_does() -> None:
    explorer = PartitionExplorer({"key": list(range(1000))}, scheme="consistent hash ring")
    explorer.set_state({"node_count": 5})
    names = [f"w{i}" for i in range(5)]
    truth = moved(HashRing(names[:4]), HashRing(names), range(1000))
    assert explorer.moved is not None
    assert explorer.moved.flows == truth.flows
    assert f"{truth.count} rows moved" in explorer.text
    explorer.set_state({"scheme": "jump"})
    assert explorer.moved is None


def test_one_column_will_do() -> None:
    assert PartitionExplorer(["a", "b", "a"]).load.keys == 3
    assert PartitionExplorer(pd.Series(["a", "b"], name="origin")).column == "origin"
    assert PartitionExplorer(np.array([1, 2, 3])).load.keys == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"keys": TABLE[["delay"]]}, "no column of text or whole numbers"),
        ({"keys": []}, "no column"),
        ({"keys": TABLE, "nodes": 0}, "nodes=0 must be a whole number from 1 to 24"),
        ({"keys": TABLE, "scheme": "astrology"}, "scheme='astrology' is none of range"),
    ],
)
def test_bad_input_is_refused_in_words(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PartitionExplorer(**arguments)
