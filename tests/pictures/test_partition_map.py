"""The partition map: bars as long as the counts, hot keys inside their node, the mean where it is."""

import re
import xml.etree.ElementTree as ET

import pytest

from toolkit.partitioning import HashModulo, HashRing, load, moved
from toolkit.pictures import partition_map

SVG = "{http://www.w3.org/2000/svg}"
KEYS = ["UA"] * 500 + ["B6"] * 300 + [f"k{i}" for i in range(200)]


def bars(picture):
    root = ET.fromstring(picture.svg)
    rows = [group for group in root.iter(f"{SVG}g") if group.get("data-node")]
    return {row.get("data-node"): float(row.find(f"{SVG}rect").get("width")) for row in rows}


def test_bars_are_in_proportion_to_the_rows():
    filled = load(HashModulo(["a", "b", "c"]), KEYS)
    drawn = bars(filled.picture())
    unit = max(drawn.values()) / filled.max
    for node, count in zip(filled.nodes, filled.counts, strict=True):
        assert drawn[node] == pytest.approx(count * unit, abs=0.2)


def test_the_mean_line_stands_at_the_mean():
    filled = load(HashModulo(["a", "b", "c"]), KEYS)
    place = float(re.search(r'd="M(\S+) \d+V', partition_map(filled).svg)[1])
    assert (place - 110) / 740 == pytest.approx(filled.mean / filled.max, abs=0.001)


def test_hot_keys_are_blocks_inside_their_node():
    filled = load(HashRing(["a", "b", "c"]), KEYS)
    root = ET.fromstring(partition_map(filled).svg)
    for key, rows, node in filled.hot[:2]:
        row = next(group for group in root.iter(f"{SVG}g") if group.get("data-node") == node)
        titles = [group.findtext(f"{SVG}title") for group in row.findall(f"{SVG}g")]
        assert f"hot key {key}: {rows:,} rows" in titles


def test_the_words_say_how_skewed_and_what_moved():
    before, after = HashModulo(["a", "b", "c"]), HashModulo(["a", "b", "c", "d"])
    filled, change = load(after, KEYS, sizes=[100] * len(KEYS)), moved(before, after, KEYS)
    shown = partition_map(filled, change)
    assert f"{filled.peak_to_mean:.2f} times the mean" in shown.text
    assert "'UA': 500 rows" in shown.text
    assert f"{change.count:,} rows moved ({change.fraction:.1%}), {change.needless:,}" in shown.text
    assert "kB" in shown.svg
    assert shown.svg.count("rows arrived on") == len({target for _, target in change.flows})


@pytest.mark.parametrize("keys", [[], ["x"]])
def test_nearly_nothing_is_drawn_too(keys):
    ET.fromstring(partition_map(load(HashModulo(["a", "b"]), keys)).svg)


def test_names_from_outside_are_escaped():
    shown = partition_map(load(HashModulo(["<a&b>"]), ["</svg><script>"] * 9))
    ET.fromstring(shown.svg)
    assert "<script" not in shown.svg


def test_many_nodes_are_counted():
    assert "and 6 nodes more" in partition_map(load(HashModulo([f"n{i}" for i in range(30)]), KEYS)).svg
