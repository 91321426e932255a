"""The ring picture shows the ring's own arcs, shares and moves."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.partitioning import HashRing, moved
from toolkit.pictures import hash_ring

SVG = "{http://www.w3.org/2000/svg}"
KEYS = [f"key-{i}" for i in range(500)]


def names(count):
    return [f"n{i}" for i in range(count)]


def drawn_length(circle):
    """How much of its circle a dash pattern covers, from 0 to 1."""
    steps = [float(step) for step in circle.get("stroke-dasharray").split()]
    around = 2 * math.pi * float(circle.get("r"))
    assert sum(steps) > around, "the pattern must not begin again"
    return sum(steps[0::2]) / around


@given(st.integers(1, 9), st.integers(1, 70))
def test_each_node_is_drawn_on_a_track_of_its_own_as_long_as_its_share(count, vnodes):
    ring = HashRing(names(count), vnodes)
    root = ET.fromstring(hash_ring(ring).svg)
    lengths = np.diff(ring.positions / 2.0**64, prepend=ring.positions[-1] / 2.0**64 - 1)
    radii = set()
    for code, name in enumerate(ring.nodes):
        track = next(group for group in root.iter(f"{SVG}g") if group.get("data-node") == name)
        rim, arcs, outer = track.findall(f"{SVG}circle")
        radii.add(arcs.get("r"))
        share = lengths[ring.position_codes == code].sum()
        assert drawn_length(arcs) == pytest.approx(share, abs=0.002)
        assert drawn_length(outer) == pytest.approx(share, abs=0.002)
        assert rim.get("r") == arcs.get("r")
    assert len(radii) == count


def test_every_key_is_a_dot_in_the_path_of_its_owner():
    ring = HashRing(names(4), 16)
    root = ET.fromstring(hash_ring(ring, KEYS).svg)
    paths = [p for p in root.findall(f"{SVG}path") if "ds-dots" in p.get("class", "")]
    dots = {path.get("class"): path.get("d").count("h0") for path in paths}
    owners = ring.codes(KEYS)
    assert dots == {f"ds-dots ds-{code}": int((owners == code).sum()) for code in range(4)}


def test_a_key_lies_at_its_place_on_the_circle():
    ring = HashRing(names(2), 8)
    root = ET.fromstring(hash_ring(ring, ["only"]).svg)
    path = next(p for p in root.findall(f"{SVG}path") if "ds-dots" in p.get("class", ""))
    x, y = map(float, re.match(r"M(\S+) (\S+)h0", path.get("d")).groups())
    turn = math.atan2(x - 352, 352 - y) / (2 * math.pi) % 1
    assert turn == pytest.approx(ring.position("only") / 2**64, abs=0.003)


@pytest.mark.parametrize("change", ["add", "remove"])
def test_keys_that_moved_are_outlined_and_counted(change):
    before = HashRing(names(5), 32)
    after = before.add("n9") if change == "add" else before.remove("n2")
    truth = moved(before, after, KEYS)
    shown = hash_ring(after, KEYS, before=before)
    root = ET.fromstring(shown.svg)
    outlined = sum(p.get("d").count("h0") for p in root.findall(f"{SVG}path") if p.get("class") == "ds-dots ds-ink")
    assert outlined == truth.count > 0
    assert f"{truth.count} of 500 keys moved" in shown.text
    assert f">{truth.fraction:.1%}<" in shown.svg


def test_a_big_ring_is_small_to_send():
    ring = HashRing(names(8), 160)
    shown = hash_ring(ring, [f"key-{i}" for i in range(2000)])
    assert len(shown.svg) < 64_000
    assert shown.svg.count("<") < 500  # tags, not thousands of elements


def test_more_nodes_than_the_list_has_room_for_are_counted():
    shown = hash_ring(HashRing(names(40), 4), KEYS)
    assert "and 24 more" in shown.svg


def test_moved_keys_need_keys():
    ring = HashRing(names(2))
    with pytest.raises(ValueError, match="keys="):
        hash_ring(ring.add("x"), before=ring)
