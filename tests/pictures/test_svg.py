"""The SVG writer: small numbers, escaped words, lines that stay inside what they fill."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.pictures import svg

sizes = st.floats(1, 400)


@pytest.mark.parametrize(("value", "written"), [(3.0, "3"), (2.04, "2"), (-1.25, "-1.2"), (7, "7")])
def test_numbers_are_as_short_as_they_can_be(value, written):
    assert svg.number(value) == written


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_words_and_titles_from_outside_are_escaped(text):
    markup = svg.titled(text, svg.words(0, 0, text), data_node=text)
    group = ET.fromstring(markup)
    assert group.findtext("title") == group.findtext("text") == text
    assert group.get("data-node") == text


@given(sizes, sizes, st.sampled_from([1, -1]))
def test_a_hatch_stays_inside_its_rectangle(width, height, slope):
    points = re.findall(r"[ML](\S+?) (\S+?)(?=[ML]|$)", svg.hatch(10, 20, width, height, 7, slope))
    for x, y in points:
        assert 10 - 0.1 <= float(x) <= 10 + width + 0.1
        assert 20 - 0.1 <= float(y) <= 20 + height + 0.1


def test_a_turn_begins_at_the_top_and_goes_clockwise():
    assert svg.point((0, 0), 10, 0) == "0 -10"
    assert svg.point((0, 0), 10, 0.25) == "10 -0"


@given(st.text("abc", max_size=40), st.floats(0, 300))
def test_fitted_text_is_as_wide_as_the_room_at_most(text, width):
    short = svg.fitted(text, width, 20)
    assert svg.width_of(short, 20) <= max(width, 0) + 1e-6
    assert short == text or short == "" or (short.endswith("…") and text.startswith(short[:-1]))
