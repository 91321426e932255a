"""The article's three programs, as they stand: what notebook 01 says about them is so."""

import hashlib
import re
from pathlib import Path

import pytest

from toolkit.exercises import run_program

ARTICLE = Path(__file__).parents[2] / "notebooks" / "article"
AS_PRINTED = {  # SHA-256 of each program's text in the article
    "first.py": "878b5e354c26ef4dccda63811d79101cf7c91e317496360d45731cce71612427",
    "second.py": "336ef3ce9b7a5e2394550a302ee3ff1a6860e27c63e2e84c930e204076569c3c",
    "third.py": "4fc76bedcd01a495c8d14ce89514b5bc35fc7e77a1a64ecda855578560974c19",
}


@pytest.mark.parametrize("name", AS_PRINTED)
def test_it_is_the_articles_own_text(name):
    assert hashlib.sha256((ARTICLE / name).read_bytes()).hexdigest() == AS_PRINTED[name]


def test_the_first_prints_the_sum():
    outcome = run_program(ARTICLE / "first.py", seconds=60)
    assert (outcome.stdout, outcome.stopped) == ("499500\n", None)


def test_the_second_never_ends_in_good_order():
    for _ in range(4):
        outcome = run_program(ARTICLE / "second.py", seconds=1.5)
        assert outcome.timed_out or outcome.stderr
        assert outcome.stdout in ("", "1000\n")


def test_the_third_does_not_parse():
    outcome = run_program(ARTICLE / "third.py", seconds=60)
    assert outcome.returncode != 0
    assert outcome.stdout == ""
    assert "SyntaxError" in outcome.stderr


def test_the_third_closed_after_its_last_whole_line_drops_nearly_everything():
    text = (ARTICLE / "third.py").read_text(encoding="utf-8")
    assert not text.endswith("\n")
    closed = text[: text.rindex("\n") + 1]
    assert len(re.findall(r"q\.put\(\d+\)", closed)) == 100
    outcome = run_program(closed, seconds=60)
    assert outcome.stopped is None
    assert outcome.stdout in ("1000\n", "")  # "" where the main program is gone before its worker has begun
