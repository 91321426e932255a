"""A prediction keeps the learner's guess and sets it beside the answer, with or without a browser."""

import pytest

from toolkit.widgets import predict


def test_without_a_guess_the_answer_says_so() -> None:
    question = predict("How many keys move?", ["all", "a fifth"])
    assert question.value is None
    assert question.reveal("a fifth", "One of five.") is question
    assert question.verdict == "The answer: a fifth. (No guess was made.) One of five."


@pytest.mark.parametrize(
    ("guess", "verdict"),
    [(0, "You said 4. It is 16. Squares."), (1, "You said 16, and so it is. Squares.")],
)
def test_a_guess_is_compared(guess: int, verdict: str) -> None:
    question = predict("4 times 4?", [4, 16])
    question.set_state({"guess": guess})  # what the browser does
    assert question.value == [4, 16][guess]
    question.reveal(16, "Squares.")
    assert question.verdict == verdict


def test_it_can_be_read_without_a_kernel() -> None:
    question = predict("Is 1 < 2?", ["yes", "<no>"])
    question.guess = 1
    question.reveal("yes")
    bundle = question._repr_mimebundle_()
    assert bundle is not None
    html, plain = bundle[0]["text/html"], bundle[0]["text/plain"]
    assert "<b>&lt;no&gt;</b> (the guess)" in html
    assert "Is 1 &lt; 2?" in html
    assert plain == "Is 1 < 2? Options: yes, <no>. Guess: <no>. You said <no>. It is yes."


def test_a_guess_from_nowhere_is_no_guess() -> None:
    question = predict("?", [1, 2])
    question.set_state({"guess": 7})
    assert question.value is None


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(TypeError, match=r"options='yes'.*\['yes', 'no'\]"):
        predict("?", "yes")
    for options in ([], ["one"], ["a", "a"]):
        with pytest.raises(ValueError, match="at least two, all different"):
            predict("?", options)
    with pytest.raises(ValueError, match=r"answer='c' is none of the options: 'a', 'b'"):
        predict("?", ["a", "b"]).reveal("c")
