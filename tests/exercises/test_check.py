"""What a learner sees: verdicts, hints in stages, and complaints that point at the learner's own line."""

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from toolkit.exercises import EXERCISES, Verdict, check
from toolkit.exercises.judging import version
from toolkit.exercises.partitioning import _KEYS, _NODES, _RIGHT_OWNERS, _WRONG_OWNERS


def test_each_failed_attempt_gives_the_next_hint_and_the_last_one_stays():
    hints = EXERCISES["01.2"].hints
    check("01.2", lambda n, parts: [(n * i // parts, n * (i + 1) // parts) for i in range(parts)])  # forgets attempts
    seen = [str(check("01.2", lambda n, parts: [(0, n)]).hint) for _ in range(len(hints) + 1)]
    for number, hint in enumerate(hints, 1):
        assert seen[number - 1].startswith(f"Hint {number} of {len(hints)}: {hint}")
    assert hints[-1] in seen[-1]
    assert "solution" in seen[-1]


def test_a_right_answer_begins_the_hints_anew():
    def wrong(t1, tn, n):
        return 0.5

    def right(t1, tn, n):
        return (tn / t1 - 1 / n) / (1 - 1 / n)

    assert check("01.3", right).passed
    assert "Hint 1" in str(check("01.3", wrong).hint)
    assert "Hint 2" in str(check("01.3", wrong).hint)
    assert check("01.3", right).passed
    assert "Hint 1" in str(check("01.3", wrong).hint)


def salted(separator, parts, all_keys=False):
    """A pair of functions for exercise 10.3 that salt with text, as somebody would write them first."""

    def hot(key):
        return all_keys or key == "ATL"

    def stored_key(key, row):
        return f"{key}{separator}{row % parts}" if hot(key) else key

    def keys_to_read(key):
        return [f"{key}{separator}{salt}" for salt in range(parts)] if hot(key) else [key]

    return stored_key, keys_to_read


def equal_parts(n, parts):
    return [(i * (n // parts), (i + 1) * (n // parts)) for i in range(parts)]


def first_clockwise(place, ring):
    return next(node for at, node in ring if at >= place)


def share_moved(before, after):
    return sum(map(str.__ne__, before, after)) / len(before), 0.0


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("01.2", equal_parts, "Nobody does item"),
        ("01.2", lambda n, parts: [(0, n)] * parts, "done twice"),
        ("01.2", lambda n, parts: [(0, n)] + [(n, n)] * (parts - 1), "largest part decides"),
        ("01.2", lambda n, parts: [(0, 10**15)] * parts, "done twice, or doesn't exist"),
        ("01.2", lambda n, parts: "no", "pairs"),
        ("01.3", lambda t1, tn, n: tn / t1, "it should be"),
        ("10.1", lambda key, nodes: nodes[hash(key) % len(nodes)], "second process"),
        ("10.1", lambda key, nodes: 0, "it should be"),
        ("10.2", lambda sample, parts: sorted(sample)[: parts - 1], "fair share"),
        ("10.2", lambda sample, parts: sorted(sample)[:parts], "boundaries. Between"),
        ("10.2", lambda sample, parts: sample[: parts - 1][::-1], "don't ascend|fair share"),
        ("10.2", lambda sample, parts: list("ab" * parts)[: parts - 1], "of the keys' own kind"),
        ("10.3", (lambda key, row: (key, row % 8), lambda key: [key]), "brings back only 0 of"),
        ("10.3", salted("#", 8, all_keys=True), "which isn't hot"),
        ("10.3", salted("§", 2), "8 places"),
        ("10.3", salted("#", 8), "a key of its own"),
        ("11.1", first_clockwise, "StopIteration"),
        ("11.3", share_moved, "ZeroDivisionError|it should be"),
    ],
)
def test_typical_mistakes_are_told_apart(id, answer, words):
    verdict = check(id, answer)
    assert not verdict.passed
    assert re.search(words, verdict.message), verdict.message


@pytest.mark.parametrize("id", ["01.4", "10.4", "11.4"])
def test_a_test_that_rejects_everything_is_told_which_right_version_it_rejects(id):
    def strict(*things):
        raise AssertionError("no")

    assert "rejects a version that is right" in check(id, strict).message


def test_a_test_that_catches_some_is_told_what_gets_through():
    def partial(owner, keys, elsewhere):
        return all(owner(key, 8) in range(8) for key in keys)

    message = check("10.4", partial).message
    assert message.startswith("Caught 2 of 6 wrong versions.")
    assert "gives the same key another owner in another process" in message


def test_wrong_partitioners_are_wrong_only_where_they_say():
    """Each right and wrong version really is what its description says, as far as one process can tell."""
    for code in _RIGHT_OWNERS.values():
        owner = version(code, "owner")
        assert {owner(key, _NODES) for key in _KEYS} == set(range(_NODES))
    found = {label: [version(code, "owner")(key, _NODES) for key in _KEYS] for label, code in _WRONG_OWNERS.items()}
    assert min(x for x in found["sends negative numbers to nodes that don't exist"] if x is not None) < 0
    assert _NODES - 1 not in found["never gives the last node anything"]
    assert None in found["drops keys at the border between two nodes"]


def test_a_verdict_displays_itself_in_both_worlds():
    verdict = Verdict("10.1", "Who <owns> it?", False, "`a < b`\nand & so on", "Hint 1 of 3: look")
    bundle = verdict._repr_mimebundle_()
    assert "Not yet: 10.1 Who &lt;owns&gt; it?" in bundle["text/html"]
    assert "<code>a &lt; b</code><br>and &amp; so on" in bundle["text/html"]
    assert (
        bundle["text/plain"] == str(verdict) == "Not yet: 10.1 Who <owns> it?\n`a < b`\nand & so on\nHint 1 of 3: look"
    )
    assert "Passed" in str(Verdict("10.1", "t", True, "Right."))


@pytest.mark.notebook
def test_in_a_notebook_the_complaint_quotes_the_learners_own_line():
    cells = [
        "from toolkit import check\nFACTOR = 0\ndef helper(n):\n    return n // FACTOR",
        "def split(n, parts):\n    whole = n\n    return helper(whole)",
        'check("01.2", split)',
        "import time\ndef split(n, parts):\n    while True:\n        time.sleep(0.1)",
        "import toolkit.exercises.judging as j, functools\nj.call = functools.partial(j.call, seconds=0.5)",
        'check("01.2", split)',
        'check("99.9", split)',
    ]
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    nbformat.validate(notebook)
    crashed = notebook.cells[2].outputs[0]["data"]["text/plain"]
    assert "It raised ZeroDivisionError" in crashed
    assert "at line 3 of your cell: `return helper(whole)`" in crashed
    hung = notebook.cells[5].outputs[0]["data"]["text/plain"]
    assert "still running after 0.5 s" in hung
    assert "at line 4 of your cell: `time.sleep(0.1)`" in hung
    assert notebook.cells[6].outputs[0]["ename"] == "ValueError"
